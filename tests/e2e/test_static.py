"""A gateway into which nothing can be preloaded: the alloc pass says that it is blind, never 0."""

import shutil
import subprocess
import unittest

import recorded
import rig

SERVER = """\
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Answers every request with the same; a request ends with an empty line. */
static void serve(int connection)
{
    static const char answer[] = "HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\n"
                                 "Content-Length: 5\\r\\n\\r\\nhello";
    char text[4096];
    size_t used = 0;
    ssize_t got;
    while ((got = read(connection, text + used, sizeof text - 1 - used)) > 0) {
        text[used += (size_t)got] = '\\0';
        if (strstr(text, "\\r\\n\\r\\n") == NULL)
            continue;
        char *copy = strdup(text);
        if (copy == NULL || write(connection, answer, sizeof answer - 1) < 0)
            return;
        free(copy);
        used = 0;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    address.sin_port = htons((unsigned short)atoi(argc > 1 ? argv[1] : "0"));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8) != 0)
        return 1;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        serve(connection);
        close(connection);
    }
}
"""


class Static(rig.Case):
    def setUp(self):
        super().setUp()
        (self.folder / "server.c").write_text(SERVER)
        recorded.write_corpus(self.folder / "corpus.jsonl", [
            recorded.exchange("hello", "GET", "/hello", reply="hello", kind="text/plain")])
        recorded.write_config(
            self.folder, ["./server", "${port}"], ["GET /hello"], gateway={"ready": {}},
            passes={"live": {"replicates": 3, "pairs": 10}, "exact": {"replicates": 1},
                    "alloc": {"replicates": 1}})

    def bench(self, *flags):
        compiler = shutil.which("cc") or "gcc"
        built = subprocess.run([compiler, "-O1", *flags, "-o", "server", "server.c"], check=False,
                               cwd=self.folder, capture_output=True, text=True)
        if built.returncode != 0:
            self.skipTest(f"{compiler} {' '.join(flags)}: {built.stderr}")
        outcome = self.tollgate("bench", "--baseline", "none", "-O", "terminal",
                                "-O", "json:report.json", code=0)
        report = rig.load(self.folder / "report.json")
        passes = {one["name"]: one for one in report["passes"]}
        return outcome, passes, report["endpoints"][0]["metrics"]

    def test_static_program_is_blind_to_alloc(self):
        outcome, passes, metrics = self.bench("-static")
        self.assertEqual({name: one["status"] for name, one in passes.items()},
                         {"live": "ran", "exact": "ran", "alloc": "skipped", "lines": "ran",
                          "sites": "skipped", "stacks": "ran"})
        self.assertIn("statically", passes["sites"]["reason"])
        self.assertIn("statically", passes["alloc"]["reason"])
        self.assertIn("blind", outcome.out)
        for metric in ("allocations", "alloc_bytes", "retained_bytes"):
            self.assertIsNone(metrics[metric]["head"])
            self.assertTrue(metrics[metric]["reason"])
        self.assertGreater(metrics["cpu_ns"]["head"], 0)
        self.assertGreater(metrics["instructions"]["head"], 0)
        self.assertEqual(metrics["syscalls"]["head"], 2)  # read and write

    def test_the_same_program_linked_dynamically_is_seen(self):
        _, passes, metrics = self.bench()
        self.assertEqual(passes["alloc"]["status"], "ran", passes["alloc"]["reason"])
        self.assertEqual(metrics["allocations"]["head"], 1)  # the strdup
        self.assertEqual(metrics["retained_bytes"]["head"], 0)


if __name__ == "__main__":
    unittest.main()
