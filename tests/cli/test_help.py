"""What the program says of itself: each help as it was agreed, and true. After a change of the words,
`TOLLGATE_UPDATE_GOLDEN=1 python3 -m unittest test_help` writes the transcripts anew."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = Path(os.environ.get("TOLLGATE_SOURCE", HERE.parents[1]))
BINARY = Path(os.environ.get("TOLLGATE_BINARY", SOURCE / "build" / "tollgate")).resolve()
GOLDEN = HERE / "golden"
UPDATE = os.environ.get("TOLLGATE_UPDATE_GOLDEN") == "1"

OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z][a-z-]*)(?: (\S+))?(?:  |$)")


def run(*words):
    """In an empty folder, in a pipe, without the terminal's settings: code, stdout, stderr."""
    env = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
           if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([BINARY, *words], cwd=folder, env=dict(env, LC_ALL="C.UTF-8"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def overview():
    return run("--help")[1]


def commands():
    listing = overview().split("Commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in listing.splitlines()]


def help_of(command):
    return run(command, "--help")[1]


def options(command):
    """The rows of the help: (letter or None, name, what it takes or None)."""
    part = help_of(command).split("\nOptions:\n")[1].split("\nExamples:\n")[0]
    return [match.groups() for match in map(OPTION.match, part.splitlines()) if match]


def examples(command):
    """The command lines of the examples, each as a list of its programs' words."""
    part = help_of(command).split("\nExamples:\n")[1]
    for line in part.splitlines():
        if line.startswith("      "):
            words = shlex.split(line, comments=True)
            while words:
                ends = [i for i, word in enumerate(words) if word in ("&&", "|", ";", ">")]
                end = ends[0] if ends else len(words)
                if words[:end] and words[0] == "tollgate":
                    yield words[1:end]
                words = words[end + 1:]


class Help(unittest.TestCase):
    maxDiff = None

    def agrees(self, name, text):
        path = GOLDEN / f"help-{name}.txt"
        if UPDATE:
            path.write_text(text)
        self.assertTrue(path.exists(), f"no {path.name}; write it with TOLLGATE_UPDATE_GOLDEN=1")
        self.assertEqual(text, path.read_text())

    def test_overview(self):
        code, out, err = run("--help")
        self.assertEqual((code, err), (0, ""))
        self.agrees("overview", out)
        self.assertGreaterEqual(len(commands()), 5)

    def test_each_command(self):
        for command in commands():
            with self.subTest(command=command):
                code, out, err = run(command, "--help")
                self.assertEqual((code, err), (0, ""))
                self.agrees(command, out)
                self.assertEqual(run("help", command), (0, out, ""))
                self.assertEqual(run(command, "-h"), (0, out, ""))

    def test_no_transcript_of_a_command_that_is_gone(self):
        known = {"overview", *commands()}
        for path in GOLDEN.glob("help-*.txt"):
            self.assertIn(path.stem[len("help-"):], known)

    def test_lines_fit(self):
        for text in (overview(), *map(help_of, commands())):
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)
                self.assertEqual(line, line.rstrip())

    def test_each_option_is_taken(self):
        """--help beside it ends the command before it does anything."""
        for command in commands():
            known = options(command)
            self.assertIn(("h", "help", None), known)
            for letter, name, argument in known:
                value = [] if argument is None else ["1"]
                for form in [f"--{name}"] + ([f"-{letter}"] if letter else []):
                    with self.subTest(command=command, option=form):
                        code, _, err = run(command, form, *value, "--help")
                        self.assertEqual((code, err), (0, ""))

    def test_an_argument_is_needed(self):
        for command in commands():
            for _, name, argument in options(command):
                if argument is None:
                    continue
                with self.subTest(command=command, option=name):
                    code, out, err = run(command, f"--{name}")
                    self.assertEqual((code, out), (2, ""))
                    self.assertIn("needs an argument", err)

    def test_examples_are_true(self):
        for command in commands():
            given = list(examples(command))
            self.assertTrue(given, f"{command} has no example")
            for words in given:
                with self.subTest(example=words):
                    self.assertIn(words[0], commands())
                    code, _, err = run(*words, "--help")
                    self.assertEqual((code, err), (0, ""))


class Mistakes(unittest.TestCase):
    def refused(self, *words):
        code, out, err = run(*words)
        self.assertEqual((code, out), (2, ""), err)
        self.assertTrue(err.startswith("tollgate: "), err)
        self.assertEqual(err.count("\n"), 1, err)
        return err

    def test_no_command(self):
        code, out, _ = run()
        self.assertEqual(code, 2)
        self.assertEqual(out, overview())

    def test_unknown_command(self):
        for typed, meant in (("benhc", "bench"), ("comprae", "compare"), ("reprot", "report")):
            self.assertIn(f'did you mean "{meant}"?', self.refused(typed))
        self.assertNotIn("did you mean", self.refused("zzzzzzzzzz"))
        self.refused("--bench")
        self.refused("")

    def test_unknown_option(self):
        for command in commands():
            with self.subTest(command=command):
                err = self.refused(command, "--zzz")
                self.assertIn("--zzz", err)
                self.assertIn(f"tollgate {command} --help", err)
                self.assertIn("-Z", self.refused(command, "-Z"))

    def test_nearest_option(self):
        self.assertIn('did you mean "--passes"?', self.refused("bench", "--pases", "live"))
        self.assertIn('did you mean "--explain"?', self.refused("compare", "--explian=x", "a"))

    def test_too_many_words(self):
        self.refused("bench", "word")
        self.refused("compare", "a", "b", "c")
        self.refused("compare")

    def test_version(self):
        code, out, err = run("--version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^tollgate \d+\.\d+\.\d+\S*\n$")


if __name__ == "__main__":
    unittest.main()
