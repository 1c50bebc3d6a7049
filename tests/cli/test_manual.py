"""The manual page and the completions say what the help says, and are what their readers take."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import test_help

BINARY = test_help.BINARY


def manual():
    return test_help.run("manual")[1]


def completions(shell):
    return test_help.run("completions", shell)[1]


def plain(roff):
    return roff.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")


def complete(*words):
    """What bash offers for the last of the words."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "tollgate.bash"
        script.write_text(completions("bash"))
        text = ('. "$1"; shift; COMP_WORDS=(tollgate "$@"); COMP_CWORD=$#; _tollgate; '
                'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", text, "bash", script, *words], cwd=folder,
                              capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split()


class Manual(unittest.TestCase):
    def test_every_command_and_option_is_there(self):
        page = plain(manual())
        for command in test_help.commands():
            part = page.split(f"\n.SS tollgate {command}\n")[1].split("\n.SS ")[0]
            for letter, name, argument in test_help.options(command):
                if name == "help":
                    continue
                row = (f"-{letter}, " if letter else "") + f"--{name}"
                self.assertIn(f"\n{row}{' ' + argument if argument else ''}\n", part)

    def test_exit_codes_are_those_of_the_help(self):
        codes = " ".join(test_help.overview().split("Exit codes: ")[1].split("\n\n")[0].split())
        page = plain(manual()).split(".SH EXIT STATUS\n")[1].split(".SH ")[0]
        for row in codes.rstrip(".").split(", "):
            code, _, meaning = row.partition(" ")
            if code.isdigit():
                self.assertIn(f".TP\n{code}\n{meaning}", page)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_formats_without_a_warning(self):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=manual(),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_no_line_is_taken_for_a_request(self):
        known = {".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi", ".RS", ".RE"}
        for line in manual().splitlines():
            if line.startswith((".", "'")):
                self.assertIn(line.split()[0], known, line)


class Completions(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(sorted(complete("")),
                         sorted(test_help.commands() + ["--help", "--version"]))
        self.assertEqual(complete("bas"), ["baseline"])

    def test_options(self):
        for command in test_help.commands():
            names = {f"--{name}" for _, name, _ in test_help.options(command)}
            self.assertEqual(set(complete(command, "--")), names, command)

    def test_what_an_option_takes(self):
        self.assertIn("terminal", complete("bench", "-O", ""))
        self.assertEqual(complete("bench", "--color", "a"), ["auto", "always"])
        self.assertEqual(complete("bench", "--progress", ""), ["auto", "live", "plain", "none"])
        self.assertEqual(complete("bench", "--seed", ""), [])

    def test_every_shell_has_every_option(self):
        for command in test_help.commands():
            for letter, name, _ in test_help.options(command):
                fish = f"__fish_seen_subcommand_from {command}' -l {name}"
                if name != "help":
                    self.assertIn(fish, completions("fish"))
                self.assertIn(f"--{name}[", completions("zsh"))

    def test_another_shell(self):
        code, out, err = test_help.run("completions", "tcsh")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("bash, zsh and fish", err)

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_bash_is_sound(self):
        done = subprocess.run(["shellcheck", "-s", "bash", "-S", "warning", "-"],
                              input=completions("bash"), capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
