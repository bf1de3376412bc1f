"""The processes of a run: one that dies, is refused its sandbox, or is told bad news, costs no more
than it must."""

import os
import pwd
import resource
import signal

import pytest

from lib import old_kernel
from lib.outcome import assert_failed, identifiers, problem_types
from lib.process import children, is_gone, wait_until
from lib.rogue_ca import Hold, problem

# The kinds of requests of an issuance with a known account, in their order.
STEPS = ["directory", "new-nonce", "new-order", "authorization", "challenge", "finalize", "order",
         "certificate"]


def process_of(pid, role):
    """The process of a run that has ROLE; None: there is none."""
    for child in children(pid):
        try:
            with open(f"/proc/{child}/cmdline", "rb") as stream:
                if stream.read().split(b"\0")[1:3] == [b"--process", role.encode()]:
                    return child
        except OSError:
            continue
    return None


class Killer:
    """Kills the network process of a run while the CA answers it."""

    def __init__(self, forward):
        self.forward, self.running = forward, None
        self.killed = 0

    def __call__(self, exchange):
        if self.forward:
            exchange.forward()
        pid = wait_until(lambda: self.running and process_of(self.running.pid, "network"),
                         what="the network process")
        os.kill(pid, signal.SIGKILL)
        self.killed += 1
        wait_until(lambda: is_gone(pid), what="the end of the network process")
        exchange.close()


@pytest.fixture
def known(rogue_certwright):
    """The program with an account, and nothing remembered of the CA."""
    rogue_certwright.run("register")
    folder = os.path.join(rogue_certwright.work_dir, "certwright", "directory")
    for where, _, files in os.walk(folder):
        for name in files:
            os.unlink(os.path.join(where, name))
    return rogue_certwright


def run_with(killer, certwright, *arguments, status=0):
    killer.running = certwright.start("certonly", "--standalone", "-d", "a.test", *arguments,
                                      json=True)
    result = killer.running.finish()
    assert result.status == status, result.output
    return result


@pytest.mark.parametrize("forward", [False, True], ids=["before-the-ca", "after-the-ca"])
@pytest.mark.parametrize("step", STEPS)
def test_a_network_process_that_is_killed_is_replaced(known, rogue, step, forward):
    before = rogue.count("new-order")
    killer = rogue.on(step, Killer(forward), times=1)
    result = run_with(killer, known)
    assert killer.killed == 1
    assert result.json["ok"] and os.path.exists(known.live("a.test"))
    assert "was ended by signal 9" in known.log_text()
    # Of an order whose making was cut off nobody knows the URL.
    assert rogue.count("new-order") - before == (2 if step == "new-order" else 1)


@pytest.mark.parametrize("forward", [False, True], ids=["before-the-ca", "after-the-ca"])
def test_challenges_stay_in_place_while_the_network_process_is_replaced(known, rogue, pebble, start,
                                                                        tmp_path, forward):
    """The CA may be looking at them."""
    calls = tmp_path / "calls"
    folder = tmp_path / "root" / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    start.web(pebble.http_port, lambda host: str(tmp_path / "root"))
    killer = rogue.on("challenge", Killer(forward), times=1)
    killer.running = known.start(
        "certonly", "--manual", "-d", "a.test", "--manual-auth-hook",
        f'printf %s "$CERTBOT_VALIDATION" >{folder}/$CERTBOT_TOKEN; echo auth >>{calls}',
        "--manual-cleanup-hook", f"echo cleanup >>{calls}", json=True)
    result = killer.running.finish()
    assert result.status == 0, result.output
    assert killer.killed == 1
    assert calls.read_text() == "auth\ncleanup\n"


@pytest.mark.parametrize("step", ["authorization", "challenge", "finalize", "order", "certificate"])
def test_the_next_run_goes_on_where_two_network_processes_were_killed(known, rogue, step):
    killer = rogue.on(step, Killer(False), times=2)
    result = run_with(killer, known, status=1)
    assert killer.killed == 2
    assert_failed(result, "the network process was ended by signal 9")
    rogue.behave()
    known.certonly("a.test")
    assert rogue.count("new-order") == 1


def test_the_network_process_is_started_before_all_else(rogue_certwright, rogue):
    hold = rogue.on("new-order", Hold(), times=1)
    first = rogue_certwright.start("certonly", "--standalone", "-d", "first.test")
    assert hold.reached.wait(60), first.stderr_so_far()
    second = rogue_certwright.start("certonly", "--standalone", "-d", "second.test",
                                    "--lock-timeout", "60")
    wait_until(lambda: process_of(second.pid, "network"),
               what="the network process of a run that waits for the locks")
    hold.release()
    assert first.finish().status == 0
    assert second.finish().status == 0


def test_what_needs_the_network_says_that_it_was_killed(rogue, rogue_certwright):
    killer = rogue.on("new-account", Killer(False))
    killer.running = rogue_certwright.start("register", json=True)
    result = killer.running.finish()
    assert result.status == 1
    assert_failed(result, "the network process was ended by signal 9")


def test_a_killed_network_process_costs_none_of_many_certificates(known, rogue):
    names = [f"n{i}.test" for i in range(4)]
    for name in names:
        known.certonly(name)
    killer = rogue.on("finalize", Killer(True), times=1)
    killer.running = known.start("renew", "--force-renewal", json=True)
    result = killer.running.finish()
    assert result.status == 0, result.output
    assert killer.killed == 1
    assert sorted(result.certificates) == names


@pytest.mark.parametrize("verb", [["certonly", "--standalone", "-d", "a.test"], ["register"]],
                         ids=["certonly", "register"])
def test_a_sandbox_that_cannot_be_whole_is_told_or_refused(certwright, pebble, verb):
    launcher = old_kernel.launcher()
    refused = certwright.run(*verb, "--require-sandbox", wrap=launcher, json=True, status=1)
    assert_failed(refused, "cannot give up its rights", "landlock")
    assert "landlock" not in certwright.run(*verb, wrap=launcher).output
    assert "keeps rights that it does not need: landlock: " in certwright.log_text()


def test_a_whole_sandbox_is_what_require_sandbox_wants(certwright):
    certwright.certonly("a.test", args=["--require-sandbox"])


def test_a_plugin_process_is_refused_where_its_sandbox_is_not_whole(certwright):
    """The account is there, and nothing else: the plugin opens before the CA is asked."""
    certwright.run("register")
    result = certwright.run("certonly", "--standalone", "-d", "a.test", "--require-sandbox",
                            wrap=old_kernel.launcher(), json=True, status=1)
    assert_failed(result, "cannot give up its rights", "landlock")


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}, {"Retry-After": "86400"}],
                         ids=["no-time", "soon", "tomorrow"])
def test_a_ca_that_refuses_everything_for_its_rate_is_given_up(known, rogue, headers):
    rogue.on("any", problem("rateLimited", "far too many requests", 429, headers))
    result = known.run("certonly", "--standalone", "-d", "a.test", json=True, status=1)
    assert_failed(result, "far too many requests")
    assert "rateLimited" in problem_types(result.json)
    assert rogue.count("new-order") < 20


@pytest.mark.full
def test_of_a_hundred_names_that_fail_every_reason_is_told(start, certwright, pebble, tmp_path):
    start.web(pebble.http_port, lambda host: str(tmp_path / "elsewhere"))
    (tmp_path / "root").mkdir()
    names = [f"n{i}.test" for i in range(100)]
    words = [word for name in names for word in ("-d", name)]
    result = certwright.run("certonly", "--webroot", "-w", tmp_path / "root", *words, json=True,
                            status=1)
    assert identifiers(result.json) >= set(names)
    # As a person reads it.
    log = certwright.log_text()
    assert [name for name in names if f'could not validate "{name}"' not in log] == []


def assert_shortage(result):
    assert_failed(result, "Too many open files", "raise the limit on open files")


@pytest.mark.parametrize("limit", [7, 9, 10, 12])
def test_a_coordinator_that_lacks_descriptors_says_so(known, limit):
    """It fails at another place with each limit."""
    assert_shortage(known.run("certonly", "--standalone", "-d", "a.test", json=True, status=1,
                              wrap=["prlimit", f"--nofile={limit}:{limit}"]))


def test_a_network_process_that_lacks_descriptors_says_so(known, rogue):
    """It loses them while it has the directory, and needs another connection for the rest."""
    running = []

    def limit(exchange):
        pid = wait_until(lambda: running and process_of(running[0].pid, "network"),
                         what="the network process")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))
        exchange.send(exchange.forward())
        exchange.handler.close_connection = True

    known.forget_cas()
    rogue.on("directory", limit, times=1)
    # Its own user, so that its limit may be changed.
    running.append(known.start("certonly", "--standalone", "-d", "a.test", "--network-user",
                               pwd.getpwuid(os.geteuid()).pw_name, json=True))
    assert_shortage(running[0].finish())


def test_a_plugin_process_that_lacks_descriptors_says_so(known, rogue, tmp_path):
    """It loses them when it has been opened, while the CA makes the order."""
    running = []

    def limit(exchange):
        pid = wait_until(lambda: running and process_of(running[0].pid, "plugin"),
                         what="the plugin process")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))
        exchange.send(exchange.forward())

    (tmp_path / "root").mkdir()
    rogue.on("new-order", limit, times=1)
    running.append(known.start("certonly", "--webroot", "-w", tmp_path / "root", "-d", "a.test",
                               json=True))
    assert_failed(running[0].finish(), "cannot open the webroot", "Too many open files")
