"""Runs the steps of a workflow's job or of a composite action as GitHub's runner does, as far as ours
need it: expressions, `if`, `env`, outputs, PATH, and the actions of others by what they do to files."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import rig

try:
    import yaml
except ImportError:  # Debian: python3-yaml
    yaml = None

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.S)
TOKEN = re.compile(r"\s*(==|!=|&&|\|\||\(|\)|!|'(?:[^']|'')*'|[\w.*-]+(?:\([^)]*\))?)")


def load(path):
    """As YAML 1.2 has it: "on" is a word and no truth."""
    class Loader(yaml.SafeLoader):
        pass
    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
        for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    return yaml.load(Path(path).read_text(), Loader)


def look_up(contexts, name):
    value = contexts
    for part in name.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value


def condition(text, contexts):
    """`a == 'b' && (c || !d)`; anything else is a mistake of the test's."""
    text = re.sub(r"^\s*\$\{\{(.*)\}\}\s*$", r"\1", text, flags=re.S)
    words, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if not match:
            raise AssertionError(f"a condition that the test does not know: {text}")
        words.append(match[1])
        at = match.end()

    def value():
        word = words.pop(0)
        if word == "(":
            inner = either()
            assert words.pop(0) == ")"
            return inner
        if word == "!":
            return not value()
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        return {"true": True, "false": False}.get(word, look_up(contexts, word))

    def equal():
        left = value()
        while words and words[0] in ("==", "!="):
            same = words.pop(0) == "=="
            left = (str(left).lower() == str(value()).lower()) == same
        return left

    def both():
        left = equal()
        while words and words[0] == "&&":
            words.pop(0)
            right = equal()
            left = left and right
        return left

    def either():
        left = both()
        while words and words[0] == "||":
            words.pop(0)
            right = both()
            left = left or right
        return left

    result = either()
    assert not words, text
    return bool(result)


def fill(text, contexts):
    return EXPRESSION.sub(lambda match: str(look_up(contexts, match[1].strip())), str(text))


def read_outputs(path):
    """The two forms of GITHUB_OUTPUT, as strictly as the runner reads them."""
    found, lines = {}, path.read_text().splitlines()
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        name, mark, rest = re.match(r"([^=<]*)(<<|=)(.*)", line).groups()
        if mark == "<<":
            end = lines.index(rest)
            found[name], lines = "\n".join(lines[:end]), lines[end + 1:]
        else:
            found[name] = rest
    return found


class Failed(AssertionError):
    pass


class Runner:
    """A machine with a checkout. `store` is what outlives it: caches and artifacts."""

    def __init__(self, folder, checkout, store, github=None, env=None, stubs=None):
        self.folder, self.checkout, self.store = Path(folder), Path(checkout), Path(store)
        self.temp = self.folder / "temp"
        for path in (self.temp, self.store / "cache", self.store / "artifacts"):
            path.mkdir(parents=True, exist_ok=True)
        self.contexts = {"github": {"token": "", **(github or {})},
                         "runner": {"temp": str(self.temp), "os": "Linux"}, "env": {}}
        self.env = env or {}
        self.path = [str(stubs)] if stubs else []
        self.log = []
        self.used = []
        self.summary = self.temp / "summary"
        self.summary.touch()

    def run_action(self, path, inputs=None, name="action"):
        """Its outputs. Raises Failed where a step fails."""
        action = load(Path(path) / "action.yml")
        declared = action.get("inputs", {})
        given = {each: fill(about.get("default", ""), self.contexts)
                 for each, about in declared.items()}
        for each in inputs or {}:
            assert each in declared, f"{path} has no input {each}"
        given.update(inputs or {})
        contexts = {**self.contexts, "inputs": given, "steps": {}}
        try:
            self.run_steps(action["runs"]["steps"], contexts, Path(path))
        finally:
            self.outputs = {each: fill(about["value"], contexts)
                            for each, about in action.get("outputs", {}).items()}
        return self.outputs

    def run_steps(self, steps, contexts, action=None):
        failed = None
        for number, step in enumerate(steps):
            if failed and "always()" not in step.get("if", ""):
                continue
            if "if" in step and not condition(step["if"].replace("always()", "true"), contexts):
                continue
            outputs = {}
            try:
                outputs = self.run_step(step, contexts, action, number)
                outcome = "success"
            except Failed as problem:
                outcome = "failure"
                outputs = getattr(problem, "outputs", {})
                if not step.get("continue-on-error"):
                    failed = problem
            contexts["steps"][step.get("id", f"step{number}")] = {"outputs": outputs,
                                                                 "outcome": outcome}
        if failed:
            raise failed

    def run_step(self, step, contexts, action, number):
        if "uses" in step:
            return self.use(step, contexts)
        output, path = self.temp / f"output{number}", self.temp / f"path{number}"
        script = self.temp / f"step{number}.sh"
        output.write_text("")
        path.write_text("")
        assert not EXPRESSION.search(step["run"]), "outside text becomes part of a script"
        script.write_text(step["run"])
        env = {name: value for name, value in os.environ.items()
               if name not in rig.STEERING and not name.startswith(("GITHUB_", "RUNNER_", "CI"))}
        env.update(RUNNER_TEMP=str(self.temp), RUNNER_OS="Linux", RUNNER_ARCH="X64",
                   GITHUB_OUTPUT=str(output), GITHUB_PATH=str(path),
                   GITHUB_STEP_SUMMARY=str(self.summary), GITHUB_ACTIONS="true",
                   GITHUB_WORKSPACE=str(self.checkout), **self.env)
        if action:
            env["GITHUB_ACTION_PATH"] = str(action)
        env.update({name: fill(value, contexts) for name, value in step.get("env", {}).items()})
        env["PATH"] = ":".join([*self.path, env["PATH"]])
        shell = {"sh": ["sh", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
                 None: ["bash", "-e"]}[step.get("shell")]
        done = subprocess.run([*shell, str(script)], cwd=self.checkout, env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=200)
        self.log.append((step.get("name", step["run"]), done.returncode, done.stdout, done.stderr))
        self.path = path.read_text().split("\n")[:-1] + self.path
        outputs = read_outputs(output)
        if done.returncode != 0:
            problem = Failed(f"{step.get('name')}: exit {done.returncode}\n{self.text()}")
            problem.outputs, problem.code = outputs, done.returncode
            raise problem
        return outputs

    def text(self):
        return "\n".join(f"--- {name}: {code}\n{out}{err}" for name, code, out, err in self.log)

    def use(self, step, contexts):
        settings = {name: fill(value, contexts) for name, value in step.get("with", {}).items()}
        name = step["uses"].split("@")[0]
        self.used.append((name, settings))
        if name == "actions/cache":
            return self.restore(settings)
        if name == "actions/upload-artifact":
            shutil.copy2(settings["path"], self.store / "artifacts" / settings["name"])
            return {}
        if name == "actions/download-artifact":
            source = self.store / "artifacts" / settings["name"]
            if not source.exists():
                raise Failed("there is no such artifact")
            Path(settings["path"]).mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, Path(settings["path"]) / "run.json", follow_symlinks=False)
            return {}
        raise AssertionError(f"an action that the test does not know: {step['uses']}")

    def restore(self, settings):
        """Restores now; save_caches is what the runner does behind the last step."""
        kept = self.store / "cache" / hashlib.sha256(settings["key"].encode()).hexdigest()
        paths = settings["path"].split()
        self.caches = getattr(self, "caches", []) + [(kept, paths)]
        for number, path in enumerate(paths):
            source = kept / str(number)
            if source.exists():
                shutil.copytree(source, path, symlinks=True, dirs_exist_ok=True)
        return {"cache-hit": "true" if kept.exists() else ""}

    def save_caches(self):
        for kept, paths in getattr(self, "caches", []):
            for number, path in enumerate(paths):
                if not kept.exists() or not (kept / str(number)).exists():
                    if Path(path).is_dir():
                        shutil.copytree(path, kept / str(number), symlinks=True)
