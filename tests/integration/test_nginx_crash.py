"""kill -9 before any call that changes the file system or tells nginx something, in everything that
edits nginx's configuration: the next run, of whatever verb, finds all as it was before or as it was
to be, and nginx runs with that.

What lies between two such calls differs from one of the two in nothing; that a file is complete
before it is renamed is test_checkpoint_crash.py's."""

import collections
import os
import re
import shutil

import pytest

from lib.process import wait_until
from test_nginx import Nginx
from test_nginx_install import CASES, Site, nginx, site  # noqa: F401  (fixtures)

pytestmark = pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("strace")),
                                reason="nginx or strace is not installed")

CALLS = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "symlink")
# LeakSanitizer cannot work in a process that is traced.
ENV = {"ASAN_OPTIONS": "detect_leaks=0"}


def strace(path, *options):
    return [shutil.which("strace"), "-f", "-qq", "-o", path, *options]


def places(folder, run):
    """(call, number) of every such call that a process of run() makes, and of every SIGHUP."""
    path = os.path.join(folder, "trace")
    run(wrap=strace(path, "-e", "trace=" + ",".join(CALLS + ("kill",))), env=ENV)
    counts, found = collections.Counter(), set()
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            match = re.match(r"(\d+)\s+(\w+)\((.*)", line)
            if not match:
                continue
            pid, call, rest = match.groups()
            counts[pid, call] += 1
            if call != "kill" or "SIGHUP" in rest:
                found.add((call, counts[pid, call]))
            if call == "kill" and "SIGHUP" in rest:
                found.add((call, counts[pid, call] + 1))
    return sorted(found)


def killed_everywhere(folder, run, prepare, check):
    """Does PREPARE, RUN killed at a place, CHECK, for every place."""
    prepare()
    found = places(folder, run)
    assert len(found) >= 8
    killed = 0
    for call, number in found:
        prepare()
        path = os.path.join(folder, "trace")
        run(status=None, env=ENV, wrap=strace(path, "-e", f"trace={call}", "-e",
                                              f"inject={call}:signal=SIGKILL:when={number}"))
        with open(path, encoding="utf-8", errors="replace") as stream:
            killed += "killed by SIGKILL" in stream.read()
        try:
            check()
        except BaseException:
            print(f"killed at {call} number {number}")
            raise
    # A number of calls may depend on how long nginx takes.
    assert killed >= len(found) - 4


def recover(certwright):
    """The next run: it has nothing else to do."""
    certwright.run("renew", "--lock-timeout", "20")
    for name in ("IN_PROGRESS", "temp_checkpoint"):
        assert not os.path.lexists(os.path.join(certwright.work_dir, name))


@pytest.fixture
def crashing(site, nginx):  # noqa: F811
    """A site with a certificate that is not installed yet."""
    nginx.site(CASES["dual_stack"][0])
    site.obtain("a.test")
    nginx.start()
    return site


def roll_back_all(crashing):
    folder = os.path.join(crashing.certwright.work_dir, "backups")
    if os.path.isdir(folder) and os.listdir(folder):
        crashing.rollback(len(os.listdir(folder)))


def test_killed_installation(crashing, nginx):  # noqa: F811
    before = nginx.snapshot()
    crashing.install("--redirect")
    after = nginx.snapshot()

    def check():
        recover(crashing.certwright)
        assert nginx.snapshot() in (before, after)
        # Also when nginx was not told before the run was killed.
        status = 200 if nginx.snapshot() == before else 301
        wait_until(lambda: nginx.get("a.test")[0] == status, what="the configuration to be live")
        crashing.install("--redirect")
        assert nginx.snapshot() == after
        assert crashing.is_served("a.test") and nginx.get("a.test")[0] == 301

    def prepare():
        roll_back_all(crashing)
        assert nginx.snapshot() == before

    killed_everywhere(nginx.folder, lambda **o: crashing.install("--redirect", **o), prepare, check)


def test_killed_enhancement(crashing, nginx):  # noqa: F811
    crashing.install()
    before = nginx.snapshot()
    crashing.enhance("--hsts")
    after = nginx.snapshot()

    def check():
        recover(crashing.certwright)
        assert nginx.snapshot() in (before, after)

    def prepare():
        if nginx.snapshot() != before:
            crashing.rollback()
        assert nginx.snapshot() == before

    killed_everywhere(nginx.folder, lambda **o: crashing.enhance("--hsts", **o), prepare, check)


def test_killed_rollback(crashing, nginx):  # noqa: F811
    states = [nginx.snapshot()]
    crashing.install()
    states.append(nginx.snapshot())
    crashing.enhance("--hsts")
    states.append(nginx.snapshot())

    def prepare():
        if nginx.snapshot() == states[0]:
            crashing.install()
        if nginx.snapshot() == states[1]:
            crashing.enhance("--hsts")
        assert nginx.snapshot() == states[2]

    def check():
        recover(crashing.certwright)
        folder = os.path.join(crashing.certwright.work_dir, "backups")
        # What is gone from backups/ is undone, and nothing else.
        if nginx.snapshot() != states[0]:
            crashing.rollback(states.index(nginx.snapshot()))
        assert nginx.snapshot() == states[0]
        assert os.listdir(folder) == []
        crashing.install()
        crashing.enhance("--hsts")

    killed_everywhere(nginx.folder, lambda **o: crashing.certwright.run(
        "rollback", "--nginx", "--nginx-server-root", nginx.root, "--checkpoints", "2", **o),
        prepare, check)


def test_killed_challenge(certwright, pebble, start, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    server = Nginx(folder, pebble.http_port, start.ports.take(), start.ports.take())
    try:
        server.site(CASES["dual_stack"][0])
        server.start()
        before = server.snapshot()
        names = iter(f"x{i}.test" for i in range(10000))

        def run(**options):
            # Another name each time: the CA has to look at each.
            return certwright.run("certonly", "--nginx", "--nginx-server-root", server.root,
                                  "--cert-name", "x", "--force-renewal", "--renew-with-new-domains",
                                  "-d", next(names), **options)

        def check():
            recover(certwright)
            assert server.snapshot() == before
            wait_until(lambda: "acme" not in server.get("x.test", "/.well-known/acme")[2],
                       what="the old configuration")

        run()  # which also makes an account and a lineage
        killed_everywhere(str(folder), run, lambda: None, check)
    finally:
        server.stop()
