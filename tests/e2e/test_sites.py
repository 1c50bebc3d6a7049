"""Allocations by call site: they add up to the alloc pass's, and the line at fault is named."""

import shutil
import subprocess
import unittest

import recorded
import rig

ALLOCATIONS, BYTES, RETAINED = range(3)

# Two workers, each with two threads that answer; each target allocates in a way of its own.
SERVER = """\
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int listener;
static int *seen; /* of all workers */
static void *volatile kept;

static void leak(void)
{
    kept = malloc(100); /* LEAK */
}

/* Filled by the first requests, and then full. */
static void fill_cache(void)
{
    if ((*seen)++ < 4)
        kept = malloc(200); /* CACHE */
    else
        free(malloc(300)); /* PASSING */
}

static void resize(void)
{
    char *text = malloc(100); /* SMALL */
    text = realloc(text, 1000); /* LARGE */
    free(text);
    void *aligned = NULL;
    if (posix_memalign(&aligned, 64, 128) == 0) /* ALIGNED */
        free(aligned);
}

static void *free_it(void *block)
{
    free(block);
    return NULL;
}

static void hand_over(void)
{
    pthread_t thread;
    void *block = malloc(400); /* HANDED */
    if (pthread_create(&thread, NULL, free_it, block) == 0)
        pthread_join(thread, NULL);
}

static void answer(const char *head)
{
    if (strncmp(head, "GET /leak ", 10) == 0)
        leak();
    else if (strncmp(head, "GET /cache ", 11) == 0)
        fill_cache();
    else if (strncmp(head, "GET /resize ", 12) == 0)
        resize();
    else if (strncmp(head, "GET /hand ", 10) == 0)
        hand_over();
}

static void serve(int connection)
{
    static const char reply[] = "HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\n"
                                "Content-Length: 5\\r\\n\\r\\nhello";
    char text[4096];
    size_t used = 0;
    ssize_t got;
    while ((got = read(connection, text + used, sizeof text - 1 - used)) > 0) {
        text[used += (size_t)got] = '\\0';
        if (strstr(text, "\\r\\n\\r\\n") == NULL)
            continue;
        answer(text);
        if (write(connection, reply, sizeof reply - 1) < 0)
            return;
        used = 0;
    }
}

static void *work(void *unused)
{
    (void)unused;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        serve(connection);
        close(connection);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons((unsigned short)atoi(argc > 1 ? argv[1] : "0"));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8) != 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        if (fork() != 0)
            continue;
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0)
            return 1;
        work(NULL);
    }
    pause();
    return 0;
}
"""


def line_of(word, text=SERVER):
    return next(number for number, line in enumerate(text.splitlines(), 1) if f"/* {word} */" in line)


class Stacks:
    """An alloc profile of a run: what each endpoint spent, by stack, innermost frame first."""

    def __init__(self, run, side="head"):
        self.profile = run["profiles"][side]["alloc"]
        strings = self.profile["strings"]

        def frame(number):
            function, file, line, program, own = self.profile["frames"][number]
            names = [strings[name] if name >= 0 else None for name in (function, file, program)]
            return {"function": names[0], "file": names[1], "line": line, "object": names[2],
                    "own": bool(own)}
        self.frames = [frame(number) for number in range(len(self.profile["frames"]))]
        self.costs = {one["endpoint"]: one["costs"] for one in self.profile["endpoints"]}

    def stack(self, node):
        while node >= 0:
            node, frame = self.profile["nodes"][node]
            yield self.frames[frame]

    def total(self, endpoint, value):
        return sum(cost[1 + value] for cost in self.costs.get(endpoint, ()))

    def by_own_line(self, endpoint, value):
        """What the gateway's own lines spent, and what they called in libraries."""
        sums = {}
        for node, *values in self.costs.get(endpoint, ()):
            own = next((frame for frame in self.stack(node) if frame["own"]), None)
            place = (own["file"], own["line"]) if own else None
            sums[place] = sums.get(place, 0) + values[value]
        return sums


def figure(run, endpoint, metric, side="head"):
    found = next(one for one in run["endpoints"] if one["endpoint"] == endpoint)
    return found["metrics"][metric][side][0]


def pass_of(run, name):
    return next(one for one in run["passes"] if one["name"] == name)


class Sample(rig.Case):
    """The sample gateway: threads, libraries without frame pointers and without debug information."""

    def bench(self, *arguments):
        self.tollgate("bench", "-c", rig.CONFIG, "--passes", "alloc,sites", "-o", "run.json",
                      "--allow-inconclusive", *arguments, cwd=self.tree)
        return rig.load(self.tree / "run.json")

    def setUp(self):
        super().setUp()
        self.tree = rig.make_repository(self.folder / "tree")

    def test_sites_add_up(self):
        run = self.bench("--baseline", "none")
        stacks = Stacks(run)
        self.assertGreaterEqual(len(run["endpoints"]), 12)
        for one in run["endpoints"]:
            endpoint = one["endpoint"]
            for value, metric in ((ALLOCATIONS, "allocations"), (BYTES, "alloc_bytes")):
                whole = figure(run, endpoint, metric)
                self.assertAlmostEqual(stacks.total(endpoint, value) / whole, 1, delta=0.01,
                                       msg=f"{endpoint}: {metric}")
            self.assertAlmostEqual(stacks.total(endpoint, RETAINED), 0, delta=16, msg=endpoint)
        self.assertEqual(stacks.profile["unresolved"], 0)
        self.assertEqual(stacks.profile["notes"], [])
        account = pass_of(run, "sites")["conservation"]["head"]
        self.assertAlmostEqual((account["endpoints"] + account["unattributed"]) / account["total"],
                               1, delta=0.001)

    def test_the_way_is_from_the_thread_to_the_caller_of_malloc(self):
        stacks = Stacks(self.bench("--baseline", "none", "--endpoint", "GET /v3/token"))
        for node, *_ in stacks.costs["GET /v3/token"]:
            names = [frame["function"] for frame in stacks.stack(node)]
            self.assertIn("start_thread", names[-2:], names)
            for name in ("malloc", "calloc", "realloc", "sites_record", "counted_malloc"):
                self.assertNotIn(name, names)
            self.assertNotIn("tollgate-agent.so",
                             [frame["object"] for frame in stacks.stack(node)])

    def grown(self, number, value):
        """By how much own lines have grown through the patch, the most grown first, and the run."""
        patch = next((rig.SOURCE / "fixtures/regressions").glob(f"{number}-*.patch"))
        rig.git(self.tree, "apply", patch)
        run = self.bench("--base", "HEAD", "--endpoint", "GET /v3/token")
        head, base = (Stacks(run, side).by_own_line("GET /v3/token", value)
                      for side in ("head", "base"))
        return sorted(((here - base.get(place, 0), place) for place, here in head.items() if place),
                      reverse=True), run

    def test_one_more_allocation(self):
        """The call of strdup at line 17, where the base has another statement (its own line 17)."""
        _, run = self.grown("02", ALLOCATIONS)
        more = (figure(run, "GET /v3/token", "allocations") -
                figure(run, "GET /v3/token", "allocations", "base"))
        self.assertGreater(more, 0.8)
        stacks = Stacks(run)
        found = 0
        for node, *values in stacks.costs["GET /v3/token"]:
            frames = list(stacks.stack(node))
            if [(frame["file"], frame["line"]) for frame in frames[1:2]] == [
                    ("fixtures/gateway/service.c", 17)] and "strdup" in frames[0]["function"]:
                found += values[ALLOCATIONS]
        self.assertAlmostEqual(found, more, delta=0.001)

    def test_a_leak(self):
        grown, run = self.grown("03", RETAINED)
        self.assertEqual(grown[0][1], ("fixtures/gateway/service.c", 17))
        self.assertAlmostEqual(grown[0][0], figure(run, "GET /v3/token", "retained_bytes"),
                               delta=0.001)
        self.assertGreater(grown[0][0], 30)
        self.assertLess(grown[1][0], 1)


class Small(rig.Case):
    """A gateway of processes and threads whose allocations are known."""

    endpoints = ["GET /cache", "GET /leak", "GET /resize", "GET /hand"]

    def setUp(self):
        super().setUp()
        (self.folder / "server.c").write_text(SERVER)
        recorded.write_corpus(self.folder / "corpus.jsonl", [
            recorded.exchange(name, "GET", name.split()[1], reply="hello", kind="text/plain")
            for name in self.endpoints])
        recorded.write_config(self.folder, ["./server", "${port}"], self.endpoints,
                              gateway={"ready": {}}, passes={"sites": {"rounds": 4}})

    def bench(self, *flags):
        compiler = shutil.which("cc") or "gcc"
        built = subprocess.run([compiler, *flags, "-pthread", "-fno-builtin", "-o", "server",
                                "server.c"], check=False, cwd=self.folder, capture_output=True,
                               text=True)
        if built.returncode != 0:
            self.skipTest(f"{compiler} {' '.join(flags)}: {built.stderr}")
        self.tollgate("bench", "--baseline", "none", "--passes", "alloc,sites", "-o", "run.json",
                      code=0)
        return rig.load(self.folder / "run.json")

    def check_line(self, stacks, endpoint, word, expected):
        for value, wanted in enumerate(expected):
            found = stacks.by_own_line(endpoint, value).get(("server.c", line_of(word)), 0)
            self.assertAlmostEqual(found, wanted, delta=0.001, msg=f"{endpoint} {word} {value}")

    def test_known_sites(self):
        """What malloc hands out is 8 more, in steps of 16: 104 bytes of 100 asked for."""
        for flags in (("-g", "-O0"), ("-g", "-O2", "-fomit-frame-pointer")):
            with self.subTest(flags=flags):
                stacks = Stacks(self.bench(*flags))
                self.check_line(stacks, "GET /leak", "LEAK", (1, 100, 104))
                self.check_line(stacks, "GET /resize", "SMALL", (1, 100, 0))
                self.check_line(stacks, "GET /resize", "LARGE", (1, 1000, 0))
                self.check_line(stacks, "GET /resize", "ALIGNED", (1, 128, 0))
                self.check_line(stacks, "GET /hand", "HANDED", (1, 400, 0))
                self.assertEqual(stacks.profile["unresolved"], 0)

    def test_what_is_filled_once_is_no_leak(self):
        """Of the ten requests to /cache two are not measured and two of the first half are kept."""
        stacks = Stacks(self.bench("-g", "-O2"))
        self.check_line(stacks, "GET /cache", "CACHE", (2 / 8, 200 * 2 / 8, 0))
        self.check_line(stacks, "GET /cache", "PASSING", (6 / 8, 300 * 6 / 8, 0))

    def test_without_debug_information(self):
        """Functions, no lines, and a remark that says why."""
        stacks = Stacks(self.bench("-O2"))
        self.assertAlmostEqual(stacks.total("GET /leak", ALLOCATIONS), 1, delta=0.001)
        self.assertAlmostEqual(stacks.total("GET /leak", RETAINED), 104, delta=0.001)
        self.assertEqual({frame["line"] for frame in stacks.frames if frame["object"] == "server"},
                         {0})
        self.assertIn("work", {frame["function"] for frame in stacks.frames})
        self.assertEqual(len(stacks.profile["notes"]), 1)
        self.assertRegex(stacks.profile["notes"][0], "^server: .*-g")

    def test_a_static_program_is_blind(self):
        run = self.bench("-static")
        reasons = {name: pass_of(run, name)["reason"] for name in ("alloc", "sites")}
        self.assertIn("statically", reasons["sites"])
        self.assertEqual(reasons["sites"], reasons["alloc"])


if __name__ == "__main__":
    unittest.main()
