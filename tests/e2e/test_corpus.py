"""tollgate corpus: what it says of a corpus, and that it finds secrets without telling them."""

import unittest

import rig
import tiny

SECRET = "hunter2-and-more"


class Check(rig.Case):
    def project(self, target):
        return tiny.python_project(self.folder / "project", exchanges=[tiny.exchange(target)])

    def test_a_secret_is_found_and_not_told(self):
        project = self.project(f"/a?password={SECRET}")
        outcome = self.tollgate("corpus", "check", cwd=project, code=2)
        self.assertIn("line 2: request target: password", outcome.out)
        self.assertNotIn(SECRET, outcome.out + outcome.err)
        self.tollgate("corpus", "check", "--keep", "password", cwd=project, code=0)

    def test_nothing_to_find(self):
        outcome = self.tollgate("corpus", "check", cwd=self.project("/a?page=2"), code=0)
        self.assertIn("no secrets found", outcome.out)


if __name__ == "__main__":
    unittest.main()
