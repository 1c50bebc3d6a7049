"""The stacks pass at a gateway whose stacks are known, and where sampling is not allowed."""

import os
import platform
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import rig
import tiny

GATEWAY = Path(__file__).resolve().parent / "stacks_gateway.c"

# Refuses perf_event_open from here on, then becomes the program of its arguments.
REFUSING = """\
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
rows = [(0x20, 0, 0, 0), (0x15, 0, 1, 298), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
program = struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(code))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0):
    sys.exit("cannot refuse")
os.execv(sys.argv[1], sys.argv[1:])
"""

IS_X86 = platform.machine() == "x86_64"


def paranoid():
    try:
        return int(Path("/proc/sys/kernel/perf_event_paranoid").read_text())
    except OSError:
        return 99


CAN_SAMPLE = IS_X86 and (paranoid() <= 2 or os.geteuid() == 0)


class Profile:
    """One side's profile of a kind, by names instead of numbers."""

    def __init__(self, run, kind, side="head"):
        self.json = run["profiles"][side][kind]
        strings = self.json["strings"]
        name = lambda number: strings[number] if number >= 0 else None
        self.frames = [(name(frame[0]), name(frame[3])) for frame in self.json["frames"]]
        self.endpoints = {endpoint["endpoint"]: self.json["endpoints"][i]
                          for i, endpoint in enumerate(run["endpoints"])}

    def stack(self, node):
        """Functions and objects, root first."""
        frames = []
        while node >= 0:
            parent, frame = self.json["nodes"][node]
            frames.append(self.frames[frame])
            node = parent
        return frames[::-1]

    def stacks(self, endpoint):
        """(stack, first value) of each node with a cost."""
        return [(self.stack(cost[0]), cost[1]) for cost in self.endpoints[endpoint]["costs"]]

    def of_user(self, endpoint):
        return [(stack, value) for stack, value in self.stacks(endpoint)
                if stack[-1][1] != "[kernel]"]

    def share_with(self, endpoint, function):
        """Of the user's time, in stacks with the function."""
        stacks = self.of_user(endpoint)
        total = sum(value for _, value in stacks)
        return sum(value for stack, value in stacks
                   if function in [frame[0] for frame in stack]) / total

    def self_shares(self, endpoint):
        shares = {}
        stacks = self.of_user(endpoint)
        for stack, value in stacks:
            shares[stack[-1][0]] = shares.get(stack[-1][0], 0) + value
        total = sum(shares.values())
        return {function: value / total for function, value in shares.items()}


def write_gateway(folder, targets, options, **passes):
    (folder / "gateway.c").write_text(GATEWAY.read_text())
    tiny.write_corpus(folder, [tiny.exchange(target) for target in targets])
    tiny.write_config(folder, {
        "gateway": {"build": ["cc", *options, "-o", "gateway", "gateway.c", "-pthread"],
                    "start": ["./gateway", "${port}"], "request_timeout_s": 60},
        "corpus": "corpus.jsonl", "endpoints": [f"GET {target}" for target in targets],
        "passes": passes})


@unittest.skipUnless(CAN_SAMPLE, "this machine does not let us sample")
class Stacks(rig.Case):
    def bench(self, *arguments, passes="stacks", command=()):
        words = [*command, str(rig.BINARY), "bench", "--baseline", "none", "--passes", passes,
                 "--allow-inconclusive", "-o", "run.json", *arguments]
        done = subprocess.run(words, cwd=self.folder, env=rig.environment(), check=False, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return rig.load(self.folder / "run.json")

    def pass_of(self, run):
        return next(one for one in run["passes"] if one["name"] == "stacks")

    def test_shares_are_those_that_callgrind_counts(self):
        """Instructions that take the same time each: counted and sampled shares are the same."""
        write_gateway(self.folder, ["/even"], ["-O2", "-g"], stacks={"rounds": 2000})
        run = self.bench(passes="lines,stacks")
        counted = Profile(run, "lines").self_shares("GET /even")
        sampled = Profile(run, "cpu").self_shares("GET /even")
        for function, share in (("even_forty", 0.4), ("even_thirty", 0.3), ("even_twenty", 0.2),
                                ("even_ten", 0.1)):
            self.assertAlmostEqual(counted[function], share, delta=0.01)
            self.assertAlmostEqual(sampled[function], counted[function], delta=0.05)

    def check_tree(self, run):
        """Each endpoint has its own functions, in the order of the calls, and no other's."""
        profile = Profile(run, "cpu")
        expected = {
            "/even": ["main", "even", "even_forty"],
            "/sort": ["main", "sort", "compare_slowly"],
            "/thread": ["in_thread"],
            "/child": ["main", "child", "in_child"],
            "/made": ["main", "call_made", "made_at_run_time"],
        }
        for target, calls in expected.items():
            with self.subTest(target=target):
                own = f"GET {target}"
                self.assertGreater(profile.share_with(own, calls[-1]),
                                   0.3 if target == "/even" else 0.9)
                for other, others in expected.items():
                    if other != target:
                        self.assertLess(profile.share_with(own, others[-1]), 0.05, other)
                for stack, _ in profile.of_user(own):
                    names = [frame[0] for frame in stack]
                    if names[-1] != calls[-1] or names[0] == "[cut]":
                        continue
                    self.assertEqual(names[0], calls[0], names)
                    self.assertEqual([name for name in names if name in calls], calls)
        return profile

    def test_without_frame_pointers(self):
        """Threads and processes that live for a request, callbacks from the C library, code that
        was made at run time: each stack goes up to main, or to where its thread begins."""
        write_gateway(self.folder, ["/even", "/sort", "/thread", "/child", "/made"],
                      ["-O2", "-g", "-fomit-frame-pointer"], stacks={"rounds": 100})
        profile = self.check_tree(self.bench())
        self.assertIn(("made_at_run_time", "[jit]"), profile.frames)
        samples = sum(cost[2] * endpoint["requests"] for endpoint in profile.json["endpoints"]
                      for cost in endpoint["costs"])
        self.assertGreater(samples, 300)
        self.assertLess(profile.json["unresolved"], 0.05 * samples)
        self.assertEqual(profile.json["lost"], 0)

    def test_samples_add_up_to_the_time(self):
        write_gateway(self.folder, ["/even", "/sort"], ["-O2", "-g"], stacks={"rounds": 400})
        run = self.bench()
        profile = Profile(run, "cpu")
        self.assertGreater(profile.json["rate_hz"], 0.8 * 997)
        self.assertLess(profile.json["rate_hz"], 1.2 * 997)
        one = self.pass_of(run)
        self.assertEqual(one["requests"],
                         sum(endpoint["requests"] for endpoint in profile.endpoints.values()))
        account = one["conservation"]["head"]
        self.assertAlmostEqual((account["endpoints"] + account["unattributed"]) / account["total"],
                               1, delta=0.01)
        # What the samples say a request costs is what the clock says, all in all.
        sampled = sum(value * profile.endpoints[name]["requests"]
                      for name in profile.endpoints for _, value in profile.stacks(name))
        self.assertAlmostEqual(sampled / account["endpoints"], 1, delta=0.15)

    def test_both_sides(self):
        write_gateway(self.folder, ["/even"], ["-O2", "-g"], stacks={"rounds": 50})
        tiny.repository(self.folder)
        words = ["bench", "--base", "HEAD", "--passes", "stacks", "--allow-inconclusive", "-o",
                 "run.json"]
        self.tollgate(*words, code=0)
        run = rig.load(self.folder / "run.json")
        for side in ("head", "base"):
            self.assertGreater(Profile(run, "cpu", side).share_with("GET /even", "even"), 0.9)

    @unittest.skipUnless(os.geteuid() == 0 and paranoid() == 2 and shutil.which("setpriv"),
                         "takes root, to give up what root may, and the usual paranoid level")
    def test_without_privilege(self):
        write_gateway(self.folder, ["/even", "/sort", "/thread", "/child", "/made"],
                      ["-O2", "-g", "-fomit-frame-pointer"], stacks={"rounds": 100})
        plain = ["setpriv", "--bounding-set", "-perfmon,-sys_admin"]
        profile = self.check_tree(self.bench(command=plain))
        self.assertNotIn("[kernel]", [frame[1] for frame in profile.frames])
        self.assertTrue([note for note in profile.json["notes"] if "perf_event_paranoid" in note])

    def test_refused(self):
        write_gateway(self.folder, ["/even"], ["-O2", "-g"], stacks={"rounds": 50})
        refusing = [sys.executable, "-c", REFUSING]
        run = self.bench(command=refusing)
        one = self.pass_of(run)
        self.assertEqual(one["status"], "skipped")
        for part in ("perf_event_open", "--cap-add=PERFMON"):
            self.assertIn(part, one["reason"])
        done = subprocess.run([*refusing, str(rig.BINARY), "doctor", "--quick"], cwd=self.folder,
                              env=rig.environment(), check=False, text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, "nothing that a verdict rests on is missing")
        page = " ".join(done.stdout.split())
        for part in ("cannot run: stack sampling", "mend: allow it in the sandbox",
                     "--cap-add=PERFMON"):
            self.assertIn(part, page)

    def test_the_budget_ends_it(self):
        write_gateway(self.folder, ["/even", "/sort"], ["-O2", "-g"], stacks={"rounds": 100000})
        run = self.bench("--budget", "3")
        self.assertEqual(self.pass_of(run)["status"], "ran")
        self.assertLess(self.pass_of(run)["requests"], 100000)
        self.assertGreater(Profile(run, "cpu").share_with("GET /even", "even"), 0.9)


if __name__ == "__main__":
    unittest.main()
