"""What a run is compared with: a commit, a folder, a stored run, a baseline by name; and what is said
when there is nothing to compare with."""

import json
import os
import subprocess
import unittest

import rig
import tiny


class Bases(rig.Case):
    """A repository with a gateway whose build leaves a mark each time."""

    def setUp(self):
        super().setUp()
        self.project = self.folder / "project"
        self.builds = self.folder / "builds"

    def make(self, own="", **changes):
        build = ["sh", "-c", f"pwd >>{self.builds}"]
        tiny.python_project(self.project, own, gateway={"build": build}, **changes)
        return tiny.repository(self.project)

    def bench(self, *arguments, code=0, project=None):
        """The report of a bench; its outcome is in `self.outcome`."""
        self.outcome = self.tollgate("bench", "--allow-inconclusive", "-O", "json", *arguments,
                                     code=code, cwd=project or self.project, timeout=60)
        return json.loads(self.outcome.out) if code in (0, 1, 3) else None

    def built(self):
        """Where the build ran since the last question."""
        places = self.builds.read_text().split() if self.builds.exists() else []
        self.builds.unlink(missing_ok=True)
        return places

    def said(self, *arguments):
        """The report in words."""
        outcome = self.tollgate("bench", "--allow-inconclusive", *arguments, cwd=self.project,
                                timeout=60)
        self.assertEqual(outcome.code, 0, str(outcome))
        return " ".join((outcome.out + outcome.err).split())

    def change_and_commit(self):
        with open(self.project / "gateway.py", "a") as gateway:
            gateway.write("# a change\n")
        rig.commit_all(self.project, "a change")
        return rig.git(self.project, "rev-parse", "HEAD").strip()


class Commit(Bases):
    def test_is_built_once_and_kept_by_commit(self):
        first = self.make()
        second = self.change_and_commit()
        report = self.bench("--base", "HEAD~1")
        self.assertEqual(report["base"]["commit"], first)
        self.assertEqual(report["head"]["commit"], second)
        self.assertFalse(report["head"]["dirty"])
        places = self.built()
        self.assertEqual(len(places), 2)
        self.assertEqual(places[0], os.path.realpath(self.project))
        self.assertIn(first, places[1])
        self.bench("--base", first[:10])
        self.assertEqual(self.built(), [os.path.realpath(self.project)])

    def test_other_build_commands_build_anew(self):
        self.make()
        self.bench("--base", "HEAD")
        self.built()
        rig.edit_config(self.project, lambda config: config["gateway"].update(
            build=["sh", "-c", f"echo again; pwd >>{self.builds}"]), "tollgate.json")
        rig.commit_all(self.project, "other commands")
        self.bench("--base", "HEAD")
        self.assertEqual(len(self.built()), 2)

    def test_base_is_the_commit_and_not_the_work_tree(self):
        self.make()
        gateway = self.project / "gateway.py"
        gateway.write_text(gateway.read_text().replace("return 200, target", "return 500, ''"))
        report = self.bench("--base", "HEAD", code=3)
        self.assertTrue(report["head"]["dirty"])
        shown = self.tollgate("bench", "--base", "HEAD", code=3, cwd=self.project).out
        self.assertIn("the head answered", " ".join(shown.split()))

    def test_base_has_a_config_of_its_own(self):
        self.make()
        (self.project / "gateway.py").rename(self.project / "moved.py")
        rig.edit_config(self.project, lambda config: config["gateway"]["start"].__setitem__(
            2, "moved.py"), "tollgate.json")
        report = self.bench("--base", "HEAD")
        self.assertEqual(len(report["endpoints"]), 2)

    def test_config_in_a_subfolder(self):
        tiny.python_project(self.project / "deep" / "down")
        first = tiny.repository(self.project)
        report = self.bench("--base", "HEAD", "-c", "deep/down/tollgate.json")
        self.assertEqual(report["base"]["commit"], first)

    def test_unknown_ref(self):
        self.make()
        self.bench("--base", "no-such-branch", code=2)
        self.assertIn("no-such-branch", self.outcome.err)

    def test_ref_that_looks_like_an_option(self):
        self.make()
        self.bench("--base=--upload-pack=touch owned", code=2)
        self.assertFalse((self.project / "owned").exists())

    def test_build_of_the_base_fails(self):
        self.make()
        rig.edit_config(self.project, lambda config: config["gateway"].update(
            build=["sh", "-c", "echo cannot; exit 3"]), "tollgate.json")
        rig.commit_all(self.project, "broken")
        rig.edit_config(self.project, lambda config: config["gateway"].update(build=["true"]),
                        "tollgate.json")
        self.bench("--base", "HEAD", code=4)
        self.assertIn("did not build: sh exited with status 3", self.outcome.err)

    def test_outside_git(self):
        tiny.python_project(self.project)
        self.bench("--base", "HEAD", code=2)
        self.assertIn("--base HEAD", self.outcome.err)

    def test_hooks_of_the_repository_do_not_run(self):
        self.make()
        hook = self.project / ".git" / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {self.folder}/hooked\n")
        hook.chmod(0o755)
        self.bench("--base", "HEAD")
        self.assertFalse((self.folder / "hooked").exists())


class Folder(Bases):
    def test_another_checkout(self):
        first = self.make()
        rig.git(self.folder, "clone", "-q", self.project, "other")
        self.change_and_commit()
        report = self.bench("--base", "../other")
        self.assertEqual(report["base"]["commit"], first)
        self.assertEqual(self.built()[1], os.path.realpath(self.folder / "other"))

    def test_outside_git(self):
        tiny.python_project(self.project)
        tiny.python_project(self.folder / "other")
        report = self.bench("--base", "../other")
        self.assertIsNone(report["base"]["commit"])

    def test_of_another_project(self):
        tiny.python_project(self.project / "deep")
        tiny.repository(self.project)
        (self.folder / "empty").mkdir()
        self.bench("-c", "deep/tollgate.json", "--base", "../empty", code=2)
        self.assertIn("not a checkout of the same project", self.outcome.err)


class Stored(Bases):
    def save(self, *arguments):
        self.bench("--save-baseline", "main", *arguments)
        return self.project / ".tollgate" / "baselines" / "main.json"

    def test_run_file(self):
        first = self.make()
        self.bench("-o", "run.json")
        self.built()
        report = self.bench("--base", "run.json")
        self.assertEqual(report["base"]["commit"], first)
        self.assertEqual(len(self.built()), 1)

    def test_run_file_that_is_not_there(self):
        self.make()
        self.bench("--base", "gone.json", code=2)
        self.assertIn("gone.json", self.outcome.err)

    def test_baseline_by_name_and_by_file(self):
        first = self.make()
        path = self.save()
        self.change_and_commit()
        for name in ("main", str(path)):
            self.built()
            report = self.bench("--baseline", name)
            self.assertEqual(report["base"]["commit"], first)
            self.assertEqual(len(self.built()), 1, "the stored figures were to be used")

    def test_configured_with_the_same_fingerprint_is_not_measured_anew(self):
        first = self.make(baseline={"name": "main"})
        self.save()
        self.built()
        report = self.bench()
        self.assertEqual(report["base"]["commit"], first)
        self.assertEqual(len(self.built()), 1)

    def test_configured_with_another_fingerprint_is_measured_from_its_commit(self):
        first = self.make(baseline={"name": "main"})
        path = self.save()
        stored = rig.load(path)
        stored["fingerprint"]["kernel"] = "1.2.3-elsewhere"
        rig.dump(path, stored)
        self.change_and_commit()
        self.built()
        report = self.bench()
        self.assertEqual(report["base"]["commit"], first)
        places = self.built()
        self.assertEqual(len(places), 2)
        self.assertIn(first, places[1])
        words = self.said()
        self.assertIn(f"its commit {first[:12]} is built and measured here", words)
        self.assertIn("1.2.3-elsewhere", words)

    def test_of_another_corpus_is_measured_from_its_commit(self):
        first = self.make(baseline={"name": "main"})
        self.save()
        tiny.write_corpus(self.project, [tiny.exchange("/a"), tiny.exchange("/b/9")])
        self.assertIn(f"its commit {first[:12]} is built and measured here", self.said())

    def test_of_a_commit_that_a_shallow_clone_lacks(self):
        first = self.make(baseline={"name": "main", "store": "kept"})
        self.bench("--save-baseline", "main")
        path = self.project / "kept" / "main.json"
        stored = rig.load(path)
        stored["fingerprint"]["kernel"] = "1.2.3-elsewhere"
        rig.dump(path, stored)
        second = self.change_and_commit()
        rig.git(self.folder, "clone", "-q", "--depth", "1", f"file://{self.project}", "shallow")
        self.project = self.folder / "shallow"
        self.assertIn(first[:12], self.said())
        report = self.bench()
        self.assertIsNone(report["base"])
        self.assertEqual(report["head"]["commit"], second)

    def test_base_that_a_shallow_clone_lacks(self):
        self.make()
        self.change_and_commit()
        rig.git(self.folder, "clone", "-q", "--depth", "1", f"file://{self.project}", "shallow")
        self.project = self.folder / "shallow"
        words = self.said("--base", "HEAD~1")
        self.assertIn("shallow clone", words)
        self.assertIn("fetch-depth: 0", words)

    def test_configured_but_not_saved_yet(self):
        self.make(baseline={"name": "main"})
        words = self.said()
        self.assertIn('no baseline "main" yet', words)
        self.assertIn("--save-baseline main", words)

    def test_none_at_all(self):
        tiny.python_project(self.project)
        words = self.said()
        self.assertIn("not in git", words)
        self.assertIn("--save-baseline main", words)

    def test_none_is_asked_for(self):
        self.make(baseline={"name": "main"})
        self.save()
        self.assertIsNone(self.bench("--baseline", "none")["base"])

    def test_base_and_baseline_exclude_each_other(self):
        self.make()
        self.bench("--base", "HEAD", "--baseline", "none", code=2)
        self.assertIn("exclude each other", self.outcome.err)


class Store(Bases):
    def test_saved_file_is_readable_and_ends_with_a_newline(self):
        commit = self.make()
        self.bench("--save-baseline", "main")
        path = self.project / ".tollgate" / "baselines" / "main.json"
        text = path.read_text()
        self.assertTrue(text.endswith("}\n"))
        self.assertGreater(len(text.splitlines()), 20, "one line makes no readable diff")
        self.assertEqual(json.loads(text)["schema_version"], 1)
        self.assertIn(commit, text)
        self.assertEqual([entry.name for entry in path.parent.iterdir()], ["main.json"])
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)

    def test_save_list_show(self):
        commit = self.make()
        self.bench("-o", "run.json")
        empty = self.tollgate("baseline", "list", code=0, cwd=self.project)
        self.assertIn("no baselines", empty.out)
        self.tollgate("baseline", "save", "release-1", "run.json", code=0, cwd=self.project)
        listed = self.tollgate("baseline", "list", code=0, cwd=self.project).out
        self.assertIn("release-1", listed)
        self.assertIn(commit[:12], listed)
        shown = self.tollgate("baseline", "show", "release-1", code=0, cwd=self.project).out
        self.assertIn("GET /a", shown)
        self.tollgate("baseline", "show", "gone", code=2, cwd=self.project)
        self.tollgate("baseline", "save", "../up", "run.json", code=2, cwd=self.project)

    def test_store_is_not_ignored_by_git(self):
        """Baselines are meant to be committed; logs and worktrees are not."""
        tiny.python_project(self.project)
        tiny.repository(self.project, ignored="")
        self.bench("--save-baseline", "main", "--base", "HEAD")
        status = subprocess.run(["git", "-C", str(self.project), "status", "--porcelain", "-uall"],
                                check=True, capture_output=True, text=True,
                                env=rig.environment()).stdout
        self.assertEqual(status.split(), ["??", ".tollgate/baselines/main.json"])


if __name__ == "__main__":
    unittest.main()
