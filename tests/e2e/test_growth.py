"""For each patch of fixtures/regressions, the first line that is named is a line of that patch."""

import json
import re
import unittest

import rig

FOLDER = rig.SOURCE / "fixtures/regressions"
PATCHES = sorted(path.stem for path in FOLDER.glob("*.patch"))

# CPU time is not measured here; what it costs is explained by instructions anyway.
COUNTED = ("instructions", "syscalls", "allocations", "alloc_bytes", "retained_bytes")
PASSES = "exact,alloc,lines,sites"


def added_lines(name):
    """(file, line) of every line that the patch adds, with blank ones; numbers of the new file."""
    found, file, line = set(), None, 0
    for text in (FOLDER / f"{name}.patch").read_text().splitlines():
        if text.startswith("+++ "):
            file = text[4:].split("/", 1)[1]
        elif text.startswith("@@"):
            line = int(re.match(r"@@ -\S+ \+(\d+)", text).group(1))
        elif text.startswith("+"):
            found.add((file, line))
            line += 1
        elif text.startswith(" "):
            line += 1
    return found


def expected_of(name):
    """{endpoint: [metrics that regressed and are counted]}"""
    expected = rig.load(FOLDER / f"{name}.json")
    found = {}
    for one in expected["endpoints"]:
        metrics = [metric for metric, figure in one["metrics"].items()
                   if metric in COUNTED and figure["verdict"] == "regressed"]
        if metrics:
            found[one["endpoint"]] = metrics
    return found


class Growth(rig.Case):
    """One tree for all patches, so that the base is built once."""

    def setUp(self):
        super().setUp()
        self.tree = rig.make_repository(self.folder / "tree")
        rig.edit_config(self.tree, lambda config: config.update(
            passes={"exact": {"replicates": 1}, "alloc": {"replicates": 1}}))
        rig.commit_all(self.tree)

    def bench_patch(self, name, endpoint, *arguments):
        """The outcome and the report of the work tree with the patch, against the commit."""
        report, run = self.folder / f"{name}.json", self.folder / f"{name}.run.json"
        rig.git(self.tree, "apply", FOLDER / f"{name}.patch")
        try:
            outcome = self.tollgate("bench", "-c", rig.CONFIG, "--base", "HEAD", "--passes", PASSES,
                                    "--endpoint", endpoint, "-O", "terminal", "-O",
                                    f"json:{report}", "-o", run, *arguments, cwd=self.tree,
                                    timeout=400)
        finally:
            rig.git(self.tree, "checkout", "-q", "--", ".")
        self.assertTrue(report.exists(), str(outcome))
        return outcome, rig.load(report), run

    def because(self, report, endpoint, metric, about):
        figure = rig.endpoint_map(report)[endpoint]["metrics"][metric]
        self.assertEqual(figure["verdict"], "regressed", about)
        self.assertIsNotNone(figure["because"], about)
        self.assertIsNone(figure["because"]["missing"], about)
        self.assertTrue(figure["because"]["changes_known"], about)
        self.assertTrue(figure["because"]["lines"], about)
        return figure["because"]

    def check_first(self, because, added, about):
        first = because["lines"][0]
        self.assertIn((first["file"], first["line"]), added, f"{about}: {first}")
        self.assertTrue(first["changed"], f"{about}: {first}")
        self.assertGreater(first["growth"], 0, about)

    def check_stored(self, run, endpoint, because, metric, about):
        """The run file holds all that the explanation needs."""
        outcome = self.tollgate("compare", run, "-O", "json")
        again = self.because(json.loads(outcome.out), endpoint, metric, about)
        self.assertEqual([(line["file"], line["line"]) for line in again["lines"]],
                         [(line["file"], line["line"]) for line in because["lines"]], about)

    def test_first_line_is_of_the_patch(self):
        checked = 0
        for name in PATCHES:
            for endpoint, metrics in expected_of(name).items():
                with self.subTest(patch=name, endpoint=endpoint):
                    outcome, report, run = self.bench_patch(name, endpoint)
                    for metric in metrics:
                        about = f"{name}, {metric}\n{outcome}"
                        because = self.because(report, endpoint, metric, about)
                        self.check_first(because, added_lines(name), about)
                        self.assertEqual(because["leak"], metric == "retained_bytes", about)
                    self.check_stored(run, endpoint, because, metrics[-1], name)
                    first = because["lines"][0]
                    self.assertIn(f"{first['file']}:{first['line']}", outcome.out)
                    checked += 1
        self.assertGreaterEqual(checked, 8)

    def test_cost_that_moved(self):
        """Nothing regressed, so nothing is accused; what moved is there for who asks."""
        name, endpoint = "07-search-moves-its-marks", "GET /v3/search"
        outcome, report, run = self.bench_patch(name, endpoint)
        self.assertEqual(report["verdict"], "passed", str(outcome))
        for figure in rig.endpoint_map(report)[endpoint]["metrics"].values():
            self.assertIsNone(figure["because"])
        self.assertNotIn("because", outcome.out)
        shown = self.tollgate("compare", run, "--explain", endpoint, code=0)
        self.assertRegex(shown.out, r"  moved +[0-9.]+ k instructions a request moved")

    def test_explained_in_full(self):
        name, endpoint = "06-pin-asks-twice", "GET /v3/pins/{id}"
        _, report, run = self.bench_patch(name, endpoint)
        first = self.because(report, endpoint, "allocations", name)["lines"][0]
        shown = self.tollgate("compare", run, "--explain", endpoint, code=1)
        words = " ".join(shown.out.split())  # lines are wrapped
        for text in (" lines +", " functions +", " sites +",
                     f"{first['file']}:{first['line']} in {first['function']}, changed"):
            self.assertIn(text, words)


if __name__ == "__main__":
    unittest.main()
