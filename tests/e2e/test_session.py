"""Values that a gateway hands out are carried into later requests: a token, ids of what was made."""

import json
import sys
import unittest

import rig
import tiny

# Hands out a token at login and an id for each thing that is made, both at random; every other
# request needs a token that it handed out, and things are gone once they were deleted.
GATEWAY = r'''
import json, os, socket, sys, threading

TOKENS, THINGS = set(), {}

def login(words, fields, body):
    token = os.urandom(12).hex()
    TOKENS.add(token)
    return 200, {"token": token, "user": json.loads(body)["user"]}, "sid=" + os.urandom(8).hex()

def make(words, fields, body):
    number = os.urandom(8).hex()
    THINGS[number] = json.loads(body)
    return 201, {"id": number, "href": "/things/" + number, **THINGS[number]}, None

def answer(method, target, fields, body):
    path = target.split("?")[0]
    words = path.strip("/").split("/")
    if (method, path) == ("POST", "/login"):
        return login(words, fields, body)
    if fields.get("authorization", "")[7:] not in TOKENS:
        return 401, {"error": "who are you"}, None
    if (method, path) == ("POST", "/logout"):
        TOKENS.discard(fields["authorization"][7:])
        return 204, None, None
    if (method, path) == ("POST", "/things"):
        return make(words, fields, body)
    if (method, path) == ("POST", "/links"):
        wanted = json.loads(body)["thing"]["id"]
        return (200, {"linked": wanted}, None) if wanted in THINGS else (422, {"no": wanted}, None)
    if (method, path) == ("GET", "/find"):
        wanted = target.split("thing=")[1].split("&")[0]
        return (200, {"found": wanted}, None) if wanted in THINGS else (404, {"no": wanted}, None)
    if words[0] == "things" and words[1] in THINGS:
        if method == "DELETE":
            del THINGS[words[1]]
            return 204, None, None
        return 200, {"id": words[1], **THINGS[words[1]]}, None
    return 404, {"error": "no such thing"}, None

def serve(connection):
    lines = connection.makefile("rb")
    while True:
        words = lines.readline().decode().split(" ")
        if len(words) < 3:
            return
        fields = {}
        while True:
            line = lines.readline().decode().strip()
            if not line:
                break
            name, value = line.split(":", 1)
            fields[name.lower()] = value.strip()
        body = lines.read(int(fields.get("content-length", 0)))
        status, value, cookie = answer(words[0], words[1], fields, body)
        text = b"" if value is None else json.dumps(value).encode()
        head = "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n" % status
        if cookie:
            head += "Set-Cookie: %s; Path=/\r\n" % cookie
        if status != 204:
            head += "Content-Length: %d\r\n" % len(text)
        connection.sendall(head.encode() + b"\r\n" + text)

listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    accepted, _ = listening.accept()
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
'''

TOKEN, THING, OTHER = "0123456789abcdef01234567", "feedfacecafebeef", "aaaabbbbccccdddd"


def exchange(method, target, status, answer=None, body=None, token=TOKEN):
    headers = [["Host", "tiny.example"]]
    if token:
        headers.append(["Authorization", f"Bearer {token}"])
    line = {"id": f"{method} {target}", "conn": 1, "method": method, "target": target,
            "headers": headers,
            "response": {"status": status, "body": "" if answer is None else json.dumps(answer)}}
    if body is not None:
        headers.append(["Content-Type", "application/json"])
        line["body"] = json.dumps(body)
    return line


def recorded():
    """A session as it was recorded at another start of the gateway."""
    made = {"id": THING, "href": f"/things/{THING}", "name": "lamp"}
    other = {"id": OTHER, "href": f"/things/{OTHER}", "name": "rug"}
    return [
        exchange("POST", "/login", 200, {"token": TOKEN, "user": "a"}, {"user": "a"}, token=None),
        exchange("POST", "/things", 201, made, {"name": "lamp"}),
        exchange("POST", "/things", 201, other, {"name": "rug"}),
        exchange("GET", f"/things/{THING}", 200, {"id": THING, "name": "lamp"}),
        exchange("GET", f"/things/{OTHER}?full=1", 200, {"id": OTHER, "name": "rug"}),
        exchange("GET", f"/find?thing={THING}&x=1", 200, {"found": THING}),
        exchange("POST", "/links", 200, {"linked": OTHER}, {"thing": {"id": OTHER}}),
        exchange("DELETE", f"/things/{OTHER}", 204),
        exchange("POST", "/logout", 204),
    ]


CAPTURE = [{"name": "token", "from": "POST /login", "json": "/token"},
           {"name": "thing", "from": "POST /things", "json": "/id"}]
LOGOUT = [{"name": "token", "to": "*", "header": "Authorization"},
          {"name": "token", "to": "POST /logout", "header": "Authorization", "fresh": True}]
ENDPOINTS = ["POST /login", "POST /things", "GET /things/{id}", "DELETE /things/{id}", "GET /find",
             "POST /links", "POST /logout"]


class Session(rig.Case):
    def project(self, exchanges=None, **changes):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "gateway.py").write_text(GATEWAY)
        tiny.write_corpus(self.folder, exchanges or recorded())
        config = tiny.default_config()
        config.update({"endpoints": ENDPOINTS, **changes})
        tiny.write_config(self.folder, config)

    def bench(self, *arguments):
        outcome = rig.run(["bench", "--baseline", "none", "-o", "run.json", *arguments], self.folder)
        return outcome, rig.load(self.folder / "run.json") if outcome.code in (0, 1, 3) else None

    def invalid(self, run):
        return {one["endpoint"]: one["invalid"] for one in run["endpoints"] if one["invalid"]}

    def test_without_rules_nothing_answers_as_recorded(self):
        self.project()
        outcome, run = self.bench()
        self.assertEqual(outcome.code, 3, outcome)
        self.assertEqual(set(self.invalid(run)), set(ENDPOINTS), outcome)
        self.assertIn("the status is 401", self.invalid(run)["GET /things/{id}"])

    def test_with_rules_every_answer_is_right(self):
        self.project(capture=CAPTURE, inject={"rules": LOGOUT}, passes={
            **tiny.ALL_OFF, "live": {"replicates": 2, "pairs": 6}})
        outcome, run = self.bench()
        self.assertEqual(self.invalid(run), {}, outcome)
        self.assertEqual(outcome.code, 0, outcome)

    def test_two_sides_have_values_of_their_own(self):
        self.project(capture=CAPTURE, inject={"rules": LOGOUT, "traceparent": True})
        tiny.repository(self.folder)
        outcome = rig.run(["bench", "--base", "HEAD", "-o", "run.json", "--allow-inconclusive"],
                          self.folder)
        self.assertEqual(self.invalid(rig.load(self.folder / "run.json")), {}, outcome)

    def test_sources_are_sent_though_they_are_not_measured(self):
        self.project(capture=CAPTURE)
        outcome, run = self.bench("--endpoint", "GET *")
        self.assertEqual(self.invalid(run), {}, outcome)
        self.assertEqual(len(run["endpoints"]), 2)

    def test_a_value_that_is_not_handed_out_is_named(self):
        exchanges = recorded()
        exchanges[0]["body"] = "{}"  # the gateway falls over it
        exchanges[0]["response"]["body"] = json.dumps({"token": TOKEN})
        own = GATEWAY.replace('"token": token, ', '"tokn": token, ')
        self.project(capture=CAPTURE)
        (self.folder / "gateway.py").write_text(own)
        outcome, run = self.bench("--endpoint", "GET *")
        self.assertEqual(outcome.code, 3, outcome)
        why = self.invalid(run)["GET /find"]
        self.assertIn('needs the value of "token"', why)
        self.assertIn("POST /login (line 2 of the corpus) answered 200 without a value at /token", why)

    def test_a_cookie_is_carried(self):
        exchanges = recorded()[:1]
        exchanges[0]["response"]["headers"] = [["Set-Cookie", "sid=1122334455667788; Path=/"]]
        exchanges.append(exchange("GET", "/find?thing=1", 200, {"sid": "1122334455667788"}))
        exchanges[1]["headers"].append(["Cookie", "theme=dark; sid=1122334455667788"])
        own = GATEWAY.replace('    path = target.split("?")[0]\n',
                              '    path = target.split("?")[0]\n    if path == "/find":\n'
                              '        return 200, {"sid": fields["cookie"].split("sid=")[1]}, None\n')
        self.project(exchanges, capture=[{"name": "sid", "from": "POST /login", "cookie": "sid"},
                                         CAPTURE[0]])
        (self.folder / "gateway.py").write_text(own)
        outcome, run = self.bench()
        self.assertEqual(self.invalid(run), {}, outcome)

    def test_a_rule_that_nothing_fits_is_refused(self):
        for capture, words in (
                ([{"name": "t", "from": "POST /signin", "json": "/token"}], 'to "POST /signin"'),
                ([{"name": "t", "from": "POST /login", "json": "/user"}], "shorter than 8")):
            with self.subTest(words):
                self.project(capture=capture)
                outcome = rig.run(["bench", "--baseline", "none"], self.folder)
                self.assertEqual(outcome.code, 2, outcome)
                self.assertIn(words, outcome.err)
                self.assertIn("tollgate.json", outcome.err)


if __name__ == "__main__":
    unittest.main()
