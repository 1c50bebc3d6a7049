"""The table of trust.py: what was asked of the verdicts, what was measured, how sure that is."""

import json
import math
import statistics

from trust_lab import TARGET

THRESHOLD = 0.10


class Share:
    """Hits of trials with the exact interval of Clopper and Pearson."""

    def __init__(self, lab, hits, trials):
        self.hits, self.trials = hits, trials
        self.low, self.high = lab.virtual("interval", hits, trials) if trials else (0, 1)

    @property
    def share(self):
        return self.hits / self.trials if self.trials else None

    def __str__(self):
        return f"{self.hits:,} of {self.trials:,}" if self.trials else "not measured"

    def interval(self):
        return f"{percent(self.low)} to {percent(self.high)}" if self.trials else ""


def percent(share, digits=3):
    digits += 0.99 < share < 1  # 99.96 and not 100
    return f"{100 * share:.{digits}g} %"


def row(what, goal, figure, interval="", met=None):
    word = {None: "", True: "met", False: "missed"}[met]
    return what, goal, str(figure), interval, word


def at_least(share, count, goal):
    """Met only when there were enough trials."""
    return None if share.trials < count else goal


def find_runs(data, part):
    return [run for run in data["runs"] if run["part"] == part]


def is_found(run, metric="cpu_ns"):
    return f"{TARGET} {metric}" in run["regressed"]


def find_alarms(run, patched=False):
    """Regressions of what was not changed."""
    return [one for one in run["regressed"] if not (patched and one.startswith(f"{TARGET} "))]


def list_exact(data, lab):
    exact, patched = find_runs(data, "exact"), find_runs(data, "instr")
    alarms = Share(lab, sum(len({one.rsplit(" ", 1)[0] for one in run["regressed"]})
                            for run in exact), sum(run["endpoints"] for run in exact))
    found = Share(lab, sum(is_found(run, "instructions") for run in patched), len(patched))
    figures = sum(run["metrics"] for run in exact)
    yield row("Exact metrics, unchanged: endpoints with a false alarm "
              f"({figures:,} figures compared)", "0 of 1,000", alarms, alarms.interval(),
              at_least(alarms, 1000, alarms.hits == 0))
    size = f" (measured {percent(patched[0]['change'])})" if patched else ""
    yield row(f"Exact metrics, +0.5 % instructions{size}: found", "every time", found,
              found.interval(), at_least(found, 5, found.hits == found.trials))
    false = Share(lab, sum(any(not one.startswith(TARGET) for one in run["regressed"])
                           for run in patched), len(patched))
    yield row("the same: runs that blame another endpoint", "0", false, false.interval(),
              at_least(false, 5, false.hits == 0))


def tell_verdicts(runs):
    words = {}
    for run in runs:
        word = "host too noisy" if run["note"] else run["verdict"]
        words[word] = words.get(word, 0) + 1
    told = ", ".join(f"{count} {word}" for word, count in sorted(words.items(), key=str))
    return f" ({told})" if told else ""


def list_whole(data, lab):
    unchanged, patched = find_runs(data, "aa"), find_runs(data, "plus5")
    alarms = Share(lab, sum(bool(find_alarms(run)) for run in unchanged), len(unchanged))
    found = Share(lab, sum(is_found(run) for run in patched), len(patched))
    false = Share(lab, sum(bool(find_alarms(run, True)) for run in patched), len(patched))
    yield row(f"CPU, whole runs, unchanged: runs with a false alarm{tell_verdicts(unchanged)}",
              "0 of 40", alarms, alarms.interval(), at_least(alarms, 40, alarms.hits == 0))
    yield row("CPU, whole runs, +5 % on one endpoint: found", "19 of 20", found, found.interval(),
              at_least(found, 20, found.hits >= 0.95 * found.trials))
    yield row("the same: runs that blame another endpoint", "0", false, false.interval(),
              at_least(false, 20, false.hits == 0))


def user_alarm(run, threshold):
    """Fewer requests a second after the change, by more than the threshold."""
    return run["user"]["before"] / run["user"]["after"] - 1 > threshold


def list_user(data, lab):
    parts = [[run for run in find_runs(data, part) if (run.get("user") or {}).get("after")]
             for part in ("aa", "plus5")]
    for threshold in (THRESHOLD, 0.03):
        for runs, what in zip(parts, ("unchanged: false alarms", "+5 % on one endpoint: found")):
            share = Share(lab, sum(user_alarm(run, threshold) for run in runs), len(runs))
            yield row(f"Instead: wrk before and after, threshold {percent(threshold)}, {what}", "",
                      share, share.interval())


def list_load(data, lab):
    for part, where in (("load-other", "the other CPU"), ("load-same", "the same CPU")):
        runs = find_runs(data, part)
        share = Share(lab, sum(run["verdict"] == "regressed" for run in runs), len(runs))
        yield row(f"A busy process on {where}, unchanged: false alarms{tell_verdicts(runs)}", "0",
                  share, share.interval(), at_least(share, 3, share.hits == 0))


def find_study(data, **wanted):
    for study in data["virtual"]:
        if all(study[key] == value for key, value in wanted.items()):
            return study
    return None


def list_virtual(data, folder, lab):
    for block, how in ((1, "replicates at random"), (10, "blocks of 10 replicates")):
        study = find_study(data, pool="aa", block=block, slower=None)
        if study is not None:
            drawn = study["drawn"]
            share = Share(lab, drawn["false_alarms"], drawn["runs"])
            yield row(f"CPU, virtual runs, unchanged, {how} of {drawn['pairs']}: false alarms",
                      "at most 1 %", share, share.interval(), share.share <= 0.01)
        for kind, words, goal in (("plus5", "+5 %", 0.95), ("plus3", "+3 %", 0.80)):
            study = find_study(data, pool=kind, block=block, slower=TARGET)
            if study is None:
                continue
            drawn = study["drawn"]
            share = Share(lab, drawn["found"][-1], drawn["runs"])
            real = f", really {percent(find_effect(folder, kind))}"
            yield row(f"CPU, virtual runs, {words}{real}, {how} of {drawn['pairs']}: found",
                      f"at least {percent(goal)}", f"{share} ({percent(share.share)})",
                      share.interval(), share.share >= goal)


def read_pool(folder, kind):
    path = folder / f"pool-{kind}.json"
    return json.loads(path.read_text()) if path.exists() else None


def find_effect(folder, kind):
    """The median of the patched endpoint's replicates: what the patch really costs."""
    pool = read_pool(folder, kind)
    ratios = pool["change"][pool["endpoints"].index(TARGET)]
    return math.expm1(statistics.median(ratios))


def list_costs(data, folder):
    runs = [run for part in ("aa", "plus5") for run in find_runs(data, part)]
    if runs:
        seconds = [run["live_seconds"] for run in runs]
        longest = max(seconds)
        yield row("Live pass: longest run (median)", "at most 60 s",
                  f"{longest:.0f} s ({statistics.median(seconds):.0f} s)", "", longest <= 60)
    pool = read_pool(folder, "aa")
    if pool is not None:
        spread = statistics.median(statistics.stdev(row) for row in pool["change"])
        pairs = len(pool["change"][0])
        yield row(f"Paired SD of the median endpoint, {pairs} pairs", "at most 1 %",
                  percent(spread), "", spread <= 0.01)
    if runs:
        spreads = [run["spread"] for run in runs]
        yield row("The same in whole runs: median run (largest)", "",
                  f"{percent(statistics.median(spreads))} ({percent(max(spreads))})")


def list_rows(data, folder, lab):
    return [*list_exact(data, lab), *list_whole(data, lab), *list_virtual(data, folder, lab),
            *list_costs(data, folder), *list_load(data, lab), *list_user(data, lab)]


def list_curve(data, lab):
    """Detection against effect and replicates, one line an effect."""
    lines, looks = [], []
    for study in sorted((one for one in data["virtual"] if one["slower"] == "each"),
                        key=lambda one: one["shift"]):
        drawn = study["drawn"]
        looks = drawn["looks"]
        share = Share(lab, drawn["found"][-1], drawn["runs"])
        lines.append((f"+{100 * study['shift']:g} %",
                      *(percent(found / drawn["runs"]) for found in drawn["found"]),
                      share.interval()))
    return [("slower by", *(f"{look} replicates" for look in looks), "95 % interval"), *lines] \
        if lines else []


def describe(data):
    host = data["host"]
    if host is None:
        return ["nothing measured yet"]
    lines = [f"{host['cpu_model']}, {host['cpus']} CPUs, "
             f"{host['virtualization'] or 'no hypervisor'}, kernel {host['kernel']}, {host['libc']}, {host['valgrind']}"]
    commits = sorted({run["commit"][:12] for run in data["runs"]})
    codes = sorted({run["code"] for run in data["runs"]})
    lines.append(f"commit {', '.join(commits)}; measuring code {', '.join(codes)}"
                 + ("; CAUTION: of several states of the code" if len(codes) > 1 else ""))
    for calibration in data["calibration"].values():
        lines.append(f"patched: {calibration['endpoint']}, {calibration['base_cpu_ns'] / 1000:.0f} µs a "
                     f"request; {calibration['base_instructions']:,.0f} instructions in the exact part")
    return lines


def print_text(rows):
    widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
    for line in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def print_markdown(rows):
    for number, line in enumerate(rows):
        print("| " + " | ".join(line) + " |")
        if number == 0:
            print("|" + "---|" * len(line))


def print_table(data, folder, lab, markdown=False):
    show = print_markdown if markdown else print_text
    show([("what", "goal", "measured", "95 % interval", ""), *list_rows(data, folder, lab)])
    curve = list_curve(data, lab)
    if curve:
        print("\nFound up to so many replicates, any one endpoint, unchanged replicates shifted by a "
              "known\namount (the margin is 2 %, so +1 % and +2 % are not to be found; the interval "
              "is of the last):\n")
        show(curve)
    print("\n" + ("  \n" if markdown else "\n").join(describe(data)))
