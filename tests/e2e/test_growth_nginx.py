"""nginx built from source, with one line more in a module of its: that line is named.

The source comes from the distribution, by apt with lists of its own in a temporary folder, or from
the tarball that TOLLGATE_NGINX_TARBALL names. Where neither is to be had the test is skipped."""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import recorded
import rig

TARBALL = "TOLLGATE_NGINX_TARBALL"
MODULE = "src/http/modules/ngx_http_static_module.c"
ENDPOINTS = ["GET /index.html", "GET /50x.html"]

# As small as nginx gets, so that it builds in seconds.
CONFIGURE = ["./configure", "--prefix=.", "--without-pcre", "--without-http_rewrite_module",
             "--without-http_gzip_module", "--without-http_proxy_module",
             "--without-http_fastcgi_module", "--without-http_uwsgi_module",
             "--without-http_scgi_module", "--without-http_grpc_module",
             "--without-http_memcached_module", "--without-http_ssi_module",
             "--without-http_userid_module", "--without-http_auth_basic_module",
             "--without-http_mirror_module", "--without-http_geo_module",
             "--without-http_map_module", "--without-http_limit_req_module",
             "--without-http_limit_conn_module", "--without-http_split_clients_module",
             "--without-http_upstream_hash_module", "--without-http_upstream_ip_hash_module",
             "--without-http_upstream_least_conn_module", "--without-http_upstream_random_module",
             "--without-http_upstream_keepalive_module", "--without-http_upstream_zone_module"]

CONF = """\
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx-{port}.pid;
error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port};
        root {tree}/html;
    }}
}}
"""

# nginx takes its port from its conf only: a script fills it in, then becomes nginx.
START = """\
import os, sys
folder, port = sys.argv[1:]
tree = os.getcwd()
user = "user root;" if os.geteuid() == 0 else ""
name = folder + "/nginx-" + port + ".conf"
with open(tree + "/nginx.conf.template") as template, open(name, "w") as conf:
    conf.write(template.read().format(port=port, folder=folder, tree=tree, user=user))
os.execv("objs/nginx", ["objs/nginx", "-e", "stderr", "-p", folder, "-c", name])
"""

# Put behind the line that fills in the path's length: one line each.
BEHIND = "    path.len = last - path.data;\n"
SLOW = "    for (len = 0; len < 400; len++) { level += ngx_hash_key(path.data, path.len) & 1; }\n"
GREEDY = "    (void) ngx_palloc(r->pool, 32768);\n"


def distribution_sources():
    """The machine's own package sources, as ones of source packages. Of other vendors: none."""
    stanzas = []
    for path in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            if re.search(r"^URIs:.*/(debian|ubuntu)/?\s*$", stanza, re.MULTILINE):
                stanzas.append(re.sub(r"(?m)^Types:.*$", "Types: deb-src", stanza))
    lines = []
    for path in [Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("sources.list.d/*.list")]:
        for line in path.read_text().splitlines() if path.is_file() else ():
            if re.match(r"deb\s+(\[.*\]\s+)?\S+/(debian|ubuntu)/?\s", line):
                lines.append(re.sub(r"^deb\s", "deb-src ", line))
    return "\n\n".join(stanzas), "\n".join(lines)


def fetch(folder):
    """The upstream tarball of the distribution's package, or None."""
    state = folder / "apt"
    for part in ("lists/partial", "cache/archives/partial", "parts"):
        (state / part).mkdir(parents=True)
    stanzas, lines = distribution_sources()
    (state / "parts/source.sources").write_text(stanzas + "\n")
    (state / "parts/source.list").write_text(lines + "\n")
    options = ["-qq", "-o", f"Dir::State::lists={state}/lists", "-o", f"Dir::Cache={state}/cache",
               "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={state}/parts",
               "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15"]
    for words in (["update"], ["source", "--download-only", "nginx"]):
        try:
            done = subprocess.run(["apt-get", *options, *words], cwd=folder, timeout=150,
                                  check=False, stdin=subprocess.DEVNULL, capture_output=True)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
    return next(iter(folder.glob("nginx_*.orig.tar.*")), None)


def find_tarball(folder):
    named = os.environ.get(TARBALL)
    if named:
        return Path(named)
    return fetch(folder) if shutil.which("apt-get") else None


class GrowthOnNginx(rig.Case):
    @classmethod
    def setUpClass(cls):
        cls.downloads = Path(tempfile.mkdtemp(prefix="tollgate-nginx-"))
        cls.addClassCleanup(shutil.rmtree, cls.downloads, True)
        missing = [tool for tool in ("gcc", "make", "valgrind") if not shutil.which(tool)]
        if missing:
            raise unittest.SkipTest(f"{', '.join(missing)}: not installed")
        cls.tarball = find_tarball(cls.downloads)
        if cls.tarball is None:
            raise unittest.SkipTest(f"nginx's source cannot be had; {TARBALL} may name its tarball")

    def setUp(self):
        super().setUp()
        self.tree = self.folder / "tree"
        with tarfile.open(self.tarball) as archive:
            members = archive.getmembers()
            for member in members:  # git trusts no folder of another owner
                member.uid, member.gid = os.getuid(), os.getgid()
                member.uname = member.gname = ""
            archive.extractall(self.folder, members)
        top = members[0].name.split("/")[0]
        (self.folder / top).rename(self.tree)
        (self.tree / "nginx.conf.template").write_text(CONF)
        (self.tree / "start.py").write_text(START)
        (self.tree / ".gitignore").write_text("objs/\nMakefile\n.tollgate/\n")
        recorded.write_corpus(self.tree / "corpus.jsonl", [
            recorded.exchange(f"{name}-{number}", "GET", f"/{name}.html", kind="text/html")
            for name in ("index", "50x") for number in range(3)])
        start = ["/usr/bin/python3", "-I", "start.py", str(self.folder), "${port}"]
        recorded.write_config(
            self.tree, start, ENDPOINTS,
            passes={"exact": {"replicates": 1}, "alloc": {"replicates": 1}},
            gateway={"build": [CONFIGURE, ["make", "-j2"]],
                     "ready": {"path": "/index.html", "status": 200, "timeout_s": 20}})
        rig.git(self.tree, "init", "-q")
        rig.commit_all(self.tree)

    def bench_line(self, line):
        """Adds the line; its number, and the report against the commit without it."""
        path = self.tree / MODULE
        text = path.read_text()
        self.assertEqual(text.count(BEHIND), 1)
        path.write_text(text.replace(BEHIND, BEHIND + line))
        number = text[:text.index(BEHIND)].count("\n") + 2
        report = self.folder / "report.json"
        outcome = self.tollgate("bench", "--base", "HEAD", "--passes", "exact,alloc,lines,sites",
                                "-O", "terminal", "-O", f"json:{report}", cwd=self.tree,
                                timeout=600)
        path.write_text(text)
        self.assertEqual(outcome.code, 1, str(outcome))
        return number, rig.load(report), outcome

    def check(self, report, outcome, number, metrics):
        for endpoint in ENDPOINTS:
            for metric in metrics:
                with self.subTest(endpoint=endpoint, metric=metric):
                    figure = rig.endpoint_map(report)[endpoint]["metrics"][metric]
                    self.assertEqual(figure["verdict"], "regressed", str(outcome))
                    self.assertTrue(figure["because"]["lines"], figure["because"]["missing"])
                    first = figure["because"]["lines"][0]
                    self.assertEqual((first["file"], first["line"]), (MODULE, number), str(first))
                    self.assertEqual(first["function"], "ngx_http_static_handler")
                    self.assertTrue(first["changed"])
                    whole = figure["because"]["head"] - figure["because"]["base"]
                    self.assertGreater(first["growth"], 0.9 * whole)

    def test_one_line(self):
        number, report, outcome = self.bench_line(SLOW)
        self.check(report, outcome, number, ["instructions"])
        self.assertIn(f"{MODULE}:{number} in ngx_http_static_handler, a changed",
                      " ".join(outcome.out.split()))
        number, report, outcome = self.bench_line(GREEDY)
        self.check(report, outcome, number, ["allocations", "alloc_bytes"])


if __name__ == "__main__":
    unittest.main()
