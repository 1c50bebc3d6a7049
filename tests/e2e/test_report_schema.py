"""What goes out: JSON as its schemas say, nothing but JSON where JSON was asked for, and colour."""

import importlib.util
import json
import unittest

import rig

ESCAPE = "\x1b["
ENDPOINT = "GET /v3/token"


@unittest.skipUnless(importlib.util.find_spec("jsonschema"), "python3-jsonschema is not installed")
class Schemas(rig.Case):
    def validator(self, path):
        import jsonschema
        schema = rig.load(rig.SOURCE / path)
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    def assert_valid(self, path, document):
        errors = [f"{error.json_path}: {error.message[:300]}"
                  for error in self.validator(path).iter_errors(document)]
        self.assertEqual(errors, [])

    def bench(self, *arguments, **options):
        tree = rig.make_repository(self.folder / "tree")
        rig.edit_config(tree, lambda config: config.update(passes={
            "live": {"replicates": 3, "pairs": 5}, "exact": {"replicates": 1, "rounds": 2},
            "alloc": {"replicates": 1, "rounds": 2}}))
        rig.commit_all(tree)
        return self.tollgate("bench", "-c", rig.CONFIG, "-o", self.folder / "run.json", *arguments,
                             cwd=tree, **options)

    def test_all_passes_and_two_sides(self):
        outcome = self.bench("--base", "HEAD", "--endpoint", ENDPOINT, "-O", "json")
        report = json.loads(outcome.out)  # nothing but JSON, the whole of it
        self.assertEqual(report["exit_code"], outcome.code)
        self.assertIn("tollgate: ", outcome.err)
        self.assert_valid("reporters/report.schema.json", report)
        self.assert_valid("baselines/run.schema.json", rig.load(self.folder / "run.json"))
        self.assertEqual([one["endpoint"] for one in report["endpoints"]], [ENDPOINT])

    def test_one_side_and_one_pass(self):
        """What was not measured is null and has a reason."""
        outcome = self.bench("--baseline", "none", "--passes", "alloc", "-O", "json", code=0)
        report = json.loads(outcome.out)
        self.assert_valid("reporters/report.schema.json", report)
        self.assert_valid("baselines/run.schema.json", rig.load(self.folder / "run.json"))
        self.assertIsNone(report["base"])
        for endpoint in report["endpoints"]:
            for metric in ("cpu_ns", "instructions", "syscalls"):
                self.assertIsNone(endpoint["metrics"][metric]["head"])
                self.assertTrue(endpoint["metrics"][metric]["reason"])

    def test_the_sample_corpus(self):
        validator = self.validator("replay/corpus.schema.json")
        lines = (rig.SOURCE / "fixtures/corpus.jsonl").read_text().splitlines()
        self.assertGreater(len(lines), 400)
        for number, line in enumerate(lines, 1):
            self.assertTrue(validator.is_valid(json.loads(line)), f"line {number}")


class OnFilesAlone(rig.Case):
    """`report` and `compare` need no gateway, no config and no repository."""

    def setUp(self):
        super().setUp()
        tree = rig.make_repository(self.folder / "tree")
        for name, patch in (("base", None), ("head", "02-token-copies-its-user")):
            if patch:
                rig.git(tree, "apply", rig.SOURCE / f"fixtures/regressions/{patch}.patch")
            self.tollgate("bench", "-c", rig.CONFIG, "--baseline", "none", "--passes", "alloc",
                          "-o", self.folder / f"{name}.json", "-O", "json:/dev/null", cwd=tree,
                          code=0)

    def test_report_and_compare(self):
        outcome = self.tollgate("report", "base.json", code=0)
        self.assertIn(ENDPOINT, outcome.out)
        same = self.tollgate("compare", "base.json", "base.json", "-O", "json", code=0)
        self.assertEqual(json.loads(same.out)["verdict"], "passed")
        worse = self.tollgate("compare", "base.json", "head.json", "-O", "json", code=1)
        regressed = {(one["endpoint"], metric) for one in json.loads(worse.out)["endpoints"]
                     for metric, figure in one["metrics"].items()
                     if figure["verdict"] == "regressed"}
        self.assertEqual(regressed, {(ENDPOINT, "allocations")})

    def test_colour(self):
        pipe = self.tollgate("compare", "base.json", "head.json", code=1)
        self.assertNotIn(ESCAPE, pipe.out + pipe.err)
        always = self.tollgate("compare", "base.json", "head.json", "--color=always", code=1)
        self.assertIn(ESCAPE, always.out)
        self.assertIn("regressed", always.out)  # never colour alone
        over = self.tollgate("compare", "base.json", "head.json", "--color=always", code=1,
                             env={"NO_COLOR": "1"})
        self.assertIn(ESCAPE, over.out)
        forced = self.tollgate("compare", "base.json", "head.json", code=1,
                               env={"CLICOLOR_FORCE": "1"})
        self.assertIn(ESCAPE, forced.out)
        neither = self.tollgate("compare", "base.json", "head.json", code=1,
                                env={"CLICOLOR_FORCE": "1", "NO_COLOR": "1"})
        self.assertNotIn(ESCAPE, neither.out)
        never = self.tollgate("compare", "base.json", "head.json", "--color=never", code=1,
                              env={"CLICOLOR_FORCE": "1"})
        self.assertNotIn(ESCAPE, never.out)
        data = self.tollgate("compare", "base.json", "head.json", "-O", "json", "--color=always",
                             code=1)
        self.assertNotIn(ESCAPE, data.out)


if __name__ == "__main__":
    unittest.main()
