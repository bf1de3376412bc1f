"""Another program changes Apache's configuration while certwright is at work in it, or another run
does: what that made is never lost, and what certwright added goes again."""

import os
import re

import pytest

from lib.apache import Apache
from lib.outcome import assert_failed
from lib.process import wait_until
from lib.terminal import on_terminal
from test_apache import host, obtain
from test_apache_crash import deadly_ctl
from test_apache_install import SERVES, Site, apache, site, tls  # noqa: F401  (fixtures)
from test_nginx_changed import Held, needs_strace, read

THEIRS = "# theirs\n"


def site_path(apache, name="site.conf"):  # noqa: F811
    return os.path.join(apache.root, "sites-available", name)


def add(path, text=THEIRS):
    with open(path, "a", encoding="ascii") as stream:
        stream.write(text)


@pytest.fixture
def answering(start, pebble):
    """An Apache at which the CA looks."""
    server = Apache(pebble.http_port, start.ports.take(), start.ports.take())
    yield server
    server.stop()


def ctl_that(apache, words):  # noqa: F811
    """An apache2ctl that does WORDS, of the shell, when it is first asked to test what was written."""
    path = os.path.join(apache.folder, "apache2ctl")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\nfor last; do :; done\n"
                     f"if [ \"$last\" = -t ] && mkdir '{path}.done' 2>/dev/null; then\n"
                     f"{words}\nfi\nexec apache2ctl \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def test_lines_added_while_a_challenge_is_in_place_stay(certwright, answering):
    answering.site(host(SERVES))
    answering.start()
    before = read(site_path(answering))
    ctl = ctl_that(answering, f"echo '# theirs' >> '{site_path(answering)}'")
    result = obtain(certwright, answering, "a.test", args=("--apache-ctl", ctl))
    assert read(site_path(answering)) == before + THEIRS
    assert "was changed by someone else in the meantime" in result.stderr
    assert answering.get("a.test")[2] == "the site\n"
    assert answering.get("a.test", "/.well-known/acme-challenge/x")[0] == 404


def test_what_apache_has_just_accepted_is_not_tested_again(certwright, answering):
    answering.site(host(SERVES))
    answering.start()
    calls = os.path.join(answering.folder, "calls")
    ctl = os.path.join(answering.folder, "apache2ctl")
    with open(ctl, "w", encoding="ascii") as stream:
        stream.write(f"#!/bin/sh\necho \"$@\" >> '{calls}'\nexec apache2ctl \"$@\"\n")
    os.chmod(ctl, 0o755)
    obtain(certwright, answering, "a.test", args=("--apache-ctl", ctl))
    # Before anything was changed, and with the challenge.
    assert len(re.findall(" -t", read(calls))) == 2


def test_what_somebody_breaks_during_a_challenge_is_not_loaded(certwright, answering):
    """Apache would end."""
    answering.site(host(SERVES))
    answering.start()
    pid = answering.pid()
    terminal = on_terminal(certwright, "certonly", "--apache", "--apache-server-root",
                           answering.root, "-d", "a.test", "--debug-challenges")
    terminal.expect("Press Enter")
    answering.write("conf-enabled/theirs.conf", "Nonsense on\n")
    terminal.type("")
    text = terminal.finish()
    assert "Invalid command 'Nonsense'" in text
    assert answering.pid() == pid and answering.get("a.test")[2] == "the site\n"


@needs_strace
@pytest.mark.parametrize("times", (1, 2))
def test_challenge_begins_again_once_with_a_file_that_was_changed(certwright, answering, times):
    answering.site(host(SERVES))
    answering.start()
    before = answering.snapshot()
    text = read(site_path(answering))
    result = Held(certwright, answering, "sites-available/site.conf").run(
        "certonly", "--apache", "--apache-server-root", answering.root, "-d", "a.test",
        change=THEIRS, times=times, status=times - 1)
    assert "starting again" in result.stderr
    if times == 2:
        assert_failed(result, "site.conf", "changed by someone else in the meantime", "try again")
    assert read(site_path(answering)) == text + THEIRS * times
    after = answering.snapshot()
    name = "sites-available/site.conf"
    assert after.pop(name) != before.pop(name)
    assert after == before


@needs_strace
def test_installation_begins_again_with_a_file_that_was_changed_just_before(
        site, apache):  # noqa: F811
    apache.site(tls())
    apache.start()
    site.obtain("a.test")
    before = read(site_path(apache))
    result = Held(site.certwright, apache, "sites-available/site.conf").run(
        "install", "--apache", "--apache-server-root", apache.root, "--cert-name", "site", "-d",
        "a.test", "--https-port", apache.https_port, "--no-redirect", change=THEIRS, status=0)
    assert "starting again" in result.stderr
    assert read(site_path(apache)).endswith(THEIRS)
    assert site.is_served("a.test")
    site.rollback()
    assert read(site_path(apache)) == before + THEIRS


@needs_strace
def test_new_file_that_somebody_else_made_just_before_stays_theirs(site, apache):  # noqa: F811
    apache.site(host(SERVES))
    apache.start()
    site.obtain("a.test")
    before = apache.snapshot()
    name = "sites-available/site-le-ssl.conf"
    result = Held(site.certwright, apache, name).run(
        "install", "--apache", "--apache-server-root", apache.root, "--cert-name", "site", "-d",
        "a.test", "--https-port", apache.https_port, "--no-redirect", change=THEIRS, status=1)
    assert_failed(result, name, "Apache does not read it")
    assert read(os.path.join(apache.root, name)) == THEIRS
    after = apache.snapshot()
    del after[name]
    assert after == before


def test_link_that_is_there_stays(site, apache):  # noqa: F811
    apache.site(host(SERVES))
    apache.start()
    site.obtain("a.test")
    link = os.path.join(apache.root, "sites-enabled/site-le-ssl.conf")
    for target, status in (("/nowhere", 1), ("../sites-available/site-le-ssl.conf", 0)):
        os.symlink(target, link)
        before = apache.snapshot()
        result = site.install(status=status, json=True)
        if status != 0:
            assert_failed(result, "site-le-ssl.conf", "remove it")
        else:
            assert site.is_served("a.test")
            site.rollback()
        assert apache.snapshot() == before
        os.unlink(link)


def test_rollback_keeps_what_was_added_since(site, apache):  # noqa: F811
    apache.site(tls())
    apache.start()
    site.obtain("a.test")
    before = read(site_path(apache))
    site.install("--hsts")
    add(site_path(apache))
    result = site.rollback()
    assert read(site_path(apache)) == before + THEIRS
    assert "was changed by someone else in the meantime" in result.stderr
    assert not site.is_served("a.test") and apache.header("a.test",
                                                          "Strict-Transport-Security") is None


def test_rollback_of_lines_that_were_changed_is_refused(site, apache):  # noqa: F811
    apache.site(tls())
    apache.start()
    site.obtain("a.test")
    before = read(site_path(apache))
    site.install()
    ours = read(site_path(apache))
    theirs = ours.replace("/live/site/", "/live//site/")
    apache.write("sites-available/site.conf", theirs)
    rollback = ["rollback", "--apache", "--apache-server-root", apache.root]
    result = site.certwright.run(*rollback, status=1, json=True)
    assert_failed(result, "site.conf", "changed by someone else", "by hand")
    assert read(site_path(apache)) == theirs
    apache.write("sites-available/site.conf", ours)
    site.rollback()
    assert read(site_path(apache)) == before


def test_rollback_leaves_a_link_that_is_another_one_since(site, apache):  # noqa: F811
    apache.site(host(SERVES))
    apache.start()
    site.obtain("a.test").install()
    link = os.path.join(apache.root, "sites-enabled/site-le-ssl.conf")
    os.unlink(link)
    os.symlink(apache.write("theirs.conf", THEIRS), link)
    site.rollback()
    assert os.readlink(link).endswith("theirs.conf")


def test_recovery_after_a_crash_keeps_what_was_added_since(site, apache):  # noqa: F811
    apache.site(tls())
    apache.start()
    site.obtain("a.test")
    before = read(site_path(apache))
    site.install("--apache-ctl", deadly_ctl(apache), status=-9)
    assert read(site_path(apache)) != before
    add(site_path(apache))
    result = site.certwright.run("renew", "--lock-timeout", "20")
    assert read(site_path(apache)) == before + THEIRS
    assert "was changed by someone else in the meantime" in result.stderr
    assert not site.is_served("a.test")


def test_what_apache_refuses_is_said_in_its_words_and_taken_back(site, apache):  # noqa: F811
    """The file that is made brings in a directive that Apache does not know."""
    apache.site(host(SERVES))
    apache.write("conf-enabled/trap.conf",
                 f"<IfFile {site_path(apache, 'site-le-ssl.conf')}>\nNonsense on\n</IfFile>\n")
    apache.start()
    before = apache.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "with the changes", "trap.conf", "Invalid command 'Nonsense'",
                  "the files are restored")
    assert apache.snapshot() == before
    os.unlink(os.path.join(apache.root, "conf-enabled/trap.conf"))
    site.install()
    assert site.is_served("a.test")


def test_one_run_at_a_time_is_in_a_server_root(site, apache, start, pebble):  # noqa: F811
    """Also when they have no other folder in common."""
    apache.site(tls())
    apache.start()
    site.obtain("a.test")
    other = Site(apache, start.certwright(pebble, "other")).obtain("a.test")
    go_on = os.path.join(apache.folder, "go-on")
    os.mkfifo(go_on)
    ctl = ctl_that(apache, f"read word < '{go_on}'")
    words = ["--apache", "--apache-server-root", apache.root, "--cert-name", "site", "-d", "a.test",
             "--https-port", apache.https_port, "--no-redirect"]
    running = site.certwright.start("install", *words, "--apache-ctl", ctl)
    wait_until(lambda: os.path.exists(ctl + ".done"), what="the first run to test what it wrote")
    result = other.certwright.json("install", *words, status=1)
    assert_failed(result, apache.root)
    with open(go_on, "w", encoding="ascii") as stream:
        stream.write("on\n")
    assert running.finish().status == 0
    assert site.is_served("a.test")
