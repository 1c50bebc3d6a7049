"""No process is left behind, however tollgate ends: SIGKILL in each phase, with gateways that do what
they can to be forgotten."""

import os
import signal
import time
import unittest
import uuid
from pathlib import Path

import rig
import tiny

# Long enough to be hit in the middle; the pass ends only by the kill.
LONG = {"replicates": 50, "rounds": 5000}
PASSES = {
    "live": {**tiny.ALL_OFF, "live": {"replicates": 50, "pairs": 5000}},
    **{name: {**tiny.ALL_OFF, name: LONG}
       for name in ("exact", "alloc", "lines", "sites", "stacks")},
}


class Leftovers(rig.Case):
    """Processes are found by a marker in their environment, which setsid, exec and a new parent
    keep, and by the folder that they run in."""

    def setUp(self):
        super().setUp()
        self.project = self.folder / "project"
        self.marker = f"tollgate-test-{uuid.uuid4().hex}"

    def start(self, *arguments):
        process = rig.start(["bench", *arguments], self.project, env={"MARKER": self.marker},
                            stdout=open(self.folder / "out", "w"),
                            stderr=open(self.folder / "err", "w"))
        self.addCleanup(tiny.kill_group, process)
        return process

    def make(self, *options, **changes):
        gateway = {"env": {"MARKER": None}, "stop_timeout_s": 0.3, **changes.pop("gateway", {})}
        return tiny.c_project(self.project, *options, gateway=gateway, **changes)

    def running(self, *words):
        """Processes of the run, tollgate excepted, whose command line holds all of the words."""
        found = []
        for pid in tiny.marked(self.marker):
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if pid != self.process.pid and all(word in line for word in words):
                found.append(pid)
        return found

    def gateways(self, count=1):
        """The gateway's processes once there are enough of them; the keeper is none."""
        def look():
            found = set(self.running("./gateway")) - set(self.running("__keep"))
            return found if len(found) >= count else None
        return tiny.wait_until(look, what=f"{count} processes of the gateway: "
                               f"{(self.folder / 'err').read_text()}")

    def assert_all_gone(self):
        end = time.monotonic() + 10
        while tiny.marked(self.marker) and time.monotonic() < end:
            time.sleep(0.02)
        left = {pid: self.describe(pid) for pid in tiny.marked(self.marker)}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(left, {}, "left behind")

    @staticmethod
    def describe(pid):
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            return "gone"

    def kill(self):
        self.assertIsNone(self.process.poll(), (self.folder / "err").read_text())
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.assert_all_gone()

    def kill_in_pass(self, name, *options, count=1):
        self.make(*options, passes=PASSES[name])
        self.process = self.start()
        self.gateways(count)
        time.sleep(0.5)  # anywhere in the middle; nothing hangs on where
        self.kill()


class Killed(Leftovers):
    def test_live(self):
        self.kill_in_pass("live")

    def test_live_with_workers(self):
        self.kill_in_pass("live", "workers=3", count=4)

    def test_live_with_a_daemon(self):
        self.kill_in_pass("live", "daemon", count=2)

    def test_exact(self):
        self.kill_in_pass("exact")

    def test_exact_with_workers_and_a_daemon(self):
        self.kill_in_pass("exact", "workers=2", "daemon", count=4)

    def test_alloc(self):
        self.kill_in_pass("alloc")

    def test_alloc_with_workers_and_a_daemon(self):
        self.kill_in_pass("alloc", "workers=2", "daemon", count=4)

    def test_lines_with_workers_and_a_daemon(self):
        self.kill_in_pass("lines", "workers=2", "daemon", count=4)

    def test_sites_with_workers_and_a_daemon(self):
        self.kill_in_pass("sites", "workers=2", "daemon", count=4)

    def test_stacks_with_workers_and_a_daemon(self):
        self.kill_in_pass("stacks", "workers=2", "daemon", count=4)

    def test_waiting_for_readiness(self):
        self.make("daemon", "deaf", "unready", gateway={"ready": {"timeout_s": 60}})
        self.process = self.start()
        self.gateways(2)
        self.kill()

    def test_building(self):
        """The build's own children, also those that hide in a session of their own."""
        (self.folder / "project").mkdir()
        (self.project / "Makefile").write_text(
            "all: one two\none:\n\t@sleep 301 & setsid sleep 302 & wait\ntwo:\n\t@sleep 303\n")
        self.make(gateway={"build": ["make", "-j2"]})
        self.process = self.start()
        tiny.wait_until(lambda: len(self.running("sleep 30")) >= 3, what="the build's children")
        self.kill()

    def test_killed_run_is_tidied_by_the_next(self):
        self.kill_in_pass("live")
        work = self.project / ".tollgate" / "work"
        self.assertEqual(len(list(work.glob("run-*"))), 1)
        tiny.c_project(self.project)
        self.tollgate("bench", code=0, cwd=self.project)
        self.assertEqual(list(work.glob("run-*")), [])


class KeeperKilled(Leftovers):
    """Then tollgate itself has to find what is left."""

    def kill_keeper(self):
        for keeper in tiny.wait_until(lambda: self.running("__keep"), what="a keeper"):
            os.kill(keeper, signal.SIGKILL)
        self.assertEqual(self.process.wait(timeout=60), 4)
        self.assert_all_gone()

    def test_of_a_gateway(self):
        self.make("workers=2", "daemon", passes=PASSES["live"])
        self.process = self.start()
        self.gateways(4)
        time.sleep(0.3)
        self.kill_keeper()
        self.assertIn("was lost", (self.folder / "err").read_text())

    def test_of_a_build(self):
        self.make(gateway={"build": ["sh", "-c", "setsid sleep 301 & sleep 302"]})
        self.process = self.start()
        tiny.wait_until(lambda: len(self.running("sleep 30")) >= 2, what="the build's children")
        self.kill_keeper()


class Normal(Leftovers):
    """After a run that ended by itself, well or not."""

    ALL = {"live": {"replicates": 1, "pairs": 2}, "exact": {"replicates": 1, "rounds": 2},
           "alloc": {"replicates": 1, "rounds": 2}, "stacks": {"rounds": 2}}

    def end(self, code):
        self.process = self.start()
        self.assertEqual(self.process.wait(timeout=120), code, (self.folder / "err").read_text())
        self.assert_all_gone()

    def test_all_passes_with_workers(self):
        self.make("workers=2", passes=self.ALL)
        self.end(0)
        self.assertEqual(list((self.project / ".tollgate" / "work").glob("run-*")), [])

    def test_a_daemon_that_hears_nothing(self):
        self.make("daemon", "deaf", passes=self.ALL)
        self.end(0)

    def test_never_ready(self):
        self.make("daemon", "unready", gateway={"ready": {"timeout_s": 0.3}})
        self.end(4)

    def test_a_build_that_leaves_a_server(self):
        self.make(gateway={"build": [["sh", "-c", "setsid sleep 301 & exit 0"],
                                     ["cc", "-o", "gateway", "gateway.c"]]})
        self.end(0)

    def test_a_failed_build(self):
        self.make(gateway={"build": ["sh", "-c", "setsid sleep 301 & exit 1"]})
        self.end(4)


if __name__ == "__main__":
    unittest.main()
