"""What a user would do instead of tollgate: load the whole gateway with wrk before and after the
change, and look whether it got slower by more than a fixed threshold. Also the busy processes that
make a machine noisy."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from trust_lab import Failure

UPSTREAMS = ("users", "pins", "search")
SECONDS = 2
CONNECTIONS = 4
DROPPED_FIELDS = ("connection", "keep-alive", "content-length", "transfer-encoding", "expect")


def find_wrk():
    return shutil.which("wrk")


def end(process):
    """Ends a process of ours and waits for it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def quote_lua(data):
    return '"' + "".join(f"\\{byte:03d}" if byte < 32 or byte > 126 or byte in b'"\\' else chr(byte)
                         for byte in data) + '"'


def write_script(corpus, script):
    """Every request of the corpus in turn."""
    requests = []
    with open(corpus, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            one = json.loads(line)
            body = (one.get("body") or "").encode()
            fields = [(name, value) for name, value in one["headers"]
                      if name.lower() not in DROPPED_FIELDS]
            if body:
                fields.append(("Content-Length", str(len(body))))
            head = "".join(f"{name}: {value}\r\n" for name, value in fields)
            requests.append(f"{one['method']} {one['target']} HTTP/1.1\r\n{head}\r\n".encode() + body)
    script.write_text("local requests = {\n" + ",\n".join(map(quote_lua, requests)) + "}\n"
                      "local at = 0\nfunction request()\n  at = at % #requests + 1\n"
                      "  return requests[at]\nend\n")


def wait_ready(url, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(url, timeout=1).status == 200:
                return
        time.sleep(0.02)
    raise Failure("the gateway does not get ready")


def load_gateway(lab, program):
    """Requests a second of a freshly started gateway on the whole corpus; None without wrk."""
    if find_wrk() is None:
        return None
    corpus, script = lab.fixtures / "corpus.jsonl", lab.room / f"corpus-{lab.subject}.lua"
    if not script.exists():
        write_script(corpus, script)
    standins = subprocess.Popen([lab.programs["standins"], corpus, *UPSTREAMS],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    gateway = None
    try:
        urls = dict(standins.stdout.readline().split() for _ in UPSTREAMS)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        arguments = [str(program), "--port", str(port)]
        for name in UPSTREAMS:
            arguments += [f"--{name}", urls[name]]
        gateway = subprocess.Popen(arguments, cwd=lab.fixtures, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        wait_ready(f"{url}/healthz", gateway)
        done = subprocess.run([find_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s",
                               str(script), url], capture_output=True, text=True, timeout=60,
                              check=True)
        return float(re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout).group(1))
    finally:
        if gateway is not None:
            end(gateway)
        end(standins)


def choose_cpu(where):
    """tollgate measures on the last of two CPUs."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[-1] if where == "same" else cpus[0]


@contextlib.contextmanager
def busy(where):
    """A process that never rests, on the CPU that is measured on or on another one."""
    code = f"import os\nos.sched_setaffinity(0, {{{choose_cpu(where)}}})\nwhile True:\n    pass\n"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        end(process)
