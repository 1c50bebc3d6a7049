#!/usr/bin/env python3
"""Whether `tollgate record` keeps up: the sample gateway and its three upstreams behind the recorder,
its corpus replayed at a steady rate. Every answer is checked.

    record_rate.py --build build [--rate 2000] [--seconds 30] [--connections 32]

Needs the targets tollgate, record_load and standins. Prints what was seen, written and dropped, what
the clients got, and the CPU time of the recorder beside the gateway's in the same run; exits 1 when
an exchange was dropped, an answer was wrong, the rate was not kept or the account does not add up."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
FIXTURES = SOURCE / "fixtures"
UPSTREAMS = ("users", "pins", "search")
TICKS = os.sysconf("SC_CLK_TCK")
RATE_KEPT = 0.99


class Processes:
    """Ended in the reverse order."""

    def __init__(self):
        self.started = []

    def start(self, *words, **options):
        process = subprocess.Popen([str(word) for word in words], text=True, **options)
        self.started.append(process)
        return process

    def end(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.kill()
            process.wait()


def cpu_seconds(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def start_upstreams(processes, build):
    """The stand-ins of the corpus: {name: URL}."""
    process = processes.start(build / "standins", FIXTURES / "corpus.jsonl", *UPSTREAMS,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return dict(process.stdout.readline().split() for _ in UPSTREAMS)


def start_recorder(processes, build, folder, gateway_port, upstreams):
    """The process, the port for clients and {name: URL} for the gateway."""
    words = [build / "tollgate", "record", "--listen", "0",
             "--to", f"http://127.0.0.1:{gateway_port}", "-o", folder / "recording.jsonl",
             "-c", FIXTURES / "tollgate.json"]
    for name, url in upstreams.items():
        words += ["--upstream", f"{name}={url}@0"]
    process = processes.start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    port = int(re.search(r"http://[\d.]+:(\d+)", process.stderr.readline()).group(1))
    urls = dict(re.search(r"upstream (\w+): (\S+)", process.stderr.readline()).groups()
                for _ in upstreams)
    return process, port, urls


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def start_gateway(processes, port, urls):
    words = [FIXTURES / "gateway" / "build" / "sample-gateway", "--port", port]
    for name, url in urls.items():
        words += ["--" + name, url]
    process = processes.start(*words)
    time.sleep(0.5)
    return process


def load(options, port):
    done = subprocess.run([str(options.build / "record_load"), str(port),
                           str(FIXTURES / "corpus.jsonl"), str(options.rate), str(options.seconds),
                           str(options.connections)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure_direct(options, processes):
    """The gateway without a recorder, under the same load: CPU seconds, and what clients got."""
    upstreams = start_upstreams(processes, options.build)
    port = free_port()
    gateway = start_gateway(processes, port, upstreams)
    result = load(options, port)
    seconds = cpu_seconds(gateway.pid)
    processes.end()
    return seconds, result


def measure_recorded(options, processes, folder):
    upstreams = start_upstreams(processes, options.build)
    port = free_port()
    recorder, listening, urls = start_recorder(processes, options.build, folder, port, upstreams)
    gateway = start_gateway(processes, port, urls)
    result = load(options, listening)
    spent = cpu_seconds(recorder.pid), cpu_seconds(gateway.pid)
    recorder.send_signal(signal.SIGINT)
    out, err = recorder.communicate(timeout=60)
    processes.end()
    print(out, end="")
    sys.stderr.write(err)
    return spent, result, out, recorder.returncode


def show(name, result):
    print(f"{name}: {result['answered']:,} answers, {result['rate']:,.0f}/s, {result['wrong']} wrong, "
          f"{result['broken']} broken; median {result['p50_us']} us, 99th {result['p99_us']} us")


def judge(options, result, out, code, lines):
    """What is not as it should be."""
    found = re.search(r"([\d,]+) seen = ([\d,]+) written \+ ([\d,]+) dropped", out)
    seen, written, dropped = (int(text.replace(",", "")) for text in found.groups())
    wrong = []
    for bad, words in (
            (code != 0, f"the recorder ended with {code}"),
            (seen != written + dropped, f"{seen} seen is not {written} written + {dropped} dropped"),
            (seen != result["sent"], f"{result['sent']} sent, {seen} seen"),
            (dropped > 0, f"{dropped} dropped"),
            (lines != written, f"{written} written, {lines} in the file"),
            (result["wrong"] + result["broken"] > 0, "answers were wrong"),
            (result["rate"] < RATE_KEPT * options.rate, f"only {result['rate']:.0f}/s")):
        if bad:
            wrong.append(words)
    print(f"seen {seen:,}, written {written:,}, dropped {dropped:,}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=SOURCE / "build")
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    subprocess.run(["make", "-s", "-C", str(FIXTURES / "gateway")], check=True)
    processes = Processes()
    try:
        with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as name:
            direct_s, direct = measure_direct(options, processes)
            processes = Processes()
            (recorder_s, gateway_s), result, out, code = measure_recorded(options, processes,
                                                                          Path(name))
            with (Path(name) / "recording.jsonl").open() as file:
                lines = sum(1 for _ in file) - 1
    finally:
        processes.end()
    show("without recorder", direct)
    show("recorded        ", result)
    per = 1e6 / result["sent"]
    print(f"CPU time a request: recorder {recorder_s * per:.0f} us, {recorder_s / gateway_s:.2f} times "
          f"the gateway's {gateway_s * per:.0f} us ({direct_s * per:.0f} us without recorder)")
    wrong = judge(options, result, out, code, lines)
    print("\n".join(wrong) if wrong else "kept up")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
