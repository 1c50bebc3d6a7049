"""What the end-to-end tests share: the program, source trees of their own, and a look at what runs."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("TOLLGATE_SOURCE", Path(__file__).resolve().parents[2]))
BINARY = Path(os.environ.get("TOLLGATE_BINARY", SOURCE / "build" / "tollgate")).resolve()
CONFIG = "fixtures/tollgate.json"

GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]

# A run must not be steered by the settings of whoever runs the tests.
STEERING = ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "GIT_DIR", "GIT_WORK_TREE")


class Outcome:
    """What a finished tollgate left: exit code (negative: signal), both streams as text."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        words = " ".join(str(word) for word in self.arguments)
        return f"{words}\nexit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def environment(extra=None):
    kept = {name: value for name, value in os.environ.items() if name not in STEERING}
    kept.update({name: str(value) for name, value in (extra or {}).items()})
    return kept


def start(arguments, cwd, env=None, **popen):
    """tollgate as a process to follow, interrupt or kill; the caller ends it."""
    popen.setdefault("stdout", subprocess.PIPE)
    popen.setdefault("stderr", subprocess.PIPE)
    popen.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([str(BINARY), *map(str, arguments)], cwd=cwd, env=environment(env),
                            text=True, errors="replace", **popen)


def run(arguments, cwd, timeout=180, env=None):
    """tollgate to its end; a hang is a failure that shows what was printed."""
    process = start(arguments, cwd, env)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s\n"
                             f"{Outcome(process.args, 'none', out, err)}") from None
    return Outcome(process.args, process.returncode, out, err)


def git(folder, *arguments):
    done = subprocess.run([*GIT, "-C", str(folder), *map(str, arguments)], check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, env=environment())
    if done.returncode != 0:
        raise AssertionError(f"git {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def source_files():
    """What belongs to the source tree, uncommitted changes included; all files outside git."""
    listed = subprocess.run(["git", "-C", str(SOURCE), "ls-files", "-co", "--exclude-standard", "-z"],
                            check=False, capture_output=True, env=environment())
    if listed.returncode == 0:
        return [name for name in listed.stdout.decode().split("\0") if name]
    return [str(path.relative_to(SOURCE)) for path in (SOURCE / "fixtures").rglob("*")
            if path.is_file()]


def commit_all(folder, message="state"):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


def make_repository(folder):
    """A git repository with the fixtures of the source tree as they are now, in one commit."""
    for name in source_files():
        if not name.startswith("fixtures/") or not (SOURCE / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(SOURCE / name, folder / name)
    git(folder, "init", "-q")
    (folder / ".gitignore").write_text(".tollgate/\nfixtures/gateway/build/\n")
    commit_all(folder)
    return folder


def load(path):
    return json.loads(Path(path).read_text())


def dump(path, value):
    Path(path).write_text(json.dumps(value, indent=2) + "\n")


def edit_config(tree, change, path=CONFIG):
    """Reads the config, lets `change` alter it in place, writes it back."""
    config = load(tree / path)
    change(config)
    dump(tree / path, config)


def endpoint_map(report):
    return {endpoint["endpoint"]: endpoint for endpoint in report["endpoints"]}


def processes_in(folder):
    """(pid, command line) of what runs in the folder, from it, or names it. Never ourselves."""
    folder = os.path.realpath(folder)
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            places = [os.readlink(f"/proc/{pid}/{link}") for link in ("cwd", "exe")]
        except OSError:
            continue  # gone, or another user's
        text = b" ".join(words).decode(errors="replace").strip()
        if state != "Z" and (folder in text or any(
                place == folder or place.startswith(folder + "/") for place in places)):
            found.append((int(pid), text))
    return found


def wait_until_none(folder, seconds=10):
    """What still runs in the folder once it had time to go."""
    end = time.monotonic() + seconds
    left = processes_in(folder)
    while left and time.monotonic() < end:
        time.sleep(0.05)
        left = processes_in(folder)
    return left


class Case(unittest.TestCase):
    """A test with a temporary folder, after which nothing may run in there."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tollgate-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.addCleanup(self.assert_nothing_runs)  # runs before the folder goes

    def assert_nothing_runs(self):
        left = wait_until_none(self.folder)
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(left, [], "processes were left behind")

    def tollgate(self, *arguments, code=None, cwd=None, **options):
        """Runs it in the test's folder; with `code`, that must be the exit code."""
        outcome = run(arguments, cwd or self.folder, **options)
        if code is not None:
            self.assertEqual(outcome.code, code, str(outcome))
        return outcome
