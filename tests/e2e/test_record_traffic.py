"""tollgate record: what passes through is unharmed, whatever becomes of the recording."""

import base64
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import record_lab
import tiny


class PassedOn(record_lab.Lab):
    """Message for message: what the gateway and the client get."""

    def test_request_as_it_was_sent(self):
        recorder = self.record("--no-inject")
        fields = [("x-LOWER", "a"), ("X-Twice", "1"), ("X-Twice", "2"), ("X-Empty", ""),
                  ("Accept", "text/*"), ("Connection", "X-Hop, keep-alive"), ("X-Hop", "1"),
                  ("TE", "trailers"), ("Keep-Alive", "timeout=5"), ("Upgrade", "h2c")]
        told = recorder.ask("GET", "/a/../b%2f?q=%20&&x", fields).json()
        self.assertEqual(told["target"], "/a/../b%2f?q=%20&&x")
        self.assertEqual(told["fields"], [["Host", "lab.test"], ["x-LOWER", "a"], ["X-Twice", "1"],
                                          ["X-Twice", "2"], ["X-Empty", ""], ["Accept", "text/*"]])
        exchange, = self.end(recorder)
        self.assertEqual(exchange["headers"], [["Host", "lab.test"]] + [list(f) for f in fields])
        self.assertEqual(exchange["target"], "/a/../b%2f?q=%20&&x")
        self.assertEqual(exchange["authority"], "lab.test")

    def test_answer_as_it_was_sent(self):
        recorder = self.record()
        answer = recorder.ask("GET", "/a")
        names = [name for name, _ in answer.fields]
        self.assertEqual(names, ["Content-Type", "X-Twice", "X-Twice", "X-Empty", "Content-Length"])
        exchange, = self.end(recorder)
        self.assertEqual([name for name, _ in exchange["response"]["headers"]],
                         ["Content-Type", "X-Twice", "X-Twice", "X-Empty", "Content-Length"])
        self.assertEqual(exchange["response"]["body"].encode(), answer.body)

    def test_methods_and_bodies(self):
        recorder = self.record("--no-inject")
        for method, body in (("POST", b"x=1"), ("PUT", b"\0\xff\n" * 5000), ("DELETE", b""),
                             ("GET", b"body"), ("PURGE", b""), ("OPTIONS", b"")):
            with self.subTest(method):
                told = recorder.ask(method, "/a", body=body).json()
                self.assertEqual((told["method"], told["size"]), (method, len(body)))
                self.assertEqual(told["sha"], hashlib.sha256(body).hexdigest())
        exchanges = self.end(recorder)
        self.assertEqual(exchanges[0]["body"], "x=1")
        self.assertEqual(base64.b64decode(exchanges[1]["body_b64"]), b"\0\xff\n" * 5000)
        self.assertNotIn("body", exchanges[2])

    def test_answers_without_a_body(self):
        recorder = self.record()
        client = recorder.client()
        self.assertEqual(client.ask("GET", "/none").status, 204)
        same = client.ask("GET", "/same-long")
        self.assertEqual((same.status, same["Content-Length"]), (304, "99"))
        head = client.ask("HEAD", "/echo")
        self.assertGreater(int(head["Content-Length"]), 50)
        self.assertEqual(client.ask("GET", "/a").status, 200, "the connection is not usable")
        same = client.ask("GET", "/same")
        self.assertEqual((same.status, same["Content-Length"], same["ETag"]), (304, None, '"a"'))
        self.assertEqual((same["Connection"], client.stream.read()), ("close", b""))
        client.close()
        self.assertEqual([exchange["response"]["status"] for exchange in self.end(recorder)],
                         [204, 304, 200, 200, 304])

    def test_chunks_both_ways(self):
        recorder = self.record("--no-inject")
        client = recorder.client()
        client.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n", "2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n")
        told = client.answer().json()
        self.assertEqual(told["sha"], hashlib.sha256(b"abcde").hexdigest())
        self.assertIn(["Transfer-Encoding", "chunked"], told["fields"])
        answer = client.ask("GET", "/chunked")
        self.assertEqual((answer.body, answer["Transfer-Encoding"]), (b"firstsecond", "chunked"))
        self.assertEqual(client.ask("GET", "/until-closed").body, b"all of it")
        client.close()
        first, second, third = self.end(recorder)
        self.assertEqual(first["body"], "abcde")
        self.assertEqual(second["response"]["body"], "firstsecond")
        self.assertEqual(second["response"]["headers"], [])
        self.assertEqual(third["response"]["body"], "all of it")

    def test_expectation(self):
        recorder = self.record("--no-inject")
        client = recorder.client()
        head = "POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        client.send(head.format("/a"))
        self.assertEqual(client.answer().status, 100)
        client.send(b"hello")
        self.assertEqual(client.answer().json()["size"], 5)
        client.send(head.format("/refuse?403"))
        answer = client.answer()
        self.assertEqual((answer.status, answer.body), (403, b"not that"))
        client.close()
        client = recorder.client()
        client.send(head.format("/refuse?417"))
        self.assertEqual(client.answer().status, 417)
        client.close()
        self.assertEqual(len(self.gateway.seen), 3, "something was sent twice")
        exchange, = self.end(recorder)
        self.assertEqual(exchange["body"], "hello")
        self.assertIn("2: the answer came before", self.outcome.out)

    def test_interim_answers_stay_behind(self):
        recorder = self.record()
        self.assertEqual(recorder.ask("GET", "/interim").body, b"after")
        exchange, = self.end(recorder)
        self.assertEqual(exchange["response"]["status"], 200)

    def test_http_1_0(self):
        recorder = self.record()
        client = recorder.client()
        client.send("GET /a HTTP/1.0\r\n\r\n")
        told = client.answer()
        self.assertEqual(told.json()["fields"][0][0], "Host")
        self.assertEqual(client.stream.read(), b"", "it does not close")
        client.close()
        exchange, = self.end(recorder)
        self.assertEqual((exchange["proto"], exchange["headers"]), ("HTTP/1.0", []))

    def test_pipelined_requests(self):
        recorder = self.record()
        client = recorder.client()
        client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: h\r\n\r\n" for n in range(20)))
        targets = [client.answer().json()["target"] for _ in range(20)]
        client.close()
        self.assertEqual(targets, [f"/{n}" for n in range(20)])
        self.assertEqual([exchange["target"] for exchange in self.end(recorder)], targets)

    def test_half_closed_client_gets_its_answer(self):
        recorder = self.record()
        client = recorder.client()
        client.request("GET", "/slow")
        client.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(client.answer().status, 200)
        client.close()
        self.assertEqual(len(self.end(recorder)), 1)

    def test_what_is_not_passed_on(self):
        recorder = self.record()
        for text, status in (("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
                             ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                              "Content-Length: 2\r\n\r\nab", 400),
                             ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501)):
            with self.subTest(text[:20]):
                client = recorder.client()
                client.send(text)
                answer = client.answer()
                client.close()
                self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(self.gateway.seen, [])
        self.end(recorder, code=3)
        self.assertIn("3: the request could not be passed on", self.outcome.out)


class Large(record_lab.Lab):
    SIZE = 50 * 1024 * 1024

    def assert_small(self, recorder):
        """Less than one such body, all in all; a sanitizer has memory of its own."""
        folder = Path(f"/proc/{recorder.process.pid}")
        if re.search("lib[at]san", (folder / "maps").read_text()):
            return
        peak_kib = int(re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text()).group(1))
        self.assertLess(peak_kib, self.SIZE // 1024, "memory grew with the bodies")

    def test_bodies_pass_and_are_left_out(self):
        recorder = self.record()
        body = os.urandom(1024) * (self.SIZE // 1024)
        told = recorder.ask("POST", "/a", body=body).json()
        self.assertEqual(told["sha"], hashlib.sha256(body).hexdigest())
        answer = recorder.ask("GET", f"/big?{self.SIZE}")
        self.assertEqual(hashlib.sha256(answer.body).hexdigest(),
                         hashlib.sha256(b"0123456789abcdef" * (self.SIZE // 16)).hexdigest())
        self.assert_small(recorder)
        recorder.ask("GET", "/a")
        self.assertEqual(len(self.end(recorder)), 1)
        self.assertIn("2: a body is over the maximum", self.outcome.out)

    def test_recorded_when_asked_for(self):
        recorder = self.record("--max-body", "64M", "--queue", "512M")
        answer = recorder.ask("GET", f"/big?{self.SIZE}")
        exchange, = self.end(recorder)
        self.assertEqual(exchange["response"]["body"].encode(), answer.body)

    def test_slow_client_does_not_fill_memory(self):
        """The gateway is held back when the client does not read."""
        recorder = self.record()
        client = recorder.client()
        client.request("GET", f"/big?{200 * 1024 * 1024}")
        client.stream.read(100)
        before = -1
        while before != self.gateway.sent:  # until it gets no further
            before = self.gateway.sent
            time.sleep(0.5)
        recorder.ask("GET", "/a")
        self.assert_small(recorder)
        client.reset()
        self.end(recorder)

    def test_many_fields(self):
        recorder = self.record("--max-headers", "4M", "--no-inject")
        fields = [(f"X-Field-{n}", f"value {n}") for n in range(10000)]
        told = recorder.ask("GET", "/a", fields).json()
        self.assertEqual(told["fields"][1:], [list(field) for field in fields])
        answer = recorder.ask("GET", "/fields?10000")
        self.assertEqual(len(answer.fields), 10001)
        first, second = self.end(recorder)
        self.assertEqual(len(first["headers"]), 10001)
        self.assertEqual(len(second["response"]["headers"]), 10001)

    def test_too_many_fields(self):
        """A clear refusal, and others are served on."""
        recorder = self.record()
        other = recorder.client()
        client = recorder.client()
        try:
            answer = client.ask("GET", "/a", [(f"X-Field-{n}", "value") for n in range(10000)])
            self.assertEqual(answer.status, 431)
        except ConnectionError:
            pass  # it closed before all was sent
        client.close()
        answer = recorder.ask("GET", "/fields?10000")
        self.assertEqual(answer.status, 502)
        self.assertIn(b"--max-headers", answer.body)
        self.assertEqual(other.ask("GET", "/a").status, 200)
        other.close()
        self.assertEqual(len(self.end(recorder)), 1)
        self.assertIn("2 dropped", self.outcome.out)


class Trouble(record_lab.Lab):
    def test_gateway_that_is_not_there(self):
        taken = tiny.busy_port()
        port = taken.getsockname()[1]
        taken.close()
        recorder = self.record(to=f"http://127.0.0.1:{port}")
        answer = recorder.ask("GET", "/a")
        self.assertEqual((answer.status, answer["Content-Type"]),
                         (502, "text/plain; charset=utf-8"))
        self.assertIn(f"127.0.0.1:{port} does not accept connections".encode(), answer.body)
        self.assertEqual(self.end(recorder, code=3), [])
        self.assertIn("out.jsonl was not written", self.outcome.err)
        self.assertEqual(list(self.folder.glob("out*")), [])

    def test_gateway_that_breaks_off(self):
        recorder = self.record()
        for target, words in (("/nothing", b"closed the connection without answering"),
                              ("/garbage", b"127.0.0.1")):
            answer = recorder.ask("GET", target)
            self.assertEqual(answer.status, 502)
            self.assertIn(words, answer.body)
        answer = recorder.ask("GET", "/cut")
        self.assertEqual((answer.status, answer.body), (200, b"half"))
        self.assertEqual(recorder.ask("GET", "/a").status, 200)
        self.assertEqual(len(self.end(recorder)), 1)
        self.assertIn("3: the gateway gave no whole answer", self.outcome.out)

    def test_kept_connection_that_was_closed(self):
        recorder = self.record()
        client = recorder.client()
        for n in range(20):
            first = "/closed-afterwards" if n % 2 else "/reset-afterwards"
            self.assertEqual(client.ask("GET", first).status, 200)
            answer = client.ask("POST", "/a", body=b"x" * 300000)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.json()["size"], 300000)
        client.close()
        self.assertEqual(len(self.gateway.seen), 40, "something was sent twice")
        self.assertEqual(len(self.end(recorder)), 40)

    def test_answer_before_the_body(self):
        recorder = self.record()
        client = recorder.client()
        client.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n", b"x" * 9000)
        for _ in range(1000):
            client.send(b"x" * 8991)
        answer = client.answer()
        self.assertEqual((answer.status, answer.body), (413, b"too large"))
        client.close()
        self.assertEqual(self.end(recorder, code=3), [])
        self.assertIn("1: the answer came before", self.outcome.out)

    def test_client_that_resets(self):
        recorder = self.record()
        other = recorder.client()
        client = recorder.client()
        client.request("GET", "/never")
        self.assertTrue(self.gateway.reached.wait(20))
        client.reset()
        self.assertTrue(self.gateway.aborted.wait(20), "the gateway works on for nobody")
        client = recorder.client()
        client.request("GET", "/big?60000000")
        client.stream.read(1)
        client.reset()
        client = recorder.client()
        client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
        client.reset()
        client = recorder.client()
        client.send("GET /a HTTP/1.1\r\nHo")
        client.reset()
        self.assertEqual(other.ask("GET", "/a").status, 200)
        other.close()
        self.assertEqual(len(self.end(recorder)), 1)

    def test_client_that_leaves_in_silence(self):
        """It closes its side and never comes back: after a while that is taken for a farewell."""
        recorder = self.record()
        client = recorder.client()
        client.request("GET", "/never")
        self.assertTrue(self.gateway.reached.wait(20))
        client.close()
        self.assertTrue(self.gateway.aborted.wait(30))
        self.end(recorder, code=3)
        self.assertIn("1: the client went away", self.outcome.out)

    def test_gateway_that_never_answers(self):
        """It holds up nobody else, and does not keep the recorder from ending."""
        recorder = self.record()
        client = recorder.client()
        client.request("GET", "/never")
        self.assertTrue(self.gateway.reached.wait(20))
        self.assertEqual(recorder.ask("GET", "/a").status, 200)
        tiny.wait_until(lambda: "1 written + 0 dropped + 1 under way" in recorder.account())
        self.assertEqual(len(self.end(recorder)), 1)
        self.assertIn("1: still under way at the end", self.outcome.out)
        client.close()

    def test_no_http(self):
        recorder = self.record()
        client = recorder.client()
        client.send(os.urandom(100) + b"\r\n\r\n")
        client.stream.read()
        client.close()
        self.assertEqual(recorder.ask("GET", "/a").status, 200)
        self.end(recorder)

    def test_drains(self):
        """What is under way at Ctrl-C is answered and recorded; new connections are refused."""
        recorder = self.record()
        client = recorder.client()
        client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
        tiny.wait_until(lambda: "1 under way" in recorder.account())
        recorder.process.send_signal(signal.SIGTERM)

        def is_refused():
            try:
                socket.create_connection(("127.0.0.1", recorder.port)).close()
            except OSError:
                return True
            return False
        tiny.wait_until(is_refused)
        client.send("llo")
        answer = client.answer()
        self.assertEqual((answer.json()["size"], answer["Connection"]), (5, "close"))
        out, err = recorder.process.communicate(timeout=60)
        self.assertEqual(recorder.process.returncode, 0, out + err)
        self.assertEqual(record_lab.balance(out), (1, 1, 0))
        client.close()


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
  server {{
    listen 127.0.0.1:{tls} ssl http2;
    listen 127.0.0.1:{h2c} http2;
    location = /protocol {{ return 200 "$server_protocol $host"; }}
    location / {{ proxy_pass {url}; proxy_http_version 1.1; }}
  }}
}}
"""


@unittest.skipUnless(shutil.which("nginx") and shutil.which("openssl"), "needs nginx and openssl")
class Outwards(record_lab.Lab):
    """HTTP/2 and TLS, which nginx speaks."""

    def setUp(self):
        super().setUp()
        free = [tiny.busy_port(), tiny.busy_port()]
        self.tls, self.h2c = (held.getsockname()[1] for held in free)
        for held in free:
            held.close()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", "key.pem", "-out", "certificate.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        (self.folder / "nginx.conf").write_text(NGINX.format(
            folder=self.folder, tls=self.tls, h2c=self.h2c, url=self.gateway.url))
        nginx = subprocess.Popen(["nginx", "-p", str(self.folder), "-c", "nginx.conf",
                                  "-e", str(self.folder / "nginx.log")],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.kill)
        tiny.wait_until(lambda: self.listens(self.tls))

    def listens(self, port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            return False
        return True

    def exercise(self, recorder):
        answer = recorder.ask("GET", "/protocol")
        self.assertEqual(answer.body, b"HTTP/2.0 lab.test", answer.status)
        body = os.urandom(3 * 1024 * 1024)
        client = recorder.client()
        answer = client.ask("POST", "/a", body=body)
        self.assertEqual(answer.status, 200, answer.body)
        told = answer.json()
        self.assertEqual(told["sha"], hashlib.sha256(body).hexdigest())
        client.send("POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n0\r\n\r\n")
        self.assertEqual(client.answer().json()["size"], 3)
        self.assertEqual(len(client.ask("GET", "/big?5000000").body), 5000000)
        self.assertEqual(client.ask("GET", "/chunked").body, b"firstsecond")
        self.assertEqual(client.ask("HEAD", "/echo").status, 200)
        self.assertEqual(client.ask("GET", "/none").status, 204)
        client.close()
        self.assertEqual(len(self.end(recorder)), 7)

    def test_tls(self):
        url = f"https://localhost:{self.tls}"
        self.exercise(self.record("--ca", str(self.folder / "certificate.pem"), to=url))

    def test_insecure(self):
        self.exercise(self.record("--insecure", to=f"https://127.0.0.1:{self.tls}"))

    def test_certificate_that_is_not_trusted(self):
        recorder = self.record(to=f"https://localhost:{self.tls}")
        answer = recorder.ask("GET", "/protocol")
        self.assertEqual(answer.status, 502)
        self.assertIn(b"certificate", answer.body)
        self.end(recorder, code=3)

    def test_http_2_without_tls(self):
        self.exercise(self.record(to=f"h2c://127.0.0.1:{self.h2c}"))


if __name__ == "__main__":
    unittest.main()
