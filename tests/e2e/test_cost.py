"""What endpoints cost and whose they are: from run files, configs and the files that these name, as a
user gives them; and in a bench, whose price and owners are the base's."""

import importlib.util
import json
import math
import shutil
import subprocess
import unittest
from pathlib import Path

import rig
import tiny

RUN = rig.SOURCE / "fixtures" / "run" / "valid" / "explained.json"
FEED, USERS = "GET /v3/feed", "GET /v3/users/{id}"
REPLICATES = 20


def figure(base, change):
    """A metric of both sides with replicates: the head so much dearer, give or take a thousandth."""
    ratios = [math.log(1 + change) + (i - REPLICATES / 2) * 1e-4 for i in range(REPLICATES)]
    return {"base": [base] * REPLICATES, "head": [base * math.exp(r) for r in ratios],
            "log_ratio": ratios, "aa_log_ratio": [(i % 3 - 1) * 1e-4 for i in range(REPLICATES)],
            "missing": None}


def alone(value):
    return {"base": None, "head": [value] * REPLICATES, "log_ratio": None, "aa_log_ratio": None,
            "missing": None}


class Cost(rig.Case):
    def setUp(self):
        super().setUp()
        self.run = self.folder / "run.json"
        self.make_run({FEED: figure(1e6, 0.1), USERS: figure(2e5, 0)})

    def make_run(self, figures, path=None, weights=None):
        """The fixture, which has profiles, with CPU time."""
        run = rig.load(RUN)
        for endpoint in run["endpoints"]:
            name = endpoint["endpoint"]
            if name in figures:
                endpoint["metrics"] = {"cpu_ns": figures[name]}
            endpoint["weight"] = (weights or {FEED: 3000, USERS: 5000})[name]
        if all(one["base"] is None for one in figures.values()):
            run["sides"]["base"] = None
        rig.dump(path or self.run, run)

    def configure(self, **sections):
        config = {"gateway": {"start": ["gateway", "${port}"]}, "corpus": "corpus.jsonl", **sections}
        rig.dump(self.folder / "tollgate.json", config)

    def cost(self, *arguments, code=0, **options):
        words = arguments if any(isinstance(one, Path) for one in arguments) \
            else (self.run, *arguments)
        return self.tollgate("cost", *words, code=code, **options)

    def json(self, *arguments):
        outcome = self.cost(*arguments, "-O", "json")
        report = json.loads(outcome.out)
        if importlib.util.find_spec("jsonschema"):
            import jsonschema
            schema = rig.load(rig.SOURCE / "reporters" / "cost.schema.json")
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.validate(report, schema, jsonschema.Draft202012Validator)
        return report

    def assert_adds_up(self, report):
        for key in ("micros", "shown_micros"):
            parts = [one["month"][key] for one in [*report["endpoints"], report["overhead"],
                                                   report["idle"]]]
            self.assertEqual(sum(parts), report["bill"][key])

    def refused(self, *arguments):
        outcome = self.cost(*arguments, code=2)
        self.assertEqual(outcome.out, "")
        return outcome.err

    # --- costs

    def test_shares_without_a_config(self):
        outcome = self.cost()
        self.assertNotIn("$", outcome.out.split("money")[0])
        self.assertIn('"cost": {"bill"', outcome.out)
        report = self.json()
        self.assertIsNone(report["bill"])
        self.assertIsNone(report["owners"])
        # 3000 × 1 ms against 5000 × 0.2 ms
        self.assertAlmostEqual(report["endpoints"][0]["cost_share"], 0.75)

    def test_a_bill_from_the_config(self):
        self.configure(cost={"bill": {"amount": 100.01}})
        report = self.json()
        self.assert_adds_up(report)
        self.assertEqual(report["mode"], "share")
        self.assertEqual([one["month"]["shown_micros"] for one in report["endpoints"]],
                         [75010000, 25000000])
        # By count 3 : 5 of the same.
        self.assertEqual([one["naive"]["shown_micros"] for one in report["endpoints"]],
                         [37500000, 62510000])
        self.assertIn("$100.01 a month (tollgate.json)", " ".join(self.cost().out.split()))

    def test_hours_at_a_price(self):
        """1,000 µs × 10^9 requests × $0.031611 are $8.78."""
        self.make_run({FEED: alone(1e6), USERS: alone(1e6)}, weights={FEED: 1e9, USERS: 0})
        self.configure(cost={"instance": {"price_per_hour": 0.031611, "vcpus": 1},
                             "period": "month"})
        report = self.json()
        self.assertEqual(report["mode"], "absolute")
        self.assertEqual(report["bill"]["shown_micros"], 8780000)
        self.assert_adds_up(report)
        self.assertEqual(report["endpoints"][1]["month"]["micros"], 0)

    def test_requests_from_a_file(self):
        self.configure(cost={"bill": {"amount": 100}, "requests": "requests.csv"})
        (self.folder / "requests.csv").write_text(
            f"endpoint,requests,period\n{FEED},1000,hour\n{USERS},0,hour\nGET /gone,1000,hour\n")
        report = self.json()
        self.assert_adds_up(report)
        self.assertTrue(report["month_known"])
        self.assertEqual(report["endpoints"][0]["requests"], 730000)
        self.assertIsNone(report["endpoints"][1]["ratio"])
        self.assertTrue(any("50 %" in note for note in report["notes"]), report["notes"])
        (self.folder / "requests.csv").write_text(f"endpoint,requests\n{FEED},1000\n{USERS},-5\n")
        self.assertIn("requests.csv:3:20 (requests): is negative", self.refused())
        (self.folder / "requests.csv").unlink()
        self.assertIn("requests.csv", self.cost(code=4).err)

    def test_a_focus_bill(self):
        header = "x_New,BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart," \
                 "ChargePeriodEnd,ServiceName,ChargeCategory\n"
        month = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
        bill = self.folder / "bill.csv"
        bill.write_text(header + f"a,90,80.5,EUR,{month},Compute,Usage\n"
                                 f"b,-20,-10.25,EUR,{month},Compute,Usage\n"
                                 f"c,1000,1000,EUR,{month},Storage,Usage\n"
                                 f"d,1000,1000,EUR,{month},Compute,Tax\n")
        focus = {"file": "bill.csv", "where": {"ServiceName": "Compute"}}
        self.configure(cost={"focus": focus})
        report = self.json()
        self.assertEqual((report["bill"]["micros"], report["currency"]), (70250000, "EUR"))
        self.assert_adds_up(report)
        self.configure(cost={"focus": {**focus, "cost": "BilledCost"}})
        self.assertEqual(self.json()["bill"]["micros"], 70000000)
        self.configure(cost={"focus": focus, "currency": "USD"})
        self.assertIn("bill.csv: is in EUR", self.refused())
        bill.write_text(header + f"a,90,,EUR,{month},Compute,Usage\n")
        self.assertIn("bill.csv:2:6 (EffectiveCost): is empty", self.refused())
        self.configure(cost={"focus": {**focus, "where": {"ServiceNames": "Compute"}}})
        self.assertIn('did you mean "ServiceName"?', self.refused())

    def test_orders(self):
        for order, first in (("cost", FEED), ("requests", USERS), ("ratio", FEED)):
            with self.subTest(order):
                self.assertEqual(self.json("--by", order)["endpoints"][0]["endpoint"], first)
        self.assertIn("--by takes", self.refused("--by", "price"))

    def test_a_pull_request(self):
        """Of $100 the feed pays $75; a tenth of it is $7.50."""
        self.configure(cost={"bill": {"amount": 100}})
        report = self.json("--pull-request")
        self.assertEqual(report["side"], "base")
        self.assertEqual(report["change"]["endpoints"], 1)
        self.assertAlmostEqual(report["change"]["efficiency"] / 1e6, 7.5, delta=0.05)
        self.assertLess(report["change"]["low"], report["change"]["efficiency"])
        changes = {one["endpoint"]: one["change"] for one in report["endpoints"]}
        self.assertTrue(changes[FEED]["sure"])
        self.assertIsNone(changes[USERS]["efficiency"])
        self.assertIsNotNone(changes[USERS]["why"])
        outcome = self.cost("--pull-request")
        self.assertRegex(outcome.out.splitlines()[0], r"^\+\$7\.\d\d a month \(\+\$7\.\d\d to \+\$7")
        self.assertNotIn(USERS, outcome.out)
        self.make_run({FEED: alone(1e6), USERS: alone(1e6)})
        self.assertIn("--pull-request needs two sides", self.refused("--pull-request"))

    def test_two_runs(self):
        """Other counts of requests are traffic, and CPU time of two runs is nothing to go by."""
        self.configure(cost={"bill": {"amount": 100}, "period": "day"})
        before = self.folder / "before.json"
        self.make_run({FEED: alone(1e6), USERS: alone(2e5)}, path=before)
        self.make_run({FEED: alone(2e6), USERS: alone(2e5)}, weights={FEED: 6000, USERS: 5000})
        report = self.json(before, self.run, "--pull-request")
        self.assert_adds_up(report)
        feed = report["endpoints"][0]
        self.assertEqual(feed["month"]["micros"], 75000000)
        self.assertFalse(feed["change"]["sure"])
        self.assertEqual(feed["change"]["traffic"], 75000000)

    def test_narrow_and_wide(self):
        self.configure(cost={"bill": {"amount": 3120}}, owners={"*": "team-" + "x" * 60})
        for columns in (20, 40, 80, 200):
            for view in ((), ("--owners",), ("--pull-request",)):
                with self.subTest(columns=columns, view=view):
                    out = self.cost(*view, env={"COLUMNS": columns, "LC_ALL": "C.UTF-8"}).out
                    self.assertLessEqual(max(map(len, out.splitlines())), columns)

    def test_into_files_and_closed_pipes(self):
        self.configure(cost={"bill": {"amount": 100}})
        self.cost("-O", "terminal:cost.txt", "-O", "json:cost.json", "--color", "always")
        self.assertNotIn("\x1b", (self.folder / "cost.txt").read_text())
        self.assertEqual(rig.load(self.folder / "cost.json")["schema_version"], 1)
        self.assertIn("cannot write", self.cost("-O", "json:no/such/folder.json", code=4).err)
        self.assertIn("there are: terminal, json", self.refused("-O", "html"))
        process = rig.start(["cost", self.run], self.folder, stdout=subprocess.PIPE)
        process.stdout.close()
        self.assertNotEqual(process.wait(timeout=60), -6, "aborted")
        process.stderr.close()

    def test_broken_input(self):
        (self.folder / "broken.json").write_text("{")
        self.assertIn("broken.json", self.refused(self.folder / "broken.json"))
        self.assertIn("missing.json", self.cost(self.folder / "missing.json", code=4).err)
        self.configure(cost={"bil": {}})
        self.assertIn('did you mean "bill"?', self.refused())

    # --- owners

    def test_owners_by_source(self):
        """The map before the OpenAPI document, and this before CODEOWNERS over what is executed."""
        rig.git(self.folder, "init", "-q")
        (self.folder / ".github").mkdir()
        (self.folder / ".github" / "CODEOWNERS").write_text(
            "*.c @all\n/gateway/feed.c @team-feed\nbad line\n")
        self.configure()
        owners = {one["endpoint"]: one["owner"] for one in self.json()["endpoints"]}
        self.assertEqual((owners[FEED]["name"], owners[FEED]["rule"], owners[FEED]["file"]),
                         ("@team-feed", ".github/CODEOWNERS:2", "gateway/feed.c"))
        self.assertEqual(owners[USERS]["name"], "@all")
        self.assertTrue(any("CODEOWNERS:3" in note for note in self.json()["notes"]))
        rig.dump(self.folder / "api.json", {"openapi": "3.1.0", "paths": {
            "/v3/feed": {"get": {"x-owner": "api-feed"}},
            "/v3/users/{user}": {"get": {"x-team": "api-users"}}}})
        self.configure(endpoints={"openapi": "api.json"}, owners={USERS: ["map-users", "map-more"]})
        owners = {one["endpoint"]: one["owner"] for one in self.json()["endpoints"]}
        self.assertEqual((owners[FEED]["name"], owners[FEED]["source"]), ("api-feed", "openapi"))
        self.assertIn("paths./v3/feed.get.x-owner", owners[FEED]["rule"])
        self.assertEqual((owners[USERS]["name"], owners[USERS]["source"]),
                         ("map-users, map-more", "config"))

    def test_the_dialect_of_the_place(self):
        """Sections are GitLab's: taken for GitHub's, the heading is no line of it."""
        rig.git(self.folder, "init", "-q")
        (self.folder / "CODEOWNERS").write_text("[Feed] @section\n/gateway/feed.c\n")
        self.configure()
        owner = self.json()["endpoints"][0]["owner"]
        self.assertIsNone(owner["name"])
        (self.folder / ".gitlab-ci.yml").write_text("")
        self.assertEqual(self.json()["endpoints"][0]["owner"]["name"], "@section")
        self.configure(codeowners={"dialect": "github"})
        self.assertIsNone(self.json()["endpoints"][0]["owner"]["name"])
        (self.folder / ".github").mkdir()
        self.configure(codeowners={"file": "CODEOWNERS", "dialect": "gitlab"})
        self.assertEqual(self.json()["endpoints"][0]["owner"]["name"], "@section")

    def test_sums_by_owner(self):
        self.configure(cost={"bill": {"amount": 100}}, owners={"GET /v3/feed": "a", USERS: None})
        report = self.json("--owners")
        self.assertEqual([(one["owner"], one["month"]["micros"], one["endpoints"])
                          for one in report["owners"]], [("a", 75000000, 1), (None, 25000000, 1)])
        out = self.cost("--owners").out
        self.assertIn("unowned", out)
        self.configure(cost={"bill": {"amount": 100}})
        self.assertIn("--owners: nothing says whose", self.refused("--owners"))
        self.assertIn("two tables", self.refused("--owners", "--pull-request"))

    # --- in the other commands

    def test_reports_name_owner_and_amount(self):
        self.configure(cost={"bill": {"amount": 100}}, owners={FEED: "team-feed"})
        out = " ".join(self.tollgate("report", self.run, code=0).out.split())
        self.assertRegex(out, r"cost +\+\$7\.\d\d a month \(\+\$7")
        self.assertIn("team-feed (tollgate.json: owners.GET /v3/feed)", out)
        self.assertIn("$100.00 a month (tollgate.json)", out)
        # What is missing for money is no reason to keep the verdict back.
        self.configure(cost={"bill": {"amount": 100}, "requests": "gone.csv"})
        out = " ".join(self.tollgate("compare", self.run, code=1).out.split())
        self.assertIn("no costs and owners are shown: cannot read ./gone.csv", out)
        self.assertNotIn("$", out)


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class Bench(rig.Case):
    def test_a_change_does_not_edit_its_own_price_and_owners(self):
        project = self.folder / "project"
        passes = {**tiny.ALL_OFF, "exact": {"replicates": 1, "rounds": 2}}
        tiny.c_project(project, "spin=20000", passes=passes,
                       cost={"bill": {"amount": 100}, "requests": "requests.csv"},
                       owners={"*": "base-team"})
        counts = "endpoint,requests\nGET /a,30\nGET /b/{id},10\n"
        tiny.repository(project, ignored="gateway\n.tollgate/\nrequests.csv\n")
        (project / "requests.csv").write_text(counts)  # that nobody committed
        tiny.c_project(project, "spin=40000", passes=passes,
                       cost={"bill": {"amount": 1}, "requests": "requests.csv"},
                       owners={"*": "head-team"})
        outcome = self.tollgate("bench", "--base", "HEAD", "-o", self.folder / "run.json",
                                cwd=project, code=1, timeout=300)
        out = " ".join(outcome.out.split())
        self.assertIn("$100.00 a month", out)
        self.assertIn("requests.csv", out)
        self.assertIn("base-team", out)
        self.assertNotIn("head-team", out)
        # Whoever looks at a run names the config himself.
        report = json.loads(self.tollgate("cost", self.folder / "run.json", "-O", "json",
                                          cwd=project, code=0).out)
        self.assertEqual(report["bill"]["micros"], 1000000)
        self.assertEqual(report["metric"], "instructions")
        self.assertEqual(report["owners"][0]["owner"], "head-team")
        self.assertGreater(report["change"]["efficiency"], 0)


class Background(rig.Case):
    def test_work_between_requests_is_overhead(self):
        """A thread that never rests: part of what it spends lies between two requests, while the other
        side has its turn."""
        busy = ("def spin():\n    while True:\n        sum(range(2000))\n"
                "threading.Thread(target=spin, daemon=True).start()\n")
        project = tiny.python_project(self.folder / "project", busy,
                                      cost={"bill": {"amount": 100}})
        tiny.repository(project)
        self.tollgate("bench", "--base", "HEAD", "--allow-inconclusive", "-o",
                      self.folder / "run.json", cwd=project, timeout=120)
        live = next(one for one in rig.load(self.folder / "run.json")["passes"]
                    if one["name"] == "live")["conservation"]["base"]
        self.assertGreater(live["between"], 0)
        self.assertLessEqual(live["between"], live["unattributed"])
        report = json.loads(self.tollgate("cost", self.folder / "run.json", "-O", "json",
                                          cwd=project, code=0).out)
        self.assertGreater(report["overhead"]["month"]["micros"], 0)
        self.assertEqual(report["bill"]["micros"],
                         report["overhead"]["month"]["micros"] + report["idle"]["month"]["micros"] +
                         sum(one["month"]["micros"] for one in report["endpoints"]))


if __name__ == "__main__":
    unittest.main()
