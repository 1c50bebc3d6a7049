"""What leaves for other programs, opened by programs that others wrote: protoc, callgrind_annotate,
genhtml, lcov, speedscope. Their figures are held against the run's own."""

import codecs
import gzip
import json
import math
import re
import shutil
import subprocess
import unittest
from collections import defaultdict

import browser
import rig

SAMPLE = rig.SOURCE / "fixtures/run/valid/explained.json"
SCHEMA = browser.FOLDER / "node_modules/speedscope/dist/release/file-format-schema.json"
KINDS = {"cpu": 0, "alloc": 0, "lines": 0}  # and which column the exports of one have


def need(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


def whole(endpoint, per_request):
    """As the exports round: over the requests that were measured, a half upwards."""
    return math.floor(max(per_request * max(endpoint["requests"], 1), 0) + 0.5)


def text_of(profile, number):
    return profile["strings"][number] if number >= 0 else None


def lines_of(source):
    """Lines are kept as pairs: the first, and how many follow each other."""
    return [line for first, count in source["lines"] for line in range(first, first + count)]


class Profile:
    """One kind of the run's head, read from its JSON alone."""

    def __init__(self, run, kind):
        self.raw = run["profiles"]["head"][kind]
        self.endpoints = [dict(one, name=one["endpoint"]) for one in self.raw["endpoints"]]

    def frame(self, node):
        return self.raw["frames"][self.raw["nodes"][node][1]]

    def name(self, frame):
        function, _, _, library, _ = frame
        return text_of(self.raw, function) or (
            "?" if library < 0 else re.sub(r"^([^\[].*)$", r"[\1]", text_of(self.raw, library)))

    def total(self, endpoint, column=0):
        return sum(whole(endpoint, cost[1 + column]) for cost in endpoint["costs"])

    def by_function(self, column=0):
        sums = defaultdict(int)
        for endpoint in self.endpoints:
            for cost in endpoint["costs"]:
                sums[self.name(self.frame(cost[0]))] += whole(endpoint, cost[1 + column])
        return {name: value for name, value in sums.items() if value > 0}


def parse_protoc(text):
    """protoc's text of a message: a dictionary of lists."""
    stack = [defaultdict(list)]
    for line in text.splitlines():
        line = line.strip()
        if line.endswith("{"):
            inner = defaultdict(list)
            stack[-1][line[:-1].strip()].append(inner)
            stack.append(inner)
        elif line == "}":
            stack.pop()
        elif line:
            key, value = line.split(": ", 1)
            stack[-1][key].append(
                codecs.escape_decode(value[1:-1])[0].decode() if value.startswith('"') else
                value == "true" if value in ("true", "false") else int(value))
    return stack[0]


class Exports(rig.Case):
    """On a stored run whose figures can be checked by hand; see tests/unit/profile_sample.h."""

    def setUp(self):
        super().setUp()
        self.path = self.find_run()
        self.run_json = rig.load(self.path)

    def find_run(self):
        return SAMPLE

    def kinds(self):
        return [kind for kind in KINDS if kind in self.run_json["profiles"]["head"]
                and self.run_json["profiles"]["head"][kind].get("endpoints")]

    def profile(self, kind):
        if kind not in self.kinds():
            self.skipTest(f"the run has no profile of {kind}")
        return Profile(self.run_json, kind)

    def export(self, form, *arguments, name=None):
        path = self.folder / (name or f"{form}.out")
        self.tollgate("report", self.path, "-O", f"{form}:{path}", *arguments, code=0)
        return path

    def program(self, *words, cwd=None, **options):
        done = subprocess.run([str(word) for word in words], cwd=cwd or self.folder,
                              capture_output=True, timeout=120, env=rig.environment(), **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    # ---- folded

    def test_folded(self):
        for kind in self.kinds():
            profile = self.profile(kind)
            sums, leaves = defaultdict(int), defaultdict(int)
            for line in self.export("folded", "--profile", kind).read_text().splitlines():
                stack, value = re.fullmatch(r"(.+) (\d+)", line).groups()
                frames = stack.split(";")
                sums[frames[0]] += int(value)
                leaves[frames[1 if kind == "lines" else -1]] += int(value)
            with self.subTest(kind=kind):
                expected = {one["name"]: profile.total(one) for one in profile.endpoints}
                self.assertEqual(sums, {name: value for name, value in expected.items() if value})
                self.assertEqual(leaves, profile.by_function())

    # ---- pprof

    def decode(self, *arguments):
        packed = self.export("pprof", *arguments).read_bytes()
        text = self.program("protoc", "--decode=Profile", f"--proto_path={rig.SOURCE}/tests/e2e",
                            "pprof.proto", input=gzip.decompress(packed)).decode()
        self.assertNotRegex(text, r"(?m)^\s*\d+[:{ ]")  # a field that the schema does not know
        return parse_protoc(text)

    def assert_consistent(self, message):
        """As the format wants it: ids from 1, each once, and none that leads nowhere."""
        self.assertEqual(message["text"][0], "")
        ids = {}
        for part in ("mapping", "location", "function"):
            ids[part] = [one["id"][0] for one in message[part]]
            self.assertEqual(len(ids[part]), len(set(ids[part])))
            self.assertNotIn(0, ids[part])
        for location in message["location"]:
            self.assertIn(location["mapping"][0] if location["mapping"] else 0,
                          [0] + ids["mapping"])
            self.assertIn(location["line"][0]["function"][0], ids["function"])
        for sample in message["sample"]:
            self.assertEqual(len(sample["value"]), len(message["sample_type"]))
            self.assertLessEqual(set(sample["location"]), set(ids["location"]))

    @need("protoc")
    def test_pprof(self):
        columns = {"cpu": [("samples", "count", 1), ("cpu", "nanoseconds", 0)],
                   "alloc": [("allocations", "count", 0), ("bytes", "bytes", 1),
                             ("retained", "bytes", 2)],
                   "lines": [("instructions", "count", 0)]}
        for kind in self.kinds():
            profile, message = self.profile(kind), self.decode("--profile", kind)
            with self.subTest(kind=kind):
                text = message["text"]
                self.assert_consistent(message)
                self.assertEqual([(text[one["type"][0]], text[one["unit"][0]])
                                  for one in message["sample_type"]],
                                 [one[:2] for one in columns[kind]])
                sums, functions = defaultdict(int), defaultdict(int)
                names = {one["id"][0]: text[one["name"][0]] for one in message["function"]}
                leaves = {one["id"][0]: names[one["line"][0]["function"][0]]
                          for one in message["location"]}
                main = [one[2] for one in columns[kind]].index(0)
                for sample in message["sample"]:
                    label, = sample["label"]
                    self.assertEqual(text[label["key"][0]], "endpoint")
                    for number, value in enumerate(sample["value"]):
                        sums[text[label["text"][0]], number] += value
                    functions[leaves[sample["location"][0]]] += sample["value"][main]
                for endpoint in profile.endpoints:
                    for number, column in enumerate(columns[kind]):
                        self.assertEqual(sums[endpoint["name"], number],
                                         profile.total(endpoint, column[2]))
                self.assertEqual({name: value for name, value in functions.items() if value},
                                 profile.by_function())

    # ---- speedscope, and what else it opens

    @unittest.skipUnless(SCHEMA.exists(), "speedscope is not installed; see browser.py")
    def test_speedscope_schema(self):
        import jsonschema
        validator = jsonschema.Draft7Validator(rig.load(SCHEMA))
        for kind in self.kinds():
            document = rig.load(self.export("speedscope", "--profile", kind))
            self.assertEqual([error.message for error in validator.iter_errors(document)], [])
            count = len(document["shared"]["frames"])
            for profile in document["profiles"]:
                self.assertEqual(len(profile["samples"]), len(profile["weights"]))
                self.assertTrue(all(0 <= frame < count for one in profile["samples"]
                                    for frame in one))
                self.assertAlmostEqual(profile["endValue"], sum(profile["weights"]),
                                       delta=1e-6 * profile["endValue"])

    @unittest.skipIf(browser.missing("speedscope"), browser.missing("speedscope"))
    def test_opened_in_speedscope(self):
        """Four formats, in one viewer: the totals that it reads are the run's."""
        files, expected = [], {}
        for kind in self.kinds():
            profile = self.profile(kind)
            total = sum(profile.total(one) for one in profile.endpoints)
            for form in ("folded", "pprof") + (("callgrind",) if kind == "lines" else ()):
                if form == "pprof" and kind == "alloc":
                    continue  # of several columns it shows one of its own choice
                name = f"{form}-{kind}"
                files.append(self.export(form, "--profile", kind, name=name))
                expected[name] = [total]
            name = f"speedscope-{kind}"
            files.append(self.export("speedscope", "--profile", kind, name=name))
            first = [sum(cost[1] for cost in one["costs"]) for one in profile.endpoints]
            expected[name] = first
        read = json.loads(browser.run("speedscope.mjs", *files))
        self.assertEqual(read.keys(), expected.keys())
        for name, profiles in read.items():
            totals = [one["total"] for one in profiles if "alloc" not in name
                      or "allocations" in one["name"] or name == "folded-alloc"]
            with self.subTest(file=name):
                self.assertEqual(len(totals), len(expected[name]))
                for total, wanted in zip(totals, expected[name]):
                    if name.startswith("callgrind"):  # it unrolls calls, recursive ones too
                        self.assertGreaterEqual(total, wanted)
                    else:
                        self.assertAlmostEqual(total, wanted, delta=1e-6 * max(wanted, 1))

    # ---- callgrind

    def annotate(self, *options):
        text = self.program("callgrind_annotate", "--threshold=100", "--auto=no",
                            "--show-percs=no", *options, "callgrind.out").decode()
        self.assertNotIn("WARNING", text)
        return text

    @need("callgrind_annotate")
    def test_callgrind(self):
        profile = self.profile("lines")
        self.export("callgrind")
        text = self.annotate()
        total = int(re.search(r"^\s*([\d,]+)\s+PROGRAM TOTALS", text, re.M)[1].replace(",", ""))
        sums = defaultdict(float)
        for endpoint in profile.endpoints:
            for node, instructions, *_ in endpoint["costs"]:
                _, file, _, _, _ = profile.frame(node)
                sums[f"{text_of(profile.raw, file) or '???'}:{profile.name(profile.frame(node))}"] \
                    += instructions * max(endpoint["requests"], 1)
        read = defaultdict(int)
        for value, name in re.findall(r"^\s*([\d,]+)\s+(\S+:.+?)(?: \[[^\]]*\])?$", text, re.M):
            read[name] += int(value.replace(",", ""))
        # Each line is rounded by itself: half an instruction a line aside.
        slack = len(profile.raw["frames"]) / 2 + 1
        self.assertAlmostEqual(total, sum(sums.values()), delta=slack)
        self.assertAlmostEqual(sum(read.values()), total, delta=1)
        self.assertLessEqual({name for name, value in sums.items() if value >= slack}, read.keys())
        for name, value in read.items():
            self.assertAlmostEqual(value, sums[name], delta=slack, msg=name)

    @need("callgrind_annotate")
    def test_callgrind_calls(self):
        """Whoever is called is called as often as the run says."""
        profile = self.profile("lines")
        self.export("callgrind")
        text = self.annotate("--tree=caller")
        read = sum(int(calls.replace(",", ""))
                   for calls in re.findall(r"^\s*[\d,]+\s+<\s+.*\(([\d,]+)x\)", text, re.M))
        wanted = sum(calls * max(endpoint["requests"], 1) for endpoint in profile.endpoints
                     for _, _, calls, _ in endpoint["calls"])
        self.assertGreater(wanted, 0)
        count = sum(len(endpoint["calls"]) for endpoint in profile.endpoints)
        self.assertAlmostEqual(read, wanted, delta=count)

    # ---- lcov

    def expected_lines(self, endpoint):
        """(file, line): executions, of the gateway's own sources."""
        profile = self.profile("lines")
        lines = {(one["path"], line): 0 for one in self.run_json["sources"]["head"]
                 for line in lines_of(one)}
        paths = {one["path"] for one in self.run_json["sources"]["head"]}
        for node, _, hits, _ in endpoint["costs"]:
            _, file, line, _, own = profile.frame(node)
            place = (text_of(profile.raw, file), line)
            if own and place[0] in paths and line > 0 and hits > 0:
                lines[place] = lines.get(place, 0) + hits * max(endpoint["requests"], 1)
        return lines

    def write_sources(self):
        """Files that are long enough for genhtml; what they hold is of no matter."""
        for one in self.run_json["sources"]["head"]:
            path = self.folder / "tree" / one["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("line\n" * max(lines_of(one), default=0))

    def test_lcov_lines(self):
        records = self.export("lcov").read_text().split("end_of_record\n")
        endpoints = self.profile("lines").endpoints
        self.assertEqual(len(records) - 1, len(endpoints) * len(self.run_json["sources"]["head"]))
        read = defaultdict(dict)
        for record in records[:-1]:
            test, path = re.match(r"TN:(\w+)\nSF:(.+)\n", record).groups()
            found = {(path, int(line)): int(count)
                     for line, count in re.findall(r"^DA:(\d+),(\d+)$", record, re.M)}
            self.assertIn(f"LF:{len(found)}\nLH:{sum(map(bool, found.values()))}\n", record)
            read[test].update(found)
        for endpoint, lines in zip(endpoints, read.values()):
            expected = self.expected_lines(endpoint)
            self.assertEqual(lines.keys(), expected.keys())
            for place, count in expected.items():
                self.assertEqual(lines[place] > 0, count > 0, place)
                slack = 1e-3 + 2e-6 * count  # a figure in the run has seven digits
                self.assertTrue(count - slack <= lines[place] < count + 1 + slack, place)

    @need("lcov")
    def test_lcov_opens(self):
        self.export("lcov")
        text = self.program("lcov", "--summary", "lcov.out", stdin=subprocess.DEVNULL)
        lines = defaultdict(float)
        for endpoint in self.profile("lines").endpoints:
            for place, count in self.expected_lines(endpoint).items():
                lines[place] += count
        hit, found = sum(map(bool, lines.values())), len(lines)
        self.assertGreater(hit, 0)
        self.assertIn(f"({hit} of {found} lines)", text.decode())

    @need("genhtml")
    def test_genhtml_opens(self):
        path = self.export("lcov")
        self.write_sources()
        self.program("genhtml", "--show-details", "--legend", "-o", self.folder / "html", path,
                     cwd=self.folder / "tree")
        pages = "".join(one.read_text(errors="replace")
                        for one in (self.folder / "html").rglob("*.html"))
        for test in set(re.findall(r"^TN:(\w+)$", path.read_text(), re.M)):
            self.assertIn(test, pages)

    # ---- all

    def test_one_endpoint(self):
        for kind in self.kinds():
            name = self.profile(kind).endpoints[0]["name"]
            lines = self.export("folded", "--profile", kind, "--endpoint", name).read_text()
            self.assertEqual({line.split(";")[0] for line in lines.splitlines()}, {name})


class Bench(Exports):
    """The same on what a bench of the sample gateway has just measured."""

    @classmethod
    def setUpClass(cls):
        cls.bench_folder = rig.Path(rig.tempfile.mkdtemp(prefix="tollgate-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.bench_folder, True)
        tree = rig.make_repository(cls.bench_folder)
        outcome = rig.run(["bench", "-c", rig.CONFIG, "--baseline", "none", "--passes",
                           "lines,sites,stacks", "-o", "run.json", "-O", "json:/dev/null",
                           "--endpoint", "GET /v3/feed", "--endpoint", "GET /v3/pins/*"], tree)
        if outcome.code != 0:
            raise AssertionError(str(outcome))

    def find_run(self):
        return self.bench_folder / "run.json"

    def test_all_kinds_were_measured(self):
        """But CPU stacks, which not every machine allows."""
        self.assertIn("alloc", self.kinds())
        self.assertIn("lines", self.kinds())

    def test_flame_graph(self):
        path = self.export("flame", name="flame.html")
        self.assertLess(path.stat().st_size, 1 << 20)
        if not browser.missing():
            browser.run("opens.mjs", path)


class WhatIsMissing(rig.Case):
    """A message says what there is not, and which pass makes it."""

    def reporters(self):
        outcome = self.tollgate("report", SAMPLE, "-O", "nosuch", code=2)
        return re.search(r"there are: (.+)", outcome.err)[1].split(", ")

    def test_reporters_are_in_the_help(self):
        text = " ".join(self.tollgate("report", "--help", code=0).out.split())
        for name in self.reporters():
            self.assertRegex(text, rf"\b{name}\b")

    def test_a_run_without_profiles(self):
        run = rig.load(SAMPLE)
        run["profiles"] = {"head": {}, "base": {}}
        rig.dump(self.folder / "bare.json", run)
        for name in ("flame", "folded", "pprof", "speedscope", "callgrind", "lcov"):
            self.assertIn(name, self.reporters())
            wanted = "lines" if name in ("callgrind", "lcov") else "stacks"
            with self.subTest(reporter=name):
                outcome = self.tollgate("report", "bare.json", "-O", f"{name}:out", code=2)
                self.assertIn(f"--passes {wanted}", outcome.err)
                self.assertFalse((self.folder / "out").exists())
        outcome = self.tollgate("report", "bare.json", "-O", "folded", "--profile", "alloc", code=2)
        self.assertIn("--passes sites", outcome.err)

    def test_words_that_nobody_knows(self):
        for words, answer in ((["--profile", "heap"], "takes cpu, alloc or lines"),
                              (["--profile", "alloc:blocks"], "allocations, bytes, retained_bytes"),
                              (["--endpoint", "GET /v3/fed"], 'did you mean "GET /v3/feed"?')):
            outcome = self.tollgate("report", SAMPLE, "-O", "folded", *words, code=2)
            self.assertEqual(outcome.out, "")
            self.assertIn(answer, outcome.err)

    def test_figure(self):
        allocations = self.tollgate("report", SAMPLE, "-O", "folded", "--profile", "alloc", code=0)
        size = self.tollgate("report", SAMPLE, "-O", "folded", "--profile", "alloc:bytes", code=0)
        self.assertIn(";malloc 2700\n", allocations.out)  # 30 in 90 requests
        self.assertIn(";malloc 172800\n", size.out)       # 1,920 in 90 requests


if __name__ == "__main__":
    unittest.main()
