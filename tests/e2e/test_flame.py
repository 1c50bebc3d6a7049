"""The flame graph: a page that is well-formed and stands alone, and that works in a browser."""

import json
import unittest
import xml.etree.ElementTree as ElementTree

import browser
import rig

SAMPLE = rig.SOURCE / "fixtures/run/valid/explained.json"
HOSTILE = ["<img src=x onerror=document.title=1>", "</script><script>document.title=2</script>",
           "\u202egnp.exe\u202c \u2066x", "\u001b[31m\u0007\u009b", "]]>&amp;&#x3c;b>", "x" * 10240,
           "'\"`${document.title=3}", "", " ", "__proto__", "constructor"]


class Flame(rig.Case):
    def page(self, name, *arguments, run=SAMPLE):
        self.tollgate("report", run, "-O", f"flame:{name}", *arguments, code=0)
        return self.folder / name

    def hostile_run(self):
        """Each text of the profiles another one that means harm."""
        run = rig.load(SAMPLE)
        turn = 0
        for side in run["profiles"].values():
            for profile in side.values():
                for number in range(len(profile["strings"])):
                    profile["strings"][number] = HOSTILE[turn % len(HOSTILE)] + str(turn)
                    turn += 1
        rig.dump(self.folder / "hostile.json", run)
        return self.folder / "hostile.json"

    def assert_stands_alone(self, path):
        """Well-formed also for readers of XML, whatever the names hold; no address of elsewhere."""
        tree = ElementTree.parse(path)
        for one in tree.iter():
            for key in ("src", "href", "style", "onclick", "onload"):
                self.assertNotIn(key, one.attrib)
        self.assertNotIn("http://", path.read_text().replace("http://www.w3.org/2000/svg", ""))
        self.assertNotIn("https://", path.read_text())

    def test_page(self):
        path = self.page("sample.html")
        self.assert_stands_alone(path)
        self.assert_stands_alone(self.page("hostile.html", run=self.hostile_run()))
        scripts = ElementTree.parse(path).iter("script")
        data = next(one for one in scripts if one.get("id") == "data")
        self.assertEqual([tree["kind"] for tree in json.loads(data.text)["trees"]],
                         ["cpu", "alloc", "lines"])

    def test_same_each_time(self):
        self.assertEqual(self.page("a.html").read_bytes(), self.page("b.html").read_bytes())

    @unittest.skipIf(browser.missing(), browser.missing())
    def test_in_a_browser(self):
        self.page("sample.html")
        self.page("hostile.html", run=self.hostile_run())
        self.page("one-endpoint.html", "--endpoint", "GET /v3/f*")
        run = rig.load(SAMPLE)
        run["profiles"]["base"] = {}
        rig.dump(self.folder / "one-side.json", run)
        self.page("one-side.html", run=self.folder / "one-side.json")
        print(browser.run("flame.mjs", self.folder), end="", flush=True)


if __name__ == "__main__":
    unittest.main()
