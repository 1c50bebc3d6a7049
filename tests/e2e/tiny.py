"""A project so small that a bench of it takes a second: a gateway, a corpus, a config."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import rig

# Only what a test is about is measured: one replicate of a few requests, no other pass.
OFF = {"enabled": False}
ALL_OFF = {name: OFF for name in ("live", "exact", "alloc", "lines", "sites", "stacks")}
LIVE_ONLY = {**ALL_OFF, "live": {"replicates": 1, "pairs": 2}}

# Answers every request with its own target; `answer` and `begin` can be replaced by a test.
PYTHON_GATEWAY = '''
import os, signal, socket, sys, threading, time, urllib.request

def begin(port):
    return port

def answer(method, target):
    return 200, target

#OWN
def serve(connection):
    lines = connection.makefile("rb")
    while True:
        words = lines.readline().decode().split(" ")
        if len(words) < 3:
            return
        size = 0
        while True:
            line = lines.readline().strip().lower()
            if not line:
                break
            if line.startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        lines.read(size)
        status, text = answer(words[0], words[1])
        body = text.encode()
        connection.sendall(b"HTTP/1.1 %d X\\r\\nContent-Type: text/plain\\r\\n"
                           b"Content-Length: %d\\r\\n\\r\\n" % (status, len(body)) + body)

port = begin(int(sys.argv[1]))
listening = socket.create_server(("127.0.0.1", port))
while True:
    accepted, _ = listening.accept()
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
'''


def exchange(target="/a", method="GET", endpoint=None, status=200, body=None, **more):
    line = {"id": f"{method} {target}", "method": method, "target": target,
            "headers": [["Host", "tiny.example"]],
            "response": {"status": status, "body": target if body is None else body}}
    if endpoint:
        line["endpoint"] = endpoint
    return {**line, **more}


def write_corpus(folder, exchanges, name="corpus.jsonl"):
    lines = [{"schema_version": 1, "source": "test"}, *exchanges]
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


def default_config():
    return {"gateway": {"start": [sys.executable, "-S", "gateway.py", "${port}"],
                        "ready": {"timeout_s": 20}, "request_timeout_s": 20},
            "corpus": "corpus.jsonl", "endpoints": ["GET /a", "GET /b/{id}"],
            "passes": LIVE_ONLY}


def write_config(folder, config):
    rig.dump(folder / "tollgate.json", config)


def python_project(folder, own="", exchanges=None, **changes):
    """A project in the folder. `own` replaces functions of the gateway; `changes` are keys of the
    config, those of "gateway" merged."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gateway.py").write_text(PYTHON_GATEWAY.replace("#OWN", own))
    write_corpus(folder, exchanges or [exchange("/a"), exchange("/b/1"), exchange("/b/2")])
    config = default_config()
    config["gateway"].update(changes.pop("gateway", {}))
    config.update(changes)
    write_config(folder, config)
    return folder


C_GATEWAY = Path(__file__).resolve().parent / "tiny_gateway.c"


def c_project(folder, *options, **changes):
    """The same with a gateway in C, which every pass can measure. `options` are its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gateway.c").write_text(C_GATEWAY.read_text())
    gateway = {"build": ["cc", "-O1", "-g", "-o", "gateway", "gateway.c"],
               "start": ["./gateway", "${port}", *options]}
    return python_project(folder, gateway={**gateway, **changes.pop("gateway", {})}, **changes)


def repository(folder, ignored="gateway\n.tollgate/\n__pycache__/\n"):
    (folder / ".gitignore").write_text(ignored)
    rig.git(folder, "init", "-q", "-b", "main")
    rig.commit_all(folder)
    return rig.git(folder, "rev-parse", "HEAD").strip()


def busy_port():
    """A socket that listens on a port of the kernel's choice; the caller closes it."""
    return socket.create_server(("127.0.0.1", 0))


def wait_until(condition, seconds=30, what="it"):
    """Polls; the value that was true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def marked(marker):
    """Process ids whose environment holds the marker: what setsid and a new name cannot hide."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if marker.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(int(pid))
        except OSError:
            continue
    return found


def kill_group(process):
    """For clean-up after a failed test: the process that a test started, and nothing else."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait()


def can_unshare():
    """Whether this user may mount a tmpfs of its own."""
    done = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    return done.returncode == 0
