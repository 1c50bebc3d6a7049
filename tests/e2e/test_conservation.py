"""What the endpoints are charged and what is charged to nobody make up the whole."""

import unittest

import rig

PASSES = {"live": "cpu_ns", "exact": "instructions", "alloc": "allocations"}
SETTINGS = {"live": {"replicates": 6, "pairs": 20}, "exact": {"replicates": 1, "rounds": 2},
            "alloc": {"replicates": 1}}
AFTERWARDS = "POST /v3/events"  # answers first, then counts


class Conservation(rig.Case):
    def bench(self, tree, *arguments):
        rig.edit_config(tree, lambda config: config.update(passes=SETTINGS))
        run, report = self.folder / "run.json", self.folder / "report.json"
        outcome = self.tollgate("bench", "-c", rig.CONFIG, "-o", run, "-O", f"json:{report}",
                                *arguments, cwd=tree)
        self.assertTrue(run.exists(), str(outcome))
        return rig.load(run), rig.load(report)

    def check_pass(self, one, sides):
        self.assertEqual(one["status"], "ran", one["reason"])
        self.assertEqual(one["conserved"], PASSES[one["name"]])
        for side in sides:
            account = one["conservation"][side]
            about = f"{one['name']} of {side}: {account}"
            self.assertGreater(account["endpoints"], 0, about)
            self.assertGreater(account["unattributed"], 0, about)  # at least the start
            parts = account["endpoints"] + account["unattributed"]
            self.assertAlmostEqual(parts / account["total"], 1, delta=0.01, msg=about)

    def test_every_pass_and_side(self):
        tree = rig.make_repository(self.folder / "tree")
        run, _ = self.bench(tree, "--base", "HEAD", "--passes", ",".join(PASSES))
        counting = [one for one in run["passes"] if one["name"] in PASSES]
        self.assertEqual({one["name"] for one in counting}, set(PASSES))
        for one in counting:
            with self.subTest(name=one["name"]):
                self.check_pass(one, ("head", "base"))

    def test_work_after_the_answer_is_charged_to_its_request(self):
        """More of it is seen on that endpoint, and not on the one that follows."""
        tree = rig.make_repository(self.folder / "tree")
        rig.git(tree, "apply",
                rig.SOURCE / "fixtures/regressions/11-events-counts-more-afterwards.patch")
        run, report = self.bench(tree, "--base", "HEAD", "--passes", "exact")
        for endpoint in report["endpoints"]:
            figure = endpoint["metrics"]["instructions"]
            if endpoint["endpoint"] == AFTERWARDS:
                self.assertGreater(figure["change"], 0.05)
            else:
                self.assertEqual(figure["verdict"], "passed", endpoint["endpoint"])
                self.assertAlmostEqual(figure["change"], 0, delta=0.001, msg=endpoint["endpoint"])
        exact = next(one for one in run["passes"] if one["name"] == "exact")
        account = exact["conservation"]
        self.assertGreater(account["head"]["endpoints"], account["base"]["endpoints"])
        self.check_pass(exact, ("head", "base"))


if __name__ == "__main__":
    unittest.main()
