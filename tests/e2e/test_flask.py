"""Flask under gunicorn, both as Debian has them."""

import importlib.util
import shutil
import unittest

import recorded
import rig

GUNICORN = shutil.which("gunicorn", path="/usr/bin:/usr/local/bin")

APPLICATION = '''\
"""A shop of three things."""
import os
import urllib.request

from flask import Flask, jsonify, request

app = Flask(__name__)
THINGS = {str(number): {"id": number, "name": "thing " * (number + 1)} for number in range(3)}


@app.get("/ready")
def ready():
    return "ready"


@app.get("/things/<key>")
def thing(key):
    if key not in THINGS:
        return jsonify(error="no such thing"), 404
    return jsonify(THINGS[key])


@app.post("/things")
def create():
    name = (request.get_json(silent=True) or {}).get("name")
    if not name:
        return jsonify(error="a thing needs a name"), 422
    return jsonify(id=3, name=name), 201


@app.get("/stock")
def stock():
    with urllib.request.urlopen(os.environ["STOCK_URL"] + "/levels") as answer:
        return answer.read(), 200, {"Content-Type": "application/json"}
'''

ENDPOINTS = ["GET /things/{id}", "POST /things", "GET /stock"]

LEVELS = '{"0":4,"1":0,"2":17}'


def corpus():
    return [
        recorded.exchange("thing", "GET", "/things/1", reply='{"id":1,"name":"thing thing "}\n'),
        recorded.exchange("no-thing", "GET", "/things/9", status=404,
                          reply='{"error":"no such thing"}\n'),
        recorded.exchange("create", "POST", "/things", body='{"name":"lamp"}', status=201,
                          reply='{"id":3,"name":"lamp"}\n'),
        recorded.exchange("nameless", "POST", "/things", body="{}", status=422,
                          reply='{"error":"a thing needs a name"}\n'),
        recorded.exchange("stock", "GET", "/stock", reply=LEVELS,
                          upstream=[recorded.call("stock", "GET", "/levels", LEVELS)]),
    ]


@unittest.skipUnless(GUNICORN and importlib.util.find_spec("flask"), "Flask is not installed")
class Flask(rig.Case):
    def setUp(self):
        super().setUp()
        (self.folder / "shop.py").write_text(APPLICATION)
        recorded.write_corpus(self.folder / "corpus.jsonl", corpus())

    def bench(self, passes, workers):
        start = [GUNICORN, "--workers", str(workers), "--worker-class", "sync", "--bind",
                 "127.0.0.1:${port}", "--worker-tmp-dir", "/dev/shm", "--timeout", "300",
                 "shop:app"]
        recorded.write_config(
            self.folder, start, ENDPOINTS, upstreams=["stock"],
            gateway={"env": {"STOCK_URL": "${upstream.stock.url}"}},
            passes={"live": {"replicates": 3, "pairs": 8},
                    "exact": {"replicates": 1, "rounds": 2, "exchanges": 2},
                    "alloc": {"replicates": 1, "rounds": 3}})
        outcome = self.tollgate("bench", "--baseline", "none", "--passes", passes, "-O", "terminal",
                                "-O", "json:report.json", code=0, timeout=400)
        report = rig.load(self.folder / "report.json")
        self.assertFalse(report["invalid"], str(outcome))
        self.assertEqual({one["endpoint"] for one in report["endpoints"]}, set(ENDPOINTS))
        return report

    def check(self, report, name, metrics):
        """The pass gave figures, or says in words why it did not."""
        ran = next(one for one in report["passes"] if one["name"] == name)
        if ran["status"] == "skipped":
            self.assertGreater(len(ran["reason"].split()), 3, ran)
            return False
        for endpoint in report["endpoints"]:
            self.assertTrue(endpoint["valid"], endpoint["invalid"])
            for metric in metrics:
                self.assertGreater(endpoint["metrics"][metric]["head"], 0,
                                   f"{endpoint['endpoint']} {metric}")
        account = ran["conservation"]["head"]
        parts = account["endpoints"] + account["unattributed"]
        self.assertAlmostEqual(parts / account["total"], 1, delta=0.01, msg=str(ran))
        return True

    def test_live_and_alloc_with_two_workers(self):
        report = self.bench("live,alloc", 2)
        self.assertTrue(self.check(report, "live", ("cpu_ns", "wall_p50_ns")))
        self.assertTrue(self.check(report, "alloc", ("allocations", "alloc_bytes")))

    def test_exact(self):
        report = self.bench("exact", 1)
        if self.check(report, "exact", ("instructions", "syscalls")):
            costs = rig.endpoint_map(report)
            # An interpreter: hundreds of thousands of instructions for what C does in thousands.
            self.assertGreater(costs["GET /things/{id}"]["metrics"]["instructions"]["head"], 100_000)


if __name__ == "__main__":
    unittest.main()
