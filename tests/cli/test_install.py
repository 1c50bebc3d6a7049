"""What is installed works from where it was put."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import test_help

BUILD = test_help.BINARY.parent


@unittest.skipUnless((BUILD / "cmake_install.cmake").exists() and shutil.which("cmake"),
                     "not in a build folder")
class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def run_program(self, *words):
        return subprocess.run(words, cwd=self.root, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=100)

    def test_installed(self):
        done = self.run_program("cmake", "--install", BUILD, "--prefix", self.root / "usr")
        self.assertEqual(done.returncode, 0, done.stderr)
        program = self.root / "usr/bin/tollgate"
        self.assertEqual(self.run_program(program, "--version").stdout,
                         test_help.run("--version")[1])
        page = self.root / "usr/share/man/man1/tollgate.1"
        self.assertEqual(page.read_text(), test_help.run("manual")[1])
        for shell, path in (("bash", "bash-completion/completions/tollgate"),
                            ("zsh", "zsh/site-functions/_tollgate"),
                            ("fish", "fish/vendor_completions.d/tollgate.fish")):
            script = self.root / "usr/share" / path
            self.assertEqual(script.read_text(), test_help.run("completions", shell)[1])
        self.assertTrue((self.root / "usr/share/tollgate/config.schema.json").exists())
        self.assertTrue((self.root / "usr/lib/tollgate/tollgate-agent.so").exists())

    @unittest.skipUnless(shutil.which("cpack") and shutil.which("dpkg-shlibdeps"),
                         "cpack or dpkg-dev is not installed")
    def test_package(self):
        done = self.run_program("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB",
                                "-D", "CPACK_INSTALL_CMAKE_PROJECTS="
                                f"{BUILD};tollgate;ALL;/", "-B", self.root / "package")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        packages = list((self.root / "package").glob("*.deb"))
        self.assertEqual(len(packages), 1)
        listing = self.run_program("dpkg-deb", "-c", packages[0]).stdout
        for path in ("./usr/bin/tollgate", "./usr/lib/tollgate/tollgate-agent.so",
                     "./usr/share/man/man1/tollgate.1"):
            self.assertIn(path, listing)
        control = self.run_program("dpkg-deb", "-f", packages[0], "Depends").stdout
        self.assertIn("libcurl4", control)


if __name__ == "__main__":
    unittest.main()
