"""An unchanged gateway, measured again and again, counts the same to the last instruction."""

import unittest

import rig

METRICS = ("instructions", "syscalls", "allocations", "alloc_bytes", "retained_bytes")
RUNS = 5


class Exact(rig.Case):
    def counts(self, tree, name):
        report = self.folder / f"{name}.json"
        self.tollgate("bench", "-c", rig.CONFIG, "--baseline", "none", "--passes", "exact,alloc",
                      "-O", f"json:{report}", cwd=tree, code=0)
        return {(endpoint["endpoint"], metric): endpoint["metrics"][metric]["head"]
                for endpoint in rig.load(report)["endpoints"] for metric in METRICS}

    def test_five_runs_are_identical(self):
        tree = rig.make_repository(self.folder / "tree")
        first = self.counts(tree, "run-1")
        self.assertGreaterEqual(len(first), 12 * len(METRICS))
        for (endpoint, metric), value in first.items():
            self.assertIsNotNone(value, f"{endpoint} {metric}")
            if metric != "retained_bytes":
                self.assertGreater(value, 0, f"{endpoint} {metric}")
        for run in range(2, RUNS + 1):
            again = self.counts(tree, f"run-{run}")
            differing = {key: (first.get(key), again.get(key)) for key in {*first, *again}
                         if first.get(key) != again.get(key)}
            self.assertEqual(differing, {}, f"run {run} against the first")


if __name__ == "__main__":
    unittest.main()
