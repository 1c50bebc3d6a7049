"""Lines and counts as tollgate reads them out of callgrind's dump are those of gcov, over the whole life
of the sample gateway with the same requests. It is built twice: what --coverage adds to the code has
source lines, too, and they are not those that it counts."""

import http.client
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

import rig

LINES_OF_DUMP = os.environ.get("TOLLGATE_LINES_OF_DUMP", rig.BINARY.parent / "lines_of_dump")
UPSTREAMS = ("users", "pins", "search")
EACH = 3  # exchanges of an endpoint: valgrind is slow, and so is --coverage

# gcov-dump: "...FUNCTION ..., `name' answer.c:10:6-16:1", then "block 3:`answer.c':108, 110".
FUNCTION = re.compile(r"FUNCTION .*`(?P<name>[^']*)' (?P<file>[^:]+):(?P<line>\d+):")
BLOCK = re.compile(r"block +\d+:(?P<lines>`.*)")


class StandIn(http.server.ThreadingHTTPServer):
    """Answers what the current exchange's upstream of this name answered."""

    daemon_threads = True

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Answer)
        self.name, self.answers = name, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = [call["response"] for call in self.server.answers
                if call["request"]["target"] == self.path
                and call["request"]["method"] == self.command]
        body = said[0].get("body", "").encode() if said else b"{}"
        head = (f"HTTP/1.1 {said[0]['status'] if said else 500} As recorded\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        self.wfile.write(head.encode() + body)  # at once: one read of the gateway's

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


def some_exchanges():
    """The first few of each endpoint, so that every handler runs."""
    lines = (rig.SOURCE / "fixtures/corpus.jsonl").read_text().splitlines()[1:]
    taken = {}
    for exchange in map(rig.json.loads, lines):
        taken.setdefault(exchange["endpoint"], []).append(exchange)
    return [exchange for several in taken.values() for exchange in several[:EACH]]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(port, exchange):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(exchange["method"], exchange["target"],
                           exchange.get("body", "").encode() or None, dict(exchange["headers"]))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def in_tree(name):
    """A source file of gcov's as the tree has it; None for those of the system."""
    return None if Path(name).is_absolute() else f"fixtures/gateway/{name}"


def gcov_counts(folder, build):
    """({(path, line): count}, {(path, first line of a function): count}, the lines that have a block
    that was not executed)."""
    lines, functions, partly = {}, {}, set()
    for notes in sorted(build.glob("*.gcno")):
        done = subprocess.run(["gcov", "-j", "-t", "-o", build, notes.with_suffix(".c").name],
                              cwd=folder, capture_output=True, text=True, check=True)
        for file in rig.json.loads(done.stdout)["files"]:
            path = in_tree(file["file"])
            for line in file["lines"] if path else ():
                place = path, line["line_number"]
                lines[place] = lines.get(place, 0) + line["count"]
                if line["unexecuted_block"]:
                    partly.add(place)
            for function in file["functions"] if path else ():
                functions[path, function["start_line"]] = function["execution_count"]
    return lines, functions, partly


def gcov_blocks(build):
    """{(path, line): basic blocks} by the notes that the compiler wrote."""
    found = {}
    for notes in sorted(build.glob("*.gcno")):
        done = subprocess.run(["gcov-dump", "-l", notes], capture_output=True, text=True, check=True)
        for row in done.stdout.splitlines():
            block, path = BLOCK.search(row), None
            for word in re.findall(r"`[^']*'|\d+", block["lines"]) if block else ():
                if word.startswith("`"):
                    path = in_tree(word[1:-1])
                elif path is not None:
                    found[path, int(word)] = found.get((path, int(word)), 0) + 1
    return found


def brace_below(tree, place):
    """The line of the "{" that opens the function which begins at the place."""
    text = (tree / place[0]).read_text().splitlines()
    line = place[1]
    while not text[line - 1].rstrip().endswith("{"):
        line += 1
    return place[0], line


@unittest.skipUnless(shutil.which("valgrind") and shutil.which("gcov"), "needs valgrind and gcov")
class Gcov(rig.Case):
    def start(self, tree, words, port):
        """The gateway, once it takes connections."""
        log = open(self.folder / "gateway.log", "wb")
        self.addCleanup(log.close)
        gateway = subprocess.Popen(words, cwd=tree / "fixtures", stdout=log, stderr=log)
        self.addCleanup(lambda: gateway.poll() is None and gateway.kill())
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return gateway
            except OSError:
                self.assertIsNone(gateway.poll(), (self.folder / "gateway.log").read_text())
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)

    def play(self, tree, build, prefix=()):
        """Starts the gateway of the build, sends it the exchanges, and stops it."""
        standins = [StandIn(name) for name in UPSTREAMS]
        for standin in standins:
            self.addCleanup(standin.server_close)
            self.addCleanup(standin.shutdown)
        port = free_port()
        words = [word for standin in standins for word in (f"--{standin.name}", standin.url())]
        gateway = self.start(tree, [*prefix, build / "sample-gateway", "--port", str(port), *words],
                             port)
        exchanges = some_exchanges()
        self.assertGreater(len(exchanges), 40)
        for exchange in exchanges:
            for standin in standins:
                standin.answers = [call for call in exchange.get("upstream", ())
                                   if call["name"] == standin.name]
            self.assertEqual(send(port, exchange), exchange["response"]["status"], exchange["id"])
        gateway.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(60), 0)

    def build(self, tree, name, flags):
        folder = tree / "fixtures/gateway" / name
        subprocess.run(["make", "-C", tree / "fixtures/gateway", f"BUILD={name}", f"CFLAGS={flags}"],
                       check=True, capture_output=True)
        return folder

    def ours_of(self, tree):
        """{(path, line): hits} and the set of lines that have instructions."""
        done = subprocess.run([LINES_OF_DUMP, tree, self.folder / "dump"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        hits, lines = {}, set()
        for kind, path, line, *numbers in (row.split("\t") for row in done.stdout.splitlines()):
            if kind == "hit":
                # Functions inlined into several have one row each.
                hits[path, int(line)] = hits.get((path, int(line)), 0) + int(numbers[0])
            else:
                lines.add((path, int(line)))
        return hits, lines

    def measure(self, flags):
        """What gcov counts without optimisation, and the dump of a build with the flags. gcov's entry
        of a function, at its first line, is moved to where its instructions begin: at its brace."""
        tree = rig.make_repository(self.folder / "tree")
        counted = self.build(tree, "build-gcov", "-O0 -g --coverage -fprofile-update=atomic")
        plain = self.build(tree, "build-plain", flags + " -g")
        self.play(tree, counted)
        self.play(tree, plain,
                  ["valgrind", "-q", "--tool=callgrind", "--dump-instr=yes", "--dump-line=yes",
                   "--skip-plt=no", f"--callgrind-out-file={self.folder}/dump"])
        theirs, functions, self.partly = gcov_counts(tree / "fixtures/gateway", counted)
        blocks = gcov_blocks(counted)
        for place, count in functions.items():
            theirs.pop(place, None)
            theirs[brace_below(tree, place)] = count
            blocks[brace_below(tree, place)] = 1
        self.assertGreater(len(theirs), 1000)
        return tree, theirs, blocks, set(functions)

    def braces(self, tree, places):
        """Those of the places that are a closing brace: gcov counts nothing there."""
        return {place for place in places
                if (tree / place[0]).read_text().splitlines()[place[1] - 1].strip() == "}"}

    def list_dropped(self, what, places):
        for path, line in sorted(places):
            print(f"{what}: {path}:{line}")

    def test_without_optimisation_lines_and_counts_are_the_same(self):
        tree, theirs, blocks, _ = self.measure("-O0")
        ours, lines = self.ours_of(tree)
        # A jump to a jump, va_end and the like: not one instruction is left of some lines.
        dropped = set(theirs) - lines
        self.list_dropped("without an instruction", dropped)
        self.assertLess(len(dropped), len(theirs) / 50)
        self.assertEqual(lines - set(theirs) - self.braces(tree, lines - set(theirs)), set())

        hit = {place for place, count in theirs.items() if count > 0} - dropped
        our_hit = {place for place, hits in ours.items() if hits > 0}
        self.assertEqual(our_hit - hit - self.braces(tree, our_hit - hit), set())
        # The block in which several "return" meet is of the first one's line to gcov: such a line has
        # one block that was executed, and its own, which was not.
        met = {place for place in (hit - our_hit) & self.partly if blocks.get(place, 0) > 1}
        self.list_dropped("executed for another line, to gcov", met)
        self.assertLess(len(met), 5)
        self.assertEqual(hit - our_hit - met, set())

        single = {place: count for place, count in theirs.items()
                  if blocks.get(place) == 1 and place not in dropped}
        same = [place for place, count in theirs.items() if ours.get(place, 0) == count]
        print(f"{len(theirs)} lines, {len(hit)} hit, {len(single)} of a single block; "
              f"{len(same)} have gcov's count")
        self.assertGreater(len(single), len(theirs) / 2)
        self.assertEqual({place: (ours.get(place, 0), count) for place, count in single.items()
                          if ours.get(place, 0) != count}, {})

    def test_optimised_the_lines_are_the_same_but_for_those_dropped(self):
        tree, theirs, _, starts = self.measure("-O2")
        ours, lines = self.ours_of(tree)
        hit = {place for place, count in theirs.items() if count > 0}
        our_hit = {place for place, hits in ours.items() if hits > 0}
        missing = hit - our_hit
        # What a way through a function makes certain is not asked again on it: the question is still
        # there, on another way, which was not taken.
        certain = missing & lines - self.partly
        self.list_dropped("dropped by the compiler", missing - certain)
        self.list_dropped("dropped by the compiler on the way that was taken", certain)
        self.assertLess(len(missing), len(hit) / 3)
        self.assertLess(len(certain), len(hit) / 100)
        # Equal ends of two ways through a function are one to the compiler, of either's line.
        extra = our_hit - hit - starts - self.braces(tree, our_hit - hit)
        self.list_dropped("one with an executed line to the compiler", extra)
        self.assertLess(len(extra), 5, "lines that we have hit and gcov has not")
        print(f"{len(hit)} lines hit, {len(missing)} of them dropped, {len(lines)} with statements")


if __name__ == "__main__":
    unittest.main()
