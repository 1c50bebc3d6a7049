"""tollgate record: what is written of what passes through, and whose an upstream's answer is."""

import base64
import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import threading
import time
import unittest

import record_lab
import rig
import tiny


class Joined(record_lab.Lab):
    def setUp(self):
        super().setUp()
        self.users, self.pins = record_lab.Upstream(), record_lab.Upstream()
        self.addCleanup(self.users.close)
        self.addCleanup(self.pins.close)

    def record(self, *options, **more):
        recorder = super().record(*options, upstreams=[("users", self.users.url),
                                                       ("pins", self.pins.url)], **more)
        self.gateway.upstreams = recorder.ports
        return recorder

    def test_by_id(self):
        recorder = self.record()
        answer = recorder.ask("GET", "/call?users=1&pins=2&users=3")
        self.assertEqual(answer.json(), ["/1", "/2", "/3"])
        exchange, = self.end(recorder)
        self.assertEqual([(call["name"], call["request"]["target"], call["response"]["body"])
                          for call in exchange["upstream"]],
                         [("users", "/1", "/1"), ("pins", "/2", "/2"), ("users", "/3", "/3")])
        self.assertGreater(exchange["upstream"][0]["latency_ns"], 0)
        self.assertIn("3 joined by id, 0 by time, 0 not joined", self.outcome.out)

    def test_injected_id_is_not_recorded(self):
        recorder = self.record()
        recorder.ask("GET", "/call?users=1")
        self.assertIsNotNone(record_lab.value_of(self.gateway.seen[0][2], "traceparent"))
        exchange, = self.end(recorder)
        self.assertNotIn("traceparent", json.dumps(exchange))

    def test_clients_own_id_is_kept(self):
        recorder = self.record("--no-redact")
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        recorder.ask("GET", "/call?users=1", [("Traceparent", parent)])
        self.assertEqual(record_lab.value_of(self.gateway.seen[0][2], "traceparent"), parent)
        exchange, = self.end(recorder)
        self.assertIn(["Traceparent", parent], exchange["headers"])
        self.assertIn("1 joined by id", self.outcome.out)

    def test_by_request_id_and_by_time(self):
        recorder = self.record("--no-inject")
        recorder.ask("GET", "/call?users=1", [("X-Request-ID", "one")])
        recorder.ask("GET", "/call?users=2")
        first, second = self.end(recorder)
        self.assertEqual(first["upstream"][0]["request"]["target"], "/1")
        self.assertEqual(second["upstream"][0]["request"]["target"], "/2")
        self.assertIn("1 joined by id, 1 by time, 0 not joined", self.outcome.out)

    def test_not_joined(self):
        """Without an id and while two are in flight, nobody can tell; without any, neither."""
        recorder = self.record("--no-inject")
        waiting = recorder.client()
        waiting.request("GET", "/never")
        self.assertTrue(self.gateway.reached.wait(20))
        self.assertEqual(recorder.ask("GET", "/call?users=1").json(), ["/1"])
        waiting.reset()
        self.assertTrue(self.gateway.aborted.wait(20))
        client = record_lab.Client(recorder.ports["users"])
        self.assertEqual(client.ask("GET", "/alone").body, b"/alone")
        client.close()
        exchange, = self.end(recorder)
        self.assertNotIn("upstream", exchange)
        self.assertIn("0 joined by id, 0 by time, 2 not joined", self.outcome.out)
        self.assertIn("1: without a known id, while several", self.outcome.out)
        self.assertIn("1: without a known id, while no request", self.outcome.out)

    def test_call_after_the_answer(self):
        """A gateway may call when it has answered already."""
        recorder = self.record()
        client = recorder.client()
        client.ask("GET", "/a")
        trace = record_lab.value_of(self.gateway.seen[0][2], "traceparent")
        upstream = record_lab.Client(recorder.ports["pins"])
        upstream.ask("GET", "/later", [("traceparent", trace)])
        upstream.close()
        client.close()
        exchange, = self.end(recorder)
        self.assertEqual(exchange["upstream"][0]["request"]["target"], "/later")

    def test_upstream_that_is_not_there(self):
        self.users.close()
        recorder = self.record()
        answer = recorder.ask("GET", "/call?users=1").json()[0]
        self.assertIn("users at http://127.0.0.1", answer)
        self.assertIn("does not accept connections", answer)
        recorder.ask("GET", "/a")
        self.assertEqual(len(self.end(recorder)), 1)
        self.assertIn("1: an upstream gave no whole answer", self.outcome.out)

    def test_upstream_sees_its_own_host(self):
        recorder = self.record()
        client = record_lab.Client(recorder.ports["users"])
        client.send(f"GET /a HTTP/1.1\r\nHost: localhost:{recorder.ports['users']}\r\n\r\n")
        client.answer()
        self.assertEqual(record_lab.value_of(self.users.fields, "host"),
                         f"127.0.0.1:{self.users.port}")
        client.close()
        self.end(recorder, code=3)


class Written(record_lab.Lab):
    def test_in_files_of_a_size(self):
        recorder = self.record("--rotate", "64K")
        for _ in range(10):
            recorder.ask("GET", "/big?20000")
        self.assertEqual(len(self.end(recorder)), 4)
        files = [self.folder / name for name in ("out.jsonl", "out-2.jsonl", "out-3.jsonl")]
        counts = []
        for path in files:
            header, exchanges = record_lab.read_recording(path)
            self.assertEqual(header["schema_version"], 1)
            counts.append(len(exchanges))
        self.assertEqual(counts, [4, 4, 2])
        self.assertIn("out.jsonl, out-2.jsonl, out-3.jsonl: 10 exchanges", self.outcome.out)
        self.assertEqual(list(self.folder.glob("*.part")), [])

    def end(self, recorder, code=0):
        outcome = recorder.end()
        self.outcome = outcome
        self.assertEqual(outcome.code, code, str(outcome))
        return record_lab.read_recording(recorder.output)[1]

    def test_older_recording_stays_until_there_is_a_new_one(self):
        (self.folder / "out.jsonl").write_text("older\n")
        recorder = self.record()
        recorder.ask("GET", "/a")
        tiny.wait_until(lambda: "1 written" in recorder.account())
        self.assertEqual((self.folder / "out.jsonl").read_text(), "older\n")
        recorder.kill()
        self.assertEqual((self.folder / "out.jsonl").read_text(), "older\n")
        part = self.folder / "out.jsonl.part"
        self.assertEqual(len(record_lab.read_recording(part)[1]), 1, "killed, and all is lost")
        outcome = rig.run(["record", "--listen", "0", "--to", self.gateway.url, "-o", "out.jsonl"],
                          self.folder)
        self.assertEqual(outcome.code, 2, str(outcome))
        self.assertIn("out.jsonl.part is there already", outcome.err)

    def test_endpoints_of_the_config(self):
        tiny.write_config(self.folder, {**tiny.default_config(),
                                        "endpoints": ["GET /users/{id}", "POST /users"]})
        recorder = self.record()
        recorder.ask("GET", "/users/7")
        recorder.ask("POST", "/users", body=b"{}")
        recorder.ask("GET", "/other")
        exchanges = self.end(recorder)
        self.assertEqual([exchange.get("endpoint") for exchange in exchanges],
                         ["GET /users/{id}", "POST /users", None])
        self.assertIn("no endpoint template matches 1 exchange", self.outcome.err)

    def test_to_a_pipe(self):
        os.mkfifo(self.folder / "pipe")
        lines = []
        reader = threading.Thread(
            target=lambda: lines.extend(open(self.folder / "pipe").readlines()))
        reader.start()
        recorder = self.record(output="pipe")
        recorder.ask("GET", "/a")
        outcome = recorder.end()
        reader.join(20)
        self.assertEqual(outcome.code, 0, str(outcome))
        self.assertEqual(len(lines), 2)
        self.assertEqual(outcome.out, "")
        self.assertIn("1 seen = 1 written + 0 dropped", outcome.err)

    def test_slow_disk(self):
        """While nothing can be written, requests are answered; what finds no room is counted."""
        os.mkfifo(self.folder / "pipe")
        lines, go_on = [], threading.Event()

        def read():
            with open(self.folder / "pipe") as pipe:
                go_on.wait(60)
                lines.extend(pipe.readlines())
        reader = threading.Thread(target=read)
        reader.start()
        recorder = self.record("--queue", "1M", output="pipe")
        client = recorder.client()
        for _ in range(100):
            self.assertEqual(len(client.ask("GET", "/big?50000").body), 50000)
        client.close()
        self.assertIn("100 seen = ", recorder.account())
        go_on.set()
        outcome = recorder.end()
        reader.join(20)
        self.assertEqual(outcome.code, 3, str(outcome))
        self.assertIn("the recording has gaps", outcome.err)
        seen, written, dropped = record_lab.balance(outcome.err[outcome.err.rindex("pipe: "):])
        self.assertEqual((seen, seen), (100, written + dropped))
        self.assertGreater(written, 5)
        self.assertGreater(dropped, 50)
        self.assertEqual(len(lines), written + 1)

    def test_reader_that_goes_away(self):
        os.mkfifo(self.folder / "pipe")

        def read_header():
            with open(self.folder / "pipe") as pipe:
                pipe.readline()
        reader = threading.Thread(target=read_header)
        reader.start()
        recorder = self.record(output="pipe")
        reader.join(20)
        self.assertEqual(recorder.ask("GET", "/a").status, 200)
        tiny.wait_until(lambda: "1 dropped" in recorder.account())
        self.assertEqual(recorder.ask("GET", "/a").status, 200)
        outcome = recorder.end()
        self.assertEqual(outcome.code, 4, str(outcome))
        self.assertIn("Broken pipe", outcome.err)

    def test_what_a_corpus_cannot_hold(self):
        recorder = self.record()
        client = recorder.client()
        client.send(b"GET /a HTTP/1.1\r\nHost: h\r\nX-Latin: caf\xe9\r\n\r\n")
        self.assertEqual(client.answer().json()["fields"][1], ["X-Latin", "caf\xe9"])
        client.close()
        recorder.ask("GET", "/b")
        self.assertEqual(len(self.end(recorder)), 1)
        self.assertIn("1: a corpus cannot hold it", self.outcome.out)

    def test_seconds(self):
        recorder = self.record("--seconds", "1")
        recorder.ask("GET", "/a")
        out, err = recorder.process.communicate(timeout=30)
        self.assertEqual(recorder.process.returncode, 0, err)
        self.assertIn("1 seen = 1 written", out)


@unittest.skipUnless(tiny.can_unshare(), "this user may not mount a file system")
class FullDisk(record_lab.Lab):
    def test_traffic_goes_on(self):
        """A disk of 1 MiB: the recording stops, says so at once, and what was written is whole."""
        disk = self.folder / "disk"
        disk.mkdir()
        words = [str(rig.BINARY), "record", "--listen", "0", "--to", self.gateway.url,
                 "-o", str(disk / "out.jsonl")]
        script = ("mount -t tmpfs -o size=1m tollgate-test \"$0\" && \"$@\"; code=$?; "
                  "cp \"$0\"/* .; exit $code")
        process = subprocess.Popen(["unshare", "-m", "sh", "-c", script, str(disk), *words],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
        self.addCleanup(tiny.kill_group, process)
        line = process.stderr.readline()
        client = record_lab.Client(int(line.split("127.0.0.1:")[1].split()[0]))
        for _ in range(100):
            self.assertEqual(len(client.ask("GET", "/big?20000").body), 20000)
        warning = process.stderr.readline()
        self.assertIn("No space left on device; nothing more is recorded, requests are passed on",
                      warning)
        self.assertEqual(client.ask("GET", "/a").status, 200)
        client.close()
        recorder, = [pid for pid, text in rig.processes_in(self.folder)
                     if text.startswith(str(rig.BINARY))]
        os.kill(recorder, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 4, out + err)
        seen, written, dropped = record_lab.balance(out)
        self.assertEqual((seen, written + dropped), (101, 101))
        self.assertGreater(written, 40)
        self.assertIn("the recording could not be written any more", out)
        self.assertIn("No space left on device", err)
        self.assertEqual(len(record_lab.read_recording(self.folder / "out.jsonl")[1]), written)


class Redacted(record_lab.Lab):
    SECRET = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    MAIL = "anna.karenina@mail.example"

    def test_before_the_disk(self):
        recorder = self.record()
        body = json.dumps({"password": "hunter2-hunter2", "mail": self.MAIL}).encode()
        recorder.ask("POST", f"/a?api_key={self.SECRET}&x=1",
                     [("Authorization", "Bearer " + self.SECRET),
                      ("Content-Type", "application/json")], body)
        self.end(recorder)
        text = recorder.output.read_text()
        for secret in (self.SECRET, self.MAIL, "hunter2-hunter2"):
            self.assertNotIn(secret, text)
        self.assertIn("redacted: ", self.outcome.out)

    def test_as_the_config_says(self):
        key = "0123456789abcdef0123456789abcdef"
        tiny.write_config(self.folder, {**tiny.default_config(), "redact": {
            "names": ["x-colour"], "keep": ["authorization"], "key_env": "LAB_KEY"}})
        texts = []
        for name in ("one.jsonl", "two.jsonl"):
            recorder = self.record(output=name, env={"LAB_KEY": key})
            recorder.ask("GET", "/echo", [("Authorization", "Basic bGFiOmxhYg=="),
                                          ("X-Colour", "ultramarine")])
            exchange, = self.end(recorder)
            texts.append(dict(map(tuple, exchange["headers"])))
        self.assertEqual(texts[0], texts[1], "one key, two pseudonyms")
        self.assertEqual(texts[0]["Authorization"], "Basic bGFiOmxhYg==")
        self.assertNotEqual(texts[0]["X-Colour"], "ultramarine")
        recorder = self.record(output="other.jsonl", env={"LAB_KEY": key[::-1]})
        recorder.ask("GET", "/echo", [("X-Colour", "ultramarine")])
        exchange, = self.end(recorder)
        self.assertNotEqual(dict(map(tuple, exchange["headers"]))["X-Colour"], texts[0]["X-Colour"])

    def test_short_key(self):
        tiny.write_config(self.folder, {**tiny.default_config(), "redact": {"key_env": "LAB_KEY"}})
        outcome = rig.run(["record", "--listen", "0", "--to", self.gateway.url, "-o", "x.jsonl"],
                          self.folder, env={"LAB_KEY": "short"})
        self.assertEqual(outcome.code, 2, str(outcome))
        self.assertIn("LAB_KEY", outcome.err)

    def test_compressed_bodies(self):
        """A secret does not hide in a compressed body."""
        upstream = record_lab.Upstream()
        self.addCleanup(upstream.close)
        packed = gzip.compress(json.dumps({"mail": self.MAIL}).encode())
        upstream.answer = lambda target: (200, [("Content-Encoding", "gzip" if target == "/gzip"
                                                 else "br")], packed)
        recorder = self.record(upstreams=[("users", upstream.url)])
        self.gateway.upstreams = recorder.ports
        self.gateway.do_call = self.call_for_bytes
        recorder.ask("GET", "/call?gzip")
        recorder.ask("GET", "/call?br")
        body = gzip.compress(json.dumps({"mail": self.MAIL}).encode())
        recorder.ask("POST", "/a", [("Content-Encoding", "gzip")], body)
        first, second = self.end(recorder)
        self.assertIn("1: a body is compressed in a way that cannot be redacted", self.outcome.out)
        call, = first["upstream"]
        opened = json.loads(gzip.decompress(base64.b64decode(call["response"]["body_b64"])))
        self.assertNotEqual(opened["mail"], self.MAIL)
        self.assertEqual(len(opened["mail"]), len(self.MAIL))
        sent = base64.b64decode(second["body_b64"])
        self.assertNotIn(self.MAIL.encode(), gzip.decompress(sent))
        self.assertIn(["Content-Length", str(len(sent))], second["headers"])

    def call_for_bytes(self, connection, stream, method, target, fields, query):
        upstream = record_lab.Client(self.gateway.upstreams["users"])
        trace = record_lab.value_of(fields, "traceparent")
        upstream.ask("GET", "/" + query, [("traceparent", trace)])
        upstream.close()
        return self.gateway.reply(connection, b"called")


class LiveLine(record_lab.Lab):
    def start_on_terminal(self, columns):
        """(pid, descriptor) of the recorder in front of a terminal of that width."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.environ.pop("CI", None)
            os.environ["COLUMNS"] = str(columns)  # counts where the terminal does not know
            os.execv(rig.BINARY, ["tollgate", "record", "--listen", "0", "--to", self.gateway.url,
                                  "-o", "out.jsonl"])
        self.addCleanup(self.hang_up, pid, fd)
        return pid, fd

    def hang_up(self, pid, fd):
        os.close(fd)
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        except ChildProcessError:
            pass  # it has ended and was waited for, as it should

    def read_until(self, fd, pattern):
        text, end = "", time.monotonic() + 30
        while time.monotonic() < end:
            if select.select([fd], [], [], 1)[0]:
                text += os.read(fd, 65536).decode()
            found = re.search(pattern, text)
            if found:
                return text, found
        raise AssertionError(f"no {pattern} in {text!r}")

    def test_fits_and_goes(self):
        tiny.write_config(self.folder, {**tiny.default_config(),
                                        "endpoints": ["GET /quite/a/long/name/{id}", "GET /b"]})
        for columns in (40, 80, 200):
            with self.subTest(columns):
                pid, fd = self.start_on_terminal(columns)
                port = int(self.read_until(fd, r"recording http://127.0.0.1:(\d+) .*\n")[1].group(1))
                client = record_lab.Client(port)
                for _ in range(5):
                    client.ask("GET", "/quite/a/long/name/7")
                client.close()
                end = "" if columns == 40 else "/{id} 100 %"
                _, found = self.read_until(fd, rf"\r\x1b\[K5 requests  [^\r]*{end}(?=\r)")
                self.assertLess(len(found.group(0)) - len("\r\x1b[K"), columns)
                os.write(fd, b"\x03")
                text, _ = self.read_until(fd, r"redacted: ")
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
                self.assertIn("5 seen = 5 written + 0 dropped", text)
                self.assertIn("\r\x1b[Kout.jsonl: 5 exchanges", text, "the line stays behind")

    def test_none_in_a_pipe(self):
        recorder = self.record()
        recorder.ask("GET", "/a")
        tiny.wait_until(lambda: "1 written" in recorder.account())
        self.end(recorder)
        self.assertNotIn("\r", self.outcome.err)
        self.assertNotIn("/s", self.outcome.err)


class Refused(record_lab.Lab):
    """Before anything is recorded."""

    def refuse(self, *words, says, code=2):
        outcome = rig.run(["record", *words], self.folder, timeout=20)
        self.assertEqual(outcome.code, code, str(outcome))
        for text in says:
            self.assertIn(text, outcome.err)
        self.assertEqual(list(self.folder.glob("*.part")), [])

    def test_words(self):
        url = self.gateway.url
        self.refuse(says=["-o"])
        self.refuse("-o", "x", says=["--listen", "--to"])
        self.refuse("-o", "x", "--listen", "99999", "--to", url, says=["99999", "ADDRESS:PORT"])
        self.refuse("-o", "x", "--listen", "0", "--to", "ftp://a", says=["ftp://a", "HOST:PORT"])
        self.refuse("-o", "x", "--listen", "0", "--to", url + "/path", says=["/path"])
        self.refuse("-o", "x", "--listen", "0", "--to", url, "--upstream", "users", says=["NAME=URL"])
        self.refuse("-o", "x", "--listen", "0", "--to", url, "--queue", "many", says=["--queue"])
        self.refuse("-o", "gone/x", "--listen", "0", "--to", url, says=["gone/x"], code=4)

    def test_port_in_use(self):
        port = str(self.gateway.port)
        self.refuse("-o", "x", "--listen", port, "--to", "http://127.0.0.1:1",
                    says=["cannot listen at " + port, "Address already in use"], code=4)

    def test_circle(self):
        free = tiny.busy_port()
        port = free.getsockname()[1]
        free.close()
        self.refuse("-o", "x", "--listen", str(port), "--to", f"http://localhost:{port}",
                    says=["where the recorder itself listens"])

    def test_unknown_upstream(self):
        tiny.write_config(self.folder, {**tiny.default_config(), "upstreams": ["users"]})
        self.refuse("-o", "x", "--listen", "0", "--to", self.gateway.url, "--upstream",
                    "pins=http://127.0.0.1:1@0", says=["no upstream of that name"])


if __name__ == "__main__":
    unittest.main()
