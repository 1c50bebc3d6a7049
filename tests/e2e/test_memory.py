"""tollgate's own memory does not grow with the bodies of the corpus."""

import json
import threading
import time
import unittest
from pathlib import Path

import rig

EXCHANGES = 200_000
LIMIT_KIB = 200 * 1024


def peak_kib(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines()
                 if line.startswith("VmHWM:")), 0)


class Memory(rig.Case):
    def write_corpus(self, path):
        """The sample's short exchanges over and over, each with an id of its own: under 200 MB."""
        lines = (rig.SOURCE / "fixtures/corpus.jsonl").read_text().splitlines()
        short = [line for line in lines[1:] if len(line) < 900]
        self.assertGreater(len(short), 10)
        with path.open("w") as file:
            file.write(lines[0] + "\n")
            for number in range(EXCHANGES):
                line = short[number % len(short)]
                name = json.loads(line)["id"] if number < len(short) else None
                file.write(line if name else line.replace('"id":"x', f'"id":"y{number}-', 1))
                file.write("\n")
        self.assertLess(path.stat().st_size, 200_000_000)

    def test_two_hundred_thousand_exchanges(self):
        tree = rig.make_repository(self.folder / "tree")
        self.write_corpus(tree / "fixtures/corpus.jsonl")
        rig.edit_config(tree, lambda config: config.update(
            passes={"live": {"replicates": 2, "pairs": 20}}))
        process = rig.start(["bench", "-c", rig.CONFIG, "--baseline", "none", "--passes", "live",
                             "-O", "json:report.json", "-o", "run.json"], tree)
        peaks = [0]

        def watch():
            while process.poll() is None:
                peaks.append(max(peaks[-1], peak_kib(process.pid)))
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            out, err = process.communicate(timeout=240)
        finally:
            process.kill()
            watcher.join()
        self.assertEqual(process.returncode, 0, out + err)
        report = rig.load(tree / "report.json")
        self.assertEqual(sum(one["requests"] for one in report["endpoints"]), EXCHANGES)
        print(f"peak resident: {max(peaks) / 1024:.1f} MiB", flush=True)
        self.assertGreater(max(peaks), 1024)
        self.assertLess(max(peaks), LIMIT_KIB)


if __name__ == "__main__":
    unittest.main()
