"""kill -9 before any call that changes the file system or tells nginx something, in everything that
edits nginx's configuration: the next run, of whatever verb, finds all as it was before or as it was
to be, and nginx runs with that."""

import os
import shutil

import pytest

from lib.killing import every_day, killed_everywhere, listens, recover
from lib.process import wait_until
from test_nginx import Nginx
from test_nginx_install import CASES, Site, nginx, site  # noqa: F401  (fixtures)

MOST = every_day(6)

pytestmark = pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("strace")),
                                reason="nginx or strace is not installed")


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


@pytest.mark.parametrize("most", MOST)
def test_killed_installation(crashing, nginx, most):  # noqa: F811
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

    killed_everywhere(nginx.folder, lambda **o: crashing.install("--redirect", **o), prepare, check,
                      most=most)


@pytest.mark.parametrize("most", MOST)
def test_killed_enhancement(crashing, nginx, most):  # noqa: F811
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

    killed_everywhere(nginx.folder, lambda **o: crashing.enhance("--hsts", **o), prepare, check,
                      most=most)


@pytest.mark.parametrize("most", MOST)
def test_killed_rollback(crashing, nginx, most):  # noqa: F811
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
        done = nginx.snapshot() == states[0]
        wait_until(lambda: listens(nginx.https_port) != done, what="the configuration to be live")
        # What is gone from backups/ is undone, and nothing else.
        if nginx.snapshot() != states[0]:
            crashing.rollback(states.index(nginx.snapshot()))
        assert nginx.snapshot() == states[0]
        assert os.listdir(folder) == []
        crashing.install()
        crashing.enhance("--hsts")

    killed_everywhere(nginx.folder, lambda **o: crashing.certwright.run(
        "rollback", "--nginx", "--nginx-server-root", nginx.root, "--checkpoints", "2", **o),
        prepare, check, most=most)


@pytest.mark.parametrize("most", MOST)
def test_killed_challenge(certwright, pebble, start, tmp_path, most):
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
        killed_everywhere(str(folder), run, lambda: None, check, most=most)
    finally:
        server.stop()
