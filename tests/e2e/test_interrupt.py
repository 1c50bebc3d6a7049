"""Ctrl-C, SIGTERM and the progress line: stops at once, exit 130, nothing left, nothing half-written."""

import os
import pty
import select
import signal
import subprocess
import time
import unittest

import rig
import tiny
from test_leftovers import PASSES, Leftovers


class Interrupted(Leftovers):
    """The run would take minutes; it must end within seconds of the signal."""

    SECONDS = 20

    def assert_stopped(self):
        self.assertEqual(self.process.wait(timeout=self.SECONDS), 130,
                         (self.folder / "err").read_text())
        self.assert_all_gone()
        self.assertEqual(list((self.project / ".tollgate" / "work").glob("run-*")), [],
                         "the work folder is not tidy")
        self.assertIn("interrupted", (self.folder / "err").read_text())
        self.assertEqual((self.folder / "out").read_text(), "")

    def interrupt_in(self, name, number, *options):
        self.make("deaf", *options, passes=PASSES[name], gateway={"stop_timeout_s": 60})
        old = self.project / "old.json"
        old.write_text("old\n")
        self.process = self.start("-o", "old.json", "-O", "json:new.json")
        self.gateways()
        time.sleep(0.4)
        self.process.send_signal(number)
        self.assert_stopped()
        self.assertEqual(old.read_text(), "old\n")
        self.assertEqual({path.name for path in self.project.glob("*.json*")},
                         {"tollgate.json", "corpus.jsonl", "old.json"}, "half-written files")

    def test_live(self):
        self.interrupt_in("live", signal.SIGINT)

    def test_exact(self):
        self.interrupt_in("exact", signal.SIGINT)

    def test_alloc(self):
        self.interrupt_in("alloc", signal.SIGINT)

    def test_lines(self):
        self.interrupt_in("lines", signal.SIGINT)

    def test_sites(self):
        self.interrupt_in("sites", signal.SIGINT)

    def test_stacks(self):
        self.interrupt_in("stacks", signal.SIGINT)

    def test_sigterm(self):
        self.interrupt_in("live", signal.SIGTERM, "workers=2")

    def test_sighup(self):
        self.interrupt_in("live", signal.SIGHUP)

    def test_readiness(self):
        self.make("daemon", "deaf", "unready",
                  gateway={"ready": {"timeout_s": 60}, "stop_timeout_s": 60})
        self.process = self.start()
        self.gateways(2)
        self.process.send_signal(signal.SIGINT)
        self.assert_stopped()

    def test_readiness_by_a_path_that_hangs(self):
        tiny.python_project(self.project, "def answer(method, target):\n    time.sleep(99)\n",
                            gateway={"ready": {"path": "/up", "timeout_s": 60},
                                     "env": {"MARKER": None}})
        self.process = self.start()
        tiny.wait_until(lambda: self.running("gateway.py"), what="the gateway")
        time.sleep(0.4)
        self.process.send_signal(signal.SIGINT)
        self.assert_stopped()

    def test_request_that_hangs(self):
        tiny.python_project(self.project, "def answer(method, target):\n    time.sleep(99)\n",
                            gateway={"request_timeout_s": 60, "env": {"MARKER": None}})
        self.process = self.start()
        tiny.wait_until(lambda: self.running("gateway.py"), what="the gateway")
        time.sleep(0.4)
        self.process.send_signal(signal.SIGINT)
        self.assert_stopped()

    def test_build(self):
        self.make(gateway={"build": ["sh", "-c", "setsid sleep 301 & trap '' INT TERM; sleep 302"]})
        self.process = self.start()
        tiny.wait_until(lambda: len(self.running("sleep 30")) >= 2, what="the build's children")
        self.process.send_signal(signal.SIGINT)
        self.assert_stopped()


class Terminal(Leftovers):
    """tollgate in the foreground of a terminal of its own."""

    def start_on_terminal(self, *arguments, env=None):
        controlling, terminal = pty.openpty()
        self.addCleanup(os.close, controlling)
        self.terminal = controlling
        kept = rig.environment(env)
        if env is None:
            kept.pop("CI", None)
        self.process = subprocess.Popen(
            [str(rig.BINARY), "bench", *arguments], cwd=self.project, stdin=terminal,
            stdout=terminal, stderr=terminal, start_new_session=True,
            env={**kept, "MARKER": self.marker, "TERM": "xterm"},
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0))
        os.close(terminal)
        self.addCleanup(tiny.kill_group, self.process)
        self.shown = b""

    def read(self, seconds):
        """What the terminal was shown; False at its end."""
        if select.select([self.terminal], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.terminal, 65536)
            except OSError:
                return False
        return True

    def read_until(self, wanted, seconds=30):
        end = time.monotonic() + seconds
        while wanted not in self.shown:
            self.assertTrue(time.monotonic() < end and self.read(0.1), self.shown)

    def read_to_end(self, seconds=60):
        end = time.monotonic() + seconds
        while self.read(0.1):
            self.assertLess(time.monotonic(), end, self.shown)
        return self.process.wait(timeout=seconds)

    def test_control_c_after_the_line_was_drawn(self):
        self.make("workers=2", passes=PASSES["alloc"])
        self.start_on_terminal()
        self.read_until(b"alloc pass  ")
        os.write(self.terminal, b"\x03")
        self.assertEqual(self.read_to_end(20), 130, self.shown)
        self.assert_all_gone()
        drawn = self.shown.rindex(b"alloc pass  ")
        self.assertIn(b"\r\x1b[K", self.shown[drawn:], "the line was left on the screen")
        self.assertIn(b"interrupted", self.shown[drawn:])

    def test_line_counts_and_is_cleared(self):
        self.make("spin=1000000", passes={**PASSES["alloc"], "alloc": {"replicates": 60}})
        self.start_on_terminal()
        self.assertEqual(self.read_to_end(), 0, self.shown)
        self.assertRegex(self.shown, rb"\r\x1b\[Kalloc pass  \d+/\d+  about \d+ s left")
        self.assertNotIn(b"tollgate: alloc pass", self.shown)
        last = self.shown.rindex(b"s left")
        self.assertTrue(self.shown[last + 6:].startswith(b"\r\x1b[K"), self.shown[last:])

    def test_nothing_is_drawn_within_the_first_second(self):
        self.make()
        self.start_on_terminal()
        self.assertEqual(self.read_to_end(), 0, self.shown)
        self.assertNotIn(b"live pass  ", self.shown)

    def test_none_is_silent(self):
        self.make()
        self.start_on_terminal("--progress=none", "-o", "run.json", "-O", "json:report.json")
        self.assertEqual(self.read_to_end(), 0, self.shown)
        self.assertEqual(self.shown, b"")

    def test_ci_gets_plain_lines(self):
        self.make()
        self.start_on_terminal(env={"CI": "true"})
        self.assertEqual(self.read_to_end(), 0, self.shown)
        self.assertIn(b"tollgate: live pass: ", self.shown)


class Pipe(Leftovers):
    def test_plain_lines(self):
        self.make()
        outcome = self.tollgate("bench", code=0, cwd=self.project)
        self.assertRegex(outcome.err, r"(?m)^tollgate: building the head: \d+\.\d s$")
        self.assertRegex(outcome.err, r"(?m)^tollgate: live pass: 1 replicates?, \d+ requests, .* s$")
        self.assertNotIn("\x1b", outcome.err + outcome.out)
        self.assertNotIn("\r", outcome.err + outcome.out)

    def test_none_is_silent(self):
        self.make()
        outcome = self.tollgate("bench", "--progress=none", code=0, cwd=self.project)
        self.assertEqual(outcome.err, "")


# The base classes came along with the import; their tests run where they are written.
del Leftovers

if __name__ == "__main__":
    unittest.main()
