"""The actions and workflows: what they are, and each of their steps run as a runner runs it."""

import json
import re
import shutil
import stat
import subprocess
import tarfile
import unittest

import github_stub as stub
import rig
import runner
import tiny

ACTIONS = rig.SOURCE / ".github/actions"
WORKFLOWS = sorted((rig.SOURCE / ".github/workflows").glob("*.yml"))
ALL = WORKFLOWS + sorted(ACTIONS.glob("*/action.yml"))

# What somebody who opens a pull request can choose.
FOREIGN = re.compile(r"github\.(head_ref|event\.(?!workflow_run\.(id|conclusion|event)\b)|actor)")


def steps_of(document):
    if "runs" in document:
        return document["runs"]["steps"]
    return [step for job in document["jobs"].values() for step in job["steps"]]


def expressions(text):
    return [match.strip() for match in runner.EXPRESSION.findall(str(text))]


@unittest.skipIf(runner.yaml is None, "python3-yaml is not installed")
class Files(unittest.TestCase):
    """What actionlint would say, and what only we ask."""

    def documents(self):
        for path in ALL:
            with self.subTest(file=path.relative_to(rig.SOURCE)):
                yield path, runner.load(path)

    def test_no_expression_within_a_script(self):
        for _, document in self.documents():
            for step in steps_of(document):
                self.assertEqual(expressions(step.get("run", "")), [])

    def test_what_strangers_choose_reaches_no_script_but_by_environment(self):
        for path in ALL:
            for line in path.read_text().splitlines():
                if FOREIGN.search(line) and "${{" in line:
                    self.assertRegex(line, r"^\s*(EVENT_BASE|ref|group):", path)

    def test_actions_of_others_are_pinned_to_commits(self):
        for path, document in self.documents():
            for step in steps_of(document):
                uses = step.get("uses", "./")
                if uses.startswith("./"):
                    continue
                self.assertRegex(uses, r"^[\w./-]+@[0-9a-f]{40}$")
                self.assertRegex(path.read_text(), r"# v\d+\.\d+\.\d+\n[^\n]*" + re.escape(uses))

    def test_a_step_has_one_thing_to_do(self):
        for _, document in self.documents():
            names = [step["id"] for step in steps_of(document) if "id" in step]
            self.assertEqual(len(names), len(set(names)))
            for step in steps_of(document):
                self.assertEqual(("run" in step) + ("uses" in step), 1)
                self.assertLessEqual(set(step), {"name", "id", "if", "uses", "with", "run", "env",
                                                 "shell", "continue-on-error"})
                if "run" in step and "runs" in document:
                    self.assertIn("shell", step, "a composite action names the shell")

    def test_inputs_and_outputs_that_are_named_are_there(self):
        for path, document in self.documents():
            before = set()
            for step in steps_of(document):
                text = json.dumps({key: value for key, value in step.items() if key != "run"})
                for name in re.findall(r"inputs\.([\w-]+)", text):
                    self.assertIn(name, document["inputs"])
                for name in re.findall(r"steps\.([\w-]+)\.", text):
                    self.assertIn(name, before)
                before.add(step.get("id"))
            for name, output in document.get("outputs", {}).items():
                used = re.search(r"steps\.([\w-]+)\.outputs\.([\w-]+)", output["value"])
                self.assertIn(used[1], before)
            for name in document.get("inputs", {}):
                self.assertIn(f"inputs.{name}", path.read_text())

    def test_inputs_of_our_own_action(self):
        known = runner.load(ACTIONS / "tollgate/action.yml")["inputs"]
        for step in steps_of(runner.load(rig.SOURCE / ".github/workflows/tollgate.yml")):
            if step.get("uses", "").startswith("./"):
                self.assertLessEqual(set(step["with"]), set(known))

    def test_rights(self):
        measure = runner.load(rig.SOURCE / ".github/workflows/tollgate.yml")
        publish = runner.load(rig.SOURCE / ".github/workflows/tollgate-publish.yml")
        self.assertEqual(measure["permissions"], {"contents": "read"})
        self.assertEqual(set(measure["on"]), {"pull_request"})
        self.assertNotIn("secrets", json.dumps(measure))
        self.assertNotIn("permissions", json.dumps(measure["jobs"]))
        self.assertEqual(publish["permissions"], {})
        self.assertEqual(set(publish["on"]), {"workflow_run"})
        self.assertEqual(publish["on"]["workflow_run"]["workflows"], [measure["name"]])
        self.assertEqual(publish["jobs"]["publish"]["permissions"],
                         {"actions": "read", "contents": "read", "pull-requests": "write",
                          "checks": "write"})
        self.assertNotIn("actions/checkout", json.dumps(publish))
        self.assertNotIn("./", [step.get("uses", "")[:2] for step in steps_of(publish)])
        checkout, = [step for step in steps_of(measure) if "checkout" in step.get("uses", "")]
        self.assertIs(checkout["with"]["persist-credentials"], False)
        for path in WORKFLOWS:
            self.assertNotIn("pull_request_target", path.read_text())

    def test_timeouts(self):
        for path in WORKFLOWS:
            for job in runner.load(path)["jobs"].values():
                self.assertIn("timeout-minutes", job)

    def test_scripts_are_of_the_plain_shell(self):
        for path in ACTIONS.glob("*/*.sh"):
            subprocess.run(["sh", "-n", path], check=True)
            self.assertTrue(path.read_text().startswith("#!/bin/sh\n# "))


@unittest.skipIf(runner.yaml is None, "python3-yaml is not installed")
class Action(rig.Case):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"
        self.origin = self.folder / "origin"
        self.builds = self.folder / "builds"
        exact = {**tiny.ALL_OFF, "exact": {"replicates": 1, "rounds": 2}}
        tiny.c_project(self.origin, passes=exact, endpoints=["GET /a", "GET /b/{id}"],
                       gateway={"build": [["sh", "-c", f"echo built >>{self.builds}; "
                                           "cc -O1 -g -o gateway gateway.c"]]})
        self.base = tiny.repository(self.origin)
        rig.git(self.origin, "checkout", "-q", "-b", "topic")
        source = self.origin / "gateway.c"
        source.write_text(source.read_text().replace("static long spin;",
                                                     "static long spin = 20000;"))
        rig.commit_all(self.origin, "slower")
        self.head = rig.git(self.origin, "rev-parse", "HEAD").strip()

    def machine(self, name="one", event=None, **more):
        checkout = self.folder / name / "checkout"
        rig.git(self.folder, "clone", "-q", self.origin, checkout)
        rig.git(checkout, "checkout", "-q", self.head)
        return runner.Runner(self.folder / name, checkout, self.store,
                             {"event": event or {"pull_request": {"base": {"sha": self.base}}}},
                             **more)

    def measure(self, machine, code=0, **inputs):
        inputs = {"tollgate": str(rig.BINARY), **inputs}
        try:
            outputs = machine.run_action(ACTIONS / "tollgate", inputs)
        except runner.Failed as problem:
            self.assertEqual(problem.code, code, machine.text())
            return machine.outputs
        self.assertEqual(code, 0, machine.text())
        return outputs

    def test_a_regression(self):
        machine = self.machine()
        outputs = self.measure(machine, code=1)
        self.assertEqual((outputs["verdict"], outputs["exit-code"], outputs["regressed"],
                          outputs["endpoints"]), ("regressed", "1", "2", "2"), machine.text())
        self.assertEqual(rig.load(outputs["run"]), rig.load(self.store / "artifacts/tollgate-run"))
        self.assertIn("REGRESSED", machine.summary.read_text())
        self.assertIn("::error ", machine.text())

    def test_nothing_changed_and_a_key(self):
        self.head = self.base
        machine = self.machine()
        outputs = self.measure(machine, key="edge", artifact="weighed")
        self.assertEqual((outputs["verdict"], outputs["exit-code"]), ("passed", "0"))
        self.assertTrue((self.store / "artifacts/weighed-edge").exists())

    def test_the_base_is_built_once(self):
        first = self.machine()
        self.measure(first, code=1)
        self.assertEqual(self.builds.read_text().split(), ["built"] * 2)
        first.save_caches()
        shutil.rmtree(first.folder)
        second = self.machine("two")
        outputs = self.measure(second, code=1)
        self.assertEqual(self.builds.read_text().split(), ["built"] * 3, second.text())
        self.assertEqual(outputs["verdict"], "regressed")
        rig.git(second.checkout, "worktree", "prune")
        self.assertIn(self.base, rig.git(second.checkout, "worktree", "list"))

    def test_a_cache_of_half_a_base_is_no_harm(self):
        first = self.machine()
        self.measure(first, code=1)
        first.save_caches()
        for kept in (self.store / "cache").glob("*/1"):  # what git knew of it
            shutil.rmtree(kept)
        shutil.rmtree(first.folder)
        outputs = self.measure(self.machine("two"), code=1)
        self.assertEqual(outputs["verdict"], "regressed")

    def test_where_the_base_branch_was_left(self):
        """Commits that others merged since are not weighed."""
        rig.git(self.origin, "checkout", "-q", "main")
        (self.origin / "gateway.c").write_text("no program\n")
        rig.commit_all(self.origin, "broken since")
        tip = rig.git(self.origin, "rev-parse", "HEAD").strip()
        machine = self.machine(event={"pull_request": {"base": {"sha": tip}}})
        self.assertEqual(self.measure(machine, code=1)["verdict"], "regressed")

    def test_a_shallow_clone_is_told_what_to_do(self):
        machine = self.machine(event={"pull_request": {"base": {"sha": "c" * 40}}})
        self.measure(machine, code=2)
        self.assertIn("fetch-depth: 0", machine.text())

    def test_a_gateway_that_does_not_build(self):
        machine = self.machine()
        (machine.checkout / "gateway.c").write_text("no program\n")
        outputs = self.measure(machine, code=4)
        self.assertEqual(outputs["exit-code"], "4")
        self.assertFalse(list((self.store / "artifacts").iterdir()))

    def test_inputs_that_would_be_more_than_text(self):
        trap = self.folder / "trap"
        touch = f"$(touch {trap})"
        for inputs in ({"config": touch}, {"config": f"x; touch {trap}"}, {"key": touch},
                       {"base": touch}, {"base": "--output=x"}, {"artifact": "a\nrun=/etc/passwd"},
                       {"artifact": "../../x"}, {"tollgate": f"true; touch {trap}"}):
            with self.subTest(inputs=inputs):
                machine = self.machine(f"m{abs(hash(str(inputs)))}")
                with self.assertRaises(runner.Failed):
                    machine.run_action(ACTIONS / "tollgate",
                                       {"tollgate": str(rig.BINARY), **inputs})
                self.assertFalse(trap.exists())

    def test_builds_itself_once(self):
        """With a compiler's stand-in: what it builds is the program at hand."""
        stubs, calls = self.folder / "stubs", self.folder / "calls"
        stubs.mkdir()
        write_program(stubs / "cmake", f'echo "$@" >>{calls}\n[ "$1" != --build ] || '
                      f'cp {rig.BINARY} {rig.BINARY.parent}/tollgate-agent.so "$2/"\n')
        write_program(stubs / "dpkg-query", "printf 'install ok installed'\n")
        first = self.machine(stubs=stubs)
        self.measure(first, code=1, tollgate="")
        self.assertEqual(len(calls.read_text().splitlines()), 2)
        first.save_caches()
        shutil.rmtree(first.folder)
        self.measure(self.machine("two", stubs=stubs), code=1, tollgate="")
        self.assertEqual(len(calls.read_text().splitlines()), 2)


def write_program(path, script):
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@unittest.skipIf(runner.yaml is None, "python3-yaml is not installed")
class PublishingJob(rig.Case):
    """The steps of tollgate-publish.yml, against a server that behaves like GitHub's API."""

    def setUp(self):
        super().setUp()
        server = stub.Server()
        self.server = server.__enter__()
        self.addCleanup(server.__exit__)
        self.store = self.folder / "store"
        (self.store / "artifacts").mkdir(parents=True)
        self.artifact = self.store / "artifacts/tollgate-run"
        rig.dump(self.folder / "event.json", {"workflow_run": {
            "event": "pull_request", "head_sha": stub.HEAD, "head_branch": "topic",
            "head_repository": {"full_name": stub.REPOSITORY}, "pull_requests": []}})
        self.stubs = self.folder / "stubs"
        self.stubs.mkdir()
        write_program(self.stubs / "cmake", '[ "$1" != --build ] || '
                      f'cp {rig.BINARY} {rig.BINARY.parent}/tollgate-agent.so "$2/"\n')
        write_program(self.stubs / "dpkg-query", "printf 'install ok installed'\n")
        self.make_tarball()

    def make_tarball(self):
        """Of the default branch, as GitHub's API hands it out."""
        path = self.folder / "source.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(ACTIONS, "octo-gateway-1234567/.github/actions")
        sha, data = "f" * 40, path.read_bytes()

        def tarball(handler, _):
            if not handler.path.endswith(f"/tarball/{sha}"):
                return False
            assert handler.headers["Authorization"] == f"Bearer {stub.TOKEN}"
            handler.answer(200, raw=data)
            return True
        self.server.github.faults = [tarball]
        self.sha = sha

    def run_job(self):
        checkout = self.folder / "nothing"
        checkout.mkdir(exist_ok=True)
        machine = runner.Runner(
            self.folder / "machine", checkout, self.store,
            {"token": stub.TOKEN, "event": {"workflow_run": {"id": 5}}}, stubs=self.stubs,
            env={"GITHUB_API_URL": self.server.url, "GITHUB_REPOSITORY": stub.REPOSITORY,
                 "GITHUB_SHA": self.sha, "GITHUB_EVENT_PATH": str(self.folder / "event.json")})
        document = runner.load(rig.SOURCE / ".github/workflows/tollgate-publish.yml")
        try:
            machine.run_steps(steps_of(document), {**machine.contexts, "steps": {}})
        finally:
            self.assertNotIn(stub.TOKEN, machine.text())
            self.assertEqual(list(checkout.iterdir()), [])
        return machine

    def test_publishes(self):
        shutil.copy2(rig.SOURCE / "fixtures/run/valid/explained.json", self.artifact)
        machine = self.run_job()
        comment, = self.server.github.comments
        self.assertIn("MEASURED", comment["body"], machine.text())
        self.assertEqual(len(self.server.github.checks), 1)

    def test_nothing_was_uploaded(self):
        machine = self.run_job()
        self.assertEqual(machine.log, [])
        self.assertEqual(self.server.github.requests, [])

    def test_what_is_no_run(self):
        for make in (lambda: self.artifact.write_text("[]"),
                     lambda: self.artifact.symlink_to("/proc/self/environ")):
            self.artifact.unlink(missing_ok=True)
            shutil.rmtree(self.folder / "machine", ignore_errors=True)
            self.make_tarball()
            make()
            with self.assertRaises(runner.Failed):
                self.run_job()
            self.assertEqual(self.server.github.comments, [])

    def test_the_publishing_action(self):
        shutil.copy2(rig.SOURCE / "fixtures/run/valid/explained.json", self.artifact)
        self.server.github.faults = []
        machine = runner.Runner(
            self.folder / "machine", self.folder, self.store, {"token": stub.TOKEN},
            env={"GITHUB_API_URL": self.server.url, "GITHUB_REPOSITORY": stub.REPOSITORY,
                 "GITHUB_EVENT_PATH": str(self.folder / "event.json")})
        machine.run_action(ACTIONS / "publish", {"run": str(self.artifact), "key": "edge",
                                                 "tollgate": str(rig.BINARY)})
        self.assertIn('"key":"edge"', self.server.github.comments[0]["body"])


if __name__ == "__main__":
    unittest.main()
