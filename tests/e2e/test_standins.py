"""The stand-ins as the config has them: how they match, how late they are, what faults they give."""

import unittest

import rig
import tiny

# Asks its upstream for what it was asked for, and tells whoever asks how that ended. With "spell"
# in its target the request to the upstream is spelt differently from the recorded one.
OWN = '''
UPSTREAM = sys.argv[2]

def answer(method, target):
    asked = target.replace("spell", "x?b=2&a=1&ts=%d" % time.monotonic_ns())
    asked = asked.replace("other", "users/%d" % (time.monotonic_ns() % 1000))
    try:
        with urllib.request.urlopen(UPSTREAM + asked, timeout=10) as response:
            return 200, response.read().decode()
    except urllib.error.HTTPError as error:
        return 502, "upstream said %d" % error.code
    except OSError as error:
        return 502, "upstream is gone"
'''


def call(target, answer, **more):
    return {"name": "users", "request": {"method": "GET", "target": target},
            "response": {"status": 200, "headers": [["Content-Type", "text/plain"]],
                         "body": answer}, **more}


EXCHANGES = [
    tiny.exchange("/plain", body="one", upstream=[call("/plain", "one", latency_ns=20_000_000)]),
    tiny.exchange("/spell", body="two", upstream=[call("/x?a=1&b=2&ts=5", "two")]),
    tiny.exchange("/other", body="three", upstream=[call("/users/7", "three")]),
]


class Standins(rig.Case):
    def bench(self, upstreams, *endpoints, arguments=()):
        tiny.python_project(
            self.folder, OWN, EXCHANGES, upstreams=upstreams,
            endpoints=["GET /plain", "GET /spell", "GET /other"],
            gateway={"start": [*tiny.default_config()["gateway"]["start"], "${upstream.users.url}"]})
        chosen = [word for name in endpoints for word in ("--endpoint", name)]
        outcome = rig.run(["bench", "--baseline", "none", "-o", "run.json", *chosen, *arguments],
                          self.folder)
        self.assertIn(outcome.code, (0, 3), outcome)
        run = rig.load(self.folder / "run.json")
        invalid = {one["endpoint"]: one["invalid"] for one in run["endpoints"] if one["invalid"]}
        return outcome, run["upstreams"][0], invalid

    def test_exact_answers_are_not_talked_about(self):
        outcome, counts, invalid = self.bench(["users"], "GET /plain")
        self.assertEqual(invalid, {}, outcome)
        self.assertGreater(counts["exact"], 0)
        self.assertEqual({**counts, "exact": 0}, {"name": "users", "exact": 0, "normalised": 0,
                                                  "template": 0, "missed": 0, "faulted": 0})
        self.assertNotIn("stand-ins", outcome.out)

    def test_other_spellings_are_told(self):
        upstreams = {"users": {"match": {"volatile": ["ts"]}}}
        outcome, counts, invalid = self.bench(upstreams, "GET /spell")
        self.assertEqual(invalid, {}, outcome)
        self.assertGreater(counts["normalised"], 0)
        self.assertRegex(outcome.out, r"stand-ins\s+users: \d+ requests; \d+ matched only when")

    def test_a_miss_names_the_field(self):
        outcome, counts, invalid = self.bench({"users": {}}, "GET /spell", "GET /other")
        self.assertGreater(counts["missed"], 0)
        self.assertIn("nearest recorded: GET /x?a=1&b=2&ts=5", invalid["GET /spell"])
        self.assertRegex(invalid["GET /spell"], r'query ts: "\d+" asked, "5" recorded')
        self.assertRegex(invalid["GET /other"], r'path segment 2: "\d+" asked, "7" recorded')
        self.assertIn('"template": true', invalid["GET /other"])
        self.assertEqual(outcome.code, 3, outcome)

    def test_templates_answer_where_the_config_says_so(self):
        upstreams = {"users": {"match": {"template": True}}}
        outcome, counts, invalid = self.bench(upstreams, "GET /other")
        self.assertEqual(invalid, {}, outcome)
        self.assertGreater(counts["template"], 0)
        self.assertIn("by template", outcome.out)

    def test_recorded_latency(self):
        outcome, _, invalid = self.bench({"users": {"latency": "recorded"}}, "GET /plain")
        self.assertEqual(invalid, {}, outcome)
        run = rig.load(self.folder / "run.json")
        walls = run["endpoints"][0]["metrics"]["wall_p50_ns"]["head"]
        self.assertGreaterEqual(min(walls), 20e6)  # never before its time

    def test_faults_are_met_and_not_called_wrong_answers(self):
        for fault in ({"status": 503, "every": 2}, {"reset": True, "every": 2}):
            with self.subTest(fault):
                upstreams = {"users": {"faults": [fault]}}
                outcome, counts, invalid = self.bench(upstreams, "GET /plain")
                self.assertEqual(invalid, {}, outcome)
                self.assertGreater(counts["faulted"], 0)
                self.assertIn("given a fault", outcome.out)

    def test_the_same_seed_gives_the_same_faults(self):
        upstreams = {"users": {"faults": [{"status": 503, "share": 0.5}]}}
        seen = [self.bench(upstreams, "GET /plain", arguments=("--seed", seed))[1]["faulted"]
                for seed in ("1", "1", "2", "3", "4")]
        self.assertEqual(seen[0], seen[1])
        self.assertGreater(len(set(seen)), 1)


if __name__ == "__main__":
    unittest.main()
