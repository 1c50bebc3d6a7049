#!/usr/bin/env python3
"""The rules of the house that a compiler does not hold: which folder includes which, calls that are
banned, and no path of the machine that a file was written on. `includes.py FOLDER` prints each
breach with its place and exits 1 when there is one."""

import os
import re
import subprocess
import sys

# Which of our folders a folder may include; itself always.
MAY_INCLUDE = {
    "base": set(),
    "replay": {"base"},
    "baselines": {"base"},
    "insights": {"base", "baselines"},
    "reporters": {"base", "baselines", "insights"},
    "rig": {"base", "replay", "baselines", "insights", "reporters"},
    "rig/agent": set(),
}

# What rig's own sampler shares with the agent.
SHARED = {"rig/agent/wire.h"}

BANNED = "strcpy strcat sprintf strtok atoi system gmtime localtime".split()
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

# Homes, scratch folders and checkouts of whoever wrote the file. What a test makes up is not one.
MACHINE_PATH = re.compile(r"(?<![\w.$}-])/(?:root|home/[a-z][\w-]*|Users/[A-Za-z]\w*|work|workspace|"
                          r"tmp/bash_jobs[\w.]*)/[\w.-]+")

SOURCES = (".c", ".h")
SKIPPED_FOLDERS = {".git", ".tollgate", "node_modules", "__pycache__"}


def listed(root):
    """The files of the project: those that git knows or would add; outside git all."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], capture_output=True)
    if git.returncode == 0:
        names = sorted(set(git.stdout.decode("utf-8", "surrogateescape").split("\0")) - {""})
    else:
        names = sorted(os.path.relpath(os.path.join(folder, name), root)
                       for folder, below, files in os.walk(root) for name in files)
    return [name for name in names if os.path.isfile(os.path.join(root, name))
            and not SKIPPED_FOLDERS & set(name.split("/")) and not name.startswith("build")]


def house_folder(path):
    """The folder of the house that a path lies in, or None."""
    below = os.path.dirname(path)
    while below:
        if below in MAY_INCLUDE:
            return below
        below = os.path.dirname(below)
    return None


def without_comments_and_strings(text):
    """The same lines with comments and literals blanked."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text,
                  flags=re.S)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check_includes(path, text):
    folder = house_folder(path)
    if folder is None:
        return
    for match in INCLUDE.finditer(text):
        kind, name = match.groups()
        target = house_folder(name)
        place = f"{path}:{line_of(text, match.start(2))}"
        if kind == '"' and target is None:
            yield f'{place}: "{name}" is not written from the root of the project'
        elif target is None or target == folder or target in MAY_INCLUDE[folder]:
            continue
        elif not (name in SHARED and folder == "rig"):
            yield f"{place}: {folder} may not include {name}"


def check_calls(path, text):
    if house_folder(path) is None or path == "base/banned.h":
        return
    plain = without_comments_and_strings(text)
    for match in BANNED_CALL.finditer(plain):
        yield f"{path}:{line_of(plain, match.start())}: {match.group(1)} is banned"


def check_paths(path, text):
    for match in MACHINE_PATH.finditer(text):
        yield f"{path}:{line_of(text, match.start())}: {match.group()} is a path of one machine"


def breaches(root):
    for path in listed(root):
        with open(os.path.join(root, path), "rb") as file:
            data = file.read()
        if b"\0" in data[:8192]:
            continue
        text = data.decode("utf-8", "replace")
        if path != "tests/cli/includes.py" and path != "tests/cli/test_includes.py":
            yield from check_paths(path, text)
        if path.endswith(SOURCES):
            yield from check_includes(path, text)
            yield from check_calls(path, text)


def main():
    if len(sys.argv) != 2:
        print("usage: includes.py FOLDER", file=sys.stderr)
        return 2
    found = list(breaches(sys.argv[1]))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
