"""What the tests of `tollgate record` share: a gateway with every kind of answer, clients that speak
raw HTTP, and the recorder as a process."""

import hashlib
import json
import re
import signal
import socket
import threading
import time

import rig

UNTIL_CLOSED = object()


def read_head(stream):
    """The first line's words and the fields, in order; None at the end of the connection."""
    line = stream.readline()
    if not line.strip():
        return None
    fields = []
    while True:
        text = stream.readline().decode("latin-1").rstrip("\r\n")
        if not text:
            return line.decode("latin-1").strip().split(" ", 2), fields
        name, value = text.split(":", 1)
        fields.append((name, value.strip()))


def value_of(fields, name):
    return next((value for key, value in fields if key.lower() == name.lower()), None)


def read_chunks(stream):
    """The body and the number of chunks."""
    body, count = b"", 0
    while True:
        size = int(stream.readline().split(b";")[0], 16)
        if size == 0:
            while stream.readline().strip():
                pass
            return body, count
        body += stream.read(size)
        stream.readline()
        count += 1


def read_body(stream, fields):
    if value_of(fields, "transfer-encoding"):
        return read_chunks(stream)[0]
    return stream.read(int(value_of(fields, "content-length") or 0))


class Message:
    """An answer as it was on the wire."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name):
        return value_of(self.fields, name)

    def json(self):
        return json.loads(self.body)


class Client:
    """One connection, raw."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part.encode() if isinstance(part, str) else part)

    def request(self, method, target, fields=(), body=b""):
        lines = [f"{method} {target} HTTP/1.1", "Host: lab.test"]
        lines += [f"{name}: {value}" for name, value in fields]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n", body)

    def answer(self, method="GET"):
        head = read_head(self.stream)
        if head is None:
            return None
        words, fields = head
        status = int(words[1])
        if method == "HEAD" or status in (204, 304) or status < 200:
            return Message(status, fields, b"")
        if value_of(fields, "transfer-encoding"):
            return Message(status, fields, read_chunks(self.stream)[0])
        if value_of(fields, "content-length") is None:
            return Message(status, fields, self.stream.read())
        size = int(value_of(fields, "content-length"))
        body = self.stream.read(size)
        return Message(status, fields, body)

    def ask(self, method, target, fields=(), body=b""):
        self.request(method, target, fields, body)
        return self.answer(method)

    def close(self):
        self.stream.close()
        self.socket.close()

    def reset(self):
        """Closes so that the other side gets a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()


class Server:
    """Accepts on a free port and serves each connection in a thread of its own."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.open = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as stream:
                while self.serve_one(connection, stream):
                    pass
        except (OSError, ValueError):
            pass
        with self.lock:
            self.open.discard(connection)

    def close(self):
        try:
            self.listening.shutdown(socket.SHUT_RDWR)  # or the accept under way would go on
        except OSError:
            pass
        self.listening.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class Gateway(Server):
    """Answers as its target says. `upstreams` are URLs that /call passes requests on to."""

    def __init__(self):
        super().__init__()
        self.upstreams = {}
        self.aborted = threading.Event()  # a client left /never
        self.reached = threading.Event()  # a request for /never came
        self.seen = []
        self.sent = 0  # bytes of /big

    def serve_one(self, connection, stream):
        head = read_head(stream)
        if head is None:
            return False
        (method, target, _), fields = head
        self.seen.append((method, target, fields))
        path, _, query = target.partition("?")
        name = path.strip("/").replace("-", "_") or "root"
        return getattr(self, "do_" + name, self.do_echo)(connection, stream, method, target, fields,
                                                         query)

    def reply(self, connection, body=b"", status=200, fields=(), length=True):
        lines = [f"HTTP/1.1 {status} Lab"] + [f"{name}: {value}" for name, value in fields]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        return True

    def do_echo(self, connection, stream, method, target, fields, query):
        if (value_of(fields, "expect") or "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = read_body(stream, fields)
        told = {"method": method, "target": target, "fields": fields, "size": len(body),
                "sha": hashlib.sha256(body).hexdigest()}
        text = json.dumps(told).encode()
        if method == "HEAD":
            return self.reply(connection, fields=[("Content-Length", len(text))], length=False)
        return self.reply(connection, text, fields=[("Content-Type", "application/json"),
                                                    ("X-Twice", "1"), ("X-Twice", "2"),
                                                    ("X-Empty", ""), ("Connection", "X-Hop"),
                                                    ("X-Hop", "gone")])

    def do_chunked(self, connection, stream, method, target, fields, query):
        read_body(stream, fields)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
                           b"5\r\nfirst\r\n")
        connection.sendall(b"6\r\nsecond\r\n0\r\nX-Late: 1\r\n\r\n")
        return True

    def do_big(self, connection, stream, method, target, fields, query):
        piece, size = b"0123456789abcdef" * 4096, int(query)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // len(piece)):
            connection.sendall(piece)
            self.sent += len(piece)
        connection.sendall(piece[:size % len(piece)])
        return True

    def do_slow(self, connection, stream, method, target, fields, query):
        time.sleep(0.7)
        return self.reply(connection, b"at last")

    def do_none(self, connection, stream, method, target, fields, query):
        return self.reply(connection, status=204, length=False)

    def do_same(self, connection, stream, method, target, fields, query):
        return self.reply(connection, status=304, fields=[("ETag", '"a"')], length=False)

    def do_same_long(self, connection, stream, method, target, fields, query):
        return self.reply(connection, status=304, fields=[("Content-Length", "99")], length=False)

    def do_interim(self, connection, stream, method, target, fields, query):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        return self.reply(connection, b"after")

    def do_until_closed(self, connection, stream, method, target, fields, query):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        return False

    def do_closed_afterwards(self, connection, stream, method, target, fields, query):
        """The connection seems to be kept, and is not."""
        self.reply(connection, b"so long")
        return False

    def do_reset_afterwards(self, connection, stream, method, target, fields, query):
        """The connection is closed at the moment when the next request comes."""
        self.reply(connection, b"so long")
        stream.read(1)
        return False

    def do_cut(self, connection, stream, method, target, fields, query):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        return False

    def do_nothing(self, connection, stream, method, target, fields, query):
        return False

    def do_garbage(self, connection, stream, method, target, fields, query):
        connection.sendall(b"this is no HTTP\r\n\r\n")
        return False

    def do_early(self, connection, stream, method, target, fields, query):
        """Answers before it has read the body, then waits for the other side to close: whoever sends
        to a closed connection may lose the answer."""
        self.reply(connection, b"too large", status=413)
        connection.shutdown(socket.SHUT_WR)
        while stream.read(65536):
            pass
        return False

    def do_refuse(self, connection, stream, method, target, fields, query):
        """Does not want the body."""
        self.reply(connection, b"not that", status=int(query))
        return False

    def do_fields(self, connection, stream, method, target, fields, query):
        return self.reply(connection, b"many",
                          fields=[(f"X-Field-{n}", "value") for n in range(int(query))])

    def do_never(self, connection, stream, method, target, fields, query):
        self.reached.set()
        while stream.read(1):
            pass
        self.aborted.set()
        return False

    def do_call(self, connection, stream, method, target, fields, query):
        """Asks each upstream that the query names, passing on the ids, and answers with theirs."""
        read_body(stream, fields)
        answers = []
        for word in filter(None, query.split("&")):
            name, _, path = word.partition("=")
            ids = [(key, value) for key, value in fields
                   if key.lower() in ("traceparent", "x-request-id")]
            upstream = Client(self.upstreams[name])
            answer = upstream.ask("GET", "/" + (path or name), ids)
            upstream.close()
            answers.append(answer.body.decode() if answer else None)
        return self.reply(connection, json.dumps(answers).encode())


class Upstream(Server):
    """Answers with its target. `answer` can be replaced."""

    def answer(self, target):
        return 200, [], target.encode()

    def serve_one(self, connection, stream):
        head = read_head(stream)
        if head is None:
            return False
        read_body(stream, head[1])
        self.fields = head[1]
        status, fields, body = self.answer(head[0][1])
        lines = [f"HTTP/1.1 {status} Up"] + [f"{name}: {value}" for name, value in fields]
        lines.append(f"Content-Length: {len(body)}")
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        return True


class Recorder:
    """tollgate record as a process, listening; ended by `end`."""

    def __init__(self, folder, to, *options, output="out.jsonl", upstreams=(), env=None):
        words = ["record", "--listen", "0", "--to", to, "-o", output]
        for name, url in upstreams:
            words += ["--upstream", f"{name}={url}@0"]
        self.folder, self.output = folder, folder / output
        self.process = rig.start([*words, *options], folder, env)
        self.err = ""
        self.port = self.find_port(r"recording http://127\.0\.0\.1:(\d+)")
        self.ports = {name: self.find_port(rf"upstream {name}: http://127\.0\.0\.1:(\d+)")
                      for name, _ in upstreams}

    def find_port(self, pattern):
        found = re.search(pattern, self.err)
        while not found:
            line = self.process.stderr.readline()
            if not line:
                self.process.wait()
                raise AssertionError("no recorder: " + self.err)
            self.err += line
            found = re.search(pattern, self.err)
        return int(found.group(1))

    def client(self):
        return Client(self.port)

    def ask(self, method, target, fields=(), body=b""):
        client = self.client()
        try:
            return client.ask(method, target, fields, body)
        finally:
            client.close()

    def account(self):
        """The account on SIGUSR1."""
        self.process.send_signal(signal.SIGUSR1)
        while True:
            line = self.process.stderr.readline()
            self.err += line
            if " seen = " in line or not line:
                return line.strip()

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=60)
        self.err += err
        return rig.Outcome(self.process.args, self.process.returncode, out, self.err)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def read_recording(path):
    """The header and the exchanges."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return lines[0], lines[1:]


def balance(text):
    """(seen, written, dropped) of an account."""
    found = re.search(r"([\d,]+) seen = ([\d,]+) written \+ ([\d,]+) dropped", text)
    return tuple(int(number.replace(",", "")) for number in found.groups())


class Lab(rig.Case):
    """A test with a gateway; recorders in front of it are ended with it."""

    def setUp(self):
        super().setUp()
        self.gateway = Gateway()
        self.addCleanup(self.gateway.close)

    def record(self, *options, to=None, **more):
        recorder = Recorder(self.folder, to or self.gateway.url, *options, **more)
        self.addCleanup(recorder.kill)
        return recorder

    def end(self, recorder, code=0):
        """Ends it; the account must add up. The exchanges."""
        outcome = recorder.end()
        self.assertEqual(outcome.code, code, str(outcome))
        seen, written, dropped = balance(outcome.out)
        self.assertEqual(seen, written + dropped, str(outcome))
        self.assertNotIn("do not add up", outcome.out)
        self.outcome = outcome
        if not recorder.output.exists():
            self.assertEqual(written, 0, str(outcome))
            return []
        exchanges = read_recording(recorder.output)[1]
        self.assertEqual(len(exchanges), written, str(outcome))
        return exchanges
