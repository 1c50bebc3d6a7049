"""The reports for other people's programs, read as those read them: by Python's own XML, CSV and JSON,
by promtool, xmllint and prometheus_client where they are installed, and by published schemas where a
variable names one (TOLLGATE_SARIF_SCHEMA, TOLLGATE_JUNIT_XSD)."""

import csv
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import rig

SAMPLE = rig.SOURCE / "fixtures/run/valid/explained.json"
FEED, USERS = "GET /v3/feed", "GET /v3/users/{id}"
LINE = ("gateway/feed.c", 71)  # what grew most in the sample
FORMATS = ("markdown", "github", "junit", "sarif", "gitlab-metrics", "gitlab-quality", "openmetrics",
           "csv")
HOSTILE = "GET /\n::error::a|b `c` <script>x</script> @octocat #1 \u202e \"=1+1\" ##[error]d"

# What code scanning needs of SARIF, beside what the standard does.
SARIF = {
    "type": "object", "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
            "type": "object", "required": ["tool", "results"],
            "properties": {
                "tool": {"type": "object", "required": ["driver"]},
                "results": {"type": "array", "maxItems": 5000, "items": {
                    "type": "object",
                    "required": ["ruleId", "ruleIndex", "level", "message", "locations",
                                 "partialFingerprints"],
                    "properties": {
                        "level": {"enum": ["error", "warning", "note"]},
                        "message": {"type": "object", "required": ["text"]},
                        "locations": {"type": "array", "minItems": 1, "items": {
                            "type": "object", "required": ["physicalLocation"],
                            "properties": {"physicalLocation": {
                                "type": "object", "required": ["artifactLocation", "region"],
                                "properties": {
                                    "artifactLocation": {
                                        "type": "object", "required": ["uri"],
                                        "properties": {"uri": {
                                            "type": "string",
                                            "pattern": "^(?!/|[a-z]+:|\\.\\./)[!-~]+$"}}},
                                    "region": {
                                        "type": "object", "required": ["startLine"],
                                        "properties": {"startLine": {"type": "integer",
                                                                     "minimum": 1}}}}}}}},
                    }}}}}},
    }}

# https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
QUALITY = {
    "type": "array", "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object", "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)."},
                    "lines": {"type": "object", "required": ["begin"],
                              "properties": {"begin": {"type": "integer", "minimum": 1}}}}}}}}


def need_program(name):
    return unittest.skipUnless(shutil.which(name), f"{name} is not installed")


def need_module(name):
    return unittest.skipUnless(importlib.util.find_spec(name), f"{name} is not installed")


def need_variable(name):
    return unittest.skipUnless(os.environ.get(name), f"{name} names no schema")


def unescape(text):
    """As the runner does; the percent sign last."""
    for code, plain in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, plain)
    return text


def read_commands(text):
    """Workflow commands as the runner reads them: (level, properties, message) a line."""
    found = []
    for line in text.splitlines():
        match = re.match(r"^\s*::([a-z-]+)(?: (.*?))?::(.*)$", line)
        if match:
            pairs = [pair.split("=", 1) for pair in (match[2] or "").split(",") if pair]
            found.append((match[1], {key: unescape(value) for key, value in pairs},
                          unescape(match[3])))
    return found


def read_outputs(text):
    """GITHUB_OUTPUT as the runner reads it."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, delimiter = line.split("<<")
        value = []
        for line in lines:
            if line == delimiter:
                break
            value.append(line)
        else:
            raise AssertionError(f"{name} does not end")
        found[name] = "\n".join(value)
    return found


class Reports(rig.Case):
    """A run of which one endpoint got dearer in instructions and allocations."""

    endpoint = FEED

    def setUp(self):
        super().setUp()
        run = rig.load(SAMPLE)
        for one in run["endpoints"]:
            dearer = one["endpoint"] == FEED
            one["metrics"] = {
                "instructions": {"base": [40000, 40000], "head": [41000 if dearer else 40000] * 2,
                                 "missing": None},
                "allocations": {"base": [12, 12], "head": [14 if dearer else 12] * 2,
                                "missing": None}}
        self.rename(run)
        rig.dump(self.folder / "run.json", run)

    def rename(self, run):
        pass

    def report(self, name, **options):
        outcome = self.tollgate("report", "run.json", "-O", name, code=0, **options)
        return outcome.out

    # ---- each format

    def test_junit(self):
        text = self.report("junit")
        suites = ElementTree.fromstring(text.encode())
        cases = suites.findall("testsuite/testcase")
        failed = [one for one in cases if one.find("failure") is not None]
        self.assertEqual(len(failed), 2)
        self.assertEqual({one.get("classname") for one in failed},
                         {"tollgate.instructions", "tollgate.allocations"})
        self.assertIn(f"{LINE[0]}:{LINE[1]}", failed[0].find("failure").text)
        for suite in suites:
            for tag, attribute in (("failure", "failures"), ("error", "errors"),
                                   ("skipped", "skipped")):
                self.assertEqual(int(suite.get(attribute)), len(suite.findall(f"testcase/{tag}")))
            self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))

    def test_csv(self):
        text = self.report("csv")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        self.assertEqual(len(rows), 2 * 8)
        dearer = [row for row in rows if row["verdict"] == "regressed"]
        self.assertEqual({row["metric"] for row in dearer}, {"instructions", "allocations"})
        self.assertEqual((dearer[0]["file"], int(dearer[0]["line"])), LINE)
        self.assertEqual(float(dearer[0]["delta"]), 1000)
        for row in rows:
            self.assertNotIn(None, row)  # no field too many
            self.assertFalse(any(str(value).startswith(("=", "@", "+")) for value in row.values()))

    @need_module("jsonschema")
    def test_sarif(self):
        import jsonschema
        log = json.loads(self.report("sarif"))
        jsonschema.Draft202012Validator.check_schema(SARIF)
        jsonschema.Draft202012Validator(SARIF).validate(log)
        rules = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
        results = log["runs"][0]["results"]
        self.assertEqual(len(results), 2)
        for result in results:
            self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
        prints = {result["partialFingerprints"]["primaryLocationLineHash"] for result in results}
        self.assertEqual(len(prints), 2)
        place = results[0]["locations"][0]["physicalLocation"]
        self.assertEqual((place["artifactLocation"]["uri"], place["region"]["startLine"]), LINE)

    @need_module("jsonschema")
    @need_variable("TOLLGATE_SARIF_SCHEMA")
    def test_sarif_is_as_published(self):
        import jsonschema
        schema = rig.load(os.environ["TOLLGATE_SARIF_SCHEMA"])
        jsonschema.validators.validator_for(schema)(schema).validate(json.loads(self.report("sarif")))

    @need_program("xmllint")
    @need_variable("TOLLGATE_JUNIT_XSD")
    def test_junit_is_as_published(self):
        (self.folder / "junit.xml").write_text(self.report("junit"))
        subprocess.run(["xmllint", "--noout", "--schema", os.environ["TOLLGATE_JUNIT_XSD"],
                        self.folder / "junit.xml"], check=True, capture_output=True, timeout=60)

    @need_module("jsonschema")
    def test_gitlab_quality(self):
        import jsonschema
        findings = json.loads(self.report("gitlab-quality"))
        jsonschema.Draft202012Validator(QUALITY).validate(findings)
        self.assertEqual(len(findings), 2)
        self.assertEqual(len({one["fingerprint"] for one in findings}), 2)
        self.assertEqual((findings[0]["location"]["path"],
                          findings[0]["location"]["lines"]["begin"]), LINE)

    @need_program("promtool")
    def test_metrics_pass_promtool(self):
        for name in ("openmetrics", "gitlab-metrics"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=self.report(name),
                                     text=True, capture_output=True, timeout=60)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    @need_module("prometheus_client")
    def test_metrics_pass_the_strict_reader(self):
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        for name in ("openmetrics", "gitlab-metrics"):
            families = list(text_string_to_metric_families(self.report(name)))
            self.assertGreater(len(families), 1)
            self.assertIn(self.endpoint, {sample.labels.get("endpoint") for family in families
                                          for sample in family.samples})

    # ---- GitHub

    def test_a_step_of_github_actions(self):
        env = {"GITHUB_STEP_SUMMARY": self.folder / "summary", "GITHUB_OUTPUT": self.folder / "output"}
        commands = read_commands(self.report("github", env=env))
        self.assertEqual([level for level, _, _ in commands], ["error"])
        self.assertEqual((commands[0][1]["file"], int(commands[0][1]["line"])), LINE)
        self.assertEqual(set(commands[0][1]), {"file", "line", "title"})
        outputs = read_outputs((self.folder / "output").read_text())
        self.assertEqual(outputs, {"verdict": "regressed", "exit_code": "1", "endpoints": "2",
                                   "regressed": "1", "inconclusive": "0", "improved": "0",
                                   "invalid": "0"})
        summary = (self.folder / "summary").read_text()
        self.assertTrue(summary.startswith("### ❌ tollgate: REGRESSED\n"))
        self.assertNotIn("<!--", summary)

    def test_a_summary_of_ones_own(self):
        env = {"GITHUB_STEP_SUMMARY": "", "GITHUB_OUTPUT": ""}
        out = self.report("github:summary.md", env=env)
        self.assertEqual(len(read_commands(out)), 1)
        self.assertIn("REGRESSED", (self.folder / "summary.md").read_text())

    def test_a_summary_that_cannot_be_written_hides_no_annotation(self):
        env = {"GITHUB_STEP_SUMMARY": self.folder / "nowhere" / "summary", "GITHUB_OUTPUT": ""}
        outcome = self.tollgate("report", "run.json", "-O", "github", env=env, code=4)
        self.assertEqual(len(read_commands(outcome.out)), 1)
        self.assertIn("nowhere/summary", outcome.err)

    # ---- the comment

    def test_the_comment(self):
        text = self.report("markdown")
        self.assertTrue(text.startswith('<!-- tollgate:{"key":"default","verdict":"regressed",'))
        self.assertLess(len(text), 65536)
        self.assertIn(f"- `{LINE[0]}:{LINE[1]}` in `rank_score`", text)
        self.assertIn(" instructions +3% because ...\n", text)

    def test_a_comment_for_each_of_several_gateways(self):
        outcome = self.tollgate("report", "run.json", "-O", "markdown", "--key", "api-2", code=0)
        self.assertTrue(outcome.out.startswith('<!-- tollgate:{"key":"api-2",'))
        refused = self.tollgate("report", "run.json", "-O", "markdown", "--key", "a-->b", code=2)
        self.assertIn("--key", refused.err)
        self.assertEqual(refused.out, "")

    def test_three_pushes_are_three_states_of_one_comment(self):
        first = self.report("markdown").splitlines()
        run = rig.load(self.folder / "run.json")
        for one in run["endpoints"]:
            for figure in one["metrics"].values():
                figure["head"] = figure["base"]
        rig.dump(self.folder / "run.json", run)
        second = self.report("markdown").splitlines()
        third = self.report("markdown").splitlines()
        start = '<!-- tollgate:{"key":"default",'
        self.assertTrue(all(text[0].startswith(start) for text in (first, second, third)))
        self.assertIn("regressed", first[0])
        self.assertIn("passed", second[0])
        self.assertEqual(len(second), 2)
        self.assertEqual(second, third)

    # ---- all

    def test_all_at_once_into_files(self):
        targets = [word for name in FORMATS if name != "github"
                   for word in ("-O", f"{name}:{name}.out")]
        outcome = self.tollgate("report", "run.json", *targets, code=0)
        self.assertEqual(outcome.out + outcome.err, "")
        for name in FORMATS:
            if name != "github":
                self.assertEqual((self.folder / f"{name}.out").read_text(), self.report(name), name)

    def test_no_line_is_a_command_but_ours(self):
        for name in FORMATS + ("terminal", "json"):
            text = self.report(name, env={"GITHUB_STEP_SUMMARY": "", "GITHUB_OUTPUT": ""})
            levels = {level for level, _, _ in read_commands(text)}
            self.assertEqual(levels, {"error"} if name == "github" else set(), f"{name}\n{text}")
            self.assertNotIn("##[", text, name)


class HostileReports(Reports):
    """The same of an endpoint whose name would do harm."""

    endpoint = HOSTILE.replace("\n", "\\x0a").replace("\u202e", "\\u202e").replace("##[", "# #[")

    def rename(self, run):
        text = json.dumps(run)
        run.update(json.loads(text.replace(json.dumps(FEED), json.dumps(HOSTILE))))

    def test_nothing_hostile_is_left_in_the_comment(self):
        text = re.sub(r"```text\n.*?```\n|`[^`\n]*`", "", self.report("markdown"), flags=re.S)
        for part in ("<script", "@octocat", "#1", "\u202e", "a|b"):
            self.assertNotIn(part, text)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        self.assertGreater(len(rows), 4)


if __name__ == "__main__":
    unittest.main()
