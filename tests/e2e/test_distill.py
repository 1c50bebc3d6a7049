"""tollgate distill: a small corpus tells what the full one costs, and keeps what its lines had."""

import json
import shutil
import signal
import unittest

import rig
import tiny

FIXTURES = rig.SOURCE / "fixtures"
ALL = {"exchanges": 1000}  # more than any endpoint has
EXACT = {"replicates": 1}


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def weight_of(exchanges):
    """By endpoint."""
    weights = {}
    for exchange in exchanges:
        name = exchange["endpoint"]
        weights[name] = weights.get(name, 0) + exchange.get("weight", 1)
    return weights


class Sample(rig.Case):
    """The sample gateway and its corpus: 518 exchanges of 18 endpoints."""

    def setUp(self):
        super().setUp()
        shutil.copytree(FIXTURES / "gateway", self.folder / "gateway")
        shutil.copy(FIXTURES / "corpus.jsonl", self.folder)
        config = json.loads((FIXTURES / "tollgate.json").read_text())
        config.pop("baseline")
        config["passes"] = {**tiny.ALL_OFF, "exact": EXACT}
        rig.dump(self.folder / "tollgate.json", config)

    def configure(self, corpus, **passes):
        def change(config):
            config["corpus"] = corpus
            config["passes"] = {**tiny.ALL_OFF, **passes}

        rig.edit_config(self.folder, change, "tollgate.json")

    def bench(self, output):
        self.tollgate("bench", "--baseline", "none", "-o", output, code=0, timeout=900)
        return {endpoint["endpoint"]: endpoint["metrics"]["instructions"]["head"][0]
                for endpoint in rig.load(self.folder / output)["endpoints"]}

    def test_one_in_twenty_tells_the_instructions_of_all(self):
        self.tollgate("distill", "--survey", "survey.jsonl", code=0)
        self.configure("survey.jsonl", exact=EXACT | ALL)
        full = self.bench("full.json")
        made = self.tollgate("distill", "corpus.jsonl", "-o", "small.jsonl", "--budget", "5%",
                             "--run", "full.json", code=0)
        self.assertIn("26 of 518 exchanges, for a weight of 518 of 518", made.out)
        self.configure("small.jsonl", exact=EXACT)
        small = self.bench("small.json")
        self.assertEqual(full.keys(), small.keys())
        self.assertEqual(len(full), 18)
        for endpoint, instructions in full.items():
            with self.subTest(endpoint):
                self.assertLess(abs(small[endpoint] / instructions - 1), 0.05)

        checked = self.tollgate("distill", "corpus.jsonl", "--check", "small.jsonl", "--full-run",
                                "full.json", "--small-run", "small.json", "--within", "5%", code=0)
        self.assertIn("GET /v3/feed", checked.out)
        checked = self.tollgate("distill", "corpus.jsonl", "--check", "small.jsonl", "--full-run",
                                "full.json", "--small-run", "small.json", "--within", "0.1%", code=3)
        self.assertIn("GET /v3/feed", checked.out)  # what was found is shown all the same
        self.assertIn("which is more than 0.1 %", checked.err)

    def test_lines_stay_as_they_were_but_for_the_weight(self):
        original = {one["id"]: one for one in lines_of(self.folder / "corpus.jsonl")[1:]}
        order = list(original)
        for budget in ("26", "100", "518"):
            with self.subTest(budget):
                self.tollgate("distill", "-o", "small.jsonl", "-n", budget, code=0)
                header, *kept = lines_of(self.folder / "small.jsonl")
                self.assertIn(f"distilled to {budget} of 518 exchanges, seed 1", header["source"])
                self.assertEqual(len(kept), int(budget))
                places = [order.index(one["id"]) for one in kept]
                self.assertEqual(places, sorted(places))
                for one in kept:
                    was = original[one["id"]]
                    self.assertEqual(list(one), list(was))  # the order of the fields, too
                    self.assertEqual({**one, "weight": 1}, {**was, "weight": 1})
                full = weight_of(original.values())
                for endpoint, weight in weight_of(kept).items():
                    self.assertAlmostEqual(weight, full.pop(endpoint), places=6)
                self.assertEqual(full, {})

    def test_a_seed_gives_the_same_file(self):
        for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
            self.tollgate("distill", "-o", f"{name}.jsonl", "-n", "20%", "--seed", seed, code=0)
        texts = [(self.folder / f"{name}.jsonl").read_text() for name in "abc"]
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])

    def test_a_small_corpus_can_be_distilled_again_and_replayed(self):
        self.tollgate("distill", "-o", "small.jsonl", "-n", "60", code=0)
        self.configure("small.jsonl")
        self.tollgate("corpus", "validate", code=0)
        again = self.tollgate("distill", "-o", "smaller.jsonl", "-n", "26", code=0)
        self.assertIn("26 of 60 exchanges, for a weight of 518 of 518", again.out)


class Tiny(rig.Case):
    """A project of a few exchanges."""

    def project(self, count=40, **more):
        exchanges = [tiny.exchange(f"/{'ab'[i % 4 == 0]}?x={i}", endpoint=f"GET /{'ab'[i % 4 == 0]}",
                                   **more) for i in range(count)]
        return tiny.python_project(self.folder / "project", exchanges=exchanges,
                                   endpoints=["GET /a", "GET /b"])

    def test_what_it_is_asked_must_be_possible(self):
        project = self.project()
        for words, told in (
                ([], "say what to do"),
                (["-o", "s.jsonl"], "say how small"),
                (["-o", "s.jsonl", "-n", "0"], "--budget takes"),
                (["-o", "s.jsonl", "-n", "101%"], "--budget takes"),
                (["-o", "s.jsonl", "-n", "2.5"], "--budget takes"),
                (["-o", "s.jsonl", "-n", "nan"], "--budget takes"),
                (["-o", "s.jsonl", "--seconds", "1"], "give a run of the live pass"),
                (["-o", "s.jsonl", "--seconds", "-1"], "--seconds takes"),
                (["-o", "s.jsonl", "--check", "t.jsonl"], "say what to do"),
                (["--check", "s.jsonl", "--full-run", "a.json"], "go together"),
                (["--check", "corpus.jsonl", "--within", "5%"], "--within needs"),
                (["-o", "corpus.jsonl", "-n", "2"], "is the corpus itself"),
                (["--survey", "./corpus.jsonl"], "is the corpus itself"),
                (["-o", "s.jsonl", "-n", "2", "--run", "none.json"], "none.json"),
                (["none.jsonl", "-o", "s.jsonl", "-n", "2"], "none.jsonl")):
            with self.subTest(words=words):
                outcome = self.tollgate("distill", *words, cwd=project)
                self.assertIn(outcome.code, (2, 4), str(outcome))
                self.assertIn(told, outcome.err)
                self.assertFalse((project / "s.jsonl").exists())

    def test_what_was_there_stays_when_it_fails(self):
        project = self.project()
        (project / "s.jsonl").write_text("mine\n")
        (project / "corpus.jsonl").write_text('{"schema_version":1}\n{"id":\n')
        outcome = self.tollgate("distill", "-o", "s.jsonl", "-n", "2", cwd=project, code=2)
        self.assertIn("corpus.jsonl:2", outcome.err)
        self.assertEqual((project / "s.jsonl").read_text(), "mine\n")

    def test_endpoints_without_room_are_named(self):
        outcome = self.tollgate("distill", "-o", "s.jsonl", "-n", "1", cwd=self.project(), code=0)
        self.assertRegex(outcome.out, r"left out: 1 endpoint with 25 % of the weight:\n  GET /b")

    def test_a_time_is_a_budget(self):
        """Each exchange's upstream took a tenth of a second: two seconds are twenty of them."""
        answer = {"name": "u", "request": {"method": "GET", "target": "/"},
                  "response": {"status": 200}, "latency_ns": 100_000_000}
        project = self.project(upstream=[answer])
        rig.edit_config(project, lambda config: config.update(upstreams=["u"]), "tollgate.json")
        outcome = self.tollgate("distill", "-o", "s.jsonl", "--seconds", "2", cwd=project, code=0)
        self.assertIn("20 of 40 exchanges", outcome.out)

    def test_lines_that_only_one_endpoint_reaches_are_kept(self):
        """The run has lines of /b that /a does not reach, and half as many of its own of /a."""
        project = self.project()
        rig.dump(project / "run.json", lines_run())
        outcome = self.tollgate("distill", "-o", "s.jsonl", "-n", "1", "--keep-lines", "run.json",
                                cwd=project, code=0)
        kept = lines_of(project / "s.jsonl")[1:]
        self.assertEqual([one["endpoint"] for one in kept], ["GET /b"])
        self.assertIn("lines: 3 that the run reached need 1 of 2 endpoints", outcome.out)
        self.assertIn("not by\n  variant", outcome.out)

    def test_lines_that_only_refused_requests_reach_are_kept(self):
        """One request of /a in thirty was refused; a line of /a is reached by those alone."""
        exchanges = [tiny.exchange(f"/a?x={i}", endpoint="GET /a", status=404 if i == 7 else 200,
                                   body="same") for i in range(30)]
        project = tiny.python_project(self.folder / "project", exchanges=exchanges,
                                      endpoints=["GET /a"])
        run = lines_run()
        lines = run["profiles"]["head"]["lines"]
        del lines["endpoints"][0]
        lines["endpoints"][0]["endpoint"] = "GET /a"
        lines["error_nodes"] = [2]
        rig.dump(project / "run.json", run)
        for budget, refused, told in (("2", 1, "1 with a refused request"),
                                      ("1", 0, "not kept: GET /a, refused requests")):
            with self.subTest(budget):
                outcome = self.tollgate("distill", "-o", "s.jsonl", "-n", budget, "--keep-lines",
                                        "run.json", cwd=project, code=0)
                kept = lines_of(project / "s.jsonl")[1:]
                self.assertEqual(len([one for one in kept if one["response"]["status"] == 404]),
                                 refused)
                self.assertIn(told, outcome.out)
                self.assertAlmostEqual(sum(one["weight"] for one in kept), 30)

    def test_a_run_without_lines_says_how_to_get_them(self):
        project = self.project()
        run = lines_run()
        del run["profiles"]
        rig.dump(project / "run.json", run)
        outcome = self.tollgate("distill", "-o", "s.jsonl", "-n", "4", "--keep-lines", "run.json",
                                cwd=project, code=2)
        self.assertIn("tollgate bench --passes lines", outcome.err)

    def test_every_width_can_be_read(self):
        project = self.project()
        for columns in (30, 40, 80, 200):
            outcome = self.tollgate("distill", "-o", "s.jsonl", "-n", "4", cwd=project, code=0,
                                    env={"COLUMNS": columns})
            widest = max(len(line) for line in outcome.out.split("the 10 targets")[0].splitlines()[1:])
            self.assertLessEqual(widest, columns)
            self.assertIn("GET /a", outcome.out)

    def test_a_pipe_takes_the_corpus_and_the_report_goes_elsewhere(self):
        outcome = self.tollgate("distill", "-o", "/dev/stdout", "-n", "4", cwd=self.project(),
                                code=0)
        self.assertEqual(len([json.loads(line) for line in outcome.out.splitlines()]), 5)
        self.assertIn("4 of 40 exchanges", outcome.err)

    def test_killed_in_the_middle_it_leaves_nothing(self):
        project = self.project(count=4000)
        before = set(project.iterdir())
        process = rig.start(["distill", "-o", "s.jsonl", "-n", "50%"], project)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertEqual(set(project.iterdir()), before)


def lines_run():
    """A run of which only the lines matter: /a reaches 1 line, /b that one and two more."""
    def endpoint(name, nodes):
        return {"endpoint": name, "requests": 4, "calls": [],
                "costs": [[node, 10, 1, 10] for node in nodes]}

    run = rig.load(FIXTURES / "run" / "valid" / "profiles.json")
    lines = run["profiles"]["head"]["lines"]
    lines["frames"] = [[0, 1, 71 + i, 2, 1] for i in range(3)]
    lines["nodes"] = [[-1, i] for i in range(3)]
    lines["endpoints"] = [endpoint("GET /a", [0]), endpoint("GET /b", [0, 1, 2])]
    lines["start"] = lines["error_nodes"] = []
    return run


if __name__ == "__main__":
    unittest.main()
