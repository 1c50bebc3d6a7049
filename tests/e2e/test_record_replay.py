"""Record, replay, compare: what tollgate record wrote gives the same answers again."""

import json
import socket
import subprocess
import sys
import threading
import unittest

import record_lab
import rig
import tiny

# Every exchange of the sample's corpus is replayed: no endpoint has more than 100.
ALL_LIVE = {**tiny.ALL_OFF, "live": {"replicates": 1, "pairs": 100, "exchanges": 1000}}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def read_exchanges(path):
    return record_lab.read_recording(path)[1]


class Recorded(record_lab.Server):
    """An upstream that knows what a corpus has of it."""

    def __init__(self, name, exchanges):
        self.answers = {}
        for exchange in exchanges:
            for call in exchange.get("upstream", ()):
                if call["name"] == name:
                    request = call["request"]
                    self.answers[request["method"], request["target"],
                                 request.get("body", "")] = call["response"]
        super().__init__()

    def serve_one(self, connection, stream):
        head = record_lab.read_head(stream)
        if head is None:
            return False
        (method, target, _), fields = head
        body = record_lab.read_body(stream, fields).decode()
        answer = self.answers.get((method, target, body),
                                  {"status": 599, "headers": [], "body": "not known"})
        text = answer.get("body", "").encode()
        lines = [f"HTTP/1.1 {answer['status']} Up"]
        lines += [f"{name}: {value}" for name, value in answer["headers"]]
        if answer["status"] != 204:
            lines.append(f"Content-Length: {len(text)}")
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + text)
        return True


class SampleGateway(rig.Case):
    UPSTREAMS = ("users", "pins", "search")
    CLIENTS = 4

    def setUp(self):
        super().setUp()
        self.tree = rig.make_repository(self.folder / "tree")
        subprocess.run(["make", "-s", "-C", self.tree / "fixtures" / "gateway"], check=True,
                       capture_output=True)
        self.exchanges = read_exchanges(self.tree / "fixtures" / "corpus.jsonl")
        rig.edit_config(self.tree, self.change)

    def change(self, config):
        config["passes"] = ALL_LIVE
        config["corpus"] = "recording.jsonl"
        # The sample checks its users' tokens, which are made up.
        config["redact"] = {"keep": ["authorization"]}

    def start_recorder(self, port):
        upstreams = []
        for name in self.UPSTREAMS:
            server = Recorded(name, self.exchanges)
            self.addCleanup(server.close)
            upstreams.append((name, server.url))
        recorder = record_lab.Recorder(self.tree / "fixtures", f"http://127.0.0.1:{port}",
                                       output="recording.jsonl", upstreams=upstreams)
        self.addCleanup(recorder.kill)
        return recorder

    def start_gateway(self, port, recorder):
        words = [self.tree / "fixtures" / "gateway" / "build" / "sample-gateway", "--port", port]
        for name in self.UPSTREAMS:
            words += ["--" + name, f"http://127.0.0.1:{recorder.ports[name]}"]
        gateway = subprocess.Popen([str(word) for word in words])
        self.addCleanup(gateway.wait)
        self.addCleanup(gateway.kill)

        def answers():
            try:
                return record_lab.Client(port).ask("GET", "/healthz").status == 200
            except OSError:
                return False
        tiny.wait_until(answers)

    def replay(self, port, exchanges, wrong):
        client = record_lab.Client(port)
        for exchange in exchanges:
            fields = [field for field in exchange["headers"] if field[0] != "Host"]
            answer = client.ask(exchange["method"], exchange["target"], fields,
                                exchange.get("body", "").encode())
            response = exchange["response"]
            if answer.status != response["status"] or answer.body.decode() != response["body"]:
                wrong.append((exchange["method"], exchange["target"], answer.status, answer.body))
        client.close()

    def test_same_answers(self):
        port = free_port()
        recorder = self.start_recorder(port)
        self.start_gateway(port, recorder)
        wrong, threads = [], []
        for number in range(self.CLIENTS):  # each sends all, and begins elsewhere
            begin = number * len(self.exchanges) // self.CLIENTS
            order = self.exchanges[begin:] + self.exchanges[:begin]
            threads.append(threading.Thread(target=self.replay, args=(recorder.port, order, wrong)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        outcome = recorder.end()
        self.assertEqual(outcome.code, 0, str(outcome))
        total = self.CLIENTS * len(self.exchanges)
        self.assertEqual(record_lab.balance(outcome.out), (total, total, 0))
        calls = self.CLIENTS * sum(len(exchange.get("upstream", ())) for exchange in self.exchanges)
        self.assertIn(f"{calls:,} joined by id, 0 by time, 0 not joined", outcome.out)
        self.compare(read_exchanges(recorder.output))
        bench = self.tollgate("bench", "-c", rig.CONFIG, "-O", "json", cwd=self.tree)
        self.assertEqual(bench.code, 0, str(bench))

    def compare(self, recorded):
        """The same upstream calls as the corpus has, request by request."""
        def key(exchange):
            return (exchange["method"], exchange["target"], exchange.get("body"),
                    record_lab.value_of(exchange["headers"], "authorization"))

        def calls(exchange):
            return sorted((call["name"], call["request"]["target"])
                          for call in exchange.get("upstream", ()))
        known = {key(exchange): calls(exchange) for exchange in self.exchanges}
        for exchange in recorded:
            self.assertEqual(calls(exchange), known[key(exchange)], exchange["target"])


SECRETS = {
    "mail": "sergei.prokofiev@music.example",
    "token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "card": "4111111111111111",
    "password": "correct-horse-battery-staple",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
           "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "session": "s3ss10n-9f8e7d6c5b4a3f2e1d0c",
    "aws": "AKIAIOSFODNN7EXAMPLE",
}

# Asks its upstream with what it was asked with, and hands on what that says: each secret passes
# through all four messages.
GATEWAY = """
def answer(method, target):
    path, _, query = target.partition("?")
    with urllib.request.urlopen(sys.argv[2] + "/profiles" + path + "?" + query) as reply:
        return 200, '{"profile":' + reply.read().decode() + '}'
"""


class Secrets(rig.Case):
    def test_none_survives_and_answers_stay_right(self):
        project = tiny.python_project(
            self.folder / "project", own=GATEWAY, upstreams=["users"],
            endpoints=["GET /users/{id}"], passes=ALL_LIVE, corpus="recording.jsonl",
            gateway={"start": [sys.executable, "-S", "gateway.py", "${port}",
                               "${upstream.users.url}"]})
        upstream = record_lab.Upstream()
        self.addCleanup(upstream.close)
        upstream.answer = lambda target: (200, [("Content-Type", "application/json"),
                                                ("Set-Cookie", "sid=" + SECRETS["session"])],
                                          json.dumps({**SECRETS, "target": target}).encode())
        port = free_port()
        recorder = record_lab.Recorder(project, f"http://127.0.0.1:{port}",
                                       output="recording.jsonl",
                                       upstreams=[("users", upstream.url)])
        self.addCleanup(recorder.kill)
        gateway = subprocess.Popen([sys.executable, "-S", "gateway.py", str(port),
                                    f"http://127.0.0.1:{recorder.ports['users']}"], cwd=project)
        self.addCleanup(gateway.wait)
        self.addCleanup(gateway.kill)
        tiny.wait_until(lambda: recorder.ask("GET", "/users/0").status == 200)
        for number, (name, secret) in enumerate(SECRETS.items()):
            answer = recorder.ask("GET", f"/users/{number}?api_key={secret}&{name}={secret}",
                                  [("Authorization", "Bearer " + secret),
                                   ("Cookie", "sid=" + secret), ("X-Note", secret)])
            self.assertIn(secret.encode(), answer.body)
        outcome = recorder.end()
        text = recorder.output.read_text()
        for name, secret in SECRETS.items():
            if name not in ("password", "session"):  # plain words where no name says what they are
                self.assertNotIn(secret, text, name)
            self.assertNotIn(f'{name}\\":\\"{secret}', text, name)
        self.assertIn("by time, 0 not joined", outcome.out)
        self.tollgate("corpus", "check", code=0, cwd=project)
        bench = self.tollgate("bench", "-O", "json", cwd=project)
        self.assertEqual(bench.code, 0, str(bench))


if __name__ == "__main__":
    unittest.main()
