"""The laboratory of trust.py: a scratch clone of the repository, patches of known size on one
endpoint of its sample gateway, and runs of tollgate in it. The work tree is never touched."""

import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
TARGET = "GET /v3/search"
PATCHED_FILE = "fixtures/gateway/search.c"
MEASURING_FOLDERS = ("base", "replay", "baselines", "rig")
GIT = ["git", "-c", "user.name=trust", "-c", "user.email=trust@localhost",
       "-c", "commit.gpgsign=false"]

# Only the reasons for a config of its own are in it; the rest is the sample's.
CONFIGS = {
    "plain": {},
    # Fewer exchanges, so that a thousand comparisons take minutes.
    "exact": {"passes": {"exact": {"exchanges": 2}, "alloc": {"exchanges": 2}}},
    # So wide a margin that every endpoint is clear at the first look: until then, which is at 35 %
    # of 200, nothing stops early, and 70 replicates of each endpoint come out of a run.
    "pool": {"passes": {"live": {"replicates": 200}}, "gate": {"cpu_ns": {"relative": 1.0}}},
    "calibrate": {"passes": {"live": {"replicates": 60}}, "gate": {"cpu_ns": {"relative": 1.0}}},
}

SPEND = """/* Work of a known size. */
static void spend(unsigned long rounds)
{
    unsigned long hash = 14695981039346656037UL;

    while (rounds-- > 0) {
        hash = (hash ^ rounds) * 1099511628211UL;
        __asm__ volatile("" : "+r"(hash));
    }
}

void search_get(struct request *request)
"""
HANDLER = "void search_get(struct request *request)\n"
ENTRY = "    if (!wanted || !normalise"


class Failure(Exception):
    """What went wrong, for the user."""


def say(text):
    print(f"trust: {text}", file=sys.stderr, flush=True)


def call(arguments, cwd=None, timeout=900, check=True):
    words = " ".join(str(word) for word in arguments)
    try:
        done = subprocess.run([str(word) for word in arguments], cwd=cwd, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace")
    except subprocess.TimeoutExpired:
        raise Failure(f"{words}: not done after {timeout} s") from None
    if check and done.returncode != 0:
        raise Failure(f"{words}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return done


def read_git(name):
    return call(["git", "rev-parse", name], SOURCE).stdout.strip()


def hash_code():
    """Names the code that measures and decides."""
    digest = hashlib.sha256()
    for folder in MEASURING_FOLDERS:
        for path in sorted((SOURCE / folder).rglob("*.[ch]")):
            digest.update(str(path.relative_to(SOURCE)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class Lab:
    def __init__(self, build):
        self.build = Path(build).resolve()
        self.tollgate = self.build / "tollgate"
        self.programs = {name: self.build / name for name in ("virtual_runs", "standins")}
        for path in (self.tollgate, *self.programs.values()):
            if not path.exists():
                raise Failure(f"{path} is missing: run `make trust`, which builds it")
        self.commit = read_git("HEAD")
        self.subject = read_git("HEAD:fixtures")[:12]
        self.code = hash_code()
        self.room = self.build / ".tollgate" / "trust"
        self.clone = self.room / f"clone-{self.subject}"
        self.base_gateway = self.room / f"base-gateway-{self.subject}"
        self.rounds = None  # of the patch in the clone's work tree

    @property
    def fixtures(self):
        return self.clone / "fixtures"

    @property
    def gateway(self):
        return self.fixtures / "gateway" / "build" / "sample-gateway"

    def prepare(self):
        """The clone and its gateway; configs are committed, since a base is judged by its own."""
        if not self.base_gateway.exists():
            shutil.rmtree(self.clone, ignore_errors=True)
            self.room.mkdir(parents=True, exist_ok=True)
            call(["git", "clone", "--quiet", SOURCE, self.clone])
            call(["git", "checkout", "--quiet", "--detach", self.commit], self.clone)
            self.write_configs()
            call([*GIT, "add", "-f", "fixtures"], self.clone)
            call([*GIT, "commit", "--quiet", "-m", "Configs to measure with"], self.clone)
            self.apply(0)
            call(["make", "-C", "gateway"], self.fixtures)
            shutil.copy2(self.gateway, self.base_gateway)
        call([*GIT, "checkout", "--quiet", "--", "fixtures"], self.clone)
        self.rounds = 0

    def write_configs(self):
        sample = json.loads((self.fixtures / "tollgate.json").read_text())
        sample.pop("baseline", None)
        for name, extra in CONFIGS.items():
            config = {**sample, **extra}
            (self.fixtures / f"trust-{name}.json").write_text(json.dumps(config, indent=2) + "\n")

    def apply(self, rounds):
        """Brings the clone's work tree to HEAD, or to HEAD with a patch of that size."""
        if rounds == self.rounds:
            return
        call([*GIT, "checkout", "--quiet", "--", PATCHED_FILE], self.clone)
        self.rounds = rounds
        if rounds == 0:
            return
        path = self.clone / PATCHED_FILE
        text = path.read_text()
        if text.count(HANDLER) != 1 or text.count(ENTRY) != 1:
            raise Failure(f"{PATCHED_FILE} is not as the patch expects it")
        text = text.replace(HANDLER, SPEND).replace(ENTRY, f"    spend({rounds}UL);\n{ENTRY}")
        path.write_text(text)

    def bench(self, config, passes, rounds=0, seed=1):
        """A run against HEAD: its report and its replicates."""
        self.apply(rounds)
        run, report = self.room / "run.json", self.room / "report.json"
        for path in (run, report):
            path.unlink(missing_ok=True)
        arguments = [self.tollgate, "bench", "-c", f"fixtures/trust-{config}.json",
                     "--base", "HEAD", "--passes", passes, "--seed", seed, "-o", run,
                     "-O", f"json:{report}",
                     "--progress", "none"]
        done = call(arguments, self.clone, check=False)
        if done.returncode not in (0, 1, 3) or not report.exists():
            raise Failure(f"tollgate bench: exit {done.returncode}\n{done.stderr[-3000:]}")
        return json.loads(report.read_text()), json.loads(run.read_text())

    def virtual(self, *arguments):
        return json.loads(call([self.programs["virtual_runs"], *arguments], timeout=3600).stdout)


def find_metric(report, endpoint, metric):
    for one in report["endpoints"]:
        if one["endpoint"] == endpoint:
            return one["metrics"][metric]
    raise Failure(f"the report has no {endpoint}")


def list_log_ratios(run, key="log_ratio"):
    return {one["endpoint"]: one["metrics"]["cpu_ns"].get(key) or [] for one in run["endpoints"]}


def find_spread(ratios):
    """The median over endpoints of the standard deviation of their replicates."""
    spreads = [statistics.stdev(values) for values in ratios.values() if len(values) > 1]
    return statistics.median(spreads) if spreads else None


def describe_host(report):
    machine = report["fingerprint"]
    return {key: machine[key] for key in ("cpu_model", "virtualization", "cpus", "kernel", "libc",
                                          "compiler", "valgrind")}


def calibrate(lab):
    """How many rounds of the patch make how much: measured by tollgate itself."""
    say("calibrating the patches")
    probe, probe_cpu = 1000, 20000
    exact = find_metric(lab.bench("exact", "exact", probe)[0], TARGET, "instructions")
    step = (exact["head"] - exact["base"]) / probe
    report, _ = lab.bench("calibrate", "live", probe_cpu)
    cpu = find_metric(report, TARGET, "cpu_ns")
    share = cpu["change"] / probe_cpu
    if not (step > 0 and share > 0):
        raise Failure(f"the patch of {probe} rounds did not show: {exact}, {cpu}")
    return {
        "endpoint": TARGET,
        "base_instructions": exact["base"],
        "base_cpu_ns": cpu["base"],
        "instructions_a_round": step,
        "cpu_share_a_round": share,
        # A hair above, since the gate asks for more than half a percent.
        "rounds": {"instr": math.ceil(0.005 * exact["base"] / step * 1.01),
                   "plus3": size_patch(lab, 0.03, share), "plus5": size_patch(lab, 0.05, share)},
    }, describe_host(report)


def size_patch(lab, wanted, share):
    """Rounds that make the wanted share. A patch costs not quite in proportion (the code around it
    moves, too), so the first guess is measured and mended."""
    guess = round(wanted / share)
    got = find_metric(lab.bench("calibrate", "live", guess)[0], TARGET, "cpu_ns")["change"]
    if got <= 0:
        raise Failure(f"the patch of {guess} rounds did not show: {got}")
    return round(guess * wanted / got)


def write_atomic(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".tmp")
    with open(beside, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
