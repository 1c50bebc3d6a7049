"""includes.py finds what it is there for: each rule broken once in a small tree."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKER = Path(__file__).resolve().parent / "includes.py"


class Includes(unittest.TestCase):
    def check(self, files):
        """Runs the checker over a tree of these files: (exit code, what it printed)."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, "-B", str(CHECKER), folder], text=True,
                                  capture_output=True,
                                  env=dict(os.environ, GIT_CEILING_DIRECTORIES=folder))
            return done.returncode, done.stdout

    def expect(self, name, text, words):
        code, out = self.check({name: text})
        self.assertEqual(code, 1 if words else 0, out)
        self.assertEqual(out.count("\n"), 1 if words else 0, out)
        if words:
            self.assertIn(words, out)

    def test_folders(self):
        refused = [("base/a.c", "replay/corpus.h"), ("base/a.h", "baselines/run.h"),
                   ("replay/a.c", "baselines/run.h"), ("replay/a.c", "rig/bench.h"),
                   ("baselines/a.c", "replay/corpus.h"), ("baselines/a.c", "reporters/json.h"),
                   ("insights/a.c", "reporters/json.h"), ("reporters/a.c", "rig/config.h"),
                   ("reporters/a.c", "replay/corpus.h"), ("rig/agent/a.c", "base/buffer.h"),
                   ("rig/agent/a.c", "rig/bench.h"), ("rig/a.c", "rig/agent/slots.h")]
        for path, name in refused:
            with self.subTest(path=path, name=name):
                self.expect(path, f'/* x */\n#include "{name}"\n', f"{path}:2: ")

    def test_allowed(self):
        allowed = [("replay/a.c", "base/error.h"), ("baselines/a.c", "baselines/run.h"),
                   ("insights/a.c", "baselines/run.h"), ("reporters/a.c", "insights/cost.h"),
                   ("rig/a.c", "replay/corpus.h"), ("rig/a.c", "rig/agent/wire.h"),
                   ("rig/agent/a.c", "rig/agent/wire.h"), ("tests/unit/a.c", "rig/bench.h")]
        for path, name in allowed:
            with self.subTest(path=path, name=name):
                self.expect(path, f'#include <stdio.h>\n#include "{name}"\n', None)

    def test_from_the_root(self):
        self.expect("base/a.c", '#include "buffer.h"\n', "not written from the root")

    def test_banned_calls(self):
        for call in ("strcpy(a, b)", "sprintf (a, b)", "system(a)", "localtime(&t)", "atoi(a)"):
            with self.subTest(call=call):
                self.expect("rig/a.c", f"int x;\nvoid f(void) {{ {call}; }}\n", "a.c:2: ")
        for text in ('/* strcpy(a) */', 'const char *a = "system(x)";', "snprintf(a, 1, b);",
                     "localtime_r(&t, &b);", "a->system(x);", "file_system(x);"):
            with self.subTest(text=text):
                self.expect("rig/a.c", text + "\n", None)

    def test_machine_paths(self):
        user, root = "/ho" + "me/ada/x.c", "/ro" + "ot/.cache"
        for path, text in (("README.md", f"see {user}\n"), ("x.py", f"open('{root}')\n"),
                           ("rig/a.c", f"/* {root} */\n"), ("x.json", f'{{"a": "{user}"}}\n')):
            with self.subTest(path=path):
                self.expect(path, text, "path of one machine")
        for text in ("https://example.com/ho" + "me/page/x", "${folder}/wo" + "rk/logs",
                     ".tollgate/wo" + "rk/base", "/usr/bin/python3"):
            with self.subTest(text=text):
                self.expect("README.md", text + "\n", None)


if __name__ == "__main__":
    unittest.main()
