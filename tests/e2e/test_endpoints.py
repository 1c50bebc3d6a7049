"""Templates of all sources: which exchanges they take, what is inferred, what is frozen."""

import json
import random
import unittest

import rig
import tiny

OPENAPI = {"openapi": "3.0.3", "servers": [{"url": "https://api.example.com/v3"}],
           "paths": {"/pins/{pinId}": {"get": {"operationId": "getPin"}},
                     "/pins/mine": {"get": {}}}}


def bare(*targets, method="GET"):
    return [tiny.exchange(target, method=method) for target in targets]


class Endpoints(rig.Case):
    def corpus(self, exchanges, name="corpus.jsonl"):
        tiny.write_corpus(self.folder, exchanges, name=name)
        return name

    def config(self, endpoints):
        tiny.write_config(self.folder, {**tiny.default_config(), "endpoints": endpoints})

    def endpoints(self, *arguments, code=0):
        return self.tollgate("corpus", "endpoints", *arguments, code=code)

    def frozen(self, name="endpoints.json"):
        """Template and rule of each row."""
        return {row["template"]: row.get("rule") for row in
                rig.load(self.folder / name)["endpoints"]}

    def rows(self, text):
        """Template to (exchanges, what made it)."""
        lines = text.splitlines()
        return {line[20:]: (int(line.split()[0].replace(",", "")), below.strip().split(";")[0])
                for line, below in zip(lines, lines[1:])
                if line[:9].strip().replace(",", "").isdigit() and line[19] == " "}


class Inference(Endpoints):
    def test_a_corpus_without_templates_and_without_config(self):
        name = self.corpus(bare("/v3/users/me", "/v3/users/123", "/v3/users/7?full=1"))
        outcome = self.endpoints(name)
        self.assertEqual(self.rows(outcome.out), {
            "GET /v3/users/{id}": (2, "inferred: number"),
            "GET /v3/users/me": (1, "inferred: literal")})
        self.assertIn("/v3/users/123, /v3/users/7", outcome.out)
        self.assertIn("--freeze endpoints.json", outcome.out)

    def test_the_sample_corpus_gets_the_templates_that_its_config_has(self):
        """But for /users/me, which the config counts as a user and inference as a word."""
        exchanges = [json.loads(line) for line in
                     (rig.SOURCE / "fixtures/corpus.jsonl").read_text().splitlines()[1:]]
        for exchange in exchanges:
            del exchange["endpoint"]
        self.endpoints(self.corpus(exchanges), "--freeze", "endpoints.json")
        wanted = set(rig.load(rig.SOURCE / "fixtures/tollgate.json")["endpoints"])
        self.assertEqual(set(self.frozen()), wanted | {"GET /v3/users/me"})

    def test_the_order_of_the_corpus_does_not_matter(self):
        draw = random.Random(3)
        exchanges = bare(*[f"/shops/{draw.randrange(10**6):x}-{n}/items/{n % 7}"
                           for n in range(200)],
                         *[f"/tags/{chr(97 + n)}{'xyz'[n % 3]}tag" for n in range(26)])
        texts = []
        for number in range(3):
            draw.shuffle(exchanges)
            self.endpoints(self.corpus(exchanges), "--freeze", f"{number}.json")
            texts.append((self.folder / f"{number}.json").read_text())
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0], texts[2])
        self.assertIn("GET /tags/{name}", self.frozen("0.json"))

    def test_names_that_the_exchanges_have_come_first(self):
        name = self.corpus([tiny.exchange("/b/1", endpoint="GET /b/{which}"),
                            tiny.exchange("/b/2", endpoint="GET /b/{which}")])
        self.assertEqual(self.rows(self.endpoints(name).out),
                         {"GET /b/{which}": (2, "corpus: recorded")})


class Sources(Endpoints):
    def setUp(self):
        super().setUp()
        rig.dump(self.folder / "openapi.json", OPENAPI)
        self.corpus(bare("/v3/pins/9", "/v3/pins/mine", "/v3/boards/1", "/v3/boards/1/pins"))
        rig.dump(self.folder / "endpoints.json", {"schema_version": 1, "endpoints": [
            {"template": "GET /v3/pins/9", "rule": "literal"},
            {"template": "GET /v3/boards/{id}", "rule": "number"}]})
        self.config({"templates": ["GET /v3/boards/{board}/pins"], "openapi": "openapi.json",
                     "map": "endpoints.json"})

    def test_their_rank(self):
        self.assertEqual(self.rows(self.endpoints().out), {
            "GET /v3/boards/{board}/pins": (1, "config"),
            "GET /v3/pins/{pinId}": (1, "OpenAPI: getPin"),
            "GET /v3/pins/mine": (1, "OpenAPI"),
            "GET /v3/boards/{id}": (1, "map: number")})

    def test_a_request_is_told_what_it_belongs_to_and_what_else_matches(self):
        outcome = self.endpoints("--match", "GET /v3/pins/9", "--match", "/v3/pins/mine?x",
                                 "--match", "PUT /v3/pins/9", "--match", "/nowhere")
        self.assertEqual(outcome.out.splitlines(), [
            "GET /v3/pins/9",
            "  belongs to        GET /v3/pins/{pinId}  (OpenAPI: getPin)",
            "  is outranked      GET /v3/pins/9  (map: literal)",
            "GET /v3/pins/mine?x",
            "  belongs to        GET /v3/pins/mine  (OpenAPI)",
            "  is less concrete  GET /v3/pins/{pinId}  (OpenAPI: getPin)",
            "PUT /v3/pins/9",
            "  matches no template, and no request of the corpus is like it",
            "  another method    GET /v3/pins/{pinId}  (OpenAPI: getPin)",
            "GET /nowhere",
            "  matches no template, and no request of the corpus is like it"])

    def test_what_matches_none_is_shown_with_a_suggestion(self):
        self.corpus(bare("/v3/pins/9", "/v3/new/17", "/v3/new/18"))
        outcome = self.endpoints()
        self.assertIn("2 exchanges (66.7 %) match no template; these would take them:", outcome.out)
        self.assertEqual(self.rows(outcome.out)["GET /v3/new/{id}"], (2, "inferred: number"))
        self.assertIn("4 templates match no exchange", outcome.out)

    def test_the_program_uses_them(self):
        self.assertIn("4 exchanges of 4 endpoints",
                      self.tollgate("corpus", "validate", code=0).out)
        listed = self.tollgate("corpus", "list", code=0).out
        self.assertIn("GET /v3/pins/{pinId}", listed)

    def test_what_is_wrong_in_a_source_is_told_with_its_place(self):
        rig.dump(self.folder / "openapi.json", {"openapi": "3.0.0", "paths": {"/a": {"get": 7}}})
        outcome = self.endpoints(code=2)
        self.assertIn("openapi.json: paths./a.get: must be an object", outcome.err)

    def test_a_map_that_has_still_to_be_made(self):
        (self.folder / "endpoints.json").unlink()
        outcome = self.tollgate("corpus", "validate", code=2)
        self.assertIn("tollgate corpus endpoints --freeze", outcome.err)
        self.assertIn("1 added", self.endpoints("--freeze", "endpoints.json").out)
        self.tollgate("corpus", "validate", code=0)

    def test_an_import_comes_before_the_map(self):
        (self.folder / "endpoints.json").unlink()
        (self.folder / "targets.json").write_text("".join(
            json.dumps({"method": "GET", "url": f"http://a.example{target}"}) + "\n"
            for target in ("/v3/pins/9", "/x/1", "/x/2")))
        self.tollgate("import", "targets.json", "-o", "corpus.jsonl", code=0)
        self.assertIn("1 added", self.endpoints("--freeze", "endpoints.json").out)
        self.assertEqual(self.frozen(), {"GET /x/{id}": "number"})


class Freezing(Endpoints):
    def test_hand_edits_survive_and_only_new_templates_join(self):
        name = self.corpus(bare("/users/1", "/users/2", "/pins/pin-70003", "/feed"))
        self.assertIn("0 templates kept, 3 added",
                      self.endpoints(name, "--freeze", "endpoints.json").out)
        path = self.folder / "endpoints.json"
        edited = path.read_text().replace('"GET /users/{id}", "rule": "number"',
                                          '"GET /users/{user}", "note": "ours"')
        path.write_text(edited)
        self.corpus(bare("/users/1", "/users/me", "/pins/pin-70003", "/boards/9"))
        outcome = self.endpoints(name, "--freeze", "endpoints.json")
        self.assertIn("3 templates kept, 1 added", outcome.out)
        self.assertIn("1 of those kept match no exchange", outcome.out)
        added = '    {"template": "GET /boards/{id}", "rule": "number"},\n'
        self.assertEqual(path.read_text(), edited.replace("[\n", "[\n" + added))

    def test_it_is_told_when_an_added_template_takes_what_an_older_one_had(self):
        name = self.corpus(bare("/x/things/new", "/x/things/7"))
        rig.dump(self.folder / "endpoints.json", {"schema_version": 1, "endpoints": [
            {"template": "GET /x/{what}/new"}]})
        outcome = self.endpoints(name, "--freeze", "endpoints.json")
        self.assertIn("1 exchange of older templates now belong", outcome.out)
        self.corpus(bare("/x/things/new", "/x/things/7", "/y"))
        outcome = self.endpoints(name, "--freeze", "endpoints.json")
        self.assertIn("1 added", outcome.out)
        self.assertNotIn("older templates", outcome.out)

    def test_a_map_that_is_complete_is_left_alone(self):
        name = self.corpus(bare("/users/1"))
        self.endpoints(name, "--freeze", "endpoints.json")
        path = self.folder / "endpoints.json"
        before = path.stat()
        self.assertIn("1 template kept, 0 added",
                      self.endpoints(name, "--freeze", "endpoints.json").out)
        self.assertEqual((before.st_ino, before.st_mtime_ns),
                         (path.stat().st_ino, path.stat().st_mtime_ns))

    def test_what_the_config_has_is_not_written(self):
        self.corpus(bare("/a", "/b/1", "/c/1"))
        self.config({"templates": ["GET /a"], "map": "endpoints.json"})
        self.endpoints("--freeze", "endpoints.json")
        self.assertEqual(self.frozen(), {"GET /b/{id}": "number", "GET /c/{id}": "number"})
        self.assertIn("2 templates kept, 0 added", self.endpoints("--freeze", "endpoints.json").out)

    def test_another_map_than_the_configs_is_made_without_it(self):
        self.corpus(bare("/b/1"))
        self.config({"map": "endpoints.json"})
        self.endpoints("--freeze", "endpoints.json")
        self.endpoints("--freeze", "other.json")
        self.assertEqual(self.frozen("other.json"), self.frozen())

    def test_a_map_that_is_no_map_is_not_overwritten(self):
        name = self.corpus(bare("/a"))
        path = self.folder / "endpoints.json"
        path.write_text("{}")
        outcome = self.endpoints(name, "--freeze", "endpoints.json", code=2)
        self.assertIn('endpoints.json: "schema_version" is missing', outcome.err)
        self.assertEqual(path.read_text(), "{}")


class Bench(rig.Case):
    def test_a_frozen_map_names_the_endpoints_and_requests_their_variants(self):
        tree = tiny.python_project(
            self.folder / "tree", endpoints={"map": "endpoints.json"},
            exchanges=bare("/a", "/a?q=1", "/a?q=1&limit=2", "/b/1", "/b/2"))
        self.tollgate("corpus", "endpoints", "--freeze", "endpoints.json", cwd=tree, code=0)
        self.tollgate("bench", "--baseline", "none", "--allow-inconclusive", "-o", "run.json",
                      cwd=tree, code=0)
        found = {endpoint["endpoint"]: {variant["variant"]
                                        for variant in endpoint.get("variants", [])}
                 for endpoint in rig.load(tree / "run.json")["endpoints"]}
        self.assertEqual(found, {"GET /a": {"plain", "q", "limit+q"}, "GET /b/{id}": set()})


class Mistakes(Endpoints):
    def test_of_the_command_line(self):
        name = self.corpus(bare("/a"))
        self.assertIn("takes a method and a target",
                      self.endpoints(name, "--match", "a b c", code=2).err)
        self.assertIn("No such file", self.endpoints("gone.jsonl", code=4).err)
        self.assertIn("takes no file", self.tollgate("corpus", "list", name, code=2).err)

    def test_hostile_text_is_made_safe(self):
        rig.dump(self.folder / "openapi.json", {"openapi": "3.0.0", "paths": {
            "/a\033[31m b": {"get": {}}, "/b": {"get": {"operationId": "x\033[31m"}}}})
        self.config({"openapi": "openapi.json"})
        self.corpus([*bare("/b"), {**tiny.exchange("/caf\u202eé"), "endpoint": "\u202e"}])
        outcome = self.endpoints()
        for hidden in ("\033", "\u202e"):
            self.assertNotIn(hidden, outcome.out + outcome.err)


class Variants(Endpoints):
    def listed(self):
        lines = self.tollgate("corpus", "list", code=0).out.splitlines()[1:]
        return {line.split("  ")[-1].strip(): int(line.split()[1]) for line in lines}

    def test_the_shape_of_a_request_is_its_variant_where_none_is_recorded(self):
        self.config(["GET /a", "POST /a"])
        posts = [{**tiny.exchange("/a", method="POST"), "body": json.dumps(body)}
                 for body in ({"x": 1}, {"x": 2}, {"x": 1, "y": 1}, {"x": "long" * 500})]
        self.corpus([*bare("/a", "/a?q=1", "/a?q=2", "/a?limit=1&q=2", "/a?q=1&limit=9"), *posts,
                     {**tiny.exchange("/a"), "variant": "mine"}])
        # plain, q, limit+q, mine; {x} and {x,y} of 256 B, {x} of 4 kB
        self.assertEqual(self.listed(), {"GET /a": 4, "POST /a": 3})


if __name__ == "__main__":
    unittest.main()
