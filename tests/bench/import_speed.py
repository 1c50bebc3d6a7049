#!/usr/bin/env python3
"""How fast `tollgate import` takes a Combined log, beside GoAccess on the same file: one core, one
run, the two in turn. The file is a sample repeated, or made up where there is none.

    import_speed.py --tollgate build/tollgate [--sample access.log] [--lines 2000000]

Prints lines, seconds, the ratio and the peak memory of both; exits 1 when a goal is missed. GoAccess
makes a report of what it parses, so it also runs with every panel of that left out."""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PANELS = ("VISITORS REQUESTS REQUESTS_STATIC NOT_FOUND HOSTS OS BROWSERS VISIT_TIMES VIRTUAL_HOSTS "
          "REFERRERS REFERRING_SITES KEYPHRASES STATUS_CODES REMOTE_USER CACHE_STATUS "
          "GEO_LOCATION MIME_TYPE TLS_TYPE").split()

GOAL_RATIO = 2
GOAL_MIB = 100


def find_sample(named):
    if named:
        return Path(named)
    folder = os.environ.get("TOLLGATE_DATA")
    root = Path(folder) if folder else Path(__file__).resolve().parents[3] / "shared" / "data"
    found = sorted(root.glob("*combined*.log"))
    return found[0] if found else None


def made_up(count, distinct):
    """Lines of a Combined log, their targets drawn from `distinct` many."""
    draw = random.Random(1)
    for number in range(count):
        target = draw.randrange(distinct)
        yield (f"10.{target % 250}.0.{number % 250} - - [17/May/2024:{number // 3600 % 24:02}:"
               f"{number // 60 % 60:02}:{number % 60:02} +0000] "
               f'"GET /v3/users/{target}/boards?page={target % 7} HTTP/1.1" 200 {target % 9000} '
               f'"https://www.example.com/{target}" '
               f'"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{target % 120}"\n')


def write_log(path, sample, lines):
    if sample is None:
        with path.open("w") as file:
            file.writelines(made_up(lines, 20000))
        return
    text = sample.read_bytes().splitlines(keepends=True)
    with path.open("wb") as file:
        for _ in range(lines // len(text)):
            file.write(b"".join(text))
        file.writelines(text[:lines % len(text)])


def peak_mib(pid):
    """So far. What wait4 tells includes the Python that the program was forked from."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines()
                 if line.startswith("VmHWM:")), 0)


def measured(command, cpu):
    """Seconds by the clock, CPU seconds, peak memory in MiB of a program on one CPU."""
    start, peak = time.monotonic(), 0
    process = subprocess.Popen(["taskset", "-c", str(cpu), *command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended != 0:
            break
        peak = max(peak, peak_mib(process.pid))
        time.sleep(0.01)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, peak


def best(rows):
    """The run with the least CPU time: what came between does not count."""
    return min(rows, key=lambda row: row[1])


def show(name, row, lines):
    print(f"{name:22} {row[0]:8.2f} s  {row[1]:8.2f} s CPU  {lines / row[1] / 1e6:7.2f} M lines/s  "
          f"{row[2]:7.1f} MiB")


def compare_speed(options, folder, programs):
    log = folder / "access.log"
    sample = find_sample(options.sample)
    write_log(log, sample, options.lines)
    print(f"{options.lines:,} lines, {log.stat().st_size / 2**20:.0f} MiB, "
          f"{sample.name + ' repeated' if sample else 'made up'}; best of {options.repeats} in turn")
    rows = {name: [] for name in programs}
    for _ in range(options.repeats):
        for name, command in programs.items():
            rows[name].append(measured([*command, str(log)], options.cpu))
    figures = {name: best(row) for name, row in rows.items()}
    for name, row in figures.items():
        show(name, row, options.lines)
    return figures


def memory_growth(options, folder, command):
    """Peak memory on files of rising size, all their requests different."""
    peaks = []
    for lines in (options.lines // 4, options.lines // 2, options.lines):
        log = folder / "different.log"
        with log.open("w") as file:
            file.writelines(made_up(lines, 1 << 60))
        row = measured([*command, str(log)], options.cpu)
        show(f"{lines:,} different", row, lines)
        peaks.append(row[2])
    return peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tollgate", default="build/tollgate")
    parser.add_argument("--sample", help="a Combined log; default: one of TOLLGATE_DATA")
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)))
    options = parser.parse_args()
    if shutil.which("goaccess") is None:
        print("skipped: goaccess is not installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as name:
        folder = Path(name)
        goaccess = ["goaccess", "--no-global-config", "--no-progress", "--log-format=COMBINED",
                    "-o", str(folder / "report.json")]
        tollgate = [options.tollgate, "import", "-o", str(folder / "corpus.jsonl")]
        figures = compare_speed(options, folder, {
            "tollgate import": tollgate,
            "goaccess": goaccess,
            "goaccess, no panels": goaccess + [f"--ignore-panel={panel}" for panel in PANELS],
        })
        peaks = memory_growth(options, folder, tollgate)
    ours = figures.pop("tollgate import")
    ratios = {name: row[1] / ours[1] for name, row in figures.items()}
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.1f} times our CPU time")
    worst = max(peaks[-1], ours[2])
    print(f"peak memory at most {worst:.1f} MiB; {peaks[-1] / peaks[0]:.2f} times for 4 times the file")
    met = min(ratios.values()) >= GOAL_RATIO and worst < GOAL_MIB and peaks[-1] < 1.1 * peaks[0]
    print("goals met" if met else
          f"goals missed: {GOAL_RATIO} times as fast, under {GOAL_MIB} MiB, not growing")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
