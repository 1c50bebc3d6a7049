"""rig/config.schema.json says of the fixtures what the program says of them."""

import json
import unittest

import jsonschema

import rig

FIXTURES = rig.SOURCE / "fixtures" / "config"

# Rules that a schema has no words for: what is no JSON, and templates that contradict each other.
BEYOND_SCHEMAS = {"not-json-cut", "not-json-comma", "not-json-empty", "not-utf8", "key-twice",
                  "corpus-nul", "endpoint-twin", "endpoint-half-variable", "endpoints-map-gone",
                  "nested-too-deep", "capture-twice", "inject-rule-unknown-capture",
                  "inject-rule-template", "inject-rule-path-of-all", "inject-rule-path-variable",
                  "inject-rule-add-query"}


class ConfigSchema(rig.Case):
    def setUp(self):
        super().setUp()
        schema = rig.load(rig.SOURCE / "rig" / "config.schema.json")
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def program_says(self, path):
        """Its exit code and words. Listing baselines reads the config and little else."""
        return rig.run(["baseline", "list", "-c", path], self.folder, timeout=30)

    def test_valid(self):
        paths = sorted((FIXTURES / "valid").glob("*.json"))
        self.assertGreaterEqual(len(paths), 5)
        for path in [*paths, rig.SOURCE / "fixtures" / "tollgate.json"]:
            with self.subTest(path.name):
                self.validator.validate(rig.load(path))
                self.assertEqual(self.program_says(path).code, 0, self.program_says(path))

    def test_invalid(self):
        paths = sorted((FIXTURES / "invalid").glob("*.json"))
        self.assertGreaterEqual(len(paths), 50)
        for path in paths:
            with self.subTest(path.name):
                outcome = self.program_says(path)
                self.assertEqual(outcome.code, 2, outcome)
                self.assertIn(path.name, outcome.err)
                if path.stem not in BEYOND_SCHEMAS:
                    self.assertFalse(self.validator.is_valid(json.loads(path.read_text())))

    def test_names_the_same_keys_as_the_program(self):
        """Each property of the schema is one that the program knows: it complains of others."""
        schema = self.validator.schema
        known = schema["properties"]["gate"]["properties"].keys()
        rows = schema["properties"]["gate"]["properties"]["endpoints"]["items"]["properties"].keys()
        self.assertEqual(known - {"alpha", "confidence", "endpoints"}, rows - {"match"})


if __name__ == "__main__":
    unittest.main()
