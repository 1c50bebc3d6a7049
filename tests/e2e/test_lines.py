"""Instructions and executions by line: they add up to what the exact pass counts, they are those of the
source, and what cannot be seen is said."""

import os
import shutil
import unittest

import rig
import tiny

SPIN = 100
BUILD = ["cc", "-g", "-O0", "-o", "gateway", "gateway.c"]
ENDPOINTS = ("GET /a", "GET /b/{id}")

# Stands before the real one in PATH and spoils each dump that was written.
VGDB = """#!/bin/sh
{real} "$@" || exit $?
for word; do
    case $word in --vgdb-prefix=*) folder=${{word#--vgdb-prefix=}}; folder=${{folder%/*}};; esac
done
for dump in "$folder"/cg.*.*; do
    [ -s "$dump" ] && [ "$(head -n 1 "$dump")" = "# callgrind format" ] || continue
    {spoil}
done
"""
OTHER_VERSION = "sed -i 's/^version: 1$/version: 7/' \"$dump\""
CUT = ("size=$(wc -c <\"$dump\"); [ \"$size\" -gt 4000 ] || continue; "
       "truncate -s $((size * 9 / 10)) \"$dump\"")


class Profile:
    """PROFILE_LINES of a side, with names for numbers."""

    def __init__(self, run, side="head"):
        self.json = run["profiles"][side]["lines"]
        strings = self.json.get("strings", [])
        name = lambda index: strings[index] if index >= 0 else None
        self.frames = [(name(function), name(file), line, name(obj), bool(own))
                       for function, file, line, obj, own in self.json.get("frames", [])]
        self.nodes = [self.frames[frame] for _, frame in self.json.get("nodes", [])]
        self.endpoints = {one["endpoint"]: one for one in self.json.get("endpoints", [])}
        self.notes = " ".join(self.json.get("notes", []))

    def costs(self, endpoint):
        """[(frame, instructions, hits, inclusive)]"""
        return [(self.nodes[node], *values) for node, *values in self.endpoints[endpoint]["costs"]]

    def total(self, endpoint):
        return sum(cost[1] for cost in self.costs(endpoint))

    def hits(self, endpoint):
        """{(file, line): hits} of own lines."""
        found = {}
        for (_, file, line, _, own), _, hits, _ in self.costs(endpoint):
            if own:
                found[file, line] = found.get((file, line), 0) + hits
        return found

    def started(self):
        return {(file, line) for node, _, hits, _ in self.json["start"]
                for _, file, line, _, own in [self.nodes[node]] if own and hits > 0}

    def calls(self, endpoint):
        return [(self.frames[at], self.frames[to], *values)
                for at, to, *values in self.endpoints[endpoint]["calls"]]


def pass_of(run, name):
    return next(one for one in run["passes"] if one["name"] == name)


def figure(run, endpoint, metric="instructions", side="head"):
    one = next(one for one in run["endpoints"] if one["endpoint"] == endpoint)
    values = one["metrics"][metric][side]
    return sorted(values)[len(values) // 2]


def check_sums(case, run, profile, endpoints):
    for endpoint in endpoints:
        exact = figure(run, endpoint)
        case.assertAlmostEqual(profile.total(endpoint) / exact, 1, delta=0.001, msg=endpoint)
        for frame, instructions, _, inclusive in profile.costs(endpoint):
            case.assertLessEqual(instructions, inclusive * 1.000001, frame)
            case.assertLessEqual(inclusive, profile.total(endpoint) * 1.000001, frame)


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class Lines(rig.Case):
    def setUp(self):
        super().setUp()
        self.project = self.folder / "project"
        self.project.mkdir()
        shutil.copy(rig.SOURCE / "tests/e2e/tiny_gateway.c", self.project / "gateway.c")

    def write(self, *options, build=(BUILD,), exchanges=None, **passes):
        tiny.write_corpus(self.project, exchanges or [
            tiny.exchange("/a"), tiny.exchange("/a?x=1"), tiny.exchange("/b/1"),
            tiny.exchange("/b/2")])
        config = tiny.default_config()
        config["gateway"].update(build=[list(words) for words in build],
                                 start=["./gateway", "${port}", f"spin={SPIN}", *options])
        config["passes"] = {**tiny.ALL_OFF, "exact": {"replicates": 1}, "lines": {}, **passes}
        tiny.write_config(self.project, config)

    def bench(self, *options, passes="exact,lines", code=0, **more):
        outcome = self.tollgate("bench", "--baseline", "none", "--passes", passes, "-o", "run.json",
                                *options, cwd=self.project, code=code, **more)
        return rig.load(self.project / "run.json"), outcome

    def line_of(self, text):
        """The one line of the gateway that holds the text."""
        rows = (self.project / "gateway.c").read_text().splitlines()
        found = [number for number, row in enumerate(rows, 1) if text in row]
        self.assertEqual(len(found), 1, text)
        return "gateway.c", found[0]

    def test_a_gateway_of_one_process(self):
        self.write()
        run, _ = self.bench()
        profile = Profile(run)
        self.assertEqual(profile.notes, "")
        check_sums(self, run, profile, ENDPOINTS)
        for endpoint in ENDPOINTS:
            hits = profile.hits(endpoint)
            self.assertAlmostEqual(hits[self.line_of("sink += ")], SPIN)
            self.assertAlmostEqual(hits[self.line_of("char *copy = strdup")], 1)
            self.assertNotIn(self.line_of("int main("), hits)
            self.assertGreaterEqual(profile.endpoints[endpoint]["requests"], 8)
            answer = [call for call in profile.calls(endpoint)
                      if call[0][0] == "serve" and call[1][0] == "answer"]
            self.assertEqual([round(call[2], 6) for call in answer], [1])
            # serve calls answer, and answer what the C library has: each is one frame a function.
            self.assertTrue(all(frame[2] == 0 for frame, *_ in profile.costs(endpoint)
                                if not frame[4]))
        started = profile.started()
        self.assertIn(self.line_of("address.sin_port = htons"), started)
        sources = {one["path"]: one for one in run["sources"]["head"]}
        self.assertEqual(set(sources), {"gateway.c"})
        self.assertIn("answer", [function[0] for function in sources["gateway.c"]["functions"]])

    def test_workers_are_added_up(self):
        self.write("workers=2")
        run, _ = self.bench()
        profile = Profile(run)
        check_sums(self, run, profile, ENDPOINTS)
        self.assertIn("several processes", profile.notes)
        self.assertAlmostEqual(profile.hits("GET /a")[self.line_of("sink += ")], SPIN)

    def test_shares_and_errors(self):
        """Twice the weight counts twice, and an error's lines are told apart."""
        source = (self.project / "gateway.c").read_text()
        self.assertIn("    char *copy = strdup(target + 1);\n", source)
        source = source.replace(
            "    char *copy = strdup(target + 1);\n",
            "    if (strstr(target + 1, \"heavy\") != NULL)\n"
            "        for (long i = 0; i < 9000; i++)\n"
            "            sink ^= (unsigned long)i; /* heavy */\n"
            "    if (strstr(target + 1, \"wrong\") != NULL)\n"
            "        sink++; /* wrong */\n"
            "    char *copy = strdup(target + 1);\n")
        source = source.replace('"HTTP/1.1 200 OK\\r\\n', '"HTTP/1.1 %s\\r\\n').replace(
            'strlen(copy), copy);',
            'strstr(copy, "wrong") != NULL ? "422 No" : "200 OK", strlen(copy), copy);')
        (self.project / "gateway.c").write_text(source)
        self.write(exchanges=[
            tiny.exchange("/a", variant="light", weight=3),
            tiny.exchange("/a?heavy", variant="heavy", weight=1),
            tiny.exchange("/b/1"), tiny.exchange("/b/wrong", status=422)])
        run, _ = self.bench()
        profile = Profile(run)
        check_sums(self, run, profile, ENDPOINTS)
        self.assertAlmostEqual(profile.hits("GET /a")[self.line_of("/* heavy */")], 9000 / 4)
        self.assertAlmostEqual(profile.hits("GET /b/{id}")[self.line_of("/* wrong */")], 1 / 2)
        errors = {profile.nodes[node][1:3] for node in profile.json["error_nodes"]}
        self.assertIn(self.line_of("/* wrong */"), errors)
        self.assertNotIn(self.line_of("/* heavy */"), errors)
        self.assertNotIn(self.line_of("sink += "), errors)

    def test_both_sides(self):
        self.write()
        rig.git(self.project, "init", "-q")
        (self.project / ".gitignore").write_text(".tollgate/\ngateway\nrun.json\n")
        rig.commit_all(self.project)
        source = (self.project / "gateway.c").read_text()
        (self.project / "gateway.c").write_text(
            source.replace("sink += (unsigned", "sink++, sink += (unsigned"))
        self.tollgate("bench", "--base", "HEAD", "--passes", "exact,lines", "-o", "run.json",
                      cwd=self.project, code=0)
        run = rig.load(self.project / "run.json")
        for side in ("head", "base"):
            profile = Profile(run, side)
            self.assertAlmostEqual(profile.total("GET /a") / figure(run, "GET /a", side=side), 1,
                                   delta=0.001)
            self.assertAlmostEqual(profile.hits("GET /a")[self.line_of("sink += ")], SPIN)

    def test_without_the_exact_pass(self):
        self.write()
        run, _ = self.bench(passes="lines")
        self.assertGreater(Profile(run).total("GET /a"), 1000)
        self.assertEqual(pass_of(run, "exact")["status"], "skipped")

    # What cannot be seen, and is said. What can be said is said.

    def test_a_stripped_gateway(self):
        self.write(build=(BUILD, ["strip", "gateway"]))
        run, _ = self.bench()
        profile = Profile(run)
        self.assertRegex(profile.notes, r"gateway: .*strip")
        check_sums(self, run, profile, ENDPOINTS)
        self.assertEqual(profile.hits("GET /a"), {})

    def test_a_gateway_without_debug_information(self):
        self.write(build=([word for word in BUILD if word != "-g"],))
        run, _ = self.bench()
        profile = Profile(run)
        self.assertRegex(profile.notes, r"gateway: .*-g")
        check_sums(self, run, profile, ENDPOINTS)
        self.assertEqual(profile.hits("GET /a"), {})
        self.assertIn("answer", [frame[0] for frame, *_ in profile.costs("GET /a")])

    def test_a_source_that_changed_since_the_build(self):
        self.write(build=(BUILD, ["touch", "-d", "now + 1 hour", "gateway.c"]))
        run, _ = self.bench()
        profile = Profile(run)
        self.assertRegex(profile.notes, r"1 source file changed after the build \(gateway\.c\)")
        check_sums(self, run, profile, ENDPOINTS)
        self.assertAlmostEqual(profile.hits("GET /a")[self.line_of("sink += ")], SPIN)

    def spoiled(self, spoil):
        """An environment in which every dump is spoiled as soon as it is written."""
        tools = self.folder / "tools"
        tools.mkdir()
        script = VGDB.format(real=shutil.which("vgdb"), spoil=spoil)
        (tools / "vgdb").write_text(script)
        (tools / "vgdb").chmod(0o755)
        return {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def test_dumps_of_another_version(self):
        self.write()
        run, outcome = self.bench(env=self.spoiled(OTHER_VERSION))
        self.assertEqual(pass_of(run, "exact")["status"], "ran", str(outcome))
        ran = pass_of(run, "lines")
        self.assertEqual(ran["status"], "skipped")
        self.assertIn("version 7 of the callgrind format; this tollgate reads 1", ran["reason"])

    def test_dumps_that_were_cut_off(self):
        self.write()
        run, _ = self.bench(env=self.spoiled(CUT))
        profile = Profile(run)
        self.assertEqual(pass_of(run, "lines")["status"], "ran")
        self.assertIn("a dump of callgrind was cut off", profile.notes)
        self.assertGreater(profile.total("GET /a"), 0)

    def test_without_valgrind(self):
        self.write()
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("cc", "as", "ld", "git", "gcc", "collect2"):
            if shutil.which(name):
                (tools / name).symlink_to(shutil.which(name))
        run, _ = self.bench(passes="lines", env={"PATH": tools})
        self.assertIn("valgrind is missing", pass_of(run, "lines")["reason"])

    def test_a_budget_that_ends(self):
        self.write(lines={"rounds": 200}, exact={"enabled": False})
        run, _ = self.bench("--budget", "2", passes="lines")
        ran = pass_of(run, "lines")
        self.assertEqual(ran["status"], "cut")
        self.assertIn("time budget ended", ran["reason"])


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class SampleGateway(rig.Case):
    """The sum over lines is the exact pass's figure, within 0.1 %, for every endpoint."""

    def test_every_endpoint(self):
        tree = rig.make_repository(self.folder / "tree")
        rig.edit_config(tree, lambda config: config.update(
            passes={"exact": {"replicates": 1}}))
        self.tollgate("bench", "-c", rig.CONFIG, "--baseline", "none", "--passes", "exact,lines",
                      "-o", "run.json", cwd=tree, code=0, timeout=600)
        run = rig.load(tree / "run.json")
        profile = Profile(run)
        endpoints = [one["endpoint"] for one in run["endpoints"]]
        self.assertGreaterEqual(len(endpoints), 12)
        check_sums(self, run, profile, endpoints)
        for endpoint in endpoints:
            self.assertGreater(len(profile.hits(endpoint)), 40, endpoint)
        sources = {one["path"] for one in run["sources"]["head"]}
        hit = {file for endpoint in endpoints for file, _ in profile.hits(endpoint)}
        self.assertLessEqual(hit, sources)
        self.assertLessEqual({"fixtures/gateway/routes.c", "fixtures/gateway/feed.c"}, hit)
        errors = {profile.nodes[node][1] for node in profile.json["error_nodes"]}
        self.assertIn("fixtures/gateway/reply.c", errors)


if __name__ == "__main__":
    unittest.main()
