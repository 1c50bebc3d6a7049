"""What "redact" in tollgate.json says counts for import and for corpus check as well."""

import json

import rig
import tiny

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "user-7 of the lab"  # no shape tells that it is one


def har(*headers):
    return {"log": {"entries": [{
        "startedDateTime": "2026-01-01T00:00:00Z", "time": 1,
        "request": {"method": "GET", "url": "http://tiny.example/a", "httpVersion": "HTTP/1.1",
                    "headers": [{"name": name, "value": value} for name, value in headers]},
        "response": {"status": 200, "headers": [], "content": {"size": 2, "text": "/a"}}}]}}


class RedactConfig(rig.Case):
    def configure(self, **redact):
        tiny.write_config(self.folder, {**tiny.default_config(), "redact": redact})

    def imported(self, *options, env=None):
        """The request's fields as they are in the corpus."""
        rig.dump(self.folder / "a.har", har(("Authorization", "Bearer " + TOKEN),
                                            ("X-Colour", "ultramarine")))
        self.tollgate("import", "a.har", "-o", "corpus.jsonl", *options, code=0, env=env)
        line = (self.folder / "corpus.jsonl").read_text().splitlines()[1]
        return dict(json.loads(line)["headers"])

    def test_import(self):
        self.configure(names=["x-colour"], keep=["authorization"])
        fields = self.imported()
        self.assertEqual(fields["Authorization"], "Bearer " + TOKEN)
        self.assertNotEqual(fields["X-Colour"], "ultramarine")
        self.assertEqual(len(fields["X-Colour"]), len("ultramarine"))
        self.assertEqual(self.imported("--no-redact")["X-Colour"], "ultramarine")

    def test_key_of_the_environment(self):
        self.configure(names=["x-colour"], key_env="LAB_KEY")
        first = self.imported(env={"LAB_KEY": KEY})
        self.assertEqual(self.imported(env={"LAB_KEY": KEY}), first)
        self.assertNotEqual(self.imported(env={"LAB_KEY": KEY[::-1]}), first)
        (self.folder / "key").write_text(KEY + "\n")
        self.assertEqual(self.imported("--redact-key-file", "key", env={"LAB_KEY": KEY[::-1]}), first,
                         "the option comes before the config")
        outcome = self.tollgate("import", "a.har", "-o", "x.jsonl", code=2, env={"LAB_KEY": "short"})
        self.assertIn("LAB_KEY", outcome.err)

    def test_corpus_check(self):
        self.configure(names=["x-colour"])
        self.imported("--no-redact")
        found = self.tollgate("corpus", "check", code=2)
        self.assertIn("request header Authorization", found.out)
        self.assertIn("request header X-Colour", found.out)
        self.configure(names=["x-colour"], keep=["authorization"])
        found = self.tollgate("corpus", "check", code=2)
        self.assertNotIn("Authorization", found.out)
        self.assertIn("request header X-Colour", found.out)
        self.tollgate("corpus", "check", "--keep", "x-colour", code=0)
