"""Dead code of the sample gateway: what its corpus never calls is found, runs add up, and texts come
from where they may."""

import base64
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import rig

SERVICE = "fixtures/gateway/service.c"
STATES = ("never", "start", "error", "unsure")


def lines_of(file, state):
    """The executable lines in the state; ranges pass over lines that are not executable."""
    return {line for first, last in file["ranges"][state] for line in range(first, last + 1)}


def files_of(report):
    return {file["path"]: file for file in report["files"]}


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class Dead(rig.Case):
    """Two runs of a few endpoints each, made once for all tests, which change a copy of the tree."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.made.cleanup)
        root = Path(cls.made.name)
        cls.origin = rig.make_repository(root / "origin")
        cls.runs = {}
        for name, endpoint in (("token", "GET /v3/token"), ("users", "GET /v3/users/{id}")):
            path = root / f"{name}.json"
            outcome = rig.run(["bench", "-c", rig.CONFIG, "--passes", "lines", "--baseline", "none",
                               "--endpoint", endpoint, "-o", path], cls.origin, timeout=600)
            if outcome.code != 0 or not rig.load(path).get("sources", {}).get("head"):
                raise AssertionError(f"no lines were measured\n{outcome}")
            cls.runs[name] = path

    def setUp(self):
        super().setUp()
        self.tree = self.folder / "tree"
        shutil.copytree(self.origin, self.tree, symlinks=True)

    def dead(self, *arguments, code=0):
        outcome = rig.run(["dead", "-c", rig.CONFIG, *arguments], self.tree, timeout=120)
        self.assertEqual(outcome.code, code, outcome)
        return outcome

    def report(self, *arguments):
        return json.loads(self.dead(*arguments, "-O", "json").out)

    def test_what_no_client_calls_is_found(self):
        """fixtures/gateway/service.c says it of stats_get; README.md of the opml export and of
        chunked answers. That the service is ready is asked before the first request."""
        report = self.report(*self.runs.values(), "--state", "all")
        whole = {(unit["function"], unit["state"]) for unit in report["units"] if unit["whole"]}
        self.assertIn(("stats_get", "never"), whole)
        self.assertIn(("health_get", "start"), whole)
        self.assertIn(("main", "start"), whole)
        named = {unit["function"] for unit in report["units"] if unit["state"] == "never"}
        self.assertIn("join_chunks", named)
        self.assertNotIn("token_get", named)
        text = (self.tree / SERVICE).read_text().splitlines()
        stats = next(unit for unit in report["units"] if unit["function"] == "stats_get")
        self.assertIn("stats_get", "".join(text[stats["first"] - 2:stats["first"]]))
        self.assertEqual(stats["age"]["uncommitted"], False)
        self.assertRegex(stats["age"]["commit"], "^[0-9a-f]{12}$")

    def test_runs_of_different_endpoints_add_up(self):
        token, users = (files_of(self.report(run)) for run in self.runs.values())
        both = self.report(*self.runs.values())
        self.assertEqual(both["evidence"]["runs"], 2)
        self.assertEqual(both["evidence"]["endpoints"], 2)
        differs = 0
        for path, file in files_of(both).items():
            with self.subTest(path):
                never = lines_of(token[path], "never") & lines_of(users[path], "never")
                self.assertEqual(lines_of(file, "never"), never)
                self.assertEqual(file["runs"], 2)
                self.assertGreaterEqual(file["lines"]["hit"], max(token[path]["lines"]["hit"],
                                                                  users[path]["lines"]["hit"]))
                differs += lines_of(token[path], "never") != never
        self.assertGreater(differs, 0)
        self.assertGreater(users["fixtures/gateway/users.c"]["lines"]["hit"], 0)
        self.assertEqual(token["fixtures/gateway/users.c"]["lines"]["hit"], 0)

    def test_a_file_that_changed_since(self):
        """Its text is found in the repository, and no line number is taken for one of the new text."""
        changed = self.tree / SERVICE
        changed.write_text("/* something new */\n" + changed.read_text())
        report = self.report(self.runs["token"])
        self.assertFalse(files_of(report)[SERVICE]["current"])
        stats = next(unit for unit in report["units"] if unit["function"] == "stats_get")
        self.assertFalse(stats["age"]["uncommitted"])
        view = self.dead(self.runs["token"], "--source", "service.c").out
        self.assertNotIn("something new", view)
        self.assertRegex(view, r"(?m)^ *\d+  never .*request->token.user_id")

    def test_a_file_whose_text_is_nowhere(self):
        run = rig.load(self.runs["token"])
        for file in run["sources"]["head"]:
            if file["path"] == SERVICE:
                file["hash"] = "0123456789" * 4
        rig.dump(self.folder / "run.json", run)
        view = self.dead(self.folder / "run.json", "--source", SERVICE).out
        self.assertIn("not at hand", view)
        self.assertNotIn("stats_get", view)
        self.assertRegex(view, r"(?m)^ *\d+  never$")

    def test_nothing_outside_the_tree_is_read(self):
        """Paths of a run that someone made: up, through a link, absolute, git's own."""
        outside = self.folder / "outside.c"
        outside.write_text("int the_secret;\n")
        (self.tree / "link.c").symlink_to(outside)
        (self.tree / "up").symlink_to(self.folder)
        (self.tree / ".git" / "secret.c").write_text("int the_secret;\n")
        id = subprocess.run(["git", "hash-object", outside], capture_output=True, text=True,
                            check=True).stdout.strip()
        for path in ("../outside.c", "link.c", "up/outside.c", ".git/secret.c",
                     "fixtures/../../outside.c", str(outside)):
            with self.subTest(path):
                run = rig.load(self.runs["token"])
                file = dict(run["sources"]["head"][0], path=path, hash=id)
                run["sources"]["head"] = [file]
                rig.dump(self.folder / "run.json", run)
                page = self.folder / "page.html"
                outcome = rig.run(["dead", "-c", rig.CONFIG, self.folder / "run.json", "--html", page],
                                  self.tree)
                self.assertIn(outcome.code, (0, 2), outcome)
                self.assertNotIn("the_secret", outcome.out)
                if page.exists():
                    self.assertNotIn("the_secret", page.read_text())
                    page.unlink()

    def test_what_is_kept(self):
        def keep(until):
            rows = [{"path": "gateway/service.c", "function": "stats_get", "until": until,
                     "because": "operators ask for it by hand"}]
            rig.edit_config(self.tree, lambda config: config.update(dead={"keep": rows}))
        keep("2999-12-31")
        outcome = self.dead(self.runs["token"], "--all")
        self.assertNotIn("all of stats_get", outcome.out)
        self.assertIn("operators ask for it by hand", " ".join(outcome.out.split()))
        keep("2020-02-29")
        outcome = self.dead(self.runs["token"], "--all")
        self.assertIn("all of stats_get", outcome.out)
        self.assertIn("listed again", " ".join(outcome.out.split()))

    def test_runs_without_lines(self):
        without = rig.SOURCE / "fixtures/run/valid/small.json"
        outcome = self.dead(without, code=2)
        self.assertIn("small.json", outcome.err)
        self.assertIn("tollgate bench --passes lines -o run.json", outcome.err)
        outcome = self.dead(without, self.runs["token"])
        self.assertIn("is left out", " ".join(outcome.out.split()))

    def test_choices(self):
        run = self.runs["token"]
        report = self.report(run, "--path", "*/service.c", "--path", "*/token.c")
        self.assertEqual({file.rsplit("/")[-1] for file in files_of(report)},
                         {"service.c", "token.c"})
        self.assertIn("no file of these runs fits", self.dead(run, "--path", "x", code=2).err)
        self.assertIn('did you mean "fixtures/gateway/service.c"?',
                      self.dead(run, "--source", "fixtures/gateway/servise.c", code=2).err)
        self.assertIn("--state takes", self.dead(run, "--state", "dead", code=2).err)
        self.assertIn("there is no such report", self.dead(run, "-O", "yaml", code=2).err)
        ages = {json.dumps(unit["age"]) for unit in self.report(run, "--no-age")["units"]}
        self.assertEqual(ages, {"null"})

    def test_outside_of_git(self):
        shutil.rmtree(self.tree / ".git")
        outcome = self.dead(*self.runs.values())
        self.assertIn("git does not tell how old", " ".join(outcome.out.split()))
        self.assertIn("all of stats_get", self.dead(self.runs["token"], "--all").out)

    def test_a_shallow_clone(self):
        clone = self.folder / "clone"
        rig.git(self.folder, "clone", "-q", "--depth", "1", self.tree.as_uri(), clone)
        self.tree = clone
        report = self.report(self.runs["token"])
        self.assertTrue(all(unit["age"]["at_least"] for unit in report["units"]))
        self.assertIn("--unshallow", self.dead(self.runs["token"]).out)

    def test_the_page(self):
        """One file, well-formed, whose policy lets in nothing but the style that it holds."""
        page = self.folder / "dead.html"
        self.dead(*self.runs.values(), "--html", page)
        text = page.read_text()
        ElementTree.fromstring(text.split("\n", 1)[1])  # without the doctype
        style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertIn(f"style-src &#39;sha256-{digest}&#39;", text)
        self.assertNotRegex(text, r"<script|<link|<img|<iframe|<[^>]* style=|src=|href=\"[^#]")
        self.assertNotRegex(style, r"url\(|@import|https?:")
        self.assertIn("only operators may see this", text)
        for target in set(re.findall(r'href="#([^"]+)"', text)):
            self.assertIn(f'id="{target}"', text)

    @unittest.skipUnless(importlib.util.find_spec("jsonschema"), "python3-jsonschema is not installed")
    def test_json_is_as_its_schema_says(self):
        import jsonschema
        schema = rig.load(rig.SOURCE / "reporters/dead.schema.json")
        jsonschema.Draft202012Validator.check_schema(schema)
        for arguments in ((), ("--state", "all"), ("--no-age",)):
            report = self.report(*self.runs.values(), *arguments)
            jsonschema.Draft202012Validator(schema).validate(report)
            for file in report["files"]:
                self.assertEqual(sum(file["lines"][state] for state in ("hit", *STATES)),
                                 file["lines"]["executable"])


if __name__ == "__main__":
    unittest.main()
