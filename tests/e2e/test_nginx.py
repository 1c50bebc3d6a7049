"""Debian's nginx, as it comes, as a reverse proxy in front of the stand-ins."""

import json
import os
import shutil
import unittest

import recorded
import rig

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")

CONF = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    keepalive_requests 1000000;
    include {folder}/server-*.conf;
}}
"""

SERVER = """\
upstream users {{ server {users}; keepalive 4; }}
upstream shop {{ server {shop}; keepalive 4; }}
server {{
    listen 127.0.0.1:{port};
    location = /ready {{ return 200 "ready"; }}
    location /users/ {{ proxy_pass http://users; }}
    location /orders {{ proxy_pass http://shop; }}
    location /gone {{ return 410 "gone\\n"; }}
}}
"""

ENDPOINTS = ["GET /users/{id}", "POST /orders", "GET /orders/{id}", "GET /gone"]

# nginx takes its port and upstreams from its conf only: a script fills them in, then becomes nginx.
START = """\
import os, sys
nginx, folder, port, users, shop = sys.argv[1:]
server = open(folder + "/server.template").read()
name = folder + "/server-" + port + ".conf"
conf = open(folder + "/nginx.conf").read().replace("server-*.conf", "server-" + port + ".conf")
conf = conf.replace("nginx.pid", "nginx-" + port + ".pid")
open(name, "w").write(server.format(port=port, users=users.split("//")[1].rstrip("/"),
                                    shop=shop.split("//")[1].rstrip("/")))
open(folder + "/nginx-" + port + ".conf", "w").write(conf)
os.execv(nginx, [nginx, "-p", folder, "-c", folder + "/nginx-" + port + ".conf"])
"""


def corpus():
    lines = []
    for number in range(6):
        reply = json.dumps({"id": number, "name": "n" * (20 + 300 * number)})
        target = f"/users/{number}"
        lines.append(recorded.exchange(f"user-{number}", "GET", target, reply=reply,
                                       upstream=[recorded.call("users", "GET", target, reply)]))
    for number in range(4):
        body = json.dumps({"item": number, "note": "x" * 100 * number})
        reply = json.dumps({"order": number})
        call = recorded.call("shop", "POST", "/orders", reply, body=body, status=201)
        lines.append(recorded.exchange(f"order-{number}", "POST", "/orders", body=body, status=201,
                                       reply=reply, upstream=[call]))
    missing = recorded.call("shop", "GET", "/orders/9", '{"error":"none"}', status=404)
    lines.append(recorded.exchange("order-none", "GET", "/orders/9", status=404,
                                   reply='{"error":"none"}', upstream=[missing]))
    lines.append(recorded.exchange("gone", "GET", "/gone", status=410, reply="gone\n",
                                   kind="text/plain"))
    return lines


@unittest.skipUnless(NGINX, "nginx is not installed")
class Nginx(rig.Case):
    def setUp(self):
        super().setUp()
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(CONF.format(folder=self.folder, user=user))
        (self.folder / "server.template").write_text(SERVER)
        (self.folder / "start.py").write_text(START)
        recorded.write_corpus(self.folder / "corpus.jsonl", corpus())
        start = ["/usr/bin/python3", "-I", "start.py", NGINX, str(self.folder), "${port}",
                 "${upstream.users.url}", "${upstream.shop.url}"]
        passes = {"live": {"replicates": 3, "pairs": 2000}, "exact": {"replicates": 2},
                  "alloc": {"replicates": 2}}
        recorded.write_config(self.folder, start, ENDPOINTS, upstreams=["users", "shop"],
                              passes=passes)

    def test_every_pass(self):
        outcome = self.tollgate("bench", "--baseline", "none", "-O", "terminal",
                                "-O", "json:report.json", "-o", "run.json", code=0)
        report = rig.load(self.folder / "report.json")
        self.assertFalse(report["invalid"], str(outcome))
        self.assertEqual({one["endpoint"] for one in report["endpoints"]}, set(ENDPOINTS))
        self.assertEqual({one["name"]: one["status"] for one in report["passes"]},
                         dict.fromkeys(("live", "exact", "alloc", "lines", "sites", "stacks"), "ran"),
                         str(outcome))
        for endpoint in report["endpoints"]:
            with self.subTest(endpoint=endpoint["endpoint"]):
                self.check_endpoint(endpoint)
        self.check_plausible(rig.endpoint_map(report))
        self.check_conservation(report)

    def check_endpoint(self, endpoint):
        self.assertTrue(endpoint["valid"], endpoint["invalid"])
        for metric in ("cpu_ns", "wall_p50_ns", "instructions", "syscalls", "allocations",
                       "alloc_bytes"):
            self.assertGreater(endpoint["metrics"][metric]["head"], 0, metric)
        self.assertEqual(endpoint["metrics"]["retained_bytes"]["head"], 0)

    def check_plausible(self, endpoints):
        """A request that goes on to an upstream does more than one that nginx answers itself."""
        own, passed_on = endpoints["GET /gone"], endpoints["GET /users/{id}"]
        for metric in ("instructions", "syscalls"):
            self.assertGreater(passed_on["metrics"][metric]["head"],
                               own["metrics"][metric]["head"], metric)

    def check_conservation(self, report):
        """A worker's last breath is nobody's to see: its master reaps it. Many requests make it small."""
        for one in report["passes"]:
            if one["name"] not in ("live", "exact", "alloc"):
                continue
            account = one["conservation"]["head"]
            parts = account["endpoints"] + account["unattributed"]
            self.assertAlmostEqual(parts / account["total"], 1, delta=0.01, msg=str(one))


if __name__ == "__main__":
    unittest.main()
