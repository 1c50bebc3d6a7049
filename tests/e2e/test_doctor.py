"""tollgate doctor: what it says of this machine and of broken ones."""

import json
import os
import shutil
import signal
import time

import rig


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Doctor(rig.Case):
    def document(self, *arguments, code=0, **options):
        outcome = self.tollgate("doctor", "--json", *arguments, code=code, **options)
        return json.loads(outcome.out)

    def only_tools(self, *names):
        """A PATH with nothing but these programs."""
        tools = self.folder / "tools"
        tools.mkdir()
        for name in names:
            found = shutil.which(name)
            if found:
                (tools / name).symlink_to(found)
        return {"PATH": tools}

    def test_all_passes_can_run_where_the_tests_run(self):
        document = self.document("--quick")
        names = ["live", "exact", "alloc", "lines", "sites", "stacks"]
        self.assertEqual({p["name"]: p["can_run"] for p in document["passes"]},
                         dict.fromkeys(names, True))
        self.assertIsNone(document["noise"])
        probes = {probe["name"]: probe for probe in document["probes"]}
        for name in ("CPU", "virtualization", "CPUs", "SMT sibling", "governor", "boost", "kernel",
                     "C library", "compiler", "perf_event_paranoid", "hardware counters",
                     "stack sampling", "valgrind", "vgdb", "agent", "git", "pinning", "CPU quota",
                     "free disk", "process memory"):
            self.assertIn(name, probes)
        for probe in probes.values():
            if probe["verdict"] in ("weak", "missing"):
                self.assertTrue(probe["cost"] and probe["mend"], probe)

    def test_noise_is_measured_and_judged(self):
        document = self.document()
        noise = document["noise"]
        self.assertGreater(noise["replicates"], 1)
        self.assertGreater(noise["log_ratio_sd"], 0)
        self.assertGreater(noise["run"]["smallest_change"], noise["run"]["margin"])
        names = [probe["name"] for probe in document["probes"]]
        self.assertIn("noise", names)
        self.assertIn("stolen time", names)

    def test_without_valgrind_the_exact_pass_cannot_run(self):
        env = self.only_tools("git", "cc", "env", "apt-get")
        document = self.document("--quick", code=4, env=env)
        self.assertEqual([p["name"] for p in document["passes"] if not p["can_run"]], ["exact"])
        page = self.tollgate("doctor", "--quick", code=4, env=env).out
        self.assertIn("cannot run: valgrind", page)
        self.assertIn("mend: ", page)

    def test_a_pass_that_is_switched_off_is_not_missed(self):
        tree = rig.make_repository(self.folder / "tree")
        rig.edit_config(tree, lambda config: config.update(passes={"exact": {"enabled": False}}))
        env = self.only_tools("git", "cc", "env")
        document = self.document("--quick", "-c", tree / rig.CONFIG, code=0, env=env)
        exact = next(p for p in document["passes"] if p["name"] == "exact")
        self.assertFalse(exact["wanted"] or exact["can_run"])

    def test_a_broken_config_is_said(self):
        (self.folder / "tollgate.json").write_text("{")
        outcome = self.tollgate("doctor", "--quick", code=2)
        self.assertIn("tollgate.json", outcome.err)
        self.assertEqual(outcome.out, "")

    def test_fits_the_columns(self):
        for columns in (40, 80):
            page = self.tollgate("doctor", "--quick", code=0, env={"COLUMNS": columns}).out
            self.assertLessEqual(max(map(len, page.splitlines())), columns, page)
            self.assertNotIn("\033", page)
        colored = self.tollgate("doctor", "--quick", "--color", "always", code=0).out
        self.assertIn("\033[32mok\033[0m", colored)

    def stop_while_measuring(self, number):
        process = rig.start(["doctor"], self.folder)
        workers = []
        try:
            end = time.monotonic() + 30
            while len(workers) < 2 and process.poll() is None and time.monotonic() < end:
                workers = children_of(process.pid)
            self.assertEqual(len(workers), 2, "never saw the load run")
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        end = time.monotonic() + 10
        while any(map(is_alive, workers)) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual([pid for pid in workers if is_alive(pid)], [])
        return process.returncode, out, err

    def test_stops_on_an_interrupt(self):
        code, out, err = self.stop_while_measuring(signal.SIGINT)
        self.assertEqual((code, out), (130, ""))
        self.assertIn("interrupted", err)

    def test_leaves_nothing_when_killed(self):
        code, _, _ = self.stop_while_measuring(signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    rig.unittest.main()
