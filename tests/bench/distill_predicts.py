#!/usr/bin/env python3
"""How well a distilled corpus tells what the full one costs: the sample gateway under both, every
exchange of the full one measured.

    distill_predicts.py --tollgate build/tollgate [--budget 5%] [--seed 1] [--replicates 20]

Instructions are counted in a run of each, they are the same each time. CPU time drifts with the
machine by more than what is to be seen, so both corpora are replayed in one run, in which each
endpoint is there twice: as the full corpus has it and as the small one does. Exits 1 when either is
told worse than the goal for any endpoint."""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
GOAL = 0.05
OFF = {"enabled": False}
PASSES = ("live", "exact", "alloc", "lines", "sites", "stacks")
# More than any endpoint has: all of them are replayed.
ALL = {"exchanges": 1000}


def write_config(folder, name, corpus, **passes):
    config = json.loads((SOURCE / "fixtures" / "tollgate.json").read_text())
    config.pop("baseline", None)
    config["corpus"] = corpus
    config["passes"] = {one: OFF for one in PASSES} | passes
    (folder / name).write_text(json.dumps(config))
    return name


def tollgate(options, folder, *words):
    done = subprocess.run([options.tollgate.resolve(), *words], cwd=folder, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"tollgate {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def bench(options, folder, config):
    """Values of a metric of each endpoint, one a replicate."""
    tollgate(options, folder, "bench", "-c", config, "--baseline", "none", "-o", "run.json")
    run = json.loads((folder / "run.json").read_text())
    return {(endpoint["endpoint"], metric): endpoint["metrics"][metric]["head"]
            for endpoint in run["endpoints"] for metric in ("instructions", "cpu_ns")}


def prepare(options, folder):
    shutil.copytree(SOURCE / "fixtures" / "gateway", folder / "gateway")
    shutil.copy(SOURCE / "fixtures" / "corpus.jsonl", folder)
    live = {"replicates": options.replicates, "pairs": 100} | ALL
    exact = {"replicates": 1}
    write_config(folder, "survey.json", "survey.jsonl", exact=exact | ALL, live=live)
    write_config(folder, "small.json", "small.jsonl", exact=exact)
    write_config(folder, "both.json", "both.jsonl", live=live)
    both = json.loads((folder / "both.json").read_text())
    del both["endpoints"]  # those that the exchanges name
    (folder / "both.json").write_text(json.dumps(both))


def distill(options, folder):
    """Writes the small corpus; what the run told that it was chosen by."""
    tollgate(options, folder, "distill", "-c", "small.json", "corpus.jsonl",
             "--survey", "survey.jsonl")
    full = bench(options, folder, "survey.json")
    (folder / "run.json").rename(folder / "survey-run.json")
    print(tollgate(options, folder, "distill", "-c", "small.json", "corpus.jsonl",
                   "-o", "small.jsonl", "--budget", options.budget, "--seed", str(options.seed),
                   "--run", "survey-run.json").splitlines()[0])
    return full


def write_both(folder):
    """One corpus of both, an endpoint's name telling which one it is of."""
    lines = [json.dumps({"schema_version": 1})]
    for name in ("corpus", "small"):
        for line in (folder / f"{name}.jsonl").read_text().splitlines()[1:]:
            exchange = json.loads(line)
            exchange["endpoint"] += f" of {name}"
            lines.append(json.dumps(exchange))
    (folder / "both.jsonl").write_text("\n".join(lines) + "\n")


def cpu_errors(options, folder, endpoints):
    write_both(folder)
    run = bench(options, folder, "both.json")
    errors = {}
    for endpoint in endpoints:
        full, small = (run[f"{endpoint} of {name}", "cpu_ns"] for name in ("corpus", "small"))
        errors[endpoint] = [two / one - 1 for one, two in zip(full, small)]
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--tollgate", default="build/tollgate", type=Path)
    parser.add_argument("--budget", default="5%")
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--replicates", default=20, type=int, help="of the live pass")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollgate-distill-") as name:
        folder = Path(name)
        prepare(options, folder)
        full = distill(options, folder)
        small = bench(options, folder, "small.json")
        endpoints = sorted({endpoint for endpoint, _ in full})
        cpu = cpu_errors(options, folder, endpoints)
    missed = []
    print(f"{'instructions':>12} {'CPU':>8}   {'CPU, half of the':^18}")
    print(f"{'':>12} {'':>8}   {'replicates':^18}  endpoint")
    for endpoint in endpoints:
        key = endpoint, "instructions"
        low, median, high = statistics.quantiles(cpu[endpoint], n=4)
        exact = small[key][0] / full[key][0] - 1
        print(f"{exact:>+12.1%} {median:>+8.1%}   {low:>+7.1%} to {high:>+7.1%}  {endpoint}")
        if max(abs(exact), abs(median)) > GOAL:
            missed.append(endpoint)
    print(f"more than {GOAL:.0%} off: {', '.join(missed) if missed else 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
