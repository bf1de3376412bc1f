"""Another program changes nginx's configuration while certwright is at work in it: what that made is
never lost, and what certwright added goes again."""

import hashlib
import os
import shutil
import stat

import pytest

from lib.outcome import assert_failed
from lib.process import wait_until
from test_nginx import nginx, obtain  # noqa: F401  (nginx is a fixture)
from test_nginx_install import Site

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

PLAIN = """\
server {
    listen @http@;
    server_name a.test;
    location / { return 200 site; }
}
"""


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def site_path(nginx):
    return os.path.join(nginx.root, "sites-enabled/site")


@pytest.fixture
def site(nginx, certwright):  # noqa: F811
    """The CA looks at nginx's own port."""
    return Site(nginx, certwright)


def meddling_nginx(nginx, expression, then="true"):  # noqa: F811
    """An nginx program that, when first asked to test a configuration, has sed change the site."""
    path = os.path.join(nginx.folder, "nginx-ctl")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\n"
                     f"if [ \"$1\" = -t ] && mkdir '{path}.done' 2>/dev/null; then\n"
                     f"    sed -i -e '{expression}' '{site_path(nginx)}' || exit 9\n"
                     f"    {then}\n"
                     "fi\nexec nginx \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def test_lines_added_while_a_challenge_is_in_place_stay(certwright, nginx):  # noqa: F811
    nginx.site(PLAIN)
    nginx.start()
    before = read(site_path(nginx))
    ctl = meddling_nginx(nginx, "$a # added by another program")
    result = obtain(certwright, nginx, "a.test", args=("--nginx-ctl", ctl))
    assert read(site_path(nginx)) == before + "# added by another program\n"
    assert "was changed by someone else in the meantime" in result.stderr
    assert "sites-enabled/site" in result.stderr
    assert nginx.get("a.test")[2] == "site"
    assert nginx.get("a.test", "/.well-known/acme-challenge/x")[2] == "site"


def test_directive_changed_beside_a_challenge_is_live_afterwards(certwright, nginx):  # noqa: F811
    nginx.site(PLAIN)
    nginx.start()
    before = read(site_path(nginx))
    ctl = meddling_nginx(nginx, "s/200 site/200 changed/")
    obtain(certwright, nginx, "a.test", args=("--nginx-ctl", ctl))
    assert read(site_path(nginx)) == before.replace("200 site", "200 changed")
    assert nginx.get("a.test")[2] == "changed"


def test_challenge_whose_lines_were_changed_is_left_with_its_original_named(
        certwright, nginx):  # noqa: F811
    nginx.site(PLAIN)
    nginx.start()
    before = read(site_path(nginx))
    ctl = meddling_nginx(nginx, "s/default_type text.plain;/& # theirs/")
    result = obtain(certwright, nginx, "a.test", args=("--nginx-ctl", ctl))
    text = read(site_path(nginx))
    assert "# theirs" in text and "acme-challenge" in text
    assert "stays as it is" in result.stderr and "by hand" in result.stderr
    copy = [word.strip('"') for word in result.stderr.split() if "/unreverted/" in word]
    assert len(set(copy)) == 1, result.stderr
    assert read(copy[0]) == before
    # What is left over does not stop the next run, and a hand that follows the sentence does it.
    shutil.copyfile(copy[0], site_path(nginx))
    obtain(certwright, nginx, "a.test", args=("--force-renewal",))
    assert read(site_path(nginx)) == before


class Held:
    """certwright under strace, which holds it for a second before the file of NAME, complete and
    synced beside it, takes its place."""

    def __init__(self, certwright, nginx, name="sites-enabled/site"):  # noqa: F811
        self.certwright, self.nginx = certwright, nginx
        self.path = os.path.join(nginx.root, name)
        digest = hashlib.sha256(os.path.basename(name).encode()).hexdigest()[:16]
        self.temporary = os.path.join(os.path.dirname(self.path), f".cw-{digest}.edit")

    def _made(self):
        """What tells one temporary file from the next; None when there is none."""
        try:
            return os.stat(self.temporary).st_mtime_ns
        except FileNotFoundError:
            return None

    def run(self, *words, change, status, times=1, **options):
        running = self.certwright.start(*words, json=True, wrap=[
            shutil.which("strace"), "-f", "-qq", "-o", "/dev/null", "-P", self.temporary,
            "-e", "trace=fsync", "-e", f"inject=fsync:delay_enter=1000000:when=1..{times}"],
            env={"ASAN_OPTIONS": "detect_leaks=0"}, **options)
        for _ in range(times):
            wait_until(lambda: self._made() or running.process.poll() is not None, what="the edit")
            made = self._made()
            with open(self.path, "a", encoding="ascii") as stream:
                stream.write(change)
            wait_until(lambda: self._made() != made or running.process.poll() is not None,
                       what="the edit's end")
        result = running.finish()
        assert result.status == status, result.output
        return result


needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@needs_strace
def test_challenge_begins_again_with_a_file_that_was_changed_just_before(
        certwright, nginx):  # noqa: F811
    nginx.site(PLAIN, "first")
    nginx.site(PLAIN.replace("a.test", "b.test"))
    nginx.start()
    before, others = read(site_path(nginx)), nginx.snapshot()
    result = Held(certwright, nginx).run("certonly", "--nginx", "--nginx-server-root", nginx.root,
                                         "-d", "a.test", "-d", "b.test", change="# theirs\n",
                                         status=0)
    assert "starting again" in result.stderr
    assert read(site_path(nginx)) == before + "# theirs\n"
    after = nginx.snapshot()
    assert after.pop("sites-enabled/site") != others.pop("sites-enabled/site")
    assert after == others
    assert sorted(os.listdir(os.path.dirname(site_path(nginx)))) == ["first", "site"]


@needs_strace
def test_challenge_in_a_file_that_is_changed_again_and_again_is_given_up(
        certwright, nginx):  # noqa: F811
    nginx.site(PLAIN, "first")
    nginx.site(PLAIN.replace("a.test", "b.test"))
    nginx.start()
    before, others = read(site_path(nginx)), nginx.snapshot()
    result = Held(certwright, nginx).run("certonly", "--nginx", "--nginx-server-root", nginx.root,
                                         "-d", "a.test", "-d", "b.test", change="# theirs\n",
                                         times=2, status=1)
    assert_failed(result, "sites-enabled/site", "changed by someone else in the meantime",
                  "try again")
    assert read(site_path(nginx)) == before + "# theirs\n" * 2
    after = nginx.snapshot()
    assert after.pop("sites-enabled/site") != others.pop("sites-enabled/site")
    assert after == others


@needs_strace
def test_installation_begins_again_with_a_file_that_was_changed_just_before(
        site, nginx):  # noqa: F811
    nginx.site(PLAIN)
    site.obtain("a.test")
    nginx.start()
    before = read(site_path(nginx))
    result = Held(site.certwright, nginx).run(
        "install", "--nginx", "--nginx-server-root", nginx.root, "--cert-name", "site", "-d",
        "a.test", "--https-port", nginx.https_port, "--http-01-port", nginx.http_port,
        "--redirect", change="# theirs\n", status=0)
    assert "starting again" in result.stderr
    assert read(site_path(nginx)).endswith("# theirs\n")
    assert site.is_served("a.test")
    assert nginx.get("a.test")[0] == 301
    site.rollback()
    assert read(site_path(nginx)) == before + "# theirs\n"


def test_rollback_keeps_what_was_added_since(site, nginx):  # noqa: F811
    nginx.site(PLAIN)
    mode = stat.S_IMODE(os.stat(site_path(nginx)).st_mode)
    site.obtain("a.test")
    nginx.start()
    before = read(site_path(nginx))
    site.install("--redirect")
    with open(site_path(nginx), "a", encoding="ascii") as stream:
        stream.write("# theirs\n")
    result = site.rollback()
    assert read(site_path(nginx)) == before + "# theirs\n"
    assert stat.S_IMODE(os.stat(site_path(nginx)).st_mode) == mode
    assert "was changed by someone else in the meantime" in result.stderr
    assert nginx.get("a.test")[2] == "site"


def test_rollback_of_lines_that_were_changed_is_refused(site, nginx):  # noqa: F811
    nginx.site(PLAIN)
    site.obtain("a.test")
    nginx.start()
    before = read(site_path(nginx))
    site.install("--redirect")
    text = read(site_path(nginx)).replace("return 301", "return 308")
    nginx.write("sites-enabled/site", text, fill=False)
    result = site.certwright.run("rollback", "--nginx", "--nginx-server-root", nginx.root,
                                 status=1, json=True)
    assert_failed(result, "sites-enabled/site", "changed by someone else", "by hand")
    assert read(site_path(nginx)) == text
    nginx.write("sites-enabled/site", text.replace("return 308", "return 301"), fill=False)
    site.rollback()
    assert read(site_path(nginx)) == before


def test_recovery_after_a_crash_keeps_what_was_added_since(certwright, nginx):  # noqa: F811
    """Coordinator and worker are killed at once, so that neither cleans up."""
    nginx.site(PLAIN)
    nginx.start()
    before = read(site_path(nginx))
    ctl = meddling_nginx(nginx, "$a # theirs",
                         then="parent=$(ps -o ppid= -p $PPID); kill -STOP $PPID; "
                              "kill -9 $parent; kill -9 $PPID; exit 9")
    obtain(certwright, nginx, "a.test", args=("--nginx-ctl", ctl), status=-9)
    assert "acme-challenge" in read(site_path(nginx))
    result = obtain(certwright, nginx, "a.test", args=("--lock-timeout", "20"))
    assert read(site_path(nginx)) == before + "# theirs\n"
    assert "was changed by someone else in the meantime" in result.stderr


def test_nginx_that_takes_longer_than_the_plugin_may_be_silent_is_waited_for(certwright, nginx):  # noqa: F811
    """With many certificates, nginx needs long for each test of its configuration and each reload."""
    nginx.site(PLAIN)
    nginx.start()
    path = os.path.join(nginx.folder, "nginx-ctl")
    with open(path, "w", encoding="ascii") as stream:
        stream.write('#!/bin/sh\ncase " $* " in *" -t "*|*" reload "*) sleep 1.5;; esac\n'
                     'exec nginx "$@"\n')
    os.chmod(path, 0o755)
    obtain(certwright, nginx, "a.test", args=("--nginx-ctl", path, "--plugin-timeout", "1"))
