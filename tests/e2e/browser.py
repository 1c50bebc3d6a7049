"""Pages in a browser: what is needed, and how its tests in tests/e2e/browser are run. `npm ci`
there installs the driver; the browser is Debian's."""

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "browser"
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")


def missing(package="playwright-core"):
    """Why no page can be opened, or None."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not os.access(CHROMIUM, os.X_OK):
        return "chromium is not installed"
    if not (FOLDER / "node_modules" / package).is_dir():
        return f"{package} is not installed; npm ci in tests/e2e/browser installs it"
    return None


def run(script, *arguments, timeout=300):
    """Runs a script of the folder; what it printed. A failure shows that."""
    done = subprocess.run(["node", str(FOLDER / script), *map(str, arguments)], cwd=FOLDER,
                          env=dict(os.environ, CHROMIUM=CHROMIUM), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"{script}: exit {done.returncode}\n{done.stdout}")
    return done.stdout
