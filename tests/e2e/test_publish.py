"""tollgate publish github, against a server that behaves like GitHub's API and has its errors."""

import json
import re
import signal
import unittest

import github_stub as stub
import rig
import tiny

EXPLAINED = rig.SOURCE / "fixtures/run/valid/explained.json"
MARKER = '<!-- tollgate:{"key":"default"'
LINE = 71  # of gateway/feed.c, in rank_score, which begins at 58


def metrics(head, base):
    return {"instructions": {"head": [head, head], "base": [base, base], "missing": None}}


def make_run(change=1.5):
    """A run with a profile, whose feed got dearer by `change`."""
    run = rig.load(EXPLAINED)
    run["endpoints"][0]["metrics"] = metrics(200000 * change, 200000)
    run["endpoints"][1]["metrics"] = metrics(100000, 100000)
    feed = run["profiles"]["head"]["lines"]["endpoints"][0]
    cost, = [each for each in feed["costs"] if each[0] == 6]  # the node of LINE
    cost[1] += 200000 * (change - 1)
    cost[3] = cost[1]
    return run


def patch(first, count):
    lines = "".join(f"\n+line {i}" for i in range(count))
    return {"filename": "gateway/feed.c", "status": "modified",
            "patch": f"@@ -{first},0 +{first},{count} @@ static int x(void){lines}"}


class Publish(rig.Case):
    def setUp(self):
        super().setUp()
        server = stub.Server()
        self.server = server.__enter__()
        self.addCleanup(server.__exit__)
        self.github = server.github
        self.github.changed = [{"filename": "README.md", "status": "modified", "patch": "@@ -1 +1 @@"},
                               {"filename": "gone.c", "status": "removed"}, patch(LINE - 1, 3)]
        self.event({"pull_request": {"number": 7, "head": {"sha": stub.HEAD}}})
        self.write_run(make_run())

    def write_run(self, run):
        rig.dump(self.folder / "run.json", run)

    def event(self, event):
        rig.dump(self.folder / "event.json", event)

    def environment(self, **changes):
        settings = {"GITHUB_API_URL": self.server.url, "GITHUB_TOKEN": stub.TOKEN,
                    "GITHUB_REPOSITORY": stub.REPOSITORY, "GITHUB_GRAPHQL_URL": "",
                    "GITHUB_SERVER_URL": "", "GITHUB_RUN_ID": "",
                    "GITHUB_EVENT_PATH": self.folder / "event.json", "RUNNER_TEMP": self.folder}
        settings.update(changes)
        return settings

    def publish(self, *options, code=0, env=None, run="run.json"):
        outcome = self.tollgate("publish", "github", run, *options, code=code,
                                env=self.environment(**(env or {})))
        self.assertNotIn(stub.TOKEN, outcome.out + outcome.err)
        self.assertEqual(list(self.folder.glob("tollgate-base-*")), [])
        return outcome

    def ours(self):
        return [comment for comment in self.github.comments
                if comment["user"]["login"] == stub.BOT and comment["body"].startswith(MARKER)]


class Comment(Publish):
    def test_three_pushes_one_comment(self):
        """Regressed, mended, unchanged."""
        for _ in range(5):  # pages before ours
            self.github.add_comment("ada", "hello")
        self.publish()
        first = self.ours()
        self.assertEqual(len(first), 1)
        self.assertIn("REGRESSED", first[0]["body"])
        self.assertIn("GET /v3/feed", first[0]["body"])
        self.write_run(make_run(0.8))
        outcome = self.publish()
        self.assertIn("updated the comment: https://github.example/c/", outcome.out)
        self.assertIn("IMPROVED", self.ours()[0]["body"])
        self.write_run(make_run(1.0))
        self.publish()
        self.assertEqual(len(self.ours()), 1)
        self.assertEqual(self.ours()[0]["id"], first[0]["id"])
        self.assertIn("PASSED", self.ours()[0]["body"])
        self.assertLess(len(self.ours()[0]["body"].splitlines()), 4)
        self.assertEqual(len(self.github.sent("POST", "/comments")), 1)

    def test_the_same_again_changes_nothing(self):
        self.publish()
        before = len(self.github.sent("POST")) + len(self.github.sent("PATCH"))
        self.ours()[0]["body"] = self.ours()[0]["body"].replace("\n", "\r\n")
        outcome = self.publish()
        self.assertIn("says so already", outcome.out)
        graphql = 1  # asks whose the token is
        self.assertEqual(len(self.github.sent("POST")) + len(self.github.sent("PATCH")),
                         before + graphql)

    def test_a_planted_comment_is_left_alone(self):
        planted = self.github.add_comment("mallory", MARKER + "} -->\nPASSED")
        self.publish()
        self.assertEqual(planted["body"], MARKER + "} -->\nPASSED")
        self.assertEqual(len(self.ours()), 1)

    def test_our_own_comment_that_only_quotes_the_marker(self):
        quoting = self.github.add_comment(stub.BOT, "> " + MARKER)
        self.publish()
        self.assertEqual(quoting["body"], "> " + MARKER)
        self.assertEqual(len(self.ours()), 1)

    def test_a_key_of_its_own(self):
        self.publish()
        self.publish("--key", "edge")
        bodies = sorted(comment["body"][:40] for comment in self.github.comments)
        self.assertEqual(len(bodies), 2)
        self.assertIn('"key":"edge"', bodies[1])
        self.assertEqual({check["name"] for check in self.github.checks},
                         {"tollgate", "tollgate edge"})

    def test_a_person_s_token(self):
        self.github.user = "Ada"
        self.github.add_comment("ada", MARKER + "} -->\nold")  # logins have no case
        self.publish()
        self.assertEqual(len(self.github.comments), 1)
        self.assertIn("REGRESSED", self.github.comments[0]["body"])
        self.assertEqual(self.github.sent("POST", "graphql"), [])

    def test_nobody_says_whose_the_token_is(self):
        self.github.viewer = None
        outcome = self.publish(code=4)
        self.assertIn("--author", outcome.err)
        self.publish("--author", stub.BOT)
        self.assertEqual(len(self.ours()), 1)

    def test_when(self):
        self.write_run(make_run(1.0))
        for when in ("regression", "change"):
            self.assertIn("nothing to comment", self.publish(f"--when={when}").out)
        self.write_run(make_run(0.5))
        self.publish("--when=regression")
        self.assertEqual(self.ours(), [])
        self.publish("--when=change")
        self.assertEqual(len(self.ours()), 1)
        self.write_run(make_run(1.0))
        self.publish("--when=regression")  # one that is there is always updated
        self.assertIn("PASSED", self.ours()[0]["body"])

    def test_deleted_while_we_look(self):
        old = self.github.add_comment(stub.BOT, MARKER + "} -->\nold")

        def delete(handler, _):
            self.github.comments.remove(old)
            return False
        self.github.faults = [stub.fine] * 40
        seen = []

        def watch(handler, body):
            if handler.command == "PATCH" and not seen:
                seen.append(1)
                return delete(handler, body)
            return False
        self.github.faults = [watch] * 60
        self.publish()
        self.assertEqual(seen, [1])
        self.assertEqual(len(self.ours()), 1)

    def test_may_not_comment(self):
        self.github.may_comment = False
        outcome = self.publish(code=4)
        self.assertIn("pull-requests: write", outcome.err)


class Check(Publish):
    def test_the_line_that_grew(self):
        self.publish()
        check, = self.github.checks
        self.assertEqual((check["conclusion"], check["status"], check["head_sha"]),
                         ("failure", "completed", stub.HEAD))
        self.assertIn("REGRESSED", check["output"]["title"])
        annotation, = check["annotations"]
        self.assertEqual((annotation["path"], annotation["start_line"], annotation["end_line"],
                          annotation["annotation_level"]),
                         ("gateway/feed.c", LINE, LINE, "failure"))
        self.assertIn("GET /v3/feed", annotation["title"])
        self.assertIn(f"gateway/feed.c:{LINE}", annotation["message"])

    def test_a_line_that_the_diff_does_not_show_is_at_its_function(self):
        self.github.changed = [patch(LINE + 1, 10)]
        self.publish()
        annotation, = self.github.checks[0]["annotations"]
        self.assertEqual(annotation["start_line"], 58)
        self.assertIn(f"Line {LINE}", annotation["message"])

    def test_no_line_is_said(self):
        run = make_run()
        del run["profiles"], run["sources"]
        self.write_run(run)
        self.publish()
        check, = self.github.checks
        self.assertEqual(check["annotations"], [])
        self.assertIn("1 finding without an annotation", check["output"]["summary"])

    def test_batches_of_fifty(self):
        for count, sizes in ((49, [49]), (50, [50]), (51, [50, 1]), (100, [50, 50])):
            with self.subTest(count=count):
                self.github.checks.clear()
                self.github.requests.clear()
                self.write_run(many_lines(count))
                self.github.changed = [patch(1, 4000)]
                self.publish()
                sent = self.github.sent("POST", "/check-runs") + self.github.sent(
                    "PATCH", "/check-runs")
                self.assertEqual([len(body["output"]["annotations"]) for body in sent], sizes)
                self.assertEqual([body["status"] for body in sent],
                                 ["in_progress"] * (len(sizes) - 1) + ["completed"])
                lines = {each["start_line"] for each in self.github.checks[0]["annotations"]}
                self.assertEqual(len(lines), count)

    def test_goes_on_where_it_ended(self):
        """The second batch is taken, and the answer lost."""
        self.write_run(many_lines(120))
        self.github.changed = [patch(1, 4000)]
        lost = []

        def lose(handler, body):
            if handler.command == "PATCH" and "check-runs" in handler.path and not lost:
                lost.append(1)
                return stub.done_but_cut(handler, body)
            return False
        self.github.faults = [lose] * 100
        self.publish()
        check, = self.github.checks
        self.assertEqual(lost, [1])
        self.assertEqual(check["status"], "completed")
        self.assertEqual(len(check["annotations"]), 120)

    def test_may_not_write_checks(self):
        self.github.may_check = False
        outcome = self.publish()
        self.assertIn("checks: write", outcome.err)
        self.assertEqual(len(self.ours()), 1)
        self.assertEqual(self.github.checks, [])

    def test_limits_of_four_hundred_regressions(self):
        run = many_lines(500)
        for endpoint in run["endpoints"]:
            endpoint["endpoint"] += "/" + "x" * 150
        for side in run["profiles"].values():
            for endpoint in side["lines"]["endpoints"]:
                endpoint["endpoint"] += "/" + "x" * 150
        for endpoint in run["endpoints"][400:]:
            endpoint["metrics"] = metrics(1000, 1000)
        self.write_run(run)
        self.github.changed = [patch(1, 4000)]
        self.publish("--details-url", "https://x.example/" + "y" * 380)
        body = self.ours()[0]["body"]
        self.assertLessEqual(len(body), 65536)
        self.assertGreater(len(body), 30000)
        check, = self.github.checks
        self.assertEqual(len(check["annotations"]), 400)
        self.assertLessEqual(len(check["output"]["summary"]), 65535)
        for annotation in check["annotations"]:
            self.assertLessEqual(len(annotation["title"]), 255)
        self.publish("--details-url", "javascript:x", code=2)

    def test_conclusions(self):
        for change, conclusion in ((1.0, "success"), (0.5, "success"), (2.0, "failure")):
            self.write_run(make_run(change))
            self.publish()
            self.assertEqual(self.github.checks[-1]["conclusion"], conclusion)

    def test_no_check(self):
        self.publish("--no-check")
        self.assertEqual((len(self.ours()), self.github.checks), (1, []))


def many_lines(count):
    """As many endpoints, each dearer by a line of its own."""
    run = make_run()
    names = [f"GET /v3/e{i}" for i in range(count)]
    run["endpoints"] = [{**run["endpoints"][0], "endpoint": name} for name in names]
    for side, instructions in (("head", 300000), ("base", 200000)):
        profile = run["profiles"][side]["lines"]
        profile.update(strings=["f", "gateway/feed.c", "gateway"], calls=[], error_nodes=[],
                       frames=[[0, 1, 10 + i, 2, 1] for i in range(count)],
                       nodes=[[-1, i] for i in range(count)],
                       endpoints=[{"endpoint": name, "requests": 10, "calls": [],
                                   "costs": [[i, instructions, 1, instructions]]}
                                  for i, name in enumerate(names)])
        profile.pop("calls")
    run["sources"] = {side: [{"path": "gateway/feed.c", "hash": "1" * 40, "functions": [["f", 5, 3000]],
                              "lines": [[10, count]]}] for side in ("head", "base")}
    return run


class PullRequest(Publish):
    def workflow_run(self, **changes):
        run = {"event": "pull_request", "head_sha": stub.HEAD, "head_branch": "topic",
               "head_repository": {"full_name": "fork/gateway"}, "pull_requests": [],
               "html_url": "https://github.example/octo/gateway/actions/runs/5"}
        run.update(changes)
        self.event({"workflow_run": run})

    def test_of_a_fork_is_found_by_its_branch(self):
        self.github.pull["head"]["repo"]["full_name"] = "fork/gateway"
        self.workflow_run()
        self.publish()
        self.assertEqual(len(self.ours()), 1)
        self.assertIn("(https://github.example/octo/gateway/actions/runs/5)", self.ours()[0]["body"])
        looked = [path for _, path, _ in self.github.requests if "/pulls?" in path]
        self.assertIn("head=fork%3Atopic", looked[0])

    def test_of_another_repository_with_the_same_branch(self):
        self.workflow_run()  # the pull request's head is of the repository itself
        outcome = self.publish()
        self.assertIn("no open pull request", outcome.out)
        self.assertEqual(self.github.comments, [])

    def test_named_by_the_event(self):
        self.workflow_run(pull_requests=[{"number": 3, "head": {"sha": "c" * 40}},
                                         {"number": 7, "head": {"sha": stub.HEAD}}])
        self.publish()
        self.assertEqual(len(self.ours()), 1)

    def test_has_moved_on(self):
        self.workflow_run(pull_requests=[{"number": 7, "head": {"sha": "c" * 40}}],
                          head_sha="c" * 40)
        self.assertIn("moved on", self.publish().out)
        self.event({"pull_request": {"number": 7, "head": {"sha": "d" * 40}}})
        self.assertIn("moved on", self.publish().out)
        self.assertEqual((self.github.comments, self.github.checks), ([], []))

    def test_closed(self):
        self.github.pull["state"] = "closed"
        self.assertIn("closed", self.publish().out)
        self.assertEqual(self.github.comments, [])

    def test_other_events(self):
        self.workflow_run(event="push")
        self.assertIn("no pull request", self.publish().out)
        self.event({"ref": "refs/heads/main"})
        self.assertIn("no pull request", self.publish().out)

    def test_by_number(self):
        (self.folder / "event.json").unlink()
        self.publish("--pull-request", "7")
        self.assertEqual(len(self.ours()), 1)
        outcome = self.publish("--pull-request", "8", code=4)
        self.assertIn("404", outcome.err)

    def test_events_that_are_none(self):
        for event, words in (([], "JSON object"),
                             ({"pull_request": {"number": "7"}}, "pull_request.number"),
                             ({"pull_request": {"number": 7, "head": {"sha": "main"}}}, "head.sha"),
                             ({"pull_request": 7}, "pull_request"),
                             ({"workflow_run": {"event": "pull_request", "head_sha": "--x"}},
                              "head_sha")):
            with self.subTest(event=event):
                self.event(event)
                self.assertIn(words, self.publish(code=2).err)
        self.assertEqual(self.github.requests, [])


class Terms(Publish):
    """What is judged by is the base commit's."""

    def config(self, **more):
        config = {"gateway": {"start": ["x", "${port}"]}, "corpus": "corpus.jsonl",
                  "endpoints": ["GET /v3/feed", "GET /v3/users/{id}"], **more}
        return json.dumps(config)

    def test_thresholds(self):
        self.github.files = {
            "tollgate.json": self.config(gate={"instructions": {"relative": 0.9}})}
        self.publish()
        self.assertEqual(self.github.checks[0]["conclusion"], "success")

    def test_owners(self):
        self.github.files = {"ci/tollgate.json": self.config(),
                             ".github/CODEOWNERS": "/gateway/ @octo/feed-team\n"}
        self.publish("--config-path", "ci/tollgate.json")
        self.assertIn("feed-team", self.ours()[0]["body"])

    def test_no_config_there(self):
        self.publish()
        self.assertIn("the base commit has no tollgate.json", self.ours()[0]["body"])

    def test_files_that_the_config_names(self):
        self.github.files = {
            "ci/tollgate.json": self.config(endpoints={"openapi": "../api/openapi.json"},
                                            cost={"requests": "requests.csv"}),
            "api/openapi.json": json.dumps({"openapi": "3.0.0", "info": {"title": "x", "version": "1"},
                                            "paths": {"/v3/feed": {"get": {"x-owner": "feeders"}}}}),
            "ci/requests.csv": "endpoint,requests\nGET /v3/feed,1000\n"}
        self.publish("--config-path", "ci/tollgate.json")
        self.assertIn("feeders", self.ours()[0]["body"])

    def test_a_config_that_is_wrong(self):
        self.github.files = {"tollgate.json": '{"gatewy": {}}'}
        self.assertIn('the base commit\'s tollgate.json: unknown key "gatewy"',
                      self.publish(code=2).err)
        self.publish("--config", "none")
        self.assertEqual(len(self.ours()), 1)

    def test_a_path_that_leaves_the_tree(self):
        for path in ("../tollgate.json", "/etc/passwd", "a/../../b"):
            self.assertIn("--config-path", self.publish("--config-path", path, code=2).err)
        self.github.files = {"tollgate.json": self.config(endpoints={"openapi": "../../../etc/x"})}
        self.publish(code=4)
        self.assertFalse([path for _, path, _ in self.github.requests if "etc" in path])

    def test_trailers_of_the_commits(self):
        def commit(message):
            return {"sha": "e" * 40, "commit": {"message": message, "author": {"name": "Ada"}}}
        accepted = "GET /v3/feed instr +60% because it ranks now"
        self.github.commits = [commit("One\n\nText.\n"), commit("Two"), commit(
            f"Rank\n\nWhy.\n\nSigned-off-by: Ada\nTollgate-Accept: {accepted}\n")]
        self.publish()
        self.assertEqual(self.github.checks[0]["conclusion"], "success")
        self.assertIn("ranks now", self.ours()[0]["body"])
        self.github.commits[2] = commit(f"Rank\n\nTollgate-Accept: {accepted}\n\nThe end.")
        self.publish()
        self.assertEqual(self.github.checks[1]["conclusion"], "failure")


class Errors(Publish):
    def test_bad_token(self):
        outcome = self.publish(code=4, env={"GITHUB_TOKEN": "ghs_wrong"})
        self.assertIn("401", outcome.err)
        self.assertNotIn("ghs_wrong", outcome.err)

    def test_limits_and_failures_pass(self):
        for fault in (stub.failing(500), stub.failing(502), stub.cut, stub.slow(0.2),
                      stub.failing(429, "slow down", [("Retry-After", "1")]),
                      stub.failing(403, "You have exceeded a secondary rate limit",
                                   [("Retry-After", "1")]),
                      stub.limited_until_reset(1)):
            with self.subTest(fault=fault):
                self.github.comments.clear()
                self.github.faults = [fault]
                self.publish()
                self.assertEqual(len(self.ours()), 1)

    def test_a_wait_beyond_ours_is_said(self):
        for fault in (stub.failing(429, "slow down", [("Retry-After", "90")]),
                      stub.failing(403, "You have exceeded a secondary rate limit"),
                      stub.limited_until_reset(90)):
            self.github.faults = [fault]
            outcome = self.publish("--wait", "30", code=4)
            self.assertRegex(outcome.err, r"for (6|9)\d s.*--wait")

    def test_never_well(self):
        self.github.faults = [stub.failing(503, "Unicorn!")] * 10
        outcome = self.publish("--wait", "2", code=4)
        self.assertRegex(outcome.err, "503.*Unicorn!")

    def test_a_comment_is_not_created_twice(self):
        """It is there, but the answer was lost, or was none."""
        for lose in (stub.done_but_cut,):
            lost = []

            def fault(handler, body):
                if handler.command == "POST" and "comments" in handler.path and not lost:
                    lost.append(1)
                    return lose(handler, body)
                return False
            self.github.faults = [fault] * 60
            self.publish()
            self.assertEqual(lost, [1])
            self.assertEqual(len(self.ours()), 1)

    def test_another_host_never_gets_the_token(self):
        with stub.Server() as other:
            for url in (f"{other.url}/repos/x", "https://evil.example/", "//evil.example/", ""):
                self.github.faults = [stub.sent_on(url)]
                outcome = self.publish(code=4)
                self.assertIn("another host", outcome.err)
            self.assertEqual(other.github.requests, [])

    def test_a_renamed_repository_is_followed(self):
        self.github.faults = [stub.sent_on(f"{self.server.url}/repos/{stub.REPOSITORY}/pulls/7"),
                              stub.fine, stub.sent_on("/user", 307)]
        self.publish()
        self.assertEqual(len(self.ours()), 1)
        self.github.faults = [stub.sent_on("/x")] * 20
        self.assertIn("from one address to the next", self.publish(code=4).err)

    def test_pages_of_another_host_are_not_asked(self):
        with stub.Server() as other:
            def page(handler, _):
                handler.answer(200, [], [("Link", f'<{other.url}/x>; rel="next"')])
                return True
            self.github.faults = [stub.fine] * 3 + [page]
            self.assertIn("another host", self.publish(code=4).err)
            self.assertEqual(other.github.requests, [])

    def test_pages_without_end(self):
        self.github.broken_pages = True
        self.assertIn("pages", self.publish(code=4).err)

    def test_the_token_is_never_shown(self):
        self.github.faults = [stub.echo_token()]
        outcome = self.publish("--verbose", code=4)
        self.assertIn("you sent", outcome.err)  # and not what
        self.github.faults = []
        self.publish("--verbose")
        self.publish("--verbose", "--dry-run")

    def test_not_github(self):
        def page(handler, _):
            handler.answer(200, raw=b"<html>\x1b[31mhello</html>")
            return True
        self.github.faults = [page]
        outcome = self.publish(code=4)
        self.assertIn("GITHUB_API_URL", outcome.err)
        self.assertNotIn("\x1b", outcome.err)

    def test_settings_that_are_none(self):
        for env, words in (({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
                           ({"GITHUB_TOKEN": "a\r\nX-Evil: 1"}, "GITHUB_TOKEN holds"),
                           ({"GITHUB_REPOSITORY": "octo"}, "owner/name"),
                           ({"GITHUB_REPOSITORY": "octo/../x"}, "owner/name"),
                           ({"GITHUB_API_URL": "http://api.example"}, "in the clear"),
                           ({"GITHUB_API_URL": "ftp://x"}, "must be an address"),
                           ({"GITHUB_API_URL": "https://u@x"}, "must be an address"),
                           ({"GITHUB_EVENT_PATH": ""}, "--pull-request")):
            with self.subTest(env=env):
                self.assertIn(words, self.publish(code=2, env=env).err)
        self.assertIn("did you mean", self.tollgate("publish", "gihub", "run.json", code=2).err)
        self.assertEqual(self.github.requests, [])

    def test_interrupted_while_waiting(self):
        self.github.faults = [stub.failing(429, "slow down", [("Retry-After", "60")])]
        process = rig.start(["publish", "github", "run.json"], self.folder, self.environment())
        self.addCleanup(tiny.kill_group, process)
        tiny.wait_until(lambda: self.github.requests, what="the first request")
        tiny.wait_until(lambda: process.stderr.readline(), what="the word of waiting")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)


class Hostile(Publish):
    def test_what_is_no_run(self):
        for text in ("", "[]", "{}", '{"schema_version": 99}', "\xff", '{"schema_version": 1}'):
            (self.folder / "run.json").write_text(text, encoding="latin-1")
            outcome = self.publish(code=2)
            self.assertIn("run.json", outcome.err)
        self.assertEqual(self.github.requests, [])

    def test_names_do_no_harm(self):
        run = make_run()
        evil = "GET /@octo/all <img src=x> ](http://evil) \u202e\x1b[31m ::error::x --> `x` #1\n\n# x"
        text = json.dumps(run).replace('"GET /v3/feed"', json.dumps(evil))
        text = text.replace("rank_score", "<script>@octo\\n::set-output")
        self.write_run(json.loads(text))
        self.publish()
        body = self.ours()[0]["body"]
        outside = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", body.split("\n", 1)[1])
        for word in ("@octo", "<img", "<script", "](http", "#1\n", "\n# x"):
            self.assertNotIn(word, outside)
        for text in (body, json.dumps(self.github.checks[0], ensure_ascii=False)):
            self.assertNotRegex(text, "[\x1b\u202e]")

    def test_a_path_that_leaves_the_tree_is_no_annotation(self):
        run = make_run()
        del run["sources"]
        text = json.dumps(run).replace("gateway/feed.c", "../../etc/passwd")
        self.write_run(json.loads(text))
        self.publish()
        self.assertNotIn("passwd", json.dumps(self.github.checks[0]["annotations"]))


class DryRun(Publish):
    def test_sends_nothing(self):
        outcome = self.publish("--dry-run")
        self.assertIn("would send POST", outcome.out)
        self.assertIn("REGRESSED", outcome.out)
        self.assertIn(f'"start_line": {LINE}', outcome.out)
        self.assertEqual((self.github.comments, self.github.checks), ([], []))

    def test_without_a_token_nobody_is_asked(self):
        outcome = self.publish("--dry-run", env={"GITHUB_TOKEN": "", "GITHUB_REPOSITORY": "",
                                                 "GITHUB_EVENT_PATH": ""})
        self.assertIn("REGRESSED", outcome.out)
        self.assertIn("1 annotation", outcome.out)
        self.assertEqual(self.github.requests, [])


if __name__ == "__main__":
    unittest.main()
