"""tollgate init: what it makes of small projects, and that what it writes is taken."""

import json
import os
import shutil
import unittest

import rig
import runner

SAMPLES = rig.SOURCE / "fixtures/init"
FILES = ("tollgate.json", ".github/workflows/tollgate.yml", ".github/workflows/tollgate-publish.yml")


class Init(rig.Case):
    def project(self, name):
        folder = self.folder / name
        shutil.copytree(SAMPLES / name, folder)
        return folder

    def init(self, folder, *options, code=0):
        outcome = self.tollgate("init", *options, cwd=folder, code=code)
        self.assertNotIn("\x1b", outcome.out)
        return outcome

    def config(self, name, *options):
        folder = self.project(name)
        outcome = self.init(folder, *options)
        return rig.load(folder / "tollgate.json"), outcome


class Guesses(Init):
    def test_kinds(self):
        for name, build, start in (
                ("cargo", [["cargo", "build", "--release"]],
                 ["target/release/edge-gateway", "--port", "${port}"]),
                ("go", [["go", "build", "-o", "bin/admin", "./cmd/admin"]],
                 ["bin/admin", "--port", "${port}"]),
                ("go-root", [["go", "build", "-o", "bin/gateway", "."]],
                 ["bin/gateway", "--port", "${port}"]),
                ("node", [["npm", "ci"], ["npm", "run", "build"]], ["node", "src/server.js"]),
                ("flask", [["python3", "-m", "pip", "install", "-q", "-r", "requirements.txt"]],
                 ["gunicorn", "--bind", "127.0.0.1:${port}", "--workers", "1", "wsgi:application"]),
                ("flask-alone", [["python3", "-m", "pip", "install", "-q", "-r", "requirements.txt"]],
                 ["python3", "-m", "flask", "--app", "app:app", "run", "--port", "${port}"]),
                ("cmake", [["cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"],
                           ["cmake", "--build", "build"]], ["build/edge", "--port", "${port}"]),
                ("make", [["make"]], ["./edge", "--port", "${port}"])):
            with self.subTest(project=name):
                config, outcome = self.config(name)
                self.assertEqual(config["gateway"].get("build"), build)
                self.assertEqual(config["gateway"]["start"], start)
                self.assertIn(" ".join(start), outcome.out)
                self.assertEqual(config["corpus"], "corpus.jsonl")

    def test_a_port_in_the_environment(self):
        config, _ = self.config("node")
        self.assertEqual(config["gateway"]["env"], {"PORT": "${port}"})

    def test_nothing_to_go_by(self):
        config, outcome = self.config("bare")
        self.assertNotIn("build", config["gateway"])
        self.assertEqual(config["gateway"]["start"], ["./bare", "--port", "${port}"])
        self.assertIn("put in what starts the gateway", outcome.out)

    def test_openapi(self):
        config, outcome = self.config("make")
        self.assertEqual(config["endpoints"], {"openapi": "api/openapi.json"})
        self.assertEqual(config["gateway"]["ready"], {"path": "/healthz"})
        self.assertIn("2 operations", outcome.out)
        config, outcome = self.config("node")
        self.assertNotIn("endpoints", config)
        self.assertIn("is YAML", outcome.out)
        config, outcome = self.config("openapi-broken")
        self.assertNotIn("endpoints", config)
        self.assertIn("openapi.json cannot be used", outcome.out)

    def test_codeowners(self):
        self.assertIn("owners: CODEOWNERS", self.config("cmake")[1].out)
        self.assertIn("there is no CODEOWNERS", self.config("make")[1].out)

    def test_names_that_would_be_more_than_names(self):
        config, outcome = self.config("hostile")
        self.assertEqual(config["gateway"]["start"], ["npm", "start"])
        self.assertNotIn("touch", json.dumps(config) + outcome.out)
        self.assertNotIn("rm -rf", json.dumps(config) + outcome.out)

    def test_large_and_strange_files(self):
        folder = self.project("bare")
        (folder / "Makefile").write_text("PROGRAM = edge\n" + "#" * (5 << 20))
        (folder / "package.json").mkdir()
        (folder / "CMakeLists.txt").write_bytes(b"add_executable(\xff\0edge")
        (folder / "go.mod").symlink_to("/dev/zero")
        os.mkfifo(folder / "Cargo.toml")  # to read it would be to wait for ever
        self.init(folder)
        self.assertNotIn("build", rig.load(folder / "tollgate.json")["gateway"])

    def test_every_guess_says_why(self):
        for sample in SAMPLES.iterdir():
            outcome = self.config(sample.name)[1]
            notes = outcome.out.split("what to check:\n")[1].split("\n\nNext:")[0].splitlines()
            for above, below in zip(notes, notes[1:] + [""]):
                if not above.startswith("      "):
                    self.assertTrue(below.startswith("      "), outcome.out)


class Writes(Init):
    def test_never_over_what_is_there(self):
        folder = self.project("make")
        (folder / "tollgate.json").write_text("mine")
        outcome = self.init(folder)
        self.assertEqual((folder / "tollgate.json").read_text(), "mine")
        self.assertIn("left as it is: tollgate.json", outcome.out)
        self.assertTrue((folder / FILES[1]).exists())
        self.init(folder, "--force")
        self.assertIn("gateway", rig.load(folder / "tollgate.json"))

    def test_not_through_a_link_that_leads_nowhere(self):
        folder = self.project("make")
        (folder / "tollgate.json").symlink_to(self.folder / "elsewhere")
        self.assertIn("left as it is", self.init(folder).out)
        self.assertFalse((self.folder / "elsewhere").exists())

    def test_dry_run(self):
        folder = self.project("make")
        before = sorted(folder.rglob("*"))
        outcome = self.init(folder, "--dry-run")
        self.assertEqual(sorted(folder.rglob("*")), before)
        for name in FILES:
            self.assertIn(f"would write {name}:", outcome.out)
        self.assertIn('"./edge"', outcome.out)

    def test_another_folder(self):
        folder = self.project("make")
        self.tollgate("init", folder, code=0)
        self.assertTrue((folder / "tollgate.json").exists())
        self.tollgate("init", folder / "gone", code=4)
        self.tollgate("init", folder / "Makefile", code=4)

    def test_measures_as_written(self):
        """Built, started, known to be ready, and weighed, with nothing filled in."""
        folder = self.project("make")
        self.init(folder)
        self.tollgate("bench", "--passes", "exact", "-o", "run.json", cwd=folder, code=0)
        names = {endpoint["endpoint"] for endpoint in rig.load(folder / "run.json")["endpoints"]}
        self.assertEqual(names, {"GET /v1/things/{id}"})


@unittest.skipIf(runner.yaml is None, "python3-yaml is not installed")
class Workflows(Init):
    """What is written for others is what this repository has itself."""

    def workflows(self, *options, project="make"):
        folder = self.project(project)
        self.init(folder, *options)
        return [runner.load(folder / name) for name in FILES[1:]]

    def test_as_ours(self):
        for name, written in zip(FILES[1:], self.workflows("--action", "octo/tollgate@" + "1" * 40)):
            ours = runner.load(rig.SOURCE / name)
            for key in ("name", "on", "permissions", "concurrency"):
                self.assertEqual(written[key], ours[key])
            (job_name, job), = written["jobs"].items()
            our_job = ours["jobs"][job_name]
            for key in ("runs-on", "timeout-minutes", "permissions", "if"):
                self.assertEqual(job.get(key), our_job.get(key))
            foreign = [step for step in job["steps"] if step.get("uses", "").startswith("actions/")]
            self.assertTrue(foreign)
            for step in foreign:
                same, = [each for each in our_job["steps"] if each.get("uses") == step["uses"]]
                self.assertEqual(step["with"], same["with"])

    def test_inputs_of_the_actions(self):
        for written, action in zip(self.workflows("--action", "octo/tollgate@v1"),
                                   ("tollgate", "publish")):
            (job,) = written["jobs"].values()
            step = job["steps"][-1]
            self.assertEqual(step["uses"], f"octo/tollgate/.github/actions/{action}@v1")
            known = runner.load(rig.SOURCE / ".github/actions" / action / "action.yml")["inputs"]
            self.assertLessEqual(set(step["with"]), set(known))
            for name, about in known.items():
                if about.get("required"):
                    self.assertIn(name, step["with"])

    def test_an_open_place_is_said(self):
        folder = self.project("make")
        outcome = self.init(folder)
        self.assertIn("OWNER/tollgate@COMMIT", outcome.out)
        self.assertIn("OWNER/tollgate/.github/actions/tollgate@COMMIT",
                      (folder / FILES[1]).read_text())

    def test_an_action_that_is_none(self):
        for text in ("tollgate", "a/b", "a/b@", "a/b@x y", "a/b@x\n  - run: id", "../b@x", "a@x"):
            self.assertIn("--action", self.init(self.folder, "--action", text, code=2).err)

    def test_a_toolchain_is_asked_for(self):
        folder = self.project("node")
        self.init(folder)
        self.assertIn("Set Node.js up here", (folder / FILES[1]).read_text())


if __name__ == "__main__":
    unittest.main()
