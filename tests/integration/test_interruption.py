"""kill -9 at any moment: the old certificate stays usable, the next run succeeds and does not spend
the CA's rate limit twice."""

import os

import pytest

from lib.account import challenge_again
from lib.process import port_answers, wait_until
from lib.rogue_ca import Hold
from lib.tools import read, serial_of, verify_chain

# Where the run is killed: the request that is under way, and whether the CA had done it already.
MOMENTS = [("new-order", True), ("authorization", False), ("challenge", False),
           ("finalize", False), ("finalize", True), ("certificate", False), ("certificate", True)]


def kill_at(certwright, rogue, kind, after, *argv):
    # All of a kind: one challenge kept back alone would leave the others to fail.
    hold = rogue.on(kind, Hold(after))
    running = certwright.start(*argv)
    assert hold.reached.wait(60), running.stderr_so_far()
    running.kill()
    rogue.hang_up()
    rogue.behave()
    hold.drop()
    # What worked for it must be gone too before the port is free again.
    wait_until(lambda: not port_answers(rogue.http_port), 20, "its workers to end")


@pytest.mark.parametrize("kind, after", MOMENTS)
def test_the_order_is_continued(rogue_certwright, rogue, kind, after):
    certwright = rogue_certwright
    argv = ("certonly", "--standalone", "-d", "k1.example.test", "-d", "k2.example.test",
            "--lock-timeout", "10")
    kill_at(certwright, rogue, kind, after, *argv)
    assert certwright.lineages() == []
    certwright.run(*argv)
    verify_chain(os.path.dirname(certwright.live("k1.example.test")), rogue.root())
    # The answer of newOrder itself was lost: then nobody can know the first order's URL.
    assert rogue.count("new-order") == (2 if kind == "new-order" else 1)
    assert rogue.count("new-account") == 1
    orders = os.path.join(certwright.work_dir, "certwright", "orders")
    assert os.listdir(orders) == []
    assert os.stat(orders).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind, after", MOMENTS)
def test_a_killed_renewal_leaves_the_old_certificate(rogue_certwright, rogue, kind, after):
    certwright = rogue_certwright
    certwright.certonly("old.example.test")
    serial = serial_of(certwright.live("old.example.test", "cert"))
    challenge_again(certwright)
    kill_at(certwright, rogue, kind, after, "renew", "--force-renewal")
    live = os.path.dirname(certwright.live("old.example.test"))
    verify_chain(live, rogue.root())
    assert serial_of(os.path.join(live, "cert.pem")) == serial
    certwright.run("renew", "--force-renewal", "--lock-timeout", "10")
    verify_chain(live, rogue.root())
    assert serial_of(os.path.join(live, "cert.pem")) != serial


def test_an_order_for_other_names_is_not_continued(rogue_certwright, rogue):
    certwright = rogue_certwright
    kill_at(certwright, rogue, "finalize", False, "certonly", "--standalone",
            "-d", "n1.example.test")
    certwright.run("certonly", "--standalone", "-d", "n2.example.test", "--lock-timeout", "10")
    assert rogue.count("new-order") == 2


def test_an_order_that_the_ca_forgot_is_made_anew(rogue_certwright, rogue):
    from lib.rogue_ca import problem
    certwright = rogue_certwright
    argv = ("certonly", "--standalone", "-d", "forgotten.example.test", "--lock-timeout", "10")
    kill_at(certwright, rogue, "finalize", False, *argv)
    rogue.on("order", problem("malformed", "no such order", 404), times=1)
    certwright.run(*argv)
    assert rogue.count("new-order") == 2


# Each of these system calls of the run is where it dies, the first time, the second and so on.
CALLS = [("renameat2", n) for n in (1, 2, 3, 4)] + [
    ("rename", n) for n in (1, 2, 3, 4, 6, 8)] + [
    ("fsync", n) for n in (1, 3, 5, 8, 11, 14)] + [
    ("symlink,symlinkat", n) for n in (1, 2, 3, 4)] + [
    ("unlink,unlinkat", n) for n in (1, 2, 3, 5)] + [
    ("mkdir,mkdirat", n) for n in (1, 2, 3)]


@pytest.mark.parametrize("call, number", CALLS)
def test_killed_at_a_system_call_nothing_is_lost(start, pebble, call, number):
    """strace kills the process at the NUMBERth CALL of `renew`, if there are as many."""
    certwright = start.certwright(pebble)
    certwright.certonly("sys.example.test", args=["--reuse-key"] if number % 2 else [])
    live = os.path.dirname(certwright.live("sys.example.test"))
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
              "-e", f"inject={call}:signal=SIGKILL:when={number}"]
    certwright.run("renew", "--force-renewal", wrap=strace, status=None)
    verify_chain(live, pebble.root())
    wait_until(lambda: not port_answers(pebble.http_port), 20, "its workers to end")
    certwright.run("renew", "--force-renewal", "--lock-timeout", "10")
    verify_chain(live, pebble.root())
    assert not [n for n in os.listdir(live) if n.startswith("previous_")]
    links = {os.readlink(os.path.join(live, f"{k}.pem")).rsplit(k, 1)[1]
             for k in ("cert", "chain", "fullchain", "privkey")}
    assert len(links) == 1, links
    left = [n for n in os.listdir(os.path.join(certwright.config_dir, "live"))
            if n not in ("README", "sys.example.test")]
    assert left == []


@pytest.mark.parametrize("call, number", CALLS)
def test_killed_while_making_the_first_certificate_the_next_run_succeeds(start, pebble, call,
                                                                         number):
    certwright = start.certwright(pebble)
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
              "-e", f"inject={call}:signal=SIGKILL:when={number}"]
    certwright.certonly("first.example.test", wrap=strace, status=None)
    wait_until(lambda: not port_answers(pebble.http_port), 20, "its workers to end")
    certwright.certonly("first.example.test", args=["--lock-timeout", "10", "--keep"])
    assert certwright.lineages() == ["first.example.test"]
    verify_chain(os.path.dirname(certwright.live("first.example.test")), pebble.root())
    assert "authenticator = standalone" in read(certwright.renewal_file("first.example.test"))


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_run_and_cleans_up(start, rogue, pebble, tmp_path, signal):
    import signal as signals
    certwright = start.certwright(rogue)
    root = tmp_path / "root"
    root.mkdir()
    hold = rogue.on("challenge", Hold(), times=1)
    running = certwright.start("certonly", "--webroot", "-w", str(root), "-d", "sig.example.test")
    assert hold.reached.wait(60), running.stderr_so_far()
    running.process.send_signal(getattr(signals, signal))
    result = running.finish(30)
    hold.drop()
    assert result.status != 0
    assert os.listdir(root) == []
    for folder in (certwright.config_dir, certwright.work_dir, certwright.logs_dir):
        assert not os.path.exists(os.path.join(folder, ".certbot.lock"))
