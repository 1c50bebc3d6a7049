#!/usr/bin/env python3
"""How long each report takes for 500 endpoints with 40 replicates each, of which 400 regressed, and
how long Chromium takes to open the page.

    report_speed.py --tollgate build/tollgate --run run.json

The run is one with a base and profiles: its endpoints are repeated under other names. With --plain
it loses its profiles first, as most runs have none: they are taken where something changed. Prints
seconds of CPU, each the least of three, and exits 1 when a goal is missed."""

import argparse
import copy
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import browser

ENDPOINTS, REGRESSED, REPLICATES, TURNS = 500, 400, 40, 3
GOAL_REPORT_S, GOAL_PAGE_S = 1.0, 2.0
REPORTS = ("terminal", "json", "markdown", "github", "html", "junit", "sarif", "gitlab-metrics",
           "gitlab-quality", "openmetrics", "csv")


def dearer(endpoint):
    figure = endpoint["metrics"].get("instructions") or {}
    if not figure.get("head") or not figure.get("base"):
        return 0
    return min(figure["head"]) / min(figure["base"])


def repeat(run, plain):
    """The endpoint that grew most stands for those that regressed, the others for the rest."""
    ranked = sorted(run["endpoints"], key=dearer, reverse=True)
    models = [(ranked[0] if number < REGRESSED else ranked[1:][number % (len(ranked) - 1)])
              for number in range(ENDPOINTS)]
    run["endpoints"] = []
    names = [f"GET /v3/service{number // 20}/resource{number}/{{id}}"
             for number in range(ENDPOINTS)]
    for name, model in zip(names, models):
        one = copy.deepcopy(model)
        one["endpoint"] = name
        for figure in one["metrics"].values():
            for key, value in figure.items():
                if isinstance(value, list) and value:
                    figure[key] = (value * REPLICATES)[:REPLICATES]
        run["endpoints"].append(one)
    run.pop("cpu_looks", None)
    for side in run["profiles"].values():
        if plain:
            side.clear()
        for profile in side.values():
            known = {one["endpoint"]: one for one in profile.get("endpoints", ())}
            profile["endpoints"] = [dict(known[model["endpoint"]], endpoint=name)
                                    for name, model in zip(names, models)
                                    if model["endpoint"] in known]


def cpu_seconds(arguments, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False,
                          env={key: value for key, value in os.environ.items()
                               if not key.startswith("GITHUB_")})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def open_page(path):
    """Seconds from the request to the load event, least of three."""
    script = ('import { chromium } from "playwright-core";'
              "const browser = await chromium.launch({ executablePath: process.env.CHROMIUM,"
              ' args: ["--no-sandbox"] });'
              "let least = 1e9; for (let turn = 0; turn < 3; turn++) {"
              "const page = await browser.newPage(); await page.goto(process.argv[1]);"
              "const took = await page.evaluate(() => performance.timing.loadEventEnd -"
              " performance.timing.navigationStart); least = Math.min(least, took);"
              "await page.close(); } console.log(least); await browser.close();")
    done = subprocess.run(["node", "--input-type=module", "-e", script, path.as_uri()],
                          cwd=browser.FOLDER, env=dict(os.environ, CHROMIUM=browser.CHROMIUM),
                          capture_output=True, text=True, check=True, timeout=300)
    return float(done.stdout) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tollgate", default="build/tollgate", type=Path)
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    run = json.loads(options.run.read_text())
    repeat(run, options.plain)
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.json")
        path.write_text(json.dumps(run))
        print(f"{ENDPOINTS} endpoints, {REPLICATES} replicates, a run of "
              f"{path.stat().st_size / 1e6:.1f} MB")
        for report in REPORTS:
            out = Path(folder, "out." + report)
            words = [options.tollgate.resolve(), "report", path, "-O", f"{report}:{out}"]
            took = min(cpu_seconds(words, options.run.resolve().parent) for _ in range(TURNS))
            missed |= took > GOAL_REPORT_S
            size = out.stat().st_size if out.exists() else 0
            print(f"  {report:15} {took:5.2f} s  {size / 1e3:9.1f} kB")
        why = browser.missing()
        if why:
            print(f"  the page was not opened: {why}")
        else:
            took = open_page(Path(folder, "out.html"))
            missed |= took > GOAL_PAGE_S
            print(f"  the page opens in {took:.2f} s")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
