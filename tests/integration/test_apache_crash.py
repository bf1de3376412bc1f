"""kill -9 before any call that changes the file system or tells Apache something, in everything that
edits Apache's configuration: the next run, of whatever verb, finds files, links and modules as they
were before or as they were to be, and Apache runs with that."""

import os
import shutil

import pytest

from lib.apache import USUAL, Apache
from lib.killing import every_day, killed_everywhere, listens, recover
from lib.process import wait_until
from test_apache import host
from test_apache_install import SERVES, Site, apache, site  # noqa: F401  (fixtures)

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")

# How many places each test takes; None: all.
MOST = every_day(2)


@pytest.fixture
def crashing(site, start, monkeypatch):  # noqa: F811
    """A site, in an Apache without modules that it will need, with a certificate that is not installed
    yet."""
    server = Apache(start.ports.take(), start.ports.take(), start.ports.take(),
                    [m for m in USUAL if m not in ("ssl", "socache_shmcb", "headers")])
    server.write("ports.conf", "Listen @http@\n")
    server.site(host(SERVES))
    server.start()
    site.apache = server
    # Where a2enmod notes what it has done.
    monkeypatch.setenv("APACHE_STATE_DIRECTORY", os.path.join(server.folder, "state"))
    yield site.obtain("a.test")
    server.stop()


def roll_back_all(crashing):
    folder = os.path.join(crashing.certwright.work_dir, "backups")
    if os.path.isdir(folder) and os.listdir(folder):
        crashing.rollback(len(os.listdir(folder)))


@pytest.mark.parametrize("most", MOST)
def test_killed_installation(crashing, most):
    server = crashing.apache
    before = server.snapshot()
    crashing.install("--redirect")
    after = server.snapshot()

    def check():
        recover(crashing.certwright)
        assert server.snapshot() in (before, after)
        # Also when Apache was not told before the run was killed.
        done = server.snapshot() == after
        wait_until(lambda: server.get("a.test")[0] == (301 if done else 200) and
                   listens(server.https_port) == done, what="the configuration to be live")
        crashing.install("--redirect")
        assert server.snapshot() == after
        assert crashing.is_served("a.test") and server.get("a.test")[0] == 301

    def prepare():
        roll_back_all(crashing)
        assert server.snapshot() == before

    killed_everywhere(server.folder, lambda **o: crashing.install("--redirect", **o), prepare,
                      check, "SIGUSR1", most)


@pytest.mark.full
def test_killed_enhancement(crashing):
    server = crashing.apache
    crashing.install()
    before = server.snapshot()
    crashing.run("enhance", "--hsts")
    after = server.snapshot()

    def check():
        recover(crashing.certwright)
        assert server.snapshot() in (before, after)

    def prepare():
        if server.snapshot() != before:
            crashing.rollback()
        assert server.snapshot() == before

    killed_everywhere(server.folder, lambda **o: crashing.run("enhance", "--hsts", **o), prepare,
                      check, "SIGUSR1")


@pytest.mark.parametrize("most", MOST)
def test_killed_rollback(crashing, most):
    server = crashing.apache
    states = [server.snapshot()]
    crashing.install()
    states.append(server.snapshot())
    crashing.run("enhance", "--hsts")
    states.append(server.snapshot())

    def prepare():
        if server.snapshot() == states[0]:
            crashing.install()
        if server.snapshot() == states[1]:
            crashing.run("enhance", "--hsts")
        assert server.snapshot() == states[2]

    def check():
        recover(crashing.certwright)
        done = server.snapshot() == states[0]
        wait_until(lambda: listens(server.https_port) != done, what="the configuration to be live")
        # What is gone from backups/ is undone, and nothing else.
        if server.snapshot() != states[0]:
            crashing.rollback(states.index(server.snapshot()))
        assert server.snapshot() == states[0]
        assert os.listdir(os.path.join(crashing.certwright.work_dir, "backups")) == []

    killed_everywhere(server.folder, lambda **o: crashing.certwright.run(
        "rollback", "--apache", "--apache-server-root", server.root, "--checkpoints", "2", **o),
        prepare, check, "SIGUSR1", most)


@pytest.mark.parametrize("most", MOST)
def test_killed_challenge(certwright, pebble, start, most):
    server = Apache(pebble.http_port, start.ports.take(), start.ports.take())
    try:
        server.site(host(SERVES))
        server.start()
        before = server.snapshot()
        names = iter(f"x{i}.test" for i in range(10000))

        def run(**options):
            # Another name each time: the CA has to look at each.
            return certwright.run("certonly", "--apache", "--apache-server-root", server.root,
                                  "--cert-name", "x", "--force-renewal", "--renew-with-new-domains",
                                  "-d", next(names), **options)

        def check():
            recover(certwright)
            assert server.snapshot() == before
            wait_until(lambda: server.get("x.test", "/.well-known/acme-challenge/x")[0] == 404,
                       what="the old configuration")

        run()  # which also makes an account and a lineage
        killed_everywhere(server.folder, run, lambda: None, check, "SIGUSR1", most)
    finally:
        server.stop()


VERBS = {
    "renew": ["renew"],
    "certonly": ["certonly", "--standalone", "-d", "b.test", "--dry-run"],
    "delete": ["delete", "--cert-name", "absent"],
    "rollback": ["rollback", "--checkpoints", "1"],
    "unregister": ["unregister"],
}


def deadly_ctl(server):
    """An apache2ctl that kills certwright, coordinator and worker, when it is to test what they wrote."""
    path = os.path.join(server.folder, "apache2ctl")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\n"
                     'for last; do :; done\n'
                     'if [ "$last" = -t ]; then\n'
                     "    parent=$(ps -o ppid= -p $PPID)\n"
                     "    kill -STOP $PPID; kill -9 $parent; kill -9 $PPID; exit 9\n"
                     'fi\nexec apache2ctl "$@"\n')
    os.chmod(path, 0o755)
    return path


def test_next_run_of_every_verb_recovers(crashing):
    server = crashing.apache
    before = server.snapshot()
    ctl = deadly_ctl(server)
    for verb, words in VERBS.items():
        crashing.install("--apache-ctl", ctl, status=-9)
        assert server.snapshot() != before, verb
        crashing.certwright.run(*words, "--lock-timeout", "20", status=None)
        assert server.snapshot() == before, verb
