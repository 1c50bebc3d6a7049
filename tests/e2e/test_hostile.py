"""Bad input and a bad environment: a clear error, the right exit code, and nothing lost."""

import json
import os
import re
import subprocess
import sys
import unittest

import rig
import tiny


class Hostile(rig.Case):
    """`fails` runs a bench that must fail with the code, saying each of the words."""

    def setUp(self):
        super().setUp()
        self.project = self.folder / "project"

    def fails(self, code, *words, arguments=("bench",), **options):
        outcome = self.tollgate(*arguments, code=code, cwd=self.project, timeout=60, **options)
        for word in words:
            self.assertRegex(outcome.err, word, str(outcome))
        self.assertNotIn("BUG", outcome.err)
        return outcome

    def project_with(self, own="", **changes):
        return tiny.python_project(self.project, own, **changes)


class Config(Hostile):
    def test_unknown_key_names_the_nearest(self):
        self.project_with(upstream=["users"])
        self.fails(2, r'tollgate\.json', r'unknown key "upstream"', r'did you mean "upstreams"')

    def test_wrong_type_names_the_field(self):
        self.project_with(gateway={"ready": {"status": "200"}})
        self.fails(2, r"tollgate\.json: gateway\.ready\.status", r"a string")

    def test_not_json_names_line_and_column(self):
        self.project_with()
        (self.project / "tollgate.json").write_text('{\n  "gateway": {,}\n}\n')
        self.fails(2, r"tollgate\.json:2:\d+", "not valid JSON")

    def test_invalid_utf8(self):
        self.project_with()
        (self.project / "tollgate.json").write_bytes(b'{"corpus": "\xff\xfe"}')
        self.fails(2, r"tollgate\.json:1", "(?i)utf-8")

    def test_no_config(self):
        self.project.mkdir()
        self.fails(2, "no tollgate.json here", "--config")
        self.fails(4, "cannot read missing.json", "No such file",
                   arguments=("bench", "-c", "missing.json"))

    def test_unknown_variable(self):
        self.project_with(gateway={"start": ["x", "${port}", "${prot}"]})
        self.fails(2, r"\$\{prot\}", r"\$\{port\}")

    def test_unknown_upstream(self):
        self.project_with(gateway={"start": ["x", "${port}", "${upstream.users.url}"]})
        self.fails(2, r"upstream\.users\.url", '"upstreams"')


class Corpus(Hostile):
    def test_truncated_line(self):
        self.project_with()
        corpus = self.project / "corpus.jsonl"
        corpus.write_text(corpus.read_text()[:-30])
        self.fails(2, r"corpus\.jsonl:4")

    def test_zero_requests(self):
        self.project_with()
        tiny.write_corpus(self.project, [])
        self.fails(2, r"corpus\.jsonl", "no (requests|exchanges)|holds no")

    def test_empty_file(self):
        self.project_with()
        (self.project / "corpus.jsonl").write_text("")
        self.fails(2, r"corpus\.jsonl")

    def test_missing(self):
        self.project_with(corpus="gone.jsonl")
        self.fails(4, r"gone\.jsonl", "No such file")

    def test_invalid_utf8(self):
        self.project_with()
        with open(self.project / "corpus.jsonl", "ab") as corpus:
            corpus.write(b'{"method":"GET","target":"/a\xff","response":{"status":200}}\n')
        self.fails(2, r"corpus\.jsonl:5", "(?i)utf-8")

    def test_field_is_named(self):
        self.project_with()
        tiny.write_corpus(self.project, [tiny.exchange("/a"), tiny.exchange("/a", status=99)])
        self.fails(2, r"corpus\.jsonl:3: response\.status", "99")

    def test_endpoints_that_match_no_template_are_named(self):
        self.project_with()
        tiny.write_corpus(self.project, [tiny.exchange("/a"), tiny.exchange("/lost/1"),
                                         tiny.exchange("/gone", method="POST")])
        self.fails(2, "GET /lost/1", "POST /gone", "line 3", "add templates")

    def test_endpoint_glob_that_matches_nothing(self):
        self.project_with()
        self.fails(2, "--endpoint", "GET /a", r"GET /b/\{id\}",
                   arguments=("bench", "--endpoint", "POST *"))

    def test_target_with_dots_is_sent_as_it_is(self):
        seen = self.folder / "seen"
        self.project_with(f"""
def answer(method, target):
    open({str(seen)!r}, "a").write(target + "\\n")
    return 200, target
""", endpoints=["GET /../../x"])
        target = "/../../x?q=%2e%2e/%00"
        tiny.write_corpus(self.project, [tiny.exchange(target)])
        before = set(self.folder.rglob("*"))
        self.tollgate("bench", code=0, cwd=self.project)
        self.assertEqual(set(seen.read_text().split()), {target})
        new = {path.name for path in set(self.folder.rglob("*")) - before}
        self.assertEqual(new - {".tollgate", "work", ".gitignore", "seen"}, set())


class Gateway(Hostile):
    def logs_are_kept(self, outcome):
        """The message names the log, which is there to be read."""
        path = re.search(r"\((/\S+\.log)\)", outcome.err)
        self.assertIsNotNone(path, str(outcome))
        self.assertTrue(os.path.exists(path.group(1)), str(outcome))

    def test_port_is_taken(self):
        with tiny.busy_port() as taken:
            self.project_with(f"def begin(port):\n    return {taken.getsockname()[1]}\n")
            outcome = self.fails(4, "the gateway exited with status 1", "Address already in use")
        self.logs_are_kept(outcome)

    def test_exits_at_once(self):
        self.project_with('def begin(port):\n    sys.exit("no licence \\x1b[31m found")\n')
        outcome = self.fails(4, "the gateway exited with status 1", "no licence", r"\\x1b")
        self.assertNotIn("\x1b", outcome.err)
        self.logs_are_kept(outcome)

    def test_exits_at_once_in_silence(self):
        self.project_with("def begin(port):\n    os._exit(0)\n")
        self.fails(4, "the gateway exited with status 0", "log is empty")

    def test_never_ready(self):
        self.project_with("def begin(port):\n    print('thinking', flush=True)\n    time.sleep(99)\n",
                          gateway={"ready": {"timeout_s": 4.5}})
        self.fails(4, "was not ready within 4.5 s", "thinking")

    def test_ready_path_answers_otherwise(self):
        self.project_with("def answer(method, target):\n    return 503, 'warming'\n",
                          gateway={"ready": {"path": "/up", "timeout_s": 4.5}})
        self.fails(4, "was not ready within 4.5 s", "GET /up")

    def test_crashes_in_the_middle(self):
        self.project_with("""
def answer(method, target):
    if target == "/b/2":
        print("about to fall", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(9)
    return 200, target
""")
        outcome = self.fails(4, "the gateway was killed by signal 11", "in the middle",
                             "about to fall", r"GET /b/\{id\}", "line 4")
        self.logs_are_kept(outcome)

    def test_hangs_on_one_request(self):
        self.project_with("""
def answer(method, target):
    if target == "/b/2":
        time.sleep(99)
    return 200, target
""", gateway={"request_timeout_s": 2.5})
        self.fails(3, r"GET /b/\{id\}", "line 4", "no answer within 2500 ms")

    def test_closes_in_the_middle_of_an_answer(self):
        self.project_with("""
def answer(method, target):
    class Short(str):
        def encode(self):
            return b"x"
    return 200, target
def serve(connection):
    connection.recv(9999)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 99\\r\\n\\r\\nshort")
    connection.close()

_serve = serve
""")
        path = self.project / "gateway.py"
        path.write_text(path.read_text().replace("target=serve", "target=_serve"))
        self.fails(4, r"line \d")

    def test_build_fails(self):
        self.project_with(gateway={"build": [["true"], ["sh", "-c", "echo no such header; exit 7"]]})
        outcome = self.fails(4, "did not build: sh exited with status 7", "no such header")
        self.logs_are_kept(outcome)

    def test_build_program_not_found(self):
        self.project_with(gateway={"build": ["no-such-compiler"]})
        self.fails(4, r"gateway\.build", "cannot start no-such-compiler", "No such file")

    def test_start_program_not_found(self):
        self.project_with(gateway={"start": ["./no-such-gateway", "${port}"]})
        self.fails(4, r"cannot start \./no-such-gateway", "No such file")


class Answers(Hostile):
    def test_wrong_answer_shows_both(self):
        self.project_with("def answer(method, target):\n"
                          "    return (500, 'broken') if target == '/a' else (200, target)\n")
        outcome = self.tollgate("bench", "-O", "json", code=3, cwd=self.project)
        report = json.loads(outcome.out)
        self.assertEqual(report["exit_code"], 3)
        shown = self.tollgate("bench", code=3, cwd=self.project)
        text = shown.out + shown.err
        for word in ("GET /a", "500", "200", "broken", "line 2"):
            self.assertIn(word, text, str(shown))

    def test_wrong_body_shows_both(self):
        self.project_with("def answer(method, target):\n    return 200, target.upper()\n")
        shown = self.tollgate("bench", code=3, cwd=self.project)
        for word in ("/b/1", "/B/1"):
            self.assertIn(word, shown.out + shown.err, str(shown))

    def test_allow_inconclusive_does_not_forgive_a_wrong_answer(self):
        self.project_with("def answer(method, target):\n    return 500, 'broken'\n")
        self.tollgate("bench", "--allow-inconclusive", code=3, cwd=self.project)

    def test_standin_miss_says_which_request(self):
        self.project_with("""
def answer(method, target):
    try:
        return 200, urllib.request.urlopen(sys.argv[2] + "/never-recorded").read().decode()
    except urllib.error.HTTPError as problem:
        return 502, str(problem.code)
""", upstreams=["users"],
                          gateway={"start": [sys.executable, "gateway.py", "${port}",
                                             "${upstream.users.url}"]})
        shown = self.tollgate("bench", code=3, cwd=self.project)
        for word in ("/never-recorded", "users"):
            self.assertIn(word, shown.out + shown.err, str(shown))


class Baselines(Hostile):
    def test_of_another_schema_version(self):
        self.project_with()
        self.tollgate("bench", "--save-baseline", "main", code=0, cwd=self.project)
        path = self.project / ".tollgate" / "baselines" / "main.json"
        stored = rig.load(path)
        stored["schema_version"] += 41
        rig.dump(path, stored)
        self.fails(2, r"main\.json", r"schema version \d+", "save it anew", arguments=("bench", "--baseline", "main"))

    def test_truncated(self):
        self.project_with()
        (self.project / "half.json").write_text('{"schema_version": 1, "endpoi')
        self.fails(2, r"half\.json:1:", arguments=("bench", "--baseline", "./half.json"))

    def test_not_there(self):
        self.project_with()
        self.fails(2, 'no baseline "gone"', arguments=("bench", "--baseline", "gone"))


class Output(Hostile):
    """A folder that cannot be written is told before minutes of measuring."""

    def refused(self, *arguments, words):
        outcome = self.fails(4, *words, arguments=("bench", *arguments))
        self.assertNotIn("live pass", outcome.err, "it measured first")

    def test_below_a_file(self):
        self.project_with()
        self.refused("-o", "gateway.py/run.json", words=("gateway.py/run.json", "Not a directory"))
        self.refused("-O", "json:gateway.py/x", words=("gateway.py/x", "Not a directory"))

    def test_missing_folder(self):
        self.project_with()
        self.refused("-o", "gone/run.json", words=("gone/run.json", "No such file"))

    def test_read_only(self):
        """Root may write anywhere, it seems, but no file can be made in /proc."""
        self.project_with()
        outcome = self.fails(4, "cannot write /proc/tollgate-run.json",
                             arguments=("bench", "-o", "/proc/tollgate-run.json"))
        self.assertTrue("GET /a" in outcome.out or "live pass" not in outcome.err,
                        "what was measured is lost")

    def test_is_a_folder(self):
        self.project_with()
        (self.project / "taken").mkdir()
        self.refused("-o", "taken", words=("cannot write taken", "Is a directory"))

    def test_work_folder_below_a_file(self):
        self.project_with()
        (self.project / ".tollgate").write_text("in the way")
        self.fails(4, r"\.tollgate", "Not a directory|File exists")

    def test_baseline_name_is_no_path(self):
        self.project_with()
        self.fails(2, "cannot name a baseline",
                   arguments=("bench", "--save-baseline", "../outside"))


@unittest.skipUnless(tiny.can_unshare(), "this user may not mount a tmpfs of its own")
class FullDisk(Hostile):
    """Everything in a mount namespace of its own, so that nothing of it outlives the test."""

    def in_mounts(self, script, *arguments):
        """tollgate after the shell script, in the project's folder. The script mounts."""
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-ec",
             f'{script}\nexec "$@"', "sh", str(rig.BINARY), *arguments],
            check=False, cwd=self.project, text=True, capture_output=True, timeout=60,
            env=rig.environment())
        return rig.Outcome(arguments, done.returncode, done.stdout, done.stderr)

    FULL = "mount -t tmpfs -o size=64k tmpfs {0}; head -c 1M /dev/zero >{0}/fill 2>/dev/null || true"

    def test_of_the_run(self):
        self.project_with()
        (self.project / "full").mkdir()
        outcome = self.in_mounts(self.FULL.format("full") + "; : >full/run.json || true", "bench",
                                 "-o", "full/run.json")
        self.assertEqual(outcome.code, 4, str(outcome))
        self.assertRegex(outcome.err, "full/run.json: No space left", str(outcome))
        self.assertIn("GET /a", outcome.out, "what was measured is lost")

    def test_leaves_the_old_run_and_no_half_one(self):
        self.project_with()
        (self.project / "full").mkdir()
        script = ("mount -t tmpfs -o size=64k tmpfs full; echo old >full/run.json; "
                  "head -c 1M /dev/zero >full/fill 2>/dev/null || true")
        outcome = self.in_mounts(
            f'{script}; "{rig.BINARY}" bench -o full/run.json >/dev/null 2>&1 || true; '
            'ls full >listed; cat full/run.json >kept', "--version")
        self.assertEqual(outcome.code, 0, str(outcome))
        self.assertEqual((self.project / "kept").read_text(), "old\n")
        self.assertEqual((self.project / "listed").read_text().split(), ["fill", "run.json"])

    def test_of_the_store(self):
        self.project_with()
        (self.project / ".tollgate" / "baselines").mkdir(parents=True)
        outcome = self.in_mounts(self.FULL.format(".tollgate/baselines"), "bench",
                                 "--save-baseline", "main")
        self.assertEqual(outcome.code, 4, str(outcome))
        self.assertRegex(outcome.err, r"baselines/main\.json: No space left", str(outcome))
        self.assertIn("GET /a", outcome.out, "what was measured is lost")

    def test_of_the_work_folder(self):
        self.project_with()
        (self.project / ".tollgate" / "work").mkdir(parents=True)
        outcome = self.in_mounts(self.FULL.format(".tollgate/work"), "bench")
        self.assertEqual(outcome.code, 4, str(outcome))
        self.assertRegex(outcome.err, r"\.tollgate/work\S*: No space left", str(outcome))

    def test_read_only_mount(self):
        self.project_with()
        (self.project / "frozen").mkdir()
        outcome = self.in_mounts("mount -t tmpfs -o ro tmpfs frozen", "bench", "-o",
                                 "frozen/run.json")
        self.assertEqual(outcome.code, 4, str(outcome))
        self.assertRegex(outcome.err, "frozen/run.json: Read-only", str(outcome))
        self.assertNotIn("live pass", outcome.err, "it measured first")


if __name__ == "__main__":
    unittest.main()
