"""One run at a time over one directory, Certbot's runs included."""

import os

import pytest

from lib.outcome import assert_failed
from lib.process import Server, wait_until
from lib.rogue_ca import Hold
from lib.tools import certbot, script


@pytest.fixture
def held(rogue_certwright, rogue):
    """A run that is kept waiting by its CA: (program, run, hold)."""
    hold = rogue.on("new-order", Hold(), times=1)
    running = rogue_certwright.start("certonly", "--standalone", "-d", "held.example.test")
    assert hold.reached.wait(60), running.stderr_so_far()
    yield rogue_certwright, running, hold
    hold.release()


def test_a_second_run_names_the_first(held):
    certwright, running, hold = held
    result = certwright.json("renew", status=1)
    assert_failed(result, running.pid, "--lock-timeout")
    hold.release()
    assert running.finish().status == 0


def test_lock_timeout_waits_for_the_first(held):
    certwright, running, hold = held
    second = certwright.start("certonly", "--standalone", "-d", "second.example.test",
                              "--lock-timeout", "60")
    third = certwright.start("renew", "--lock-timeout", "0")
    assert third.finish().status == 1
    assert second.process.poll() is None
    hold.release()
    assert running.finish().status == 0
    assert second.finish().status == 0
    assert certwright.lineages() == ["held.example.test", "second.example.test"]


def test_lock_timeout_passes(held):
    certwright, running, _ = held
    result = certwright.json("renew", "--lock-timeout", "1", status=1)
    assert_failed(result, running.pid)


@pytest.mark.parametrize("verb", ["certificates", "plugins", "show_account"])
def test_verbs_that_read_do_not_wait(held, verb):
    certwright, running, _ = held
    certwright.run(verb, timeout=30)
    assert running.process.poll() is None


@pytest.mark.parametrize("shared", ["config_dir", "work_dir", "logs_dir"])
def test_each_directory_is_locked(held, start, rogue, shared):
    first, running, _ = held
    other = start.certwright(rogue, "other")
    setattr(other, shared, getattr(first, shared))
    result = other.json("renew", status=1)
    assert_failed(result, running.pid, getattr(first, shared))


def test_certbot_is_kept_out(held):
    certwright, running, hold = held
    done = certbot(certwright, "renew", status=None)
    assert done.returncode != 0
    assert "Another instance of Certbot is already running" in done.stdout + done.stderr
    hold.release()
    assert running.finish().status == 0


def test_certbot_keeps_us_out(start, pebble, tmp_path):
    certwright = start.certwright(pebble)
    certwright.run("register")
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    os.mkfifo(go_on)
    hook = script(tmp_path / "wait.sh", f'[ -e "{begun}" ] && exit\ntouch "{begun}"\nread word < "{go_on}"\n')
    running = Server("certbot", [
        "certbot", "certonly", "--standalone", "-n", "--server", pebble.directory,
        "--http-01-port", str(pebble.http_port), "-d", "theirs.example.test",
        "--pre-hook", hook, *certwright.directories()], str(tmp_path),
        env={"REQUESTS_CA_BUNDLE": pebble.ca_path})
    try:
        wait_until(begun.exists, 60, "certbot to run its hook")
        result = certwright.json("renew", status=1)
        assert_failed(result, running.pid)
        go_on.write_text("on\n")
        assert running.process.wait(60) == 0, running.log_tail()
    finally:
        running.stop()
    certwright.run("renew", "--force-renewal")


def test_no_lock_file_is_left(certwright):
    certwright.certonly("clean.example.test")
    for folder in (certwright.config_dir, certwright.work_dir, certwright.logs_dir):
        assert not os.path.exists(os.path.join(folder, ".certbot.lock"))


def test_a_lock_file_that_nobody_holds_is_no_hindrance(certwright):
    certwright.run("register")
    for folder in (certwright.config_dir, certwright.work_dir, certwright.logs_dir):
        with open(os.path.join(folder, ".certbot.lock"), "w", encoding="ascii") as stream:
            stream.write("1\n")
    certwright.certonly("stale.example.test")


def test_the_lock_is_free_after_a_kill(held):
    certwright, running, hold = held
    running.kill()
    hold.drop()
    certwright.run("certonly", "--standalone", "-d", "after.example.test",
                   "--lock-timeout", "10")
