"""The page: well-formed, alone, small, and working in a browser; and its plots, by gnuplot where it
is installed and by programs that only call themselves so."""

import copy
import os
import shutil
import unittest
import xml.etree.ElementTree as ElementTree

import browser
import rig

SAMPLE = rig.SOURCE / "fixtures/run/valid/explained.json"
HOSTILE = ["<img src=x onerror=document.title=1>", "</script><script>document.title=2</script>",
           "\u202egnp.exe\u202c \u2066x", "\u001b[31m\u0007\u009b", "]]>&amp;&#x3c;b>", "x" * 10240,
           "'\"`${document.title=3}", "`touch owned`", "$(touch owned)", "@0", "__proto__"]
HARMFUL_SVG = ("<svg viewBox='0 0 9 9' onload='document.title=4'><script>document.title=5</script>"
               "<image href='http://example.com/x'/><style>*{display:none}</style>"
               "<path d='M0,0 L9,9' stroke='black' style='x' onclick='document.title=6'/></svg>")


def fake_gnuplot(folder, script):
    folder.mkdir()
    program = folder / "gnuplot"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


class Html(rig.Case):
    def page(self, name, *arguments, run=None, **options):
        self.tollgate("report", run or self.sample_run(), "-O", f"html:{name}", *arguments,
                      code=0, **options)
        return self.folder / name

    @staticmethod
    def metrics(dearer):
        """Figures of both sides; the dearer one costs twice the instructions, a third more
        allocations, as its profile has them, and a tenth more time in each pair."""
        pairs = [0.1 * dearer + 0.002 * (number % 5 - 2) for number in range(16)]
        noise = [0.003 * (number % 3 - 1) for number in range(16)]
        count = 300000 if dearer else 150000
        return {"instructions": {"head": [count, count], "base": [150000, 150000]},
                "allocations": {"head": [40, 40] if dearer else [30, 30], "base": [30, 30]},
                "cpu_ns": {"head": [200000.0 + number for number in range(16)],
                           "base": [180000.0 + number for number in range(16)],
                           "log_ratio": pairs, "aa_log_ratio": noise}}

    def sample_run(self):
        return self.changed_run("sample.json", lambda run: None)

    def changed_run(self, name, change):
        run = rig.load(SAMPLE)
        for number, endpoint in enumerate(run["endpoints"]):
            endpoint["metrics"] = self.metrics(number == 0)
        change(run)
        rig.dump(self.folder / name, run)
        return self.folder / name

    def sourced_run(self, text, path="gateway/feed.c"):
        """A run whose file with the dearest line has this text, in a repository."""
        rig.git(self.folder, "init", "--quiet", ".")
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
        name = rig.git(self.folder, "hash-object", "-w", "--no-filters", str(file)).strip()

        def change(run):
            for source in run["sources"]["head"]:
                if source["path"] == "gateway/feed.c":
                    source["hash"], source["path"] = name, path
            for profile in run["profiles"]["head"].values():
                profile["strings"] = [path if one == "gateway/feed.c" else one
                                      for one in profile["strings"]]
        return self.changed_run("sourced.json", change)

    def hostile_run(self):
        """Each text of the profiles and each endpoint's name another one that means harm."""
        def change(run):
            turn = 0
            for side in run["profiles"].values():
                for profile in side.values():
                    for number in range(len(profile["strings"])):
                        profile["strings"][number] = HOSTILE[turn % len(HOSTILE)] + str(turn)
                        turn += 1
            for number, endpoint in enumerate(run["endpoints"]):
                endpoint["endpoint"] = HOSTILE[number % len(HOSTILE)] + str(number)
            run["notes"] = list(HOSTILE)
            run["fingerprint"]["cpu_model"] = HOSTILE[0]
        return self.changed_run("hostile.json", change)

    def many_run(self, name, count, regressed):
        """Endpoints like the first, of which the first ones cost twice the instructions."""
        def change(run):
            model = run["endpoints"][0]
            run["endpoints"] = []
            for number in range(count):
                one = copy.deepcopy(model)
                one["endpoint"] = f"GET /v3/thing{number}"
                head = 100000 + 7 * number
                base = head / 2 if number < regressed else head
                one["metrics"] = {"instructions": {"head": [head, head], "base": [base, base]}}
                run["endpoints"].append(one)
            run["profiles"] = {"head": {}, "base": {}}
        return self.changed_run(name, change)

    def alone_run(self):
        def change(run):
            run["sides"]["base"] = None
            run["profiles"]["base"] = {}
            for endpoint in run["endpoints"]:
                for metric in endpoint["metrics"].values():
                    for key in ("base", "log_ratio", "aa_log_ratio"):
                        metric.pop(key, None)
        return self.changed_run("alone.json", change)

    def assert_stands_alone(self, path):
        """Well-formed also for readers of XML, whatever the names hold; nothing of elsewhere."""
        tree = ElementTree.parse(path)
        ids = [one.get("id") for one in tree.iter() if one.get("id")]
        self.assertEqual(len(ids), len(set(ids)))
        for one in tree.iter():
            for key in one.attrib:
                self.assertFalse(key.startswith("on") or key in ("src", "style"), (one.tag, key))
            if one.get("href") is not None:
                self.assertIn(one.get("href")[1:], ids)
        policy = next(one.get("content") for one in tree.iter("meta") if one.get("http-equiv"))
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("href=\"http", path.read_text())

    def test_page(self):
        path = self.page("sample.html")
        self.assert_stands_alone(path)
        text = path.read_text()
        for words in ("REGRESSED", "GET /v3/feed", "Sites that grew most", "rank_",
                      "Flame graph: CPU time", "Lines that no request reached"):
            self.assertTrue(words in text, words)
        self.assert_stands_alone(self.page("hostile.html", run=self.hostile_run()))
        self.assertFalse((self.folder / "owned").exists())
        self.assert_stands_alone(self.page("alone.html", run=self.alone_run()))

    def test_source_text(self):
        lines = [b"line number %d;" % (number + 1) for number in range(120)]
        lines[70] = b"\tdear(\"</td><script>document.title=7</script>\", \xff\x1b[31m);"
        run = self.sourced_run(b"\n".join(lines))
        path = self.page("sourced.html", run=run)
        self.assert_stands_alone(path)
        fault, dearest = [[["".join(cell.itertext()) for cell in row] for row in one.find("tbody")]
                          for one in ElementTree.parse(path).iter("table")
                          if one.get("class") == "source"][:2]
        self.assertEqual([row[0] for row in fault],
                         [*map(str, range(67, 72)), "", *map(str, range(72, 76))])
        self.assertEqual(fault[4][1:3], ["10", "0.01"])
        self.assertIn("dear(\"</td><script>", fault[4][3])
        self.assertRegex(fault[5][3], r"^▲ \+.* a request")
        self.assertIn(["60", "1090", "25", "line number 60;"], dearest)
        self.assertIn(["", "", "", "⋯"], dearest)
        # The work tree went on; git still has what was measured.
        (self.folder / "gateway/feed.c").write_bytes(b"other\n" * 120)
        self.assertEqual(self.page("later.html", run=run).read_bytes(), path.read_bytes())
        shutil.rmtree(self.folder / ".git")
        text = self.page("gone.html", run=run).read_text()
        self.assertNotIn('class="source"', text)
        self.assertEqual(text.count("Source text is not shown: "), 1)

    def test_source_text_of_elsewhere(self):
        """A run cannot have files shown that are not in the tree, though it knows their content."""
        secret = self.folder.with_name(self.folder.name + "-secret")
        self.addCleanup(secret.unlink)
        run = self.sourced_run(b"none of yours\n" * 100)
        shutil.rmtree(self.folder / ".git")
        (self.folder / "gateway/feed.c").rename(secret)
        (self.folder / "gateway/feed.c").symlink_to(secret)
        text = self.page("link.html", run=run).read_text()
        self.assertIn("Source text is not shown: ", text)
        self.assertNotIn("none of yours", text)
        for path in (f"../{secret.name}", str(secret), f"gateway/../../{secret.name}"):
            run.write_text(run.read_text().replace('"gateway/feed.c"', f'"{path}"'))
            refused = self.tollgate("report", run, "-O", "html:out.html", code=2)
            self.assertIn("must be a path below the tree's root", refused.err)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_history(self):
        """Of the versions that git has of the configured baseline; one that is no run is left
        out."""
        run = self.alone_run()
        known = dict(rig.load(run), corpus_hash="ab" * 32, config_hash="cd" * 32)
        rig.dump(run, known)
        tree = rig.make_repository(self.folder / "tree")
        store = tree / "fixtures/baselines/main.json"
        for number, factor in enumerate((1.0, 1.0, None, 1.5)):
            past = rig.load(run)
            past["created"] = f"2026-03-0{number + 1}T09:30:00Z"
            past["fingerprint"]["compiler"] = "gcc 9" if number == 0 else \
                past["fingerprint"]["compiler"]
            for endpoint in past["endpoints"]:
                figure = endpoint["metrics"]["instructions"]
                figure["head"] = [value * (factor or 1) for value in figure["head"]]
            rig.dump(store, past if factor else {"not": "a run"})
            rig.commit_all(tree)
        config = ("-c", tree / rig.CONFIG)
        tree = ElementTree.parse(self.page("history.html", *config, run=run))
        figures = ["".join(one.itertext()) for one in tree.iter("figure")]
        self.assertEqual(len(figures), 1)
        self.assertRegex(figures[0], "in the 4 versions of the baseline .* hollow: ")
        self.assertRegex(figures[0], r"GET /v3/feed: \S+ [kM] → 300.0 k, -\S+ %")
        self.assert_stands_alone(self.folder / "history.html")
        env = fake_gnuplot(self.folder / "bin", f"cat >{self.folder}/told; exit 1")
        self.page("told.html", *config, run=run, env=dict(os.environ, PATH=env["PATH"]))
        points = (self.folder / "told").read_text().split("$points << END\n")[1].split("END")[0]
        # Alike are the last two of the four that can be read, and the run itself.
        self.assertEqual(len(points.splitlines()), 3 * len(rig.load(run)["endpoints"]))
        self.page("bare.html", run=run)
        self.assertNotIn("History: ", (self.folder / "bare.html").read_text())

    def test_same_each_time(self):
        self.assertEqual(self.page("a.html").read_bytes(), self.page("b.html").read_bytes())

    def test_without_gnuplot(self):
        text = self.page("bare.html", env=dict(os.environ, PATH=str(self.folder))).read_text()
        self.assertIn("The plots are left out: ", text)
        self.assertNotIn('class="plot"', text)
        self.assertIn("How to read this", text)

    def test_gnuplot_that_fails(self):
        for number, (script, words) in enumerate((
                ("cat >/dev/null; echo bad >&2; exit 3", "exited with status 3: bad"),
                ("cat >/dev/null; echo hello", "not as expected"),
                ("exit 0", "not as expected"),
                ("cat >/dev/null; head -c 9000000 /dev/zero", "The plots are left out"),
                ("cat >/dev/null; kill -9 $$", "killed by signal 9"))):
            env = fake_gnuplot(self.folder / f"bin{number}", script)
            path = self.page(f"failed{number}.html", env=dict(os.environ, **env))
            self.assertIn(words, path.read_text())
            self.assert_stands_alone(path)

    def test_gnuplot_that_means_harm(self):
        (self.folder / "harm.svg").write_text(HARMFUL_SVG)
        env = fake_gnuplot(self.folder / "bin", f"cat >/dev/null; cat {self.folder}/harm.svg")
        path = self.page("harmed.html", env=dict(os.environ, **env))
        self.assert_stands_alone(path)
        self.assertIn('<path class="ink" d="M0,0 L9,9"/>', path.read_text())
        for bad in ("example.com", "document.title", "display:none}"):
            self.assertNotIn(bad, path.read_text())

    def test_gnuplot_is_told_numbers_only(self):
        env = fake_gnuplot(self.folder / "bin", f"cat >>{self.folder}/told; exit 1")
        self.page("told.html", run=self.hostile_run(), env=dict(os.environ, **env))
        told = (self.folder / "told").read_text()
        self.assertIn("plot ", told)
        for bad in ("touch", "img", "document", "xxxx", "`"):
            self.assertNotIn(bad, told)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_plots(self):
        tree = ElementTree.parse(self.page("sample.html"))
        plots = [one for one in tree.iter("svg") if one.get("class") == "plot"]
        self.assertGreaterEqual(len(plots), 1)
        self.assertIn("GET /v3/feed", "".join(plots[0].itertext()))
        self.assertGreater(len(list(plots[0].iter("circle"))), 0)

    @unittest.skipIf(browser.missing("axe-core"), browser.missing("axe-core"))
    def test_in_a_browser(self):
        self.page("sample.html", run=self.sourced_run(b"a line;\n" * 120))
        self.page("hostile.html", run=self.hostile_run())
        self.page("alone.html", run=self.alone_run())
        self.page("many.html", run=self.many_run("many.json", 40, 10))
        self.page("huge.html", run=self.many_run("huge.json", 3000, 0))
        print(browser.run("html.mjs", self.folder), end="", flush=True)


if __name__ == "__main__":
    unittest.main()
