"""Recordings and logs of other tools become a corpus: all of them, redacted, or nothing at all."""

import base64
import collections
import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

import rig
import tiny

SEPARATOR = "\n\N{MONKEY FACE}\N{SEE-NO-EVIL MONKEY}\N{HEAR-NO-EVIL MONKEY}\n"

# Answers to conditional and partial requests: what log has their headers?
CONDITIONAL = (206, 304, 412, 416)


def data_folder():
    """Real files to try, which are no part of the project; None where there are none."""
    named = os.environ.get("TOLLGATE_DATA")
    folder = Path(named) if named else rig.SOURCE.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def read_corpus(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return lines[0], lines[1:]


def gor(kind, name, time_ns, message):
    return f"{kind} {name} {time_ns}\n{message}{SEPARATOR}"


def pair(number, time_ns, target, body="ok", headers=""):
    name = f"{number:024x}"
    request = f"GET {target} HTTP/1.1\r\nHost: tiny.example\r\n{headers}\r\n"
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    return gor(1, name, time_ns, request) + gor(2, name, time_ns + 5, answer)


def har(*entries):
    return json.dumps({"log": {"version": "1.2", "entries": [
        {"startedDateTime": when, "request": {"method": "GET", "url": url, "headers": headers},
         "response": {"status": 200, "headers": [],
                      "content": {"size": len(text), "text": text}}}
        for when, url, headers, text in entries]}})


def combined(target, status=200, method="GET", agent="test"):
    return (f'10.0.0.1 - - [17/May/2024:08:00:00 +0000] "{method} {target} HTTP/1.1" '
            f'{status} 12 "-" "{agent}"\n')


class Import(rig.Case):
    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def imported(self, *arguments, code=0, name="corpus.jsonl"):
        outcome = self.tollgate("import", *arguments, "-o", name, code=code)
        return outcome, *(read_corpus(self.folder / name) if code == 0 else (None, None))

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


class RealFiles(Import):
    """Every HAR and log of a folder of real files, against counts of other programs."""

    def setUp(self):
        super().setUp()
        self.data = data_folder()
        if self.data is None:
            self.skipTest("no folder of real files; name one with TOLLGATE_DATA")

    def har_entries(self, path):
        """Method, URL and status of each entry, in order of time: by jq, else by Python's json."""
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        query = (".log.entries | sort_by(.startedDateTime)[] | "
                 "[.request.method, .request.url, .response.status, ._fromCache]")
        if shutil.which("jq"):
            print(f"{path.name}: counted by jq '{query}'", flush=True)
            done = subprocess.run(["jq", "-c", query], input=text, check=True, capture_output=True)
            return [json.loads(line) for line in done.stdout.splitlines()]
        print(f"{path.name}: counted by Python's json", flush=True)
        entries = sorted(json.loads(text)["log"]["entries"], key=lambda e: e["startedDateTime"])
        return [[e["request"]["method"], e["request"]["url"], e["response"]["status"],
                 e.get("_fromCache")] for e in entries]

    def test_hars(self):
        paths = sorted(self.data.glob("*.har"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path.name):
                entries = self.har_entries(path)
                wanted = [(method, url.split("#")[0].split("://", 1)[1], status)
                          for method, url, status, cached in entries
                          if url.startswith("http") and status > 0 and not cached]
                outcome, _, exchanges = self.imported(path)
                self.assertIn(f": {len(entries)} entr", outcome.out)
                self.assertIn(f"{len(wanted)} imported", outcome.out)
                got = [(e["method"], e["authority"] + e["target"], e["response"]["status"])
                       for e in exchanges]
                self.assertEqual(got, wanted)

    def log_counts(self, path):
        """Lines for each method, target and status, by awk."""
        program = '{ split($2, r, " "); split($3, s, " "); print r[1], r[2], s[1] }'
        print(f"{path.name}: counted by awk -F'\"' '{program}'", flush=True)
        done = subprocess.run(["awk", "-F", '"', program, path], check=True, capture_output=True,
                              text=True)
        counts = collections.Counter()
        for line in done.stdout.splitlines():
            method, target, status = line.split(" ")
            counts[method, target, None if int(status) in CONDITIONAL else int(status)] += 1
        return counts

    def test_combined_logs(self):
        paths = sorted(self.data.glob("*combined*.log"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path.name):
                wanted = self.log_counts(path)
                outcome, _, exchanges = self.imported(path)
                lines = len(path.read_bytes().splitlines())
                self.assertIn(f": {lines:,} lines (combined), {lines:,} imported", outcome.out)
                self.assertEqual(wanted.total(), lines)
                got = collections.Counter()
                for exchange in exchanges:
                    got[exchange["method"], exchange["target"],
                        exchange["response"]["status"]] += exchange["weight"]
                self.assertEqual(got, wanted)
                packed = self.write("packed.gz", gzip.compress(path.read_bytes()))
                _, _, again = self.imported(packed, name="again.jsonl")
                for one, other in zip(exchanges, again, strict=True):
                    self.assertEqual({**one, "headers": []}, {**other, "headers": []})

    def test_all_together(self):
        paths = [path for path in sorted(self.data.iterdir()) if path.suffix in (".har", ".log")]
        _, header, exchanges = self.imported(*paths)
        self.assertEqual(header["source"], "import of " + ", ".join(path.name for path in paths))
        times = [exchange["ts_ns"] for exchange in exchanges]
        self.assertEqual(times, sorted(times))
        ids = [exchange["id"] for exchange in exchanges]
        self.assertEqual(len(ids), len(set(ids)))


class Merging(Import):
    def test_several_inputs_in_order_of_time(self):
        second = 1_000_000_000
        start = 1715932800 * second  # 2024-05-17 08:00:00 UTC
        one = self.write("one.gor", pair(1, start, "/0") + pair(3, start + 4 * second, "/4"))
        two = self.write("two.gor.gz", gzip.compress(
            (pair(2, start + 3 * second, "/3") + pair(4, start + second, "/1")).encode()))
        three = self.write("three.har", har(("2024-05-17T08:00:02Z", "http://a.example/2", [], "x")))
        outcome, _, exchanges = self.imported(one, two, three)
        self.assertEqual([exchange["target"] for exchange in exchanges],
                         ["/0", "/1", "/2", "/3", "/4"])
        self.assertIn("5 exchanges for 5 requests, 2024-05-17 08:00:00 to 2024-05-17 08:00:04",
                      outcome.out)
        self.assertIn("in order of time: 3 came after a later one", outcome.out)

    def test_equal_requests_of_several_logs_are_one(self):
        one = self.write("access.log", combined("/a") * 3 + combined("/b"))
        two = self.write("access.log.1", combined("/a") * 2)
        _, _, exchanges = self.imported(one, two)
        self.assertEqual({e["target"]: e["weight"] for e in exchanges}, {"/a": 5, "/b": 1})
        self.assertEqual(exchanges[0]["headers"], [["User-Agent", "test"]])
        self.assertEqual(exchanges[0]["response"]["size_bytes"], 12)

    def test_what_lost_its_body_is_left_out(self):
        log = self.write("access.log", combined("/a") + combined("/b", method="POST") * 2)
        outcome, _, exchanges = self.imported(log)
        self.assertEqual(len(exchanges), 1)
        self.assertIn("left out 2 times: the log does not have its body", outcome.out)

    def test_more_different_requests_than_are_kept(self):
        log = self.write("access.log", "".join(combined(f"/a/{i}") for i in range(50)))
        outcome, _, exchanges = self.imported("--max-distinct", "10", log)
        self.assertEqual(len(exchanges), 10)
        self.assertEqual([e["weight"] for e in exchanges], [5] * 10)
        self.assertIn("10 exchanges for 50 requests", outcome.out)

    def test_hosts(self):
        file = self.write("a.har", har(
            ("2024-05-17T08:00:00Z", "https://api.example:8443/1", [], "x"),
            ("2024-05-17T08:00:01Z", "https://cdn.example/2", [], "x"),
            ("2024-05-17T08:00:02Z", "https://API.example/3", [], "x")))
        outcome, _, exchanges = self.imported("--host", "api.*", file)
        self.assertEqual([e["target"] for e in exchanges], ["/1", "/3"])
        self.assertIn("left out once: it is of another host", outcome.out)


class Refusing(Import):
    def test_a_share_of_odd_lines_stops_and_writes_nothing(self):
        log = self.write("access.log", combined("/a") * 18 + "what\nis this\n")
        old = self.write("corpus.jsonl", "old")
        outcome, *_ = self.imported(log, code=2)
        self.assertIn("2 of 20 (10.0 %) are odd for the format combined", outcome.err)
        self.assertIn("access.log:19: there is no time in brackets", outcome.err)
        self.assertEqual(old.read_text(), "old")
        self.assertEqual(self.files(), ["access.log", "corpus.jsonl"])
        outcome, _, exchanges = self.imported("--max-odd", "10%", log)
        self.assertEqual(exchanges[0]["weight"], 18)
        self.assertIn("2 odd and skipped", outcome.out)
        self.assertIn("skipped", outcome.err)
        self.assertIn("access.log:20", outcome.err)

    def test_nothing_to_import(self):
        cases = {"empty.log": "", "none.har": har(), "post.log": combined("/a", method="POST")}
        for name, text in cases.items():
            outcome, *_ = self.imported(self.write(name, text), code=2)
            self.assertIn("there is nothing to import", outcome.err)
        self.assertEqual(self.files(), sorted(cases))

    def test_an_empty_file_among_others_is_no_error(self):
        outcome, _, exchanges = self.imported(self.write("a.log", ""),
                                              self.write("b.log", combined("/a")))
        self.assertIn("a.log: empty", outcome.out)
        self.assertEqual(len(exchanges), 1)

    def test_mistakes(self):
        log = self.write("a.log", combined("/a"))
        cases = [
            (["import", log], "name the corpus to write with -o"),
            (["import", log, "-o", "nowhere/c.jsonl"], "cannot write nowhere/c.jsonl"),
            (["import", log, "-o", "c", "--format", "pcap"], "there are: har, gor, vegeta"),
            (["import", log, "-o", "c", "--max-odd", "x"], "a share from 0% to 100%"),
            (["import", log, "-o", "c", "--json-key", "statsu=x"], "FIELD=KEY"),
            (["import", "missing.log", "-o", "c"], "No such file"),
            (["import", log, "-o", "c", "-c", "missing.json"], "missing.json"),
            (["import", self.write("z", "\0\1\2"), "-o", "c"], "of no format that is known"),
            (["import", log, "-o", "c", "--no-redact", "--redact-key-file", log], "exclude"),
            (["import", log, "-o", "c", "--redact-key-file", self.write("k", "short\n")],
             "16 characters or more"),
        ]
        for arguments, words in cases:
            with self.subTest(words):
                outcome = self.tollgate(*arguments)
                self.assertIn(outcome.code, (2, 4))
                self.assertIn(words, outcome.err)
                self.assertFalse((self.folder / "c").exists())

    def test_hostile_names_are_made_safe(self):
        log = self.write("a\033[31m.log", "odd\033[31m\n" + combined("/a") * 50)
        outcome, *_ = self.imported(log)
        self.assertNotIn("\033", outcome.out + outcome.err)

    def test_killed_it_leaves_nothing(self):
        try:
            os.close(os.open(self.folder, os.O_TMPFILE | os.O_WRONLY))
        except OSError:
            self.skipTest("the file system knows no nameless files")
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        process = rig.start(["import", "--format", "gor", pipe, "-o", "corpus.jsonl"], self.folder)
        with open(pipe, "w", encoding="utf-8") as writer:
            for number in range(2000):
                writer.write(pair(number, number, f"/{number}"))
            writer.flush()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assertEqual(self.files(), ["pipe"])

    def test_a_full_disk(self):
        log = self.write("a.log", combined("/a"))
        outcome = self.tollgate("import", log, "-o", "/dev/full", code=4)
        self.assertIn("No space left", outcome.err)


class BadInput(Import):
    """What is wrong with an input costs that part of it and is told with its place."""

    FIXTURES = rig.SOURCE / "fixtures/import"

    def test_a_recording_that_was_cut_off(self):
        whole = (pair(1, 1, "/1") + pair(2, 2, "/2") + pair(3, 3, "/3")).encode()
        last = whole.rindex(b"1 " + b"0" * 23 + b"3")
        for size in (last + 5, last + 40, last + 60):
            outcome, _, exchanges = self.imported(self.write("cut.gor", whole[:size]))
            self.assertEqual([e["target"] for e in exchanges], ["/1", "/2"], size)
            self.assertIn("left out once: the file ends in the middle of it", outcome.out)
            self.assertIn(f"byte {last})", outcome.out)
        # All of the request and half of its answer: the request is there, its answer unchecked.
        middle = whole.rindex(b"2 " + b"0" * 23 + b"3")
        for size in (middle + 40, len(whole) - len(SEPARATOR.encode()) - 1):
            outcome, _, exchanges = self.imported(self.write("cut.gor", whole[:size]))
            self.assertEqual([e["target"] for e in exchanges], ["/1", "/2", "/3"], size)
        packed = gzip.compress(whole * 200)
        outcome, _, exchanges = self.imported(self.write("cut.gor.gz", packed[:len(packed) // 2]))
        self.assertIn("the compressed file ends too early", outcome.err)
        self.assertGreater(len(exchanges), 3)

    def test_a_byte_order_mark(self):
        text = har(("2024-05-17T08:00:00Z", "http://a.example/1", [], "x"))
        _, _, plain = self.imported(self.write("a.har", text), name="plain.jsonl")
        _, _, marked = self.imported(self.write("b.har", "\ufeff" + text))
        self.assertEqual(marked, plain)

    def test_bodies_that_are_no_text(self):
        every = bytes(range(256))
        document = {"log": {"version": "1.2", "entries": [{
            "startedDateTime": "2024-05-17T08:00:00Z",
            "request": {"method": "POST", "url": "http://a.example/", "headers": [],
                        "postData": {"mimeType": "application/octet-stream", "text": "\x00\x01"}},
            "response": {"status": 200, "headers": [], "content": {
                "size": 256, "encoding": "base64", "text": base64.b64encode(every).decode()}}}]}}
        outcome, _, exchanges = self.imported(self.write("a.har", json.dumps(document)))
        self.assertEqual(base64.b64decode(exchanges[0]["response"]["body_b64"]), every)
        self.assertIn("the body of the request was binary", outcome.err)

    def test_garbage_between_the_lines_of_a_log(self):
        """Counted by a regular expression of Python's."""
        draw = random.Random(11)
        garbage = [b"\x16\x03\x01\x02\x00\x01\n", b"\n", b"- - -\n", b'"\n', b"\xff\xfe\xfd\n",
                   b'1.2.3.4 - - [17/May/2024:08:00:00 +0000] "GET /cut', b"x" * 100000 + b"\n"]
        lines = [combined(f"/a/{n}").encode() for n in range(400)]
        for number, text in enumerate(garbage[:-2] + garbage[-1:]):
            lines.insert(draw.randrange(1, len(lines)), text)
        lines.append(garbage[-2])
        data = b"".join(lines)
        good = re.findall(rb'^\S+ \S+ \S+ \[[^]]+\] "GET (\S+) HTTP/1\.1" \d+ \d+ ".*" ".*"$', data,
                          re.MULTILINE)
        outcome, _, exchanges = self.imported("--max-odd", "3%", self.write("access.log", data))
        self.assertEqual(sorted(e["target"].encode() for e in exchanges), sorted(good))
        self.assertEqual(len(good), 400)
        # A blank line is none, and the last one was cut off.
        self.assertIn(f"{len(garbage) - 2} odd and skipped", outcome.out)
        self.assertIn("left out once: the file ends in the middle of it", outcome.out)
        self.assertIn("access.log:", outcome.err)

    def test_ids_that_are_there_twice_and_times_out_of_order(self):
        recording = self.write("a.gor", pair(7, 5, "/b", "b") + pair(7, 3, "/a", "a"))
        outcome, _, exchanges = self.imported(recording)
        self.assertEqual([e["target"] for e in exchanges], ["/a", "/b"])
        self.assertIn("put in order of time: 1 came after a later one", outcome.out)
        self.tollgate("corpus", "endpoints", "corpus.jsonl", code=0)

    def test_nothing_of_a_broken_file_that_is_a_fixture_crashes(self):
        paths = [path for kind in ("valid", "invalid")
                 for path in sorted(self.FIXTURES.glob(f"*/{kind}/*"))]
        self.assertGreater(len(paths), 80)
        for path in paths:
            with self.subTest(path.name):
                outcome = self.tollgate("import", path, "--max-odd", "100%", "-o", "c.jsonl")
                self.assertIn(outcome.code, (0, 2))
                self.assertEqual((self.folder / "c.jsonl").exists(), outcome.code == 0)
                if outcome.code == 0:
                    self.tollgate("corpus", "endpoints", "c.jsonl", code=0)
                    (self.folder / "c.jsonl").unlink()
                else:
                    self.assertTrue(outcome.err)


class Output(Import):
    def test_a_pipe_gets_the_corpus_and_nothing_else(self):
        log = self.write("a.log", combined("/a") * 2)
        outcome = self.tollgate("import", log, "-o", "/dev/stdout", code=0)
        lines = [json.loads(line) for line in outcome.out.splitlines()]
        self.assertEqual(lines[1]["weight"], 2)
        self.assertIn("1 exchange for 2 requests", outcome.err)

    def test_a_pipe_can_be_read_when_its_format_is_named(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.assertIn("--format", self.tollgate("import", pipe, "-o", "c", code=2).err)
        process = rig.start(["import", "--format", "common", pipe, "-o", "c"], self.folder)
        pipe.write_text(combined("/a"))
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)

    def test_templates_name_the_endpoints(self):
        rig.dump(self.folder / "tollgate.json",
                 {**tiny.default_config(), "endpoints": ["GET /a/{id}"]})
        log = self.write("a.log", combined("/a/1") + combined("/b") + combined("/a/2?x"))
        outcome, _, exchanges = self.imported(log)
        self.assertEqual([e.get("endpoint") for e in exchanges],
                         ["GET /a/{id}", None, "GET /a/{id}"])
        self.assertIn("no endpoint template matches 1 exchange", outcome.err)
        self.assertIn("\n  GET /b\n", outcome.err)


class Redaction(Import):
    SECRET = "Bearer sk_live_51H8secretsecretsecret"

    def recording(self, name="a.har"):
        return self.write(name, har(("2024-05-17T08:00:00Z", "http://a.example/?token=tok-5ecret-1",
                                     [{"name": "Authorization", "value": self.SECRET},
                                      {"name": "Cookie", "value": "session=5ecret0f5ession"}],
                                     '{"password":"hunter2hunter2"}')))

    def test_by_default(self):
        outcome, header, _ = self.imported(self.recording())
        text = (self.folder / "corpus.jsonl").read_text()
        for secret in ("sk_live_51H8", "tok-5ecret-1", "5ecret0f5ession", "hunter2"):
            self.assertNotIn(secret, text)
        self.assertRegex(outcome.out, r"redacted: \d+ values\n")
        self.assertRegex(header["redaction"], "^[0-9a-f]+$")

    def test_not_when_told_so(self):
        outcome, header, exchanges = self.imported("--no-redact", self.recording())
        self.assertIn(["Authorization", self.SECRET], exchanges[0]["headers"])
        self.assertIn("nothing was redacted", outcome.err)
        self.assertIsNone(header.get("redaction"))

    def test_one_key_makes_the_same_pseudonyms(self):
        key = self.write("key", "0123456789abcdef0123456789abcdef\n")
        _, _, one = self.imported("--redact-key-file", key, self.recording(), name="one.jsonl")
        _, _, two = self.imported("--redact-key-file", key, self.recording("b.har"),
                                  name="two.jsonl")
        _, _, other = self.imported(self.recording(), name="other.jsonl")
        self.assertEqual(one, two)
        self.assertNotEqual(one[0]["headers"], other[0]["headers"])


class Weights(Import):
    def corpus(self):
        tiny.write_corpus(self.folder, [
            tiny.exchange("/a", endpoint="GET /a", seq=7),
            tiny.exchange("/b/1", endpoint="GET /b/{id}", conn=3),
            tiny.exchange("/b/2?full=1", endpoint="GET /b/{id}"),
            tiny.exchange("/c", method="POST", endpoint="POST /c"),
        ], name="bodies.jsonl")
        return self.folder / "bodies.jsonl"

    def test_counts_of_a_log_on_a_corpus(self):
        corpus = self.corpus()
        log = self.write("access.log", combined("/a") * 7 + combined("/b/9") * 20 +
                         combined("/b/8?full=0") * 10 + combined("/new") * 3 +
                         combined("/d/1") * 2)
        outcome, header, exchanges = self.imported("--weights-from", log, corpus)
        self.assertEqual([e["weight"] for e in exchanges], [7, 20, 10, 0.5])
        before = read_corpus(corpus)
        self.assertEqual(header, before[0])
        for old, new in zip(before[1], exchanges):
            self.assertEqual({**new, "weight": None}, {**old, "weight": None})
        self.assertIn("5 requests of the log match no endpoint template", outcome.out)
        self.assertRegex(outcome.out, r"\n +3  GET /new\n +2  GET /d/1\n")
        self.assertRegex(outcome.out, r"\n +0 +1 +0\.5  POST /c  \(only in the corpus\)\n")
        self.assertRegex(outcome.out, r"\n +30 +2 +15  GET /b/\{id\}\n")

    def test_templates_of_the_config_and_several_logs(self):
        corpus = self.corpus()
        rig.dump(self.folder / "tollgate.json", {
            **tiny.default_config(), "endpoints": ["GET /a", "GET /b/{id}", "POST /c", "GET /new"]})
        one = self.write("one.log", combined("/a") + combined("/new") * 4)
        two = self.write("two.log", combined("/a") + combined("/c", method="POST") * 6)
        outcome, _, exchanges = self.imported("--weights-from", one, "--weights-from", two, corpus)
        self.assertEqual([e["weight"] for e in exchanges], [2, 0.25, 0.25, 6])
        self.assertRegex(outcome.out, r"\n +4 +0 +-  GET /new  \(only in the log\)\n")

    def test_of_the_sample(self):
        """Each endpoint weighs what the log has of it; a log made of the corpus's own requests."""
        corpus = rig.SOURCE / "fixtures/corpus.jsonl"
        config = rig.SOURCE / "fixtures/tollgate.json"
        _, exchanges = read_corpus(corpus)
        times = collections.Counter()
        text = ""
        for number, exchange in enumerate(exchanges):
            text += combined(exchange["target"], method=exchange["method"]) * (number % 5 + 1)
            times[exchange["endpoint"]] += number % 5 + 1
        log = self.write("access.log", text)
        _, _, weighed = self.imported("-c", config, "--weights-from", log, corpus)
        got = collections.Counter()
        for exchange in weighed:
            got[exchange["endpoint"]] += exchange["weight"]
        for endpoint, wanted in times.items():
            self.assertAlmostEqual(got[endpoint], wanted, places=6, msg=endpoint)

    def test_mistakes(self):
        corpus = self.corpus()
        log = self.write("access.log", combined("/elsewhere"))
        outcome, *_ = self.imported("--weights-from", log, corpus, code=2)
        self.assertIn("no request of the log matches an endpoint template", outcome.err)
        self.assertFalse((self.folder / "corpus.jsonl").exists())
        outcome, *_ = self.imported("--weights-from", log, corpus, corpus, code=2)
        self.assertIn("takes one corpus", outcome.err)
        outcome, *_ = self.imported(corpus, code=2)
        self.assertIn("is a corpus already", outcome.err)


class Replay(Import):
    def test_targets_without_answers_replay(self):
        """What a gateway answers to a request whose answer nobody recorded is not checked."""
        tree = tiny.python_project(self.folder / "tree")
        targets = self.write("targets.json", "".join(
            json.dumps({"method": "GET", "url": f"http://tiny.example{target}"}) + "\n"
            for target in ("/a", "/b/1", "/b/2")))
        self.tollgate("import", targets, "-o", "corpus.jsonl", cwd=tree, code=0)
        self.tollgate("corpus", "validate", cwd=tree, code=0)
        self.tollgate("bench", "--baseline", "none", "--allow-inconclusive", cwd=tree, code=0)

    def test_a_recording_replays_and_its_answers_are_checked(self):
        for name, body, code in (("right", "/a", 0), ("wrong", "/else", 3)):
            with self.subTest(name):
                tree = tiny.python_project(self.folder / name)
                recording = self.write(f"{name}.gor", pair(1, 1, "/a", body) +
                                       pair(2, 2, "/b/1", "/b/1"))
                self.tollgate("import", recording, "-o", "corpus.jsonl", cwd=tree, code=0)
                self.tollgate("bench", "--baseline", "none", "--allow-inconclusive", cwd=tree,
                              code=code)


if __name__ == "__main__":
    unittest.main()
