"""The passes that explain a count run where one changed, or where they are asked for by name."""

import unittest

import rig
import tiny

PASSES = {**tiny.ALL_OFF, "alloc": {"replicates": 2}, "sites": {}}
MORE = "static int answer(int client)\n{\n    free(malloc(5000));\n    free(malloc(5000));"


class Explaining(rig.Case):
    def setUp(self):
        super().setUp()
        self.project = tiny.c_project(self.folder / "project", passes=PASSES)
        tiny.repository(self.project)

    def passes(self, *arguments):
        self.tollgate("bench", "--allow-inconclusive", "-o", self.folder / "run.json", *arguments,
                      cwd=self.project)
        return {one["name"]: one for one in rig.load(self.folder / "run.json")["passes"]}

    def change(self):
        """Each request allocates twice more."""
        gateway = self.project / "gateway.c"
        text = gateway.read_text()
        self.assertIn("static int answer(int client)\n{", text)
        gateway.write_text(text.replace("static int answer(int client)\n{", MORE))

    def test_nothing_changed(self):
        passes = self.passes("--base", "HEAD")
        self.assertEqual(passes["sites"]["status"], "skipped")
        self.assertIn("no count changed", passes["sites"]["reason"])
        self.assertIn("--passes sites", passes["sites"]["reason"])
        self.assertEqual(passes["alloc"]["replicates"], 1)

    def test_a_count_changed(self):
        self.change()
        passes = self.passes("--base", "HEAD")
        self.assertEqual(passes["sites"]["status"], "ran", passes["sites"]["reason"])
        self.assertEqual(passes["alloc"]["replicates"], 2)

    def test_asked_for_by_name(self):
        passes = self.passes("--base", "HEAD", "--passes", "alloc,sites")
        self.assertEqual(passes["sites"]["status"], "ran", passes["sites"]["reason"])

    def test_without_a_base(self):
        passes = self.passes("--baseline", "none")
        self.assertEqual(passes["sites"]["status"], "ran", passes["sites"]["reason"])
        self.assertEqual(passes["alloc"]["replicates"], 2)


if __name__ == "__main__":
    unittest.main()
