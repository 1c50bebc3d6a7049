"""A server on loopback that behaves like GitHub's REST API where tollgate asks it, with its errors."""

import json
import re
import socket
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPOSITORY = "octo/gateway"
TOKEN = "ghs_0123456789abcdefSECRET"
HEAD = "a" * 40
BASE = "b" * 40
BOT = "github-actions[bot]"
PAGE = 2  # elements a page, so that everything has pages


class GitHub:
    """What the repository holds, and what is to go wrong. `faults` are taken one a request, in order:
    functions of the handler that answer and return True, or leave it to the usual answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []  # (method, path, body or None)
        self.comments = []
        self.checks = []
        self.files = {}  # of the base commit, by path
        self.changed = []  # the pull request's files
        self.commits = []
        self.pull = {"number": 7, "state": "open", "head": {"sha": HEAD, "ref": "topic",
                     "repo": {"full_name": REPOSITORY}}, "base": {"sha": BASE, "ref": "main"}}
        self.user = None  # a person's login; None: an app, which may not ask
        self.viewer = BOT
        self.may_check = True
        self.may_comment = True
        self.faults = []
        self.broken_pages = False
        self.strangers = 0  # requests with another host's token, of the second server
        self.next_id = 100

    def add_comment(self, user, body):
        self.next_id += 1
        comment = {"id": self.next_id, "body": body, "user": {"login": user},
                   "html_url": f"https://github.example/c/{self.next_id}"}
        self.comments.append(comment)
        return comment

    def sent(self, method, pattern=""):
        return [body for each, path, body in self.requests
                if each == method and re.search(pattern, path)]


def handler_of(github):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, value=None, headers=(), raw=None):
            text = raw if raw is not None else json.dumps(value).encode()
            self.send_response(status)
            for name, content in headers:
                self.send_header(name, content)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def refuse(self, status, message, headers=()):
            self.answer(status, {"message": message, "documentation_url": "https://x"}, headers)

        def page(self, elements, key=None, extra=None):
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            number, size = int(query.get("page", 1)), PAGE
            part = elements[(number - 1) * size:number * size]
            headers = []
            if number * size < len(elements) or github.broken_pages:
                query["page"] = str(number + 1)
                at = f"http://{self.headers['Host']}{urllib.parse.urlsplit(self.path).path}?" \
                     + urllib.parse.urlencode(query)
                headers = [("Link", f'<http://x/first>; rel="first", <{at}>; rel="next"')]
            self.answer(200, {key: part, **(extra or {})} if key else part, headers)

        def handle_any(self):
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            with github.lock:
                github.requests.append((self.command, self.path, body))
                fault = github.faults.pop(0) if github.faults else None
                if fault is not None and fault(self, body):
                    return
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    self.refuse(401, "Bad credentials")
                else:
                    self.route(body)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        def route(self, body):
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            root = f"/repos/{REPOSITORY}"
            if path == "/user":
                if github.user is None:
                    return self.refuse(403, "Resource not accessible by integration")
                return self.answer(200, {"login": github.user})
            if path == "/graphql":
                if github.viewer is None:
                    return self.refuse(403, "Resource not accessible by integration")
                return self.answer(200, {"data": {"viewer": {"login": github.viewer}}})
            if not path.startswith(root + "/"):
                return self.refuse(404, "Not Found")
            rest, number = path[len(root):], github.pull["number"]
            if rest == "/pulls":
                wanted = query["head"].split(":", 1)[1]
                pulls = [github.pull] if wanted == github.pull["head"]["ref"] else []
                return self.page(pulls)
            if rest == f"/pulls/{number}":
                return self.answer(200, github.pull)
            if rest == f"/pulls/{number}/files":
                return self.page(github.changed)
            if rest == f"/pulls/{number}/commits":
                return self.page(github.commits)
            if rest.startswith("/contents/"):
                name = rest[len("/contents/"):]
                if query.get("ref") != BASE or name not in github.files:
                    return self.refuse(404, "Not Found")
                return self.answer(200, raw=github.files[name].encode())
            if rest.startswith(f"/issues/{number}/comments"):
                return self.comment(body)
            match = re.fullmatch(r"/issues/comments/(\d+)", rest)
            if match:
                return self.edit(int(match[1]), body)
            return self.check(rest, query, body)

        def comment(self, body):
            if self.command == "GET":
                return self.page(github.comments)
            if not github.may_comment:
                return self.refuse(403, "Resource not accessible by integration")
            if len(body["body"]) > 65536:
                return self.refuse(422, "Validation Failed")
            return self.answer(201, github.add_comment(github.user or BOT, body["body"]))

        def edit(self, number, body):
            for comment in github.comments:
                if comment["id"] == number:
                    comment["body"] = body["body"]
                    return self.answer(200, comment)
            return self.refuse(404, "Not Found")

        def check(self, rest, query, body):
            match = re.fullmatch(r"/commits/(\w+)/check-runs", rest)
            if match and match[1] == github.pull["head"]["sha"]:
                return self.answer(200, {"check_runs": [
                    check for check in github.checks[::-1] if check["name"] == query["check_name"]]})
            if not github.may_check:
                return self.refuse(403, "Resource not accessible by integration")
            match = re.fullmatch(r"/check-runs(?:/(\d+))?", rest)
            if not match:
                return self.refuse(404, "Not Found")
            output = body["output"]
            if len(output["annotations"]) > 50 or len(output["summary"]) > 65535:
                return self.refuse(422, "Invalid request")
            if match[1] is None:
                github.next_id += 1
                check = {"id": github.next_id, "head_sha": body["head_sha"], "annotations": []}
                github.checks.append(check)
            else:
                check = next(each for each in github.checks if each["id"] == int(match[1]))
            check.update({name: body[name] for name in ("name", "status", "external_id")})
            check["conclusion"] = body.get("conclusion")
            check["annotations"] += output["annotations"]
            check["output"] = {"title": output["title"], "summary": output["summary"],
                               "annotations_count": len(check["annotations"])}
            return self.answer(201 if match[1] is None else 200, check)

    return Handler


class Server:
    """The stub on a port of the kernel's choice, for a `with`."""

    def __init__(self, github=None):
        self.github = github or GitHub()

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self.github))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# ---- what goes wrong -----------------------------------------------------------------------------

def failing(status, message="", headers=()):
    def fault(handler, _):
        handler.refuse(status, message, headers)
        return True
    return fault


def limited_until_reset(seconds=1):
    """The primary limit, by a clock that is an hour ahead of ours."""
    def fault(handler, _):
        now = int(time.time()) + 3600
        handler.send_response_only(403)
        text = b'{"message": "API rate limit exceeded for installation"}'
        for name, value in (("Date", formatdate(now, usegmt=True)), ("X-RateLimit-Remaining", "0"),
                            ("X-RateLimit-Reset", str(now + seconds - 1)),
                            ("Content-Length", str(len(text)))):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)
        return True
    return fault


def cut(handler, _):
    """The answer's connection ends before the answer does."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
    return True


def done_but_cut(handler, body):
    """What was asked for is done, and nobody hears of it."""
    written = handler.wfile

    class Nowhere:
        def write(self, _):
            pass

        def flush(self):
            pass

    handler.wfile = Nowhere()
    handler.route(body)
    handler.wfile = written
    return cut(handler, body)


def fine(handler, _):
    return False


def slow(seconds):
    def fault(handler, _):
        time.sleep(seconds)
        return False
    return fault


def sent_on(url, status=301):
    def fault(handler, _):
        handler.answer(status, {"message": "Moved"}, [("Location", url)])
        return True
    return fault


def echo_token(status=422):
    def fault(handler, _):
        handler.refuse(status, "you sent " + handler.headers["Authorization"])
        return True
    return fault
