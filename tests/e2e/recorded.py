"""Configs and corpora for gateways that the tests make themselves."""

import json

import rig

HOST = "gateway.test"
JSON = "application/json"


def exchange(name, method, target, body=None, status=200, reply=None, upstream=(), kind=JSON):
    """One line of a corpus. `reply` None: the answer's body is not checked."""
    headers = [["Host", HOST], ["Accept", "*/*"]]
    line = {"id": name, "ts_ns": 0, "method": method, "target": target, "proto": "HTTP/1.1",
            "authority": HOST, "headers": headers, "upstream": list(upstream),
            "response": {"status": status, "headers": [["Content-Type", kind]]}}
    if body is not None:
        headers += [["Content-Type", kind], ["Content-Length", str(len(body.encode()))]]
        line["body"] = body
    if reply is not None:
        line["response"]["body"] = reply
    return line


def call(upstream, method, target, reply, body=None, status=200, kind=JSON):
    """What an upstream was asked and what it said."""
    request = {"method": method, "target": target, "headers": []}
    if body is not None:
        request["body"] = body
    return {"name": upstream, "request": request,
            "response": {"status": status, "headers": [["Content-Type", kind]], "body": reply}}


def write_corpus(path, exchanges):
    header = {"schema_version": 1, "source": "tests", "redaction": None, "endpoint_map": None}
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *exchanges)))


def write_config(folder, start, endpoints, gateway=None, **more):
    """tollgate.json in the folder; the corpus is corpus.jsonl beside it."""
    settings = {"start": start, "ready": {"path": "/ready", "status": 200, "timeout_s": 20},
                **(gateway or {})}
    rig.dump(folder / "tollgate.json", {"gateway": settings, "corpus": "corpus.jsonl",
                                        "endpoints": endpoints, **more})
