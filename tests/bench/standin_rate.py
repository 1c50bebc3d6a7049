#!/usr/bin/env python3
"""How many answers a second a stand-in gives, beside nginx with the same answers as static files.

    standin_rate.py STANDINS [--rounds N] [--seconds S] [--connections C]

STANDINS is the built tests/bench/standins. Both servers run on the first CPU that we may use, the
load tool (wrk) on the last, in turns, in one run: the ratio is what counts, not the rates. The
answers are those that the sample corpus recorded, each under a path of its own, so that both are
asked for the same bytes by the same requests. Ends with 1 when the median ratio is below 0.5."""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "fixtures" / "corpus.jsonl"
GOAL = 0.5
ANSWERS_MAX = 2000

# Answers this small leave fastest when nginx reads them itself: with sendfile on it gave a quarter
# fewer.
NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  types {{ }}
  default_type application/json;
  output_buffers 1 64k;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  open_file_cache max=10000 inactive=600s;
  open_file_cache_valid 600s;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


class Failure(Exception):
    """In words for whoever runs it."""


def recorded_answers():
    """(target, body, fields) of each recorded GET to an upstream, once."""
    seen = {}
    for line in CORPUS.read_text().splitlines()[1:]:
        for call in json.loads(line).get("upstream", []):
            request, response = call["request"], call["response"]
            if request["method"] == "GET" and response["status"] == 200 and response.get("body"):
                seen.setdefault(request["target"], (response["body"], response["headers"]))
    return [(target, *kept) for target, kept in seen.items()][:ANSWERS_MAX]


def write_answers(folder):
    """As files for nginx and as a corpus for the stand-in; the targets to ask for."""
    targets, lines = [], [json.dumps({"schema_version": 1, "source": "bench"})]
    for number, (target, body, fields) in enumerate(recorded_answers()):
        path, mark, query = target.partition("?")
        own = f"/{number}{path.rstrip('/')}"
        file = folder / "files" / own.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(body)
        targets.append(own + mark + query)
        call = {"name": "files", "request": {"method": "GET", "target": targets[-1]},
                "response": {"status": 200, "headers": fields, "body": body}}
        lines.append(json.dumps({"id": str(number), "method": "GET", "target": targets[-1],
                                 "headers": [], "endpoint": "GET /", "response": {"status": 200},
                                 "upstream": [call]}))
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    return targets


def write_script(targets, path):
    """The requests are made before the clock starts."""
    listed = ",\n".join(json.dumps(target) for target in targets)
    path.write_text(f"local targets = {{{listed}}}\nlocal requests, at = {{}}, 0\n"
                    "init = function()\n  for i, target in ipairs(targets) do\n"
                    "    requests[i] = wrk.format('GET', target)\n  end\nend\n"
                    "request = function()\n  at = at % #requests + 1\n  return requests[at]\nend\n")


def pinned(cpu, words):
    return ["taskset", "-c", str(cpu), *map(str, words)]


def wait_ready(url, process):
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(url, timeout=1).read()
        time.sleep(0.02)
    raise Failure(f"nothing answers at {url}")


def end(process):
    if process.stdin is not None:
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def stand_in(program, folder, cpu):
    process = subprocess.Popen(pinned(cpu, [program, folder / "corpus.jsonl", "files"]),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        words = process.stdout.readline().split()
        if len(words) != 2:
            raise Failure("the stand-in does not start")
        yield words[1], process
    finally:
        end(process)


@contextlib.contextmanager
def nginx(folder, cpu):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen(pinned(cpu, [program, "-p", folder, "-c", folder / "nginx.conf"]),
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        end(process)


def load(url, cpu, script, arguments):
    words = ["wrk", "-t1", f"-c{arguments.connections}", f"-d{arguments.seconds}s", "-s", script,
             url]
    done = subprocess.run(pinned(cpu, words), check=True, text=True, capture_output=True)
    if re.search(r"Non-2xx|Socket errors", done.stdout):
        raise Failure(f"not every request was answered:\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout).group(1))


def measure(arguments, folder, cpus):
    targets = write_answers(folder)
    if not targets:
        raise Failure("the sample corpus has no answers of upstreams")
    script = folder / "requests.lua"
    write_script(targets, script)
    ratios = []
    with stand_in(arguments.standins, folder, cpus[0]) as ours, nginx(folder, cpus[0]) as theirs:
        for target in targets[:20]:
            if wait_ready(ours[0] + target, ours[1]) != wait_ready(theirs[0] + target, theirs[1]):
                raise Failure(f"the two answer {target} differently")
        print(f"{len(targets)} answers, {arguments.connections} connections, "
              f"{arguments.seconds} s a turn, servers on CPU {cpus[0]}, load on CPU {cpus[-1]}")
        for turn in range(arguments.rounds):
            order = [ours, theirs] if turn % 2 == 0 else [theirs, ours]
            rates = {url: load(url, cpus[-1], script, arguments) for url, _ in order}
            ratios.append(rates[ours[0]] / rates[theirs[0]])
            print(f"  round {turn + 1}: stand-in {rates[ours[0]]:9.0f}/s   nginx "
                  f"{rates[theirs[0]]:9.0f}/s   ratio {ratios[-1]:.2f}", flush=True)
    return statistics.median(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("standins", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    arguments = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        sys.exit("standin_rate: two CPUs are needed, one for the servers and one for the load")
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"standin_rate: {tool} is not installed")
    with tempfile.TemporaryDirectory() as name:
        try:
            ratio = measure(arguments, Path(name), cpus)
        except Failure as failure:
            sys.exit(f"standin_rate: {failure}")
    print(f"median ratio {ratio:.2f}, goal {GOAL}")
    sys.exit(0 if ratio >= GOAL else 1)


if __name__ == "__main__":
    main()
