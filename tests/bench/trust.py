#!/usr/bin/env python3
"""How good are tollgate's verdicts? Measured on this machine, in two ways: whole runs, the program
run many times on an unchanged gateway and on patches of known size; and virtual runs, drawn by the
thousand from a pool of real replicates and decided by the same code.

    trust.py                      everything that is still missing, then the table
    trust.py --seconds 300        a slice; the next call goes on where this one stopped
    trust.py --part aa,plus5      only these parts
    trust.py --table | --markdown what is known so far

Results are kept in tests/bench/results/. Whole runs want a machine with nothing else to do."""

import argparse
import json
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import trust_table
import trust_user
from trust_lab import (SOURCE, TARGET, Failure, Lab, calibrate, find_metric, find_spread,
                       list_log_ratios, say, write_atomic)

RESULTS = Path(__file__).resolve().parent / "results"
EXACT_METRICS = ("instructions", "syscalls", "allocations", "alloc_bytes", "retained_bytes")
POOLS = ("aa", "plus3", "plus5")
# How many runs of each part there are to be.
WANTED = {"pool-aa": 5, "pool-plus3": 5, "pool-plus5": 5, "aa": 40, "plus5": 20, "exact": 56,
          "instr": 5, "load-other": 3, "load-same": 3}
PARTS = {"pool": ["pool-aa", "pool-plus3", "pool-plus5"], "aa": ["aa"], "plus5": ["plus5"],
         "exact": ["exact"], "instr": ["instr"], "load": ["load-other", "load-same"],
         "virtual": ["virtual"]}
VIRTUAL_RUNS, CURVE_RUNS = 10000, 10000
BLOCKS = (1, 10)
SHIFTS = (0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10)


class Results:
    """trust.json and the pools beside it; written whole after every finished run."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "trust.json"
        self.data = {"schema_version": 1, "host": None, "calibration": {}, "runs": [],
                     "virtual": []}
        if self.path.exists():
            self.data = json.loads(self.path.read_text())

    def save(self):
        head = {key: value for key, value in self.data.items() if key not in ("runs", "virtual")}
        text = json.dumps(head, indent=1)[:-2]
        for key in ("runs", "virtual"):
            rows = ",\n  ".join(json.dumps(row) for row in self.data[key])
            text += f',\n "{key}": [\n  {rows}\n ]'
        write_atomic(self.path, text + "\n}\n")

    def count(self, part):
        return sum(run["part"] == part for run in self.data["runs"])

    def pool_path(self, kind):
        return self.folder / f"pool-{kind}.json"

    def forget(self):
        for path in (self.path, *map(self.pool_path, POOLS)):
            path.unlink(missing_ok=True)
        self.__init__(self.folder)


def list_verdicts(report, verdict):
    return [f"{one['endpoint']} {name}" for one in report["endpoints"]
            for name, metric in one["metrics"].items() if metric["verdict"] == verdict]


def summarise(report, run):
    live = next(one for one in report["passes"] if one["name"] == "live")
    kept = {"verdict": report["verdict"], "exit_code": report["exit_code"],
            "note": report["cpu_note"], "endpoints": len(report["endpoints"])}
    for verdict in ("regressed", "improved", "inconclusive"):
        kept[verdict] = list_verdicts(report, verdict)
    if live["status"] == "ran":
        ratios = list_log_ratios(run)
        kept |= {"live_seconds": live["seconds"], "replicates": live["replicates"],
                 "dropped": live["dropped"], "smallest": report["smallest_cpu_change"],
                 "spread": round(find_spread(ratios), 6),
                 "change": round(find_metric(report, TARGET, "cpu_ns")["change"], 6)}
    return kept


def find_rounds(results, lab, kind):
    return results.data["calibration"][lab.subject]["rounds"].get(kind, 0)


def run_whole(results, lab, part, number):
    """One run of tollgate, and beside it one load before and one after."""
    before = trust_user.load_gateway(lab, lab.base_gateway)
    rounds = find_rounds(results, lab, part)
    kept = summarise(*lab.bench("plain", "live", rounds, number + 1))
    after = trust_user.load_gateway(lab, lab.gateway)
    return kept | {"user": {"before": before, "after": after}}


def run_load(results, lab, part, number):
    with trust_user.busy(part.removeprefix("load-")):
        return summarise(*lab.bench("plain", "live", 0, number + 1))


def run_exact(results, lab, part, number):
    rounds = find_rounds(results, lab, part)
    report, run = lab.bench("exact", "exact,alloc", rounds, number + 1)
    change = find_metric(report, TARGET, "instructions")["change"]
    measured = sum(one["metrics"][name]["verdict"] is not None for one in report["endpoints"]
                   for name in EXACT_METRICS)
    return summarise(report, run) | {"change": change, "metrics": measured}


def run_pool(results, lab, part, number):
    """Adds a run's replicates to the pool. The first look is where endpoints stop."""
    kind = part.removeprefix("pool-")
    report, run = lab.bench("pool", "live", find_rounds(results, lab, kind), number + 1)
    count = run["cpu_looks"][0]
    path = results.pool_path(kind)
    names = [one["endpoint"] for one in run["endpoints"]]
    costs = [round(find_metric(report, name, "cpu_ns")["base"]) for name in names]
    pool = {"endpoints": names, "base_ns": costs, "runs": 0, "change": [[] for _ in names],
            "noise": [[] for _ in names]}
    if path.exists():
        pool = json.loads(path.read_text())
    if pool["runs"] > number:  # stopped between the pool and its record
        return summarise(report, run)
    change, noise = list_log_ratios(run), list_log_ratios(run, "aa_log_ratio")
    least = {"change": min(count, *(len(change[name]) for name in names)),
             "noise": min(len(noise[name]) for name in names)}
    for key, ratios in (("change", change), ("noise", noise)):
        for row, name in zip(pool[key], pool["endpoints"]):
            row += [round(value, 6) for value in ratios[name][:least[key]]]
    pool["runs"] += 1
    rows = {key: json.dumps(value) for key, value in pool.items() if key not in ("change", "noise")}
    for key in ("change", "noise"):
        rows[key] = "[\n  " + ",\n  ".join(map(json.dumps, pool[key])) + "]"
    write_atomic(path, "{" + ",\n ".join(f'"{key}": {text}' for key, text in rows.items()) + "}\n")
    return summarise(report, run) | {"pairs": least["change"]}


RUNNERS = {"aa": run_whole, "plus5": run_whole, "exact": run_exact, "instr": run_exact,
           "load-other": run_load, "load-same": run_load, "pool-aa": run_pool,
           "pool-plus3": run_pool, "pool-plus5": run_pool}


def list_studies(results, scale):
    """What is drawn: the pools as they are, and the unchanged one made slower by known amounts."""
    runs, curve = max(1, int(VIRTUAL_RUNS * scale)), max(1, int(CURVE_RUNS * scale))
    for block in BLOCKS:
        yield {"pool": "aa", "block": block, "slower": None, "shift": 0, "runs": runs}
        for kind in ("plus3", "plus5"):
            yield {"pool": kind, "block": block, "slower": TARGET, "shift": 0, "runs": runs}
    for shift in SHIFTS:
        yield {"pool": "aa", "block": 1, "slower": "each", "shift": shift, "runs": curve}


def drop_stale(results, lab):
    """Forgets what was drawn from pools that have grown since, or decided by other code."""
    pairs = {}
    for kind in POOLS:
        path = results.pool_path(kind)
        pairs[kind] = len(json.loads(path.read_text())["change"][0]) if path.exists() else 0
    results.data["virtual"] = [
        study for study in results.data["virtual"]
        if study["code"] == lab.code and study["drawn"]["pairs"] == pairs[study["pool"]]]


def run_virtual(results, lab, deadline, scale):
    drop_stale(results, lab)
    drawn = [{key: row[key] for key in ("pool", "block", "slower", "shift", "runs")}
             for row in results.data["virtual"]]
    for number, study in enumerate(list_studies(results, scale)):
        path = results.pool_path(study["pool"])
        if study in drawn or not path.exists():
            continue
        if time.monotonic() > deadline:
            return False
        words = [path, study["runs"], study["block"], number + 1]
        if study["slower"] is not None:
            words += [study["slower"], study["shift"]]
        say(f"virtual runs: {study}")
        results.data["virtual"].append(
            study | {"code": lab.code, "drawn": lab.virtual(*words)})
        results.save()
    return True


def next_part(results, parts, wanted):
    """The part that is furthest behind among those of its group, so that patched and unchanged runs
    see the same weather."""
    group = []
    for part in parts:
        if part in wanted and results.count(part) < wanted[part]:
            group.append(part)
    paired = [part for part in group if part in ("aa", "plus5")]
    candidates = paired if group and group[0] in paired else group[:1]
    return min(candidates, key=lambda part: results.count(part) / wanted[part], default=None)


def measure(results, lab, options):
    """Works until all is done or the time is up; True when all is done."""
    deadline = time.monotonic() + options.seconds
    wanted = {part: max(1, round(count * options.scale)) for part, count in WANTED.items()}
    parts = [one for name in options.parts for one in PARTS[name]]
    real = [part for part in parts if part in wanted]
    if next_part(results, real, wanted):
        lab.prepare()
        if lab.subject not in results.data["calibration"]:
            calibration, results.data["host"] = calibrate(lab)
            results.data["calibration"][lab.subject] = calibration
            results.save()
    while part := next_part(results, real, wanted):
        if time.monotonic() > deadline:
            return False
        number = results.count(part)
        began = time.monotonic()
        kept = RUNNERS[part](results, lab, part, number)
        took = time.monotonic() - began
        record = {"part": part, "commit": lab.commit, "code": lab.code,
                  "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                  "seconds": round(took, 1)}
        results.data["runs"].append(record | kept)
        results.save()
        say(f"{part} {number + 1}/{wanted[part]}: {kept['verdict']} in {took:.0f} s; "
            f"{sum(max(0, wanted[one] - results.count(one)) for one in real)} runs left")
    return "virtual" not in parts or run_virtual(results, lab, deadline, options.scale)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=SOURCE / "build", help="where tollgate is built")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are kept")
    parser.add_argument("--seconds", type=float, default=float("inf"),
                        help="begin nothing new after so long")
    parser.add_argument("--part", default=",".join(PARTS), help=f"which of {','.join(PARTS)}")
    parser.add_argument("--scale", type=float, default=1.0,
                        help="a share of all counts: a rehearsal")
    parser.add_argument("--restart", action="store_true", help="forget earlier results")
    parser.add_argument("--table", action="store_true", help="only print the table")
    parser.add_argument("--markdown", action="store_true", help="only print the table, as Markdown")
    options = parser.parse_args()
    options.parts = options.part.split(",")
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    return options


def main():
    options = parse_arguments()
    results = Results(options.results)
    try:
        lab = Lab(options.build)
        done = True
        if not options.table and not options.markdown:
            if options.restart:
                results.forget()
            done = measure(results, lab, options)
        trust_table.print_table(results.data, results.folder, lab, options.markdown)
        if not done:
            say("the time is up; the next call goes on from here")
    except Failure as failure:
        say(failure)
        return 4
    except KeyboardInterrupt:
        say("interrupted; what is finished is kept")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
