"""valgrind over whole issuances, and the agent: no error, nothing lost, in the coordinator. With --full
also in the network process and in plugin processes, which takes several times as long."""

import glob
import os
import re
import signal

import pytest

from lib.agent import Agent
from lib.tools import read

# Debian's valgrind is older than some of the kernel's calls (pidfd_open, openat2), and says so.
UNKNOWN_CALL = re.compile(r"^--\d+-- (WARNING: unhandled amd64-linux syscall: \d+|You may be able to "
                          r"write|Read the file README|Nevertheless we|it at http).*\n", re.M)


@pytest.fixture
def valgrind(tmp_path, request):
    """The words to put before a command, and a check of what valgrind wrote."""
    logs = tmp_path / "valgrind"
    logs.mkdir()
    full = request.config.getoption("--full")
    wrap = ["valgrind", "-q", f"--trace-children={'yes' if full else 'no'}",
            "--trace-children-skip=/bin/*,/usr/bin/*", "--child-silent-after-fork=no",
            "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect", "--track-fds=no", "--error-exitcode=99",
            f"--log-file={logs}/%p"]

    def check(processes=1):
        paths = glob.glob(f"{logs}/*")
        assert len(paths) >= (processes if full else 1)
        for path in paths:
            assert UNKNOWN_CALL.sub("", read(path)).strip() == "", read(path)
    return wrap, check


def test_issuance_and_renewal(certwright, valgrind):
    wrap, check = valgrind
    certwright.certonly("v1.example.test", "v2.example.test", wrap=wrap, timeout=300)
    check(processes=3)
    certwright.run("renew", "--force-renewal", wrap=wrap, timeout=300)
    check(processes=6)


def test_webroot_issuance_with_hooks(start, certwright, pebble, valgrind, tmp_path):
    wrap, check = valgrind
    root = tmp_path / "root"
    root.mkdir()
    start.web(pebble.http_port, lambda host: str(root))
    certwright.run("certonly", "--webroot", "-w", root, "-d", "v3.example.test", "--json",
                   "--pre-hook", "true", "--deploy-hook", "echo deployed", wrap=wrap, timeout=300)
    check(processes=3)
    assert os.listdir(root) == []


def test_a_failing_issuance(start, pebble, valgrind):
    wrap, check = valgrind
    certwright = start.certwright(pebble)
    pebble.dns.set_servfail("v4.example.test")
    certwright.certonly("v4.example.test", wrap=wrap, status=1, timeout=300)
    check(processes=3)


@pytest.mark.parametrize("verb", ["certificates", "plugins", "show_account", "register"])
def test_other_verbs(certwright, valgrind, verb):
    wrap, check = valgrind
    certwright.certonly("v5.example.test")
    certwright.run(verb, wrap=wrap, status=None, timeout=300)
    check()


def test_the_agent(certwright, pebble, valgrind):
    """Itself and the children that do its work."""
    wrap, check = valgrind
    agent = Agent(certwright, wrap=wrap, env={
        "CERTWRIGHT_DOMAINS": "v6.example.test", "CERTWRIGHT_AUTHENTICATOR": "standalone"})
    agent.wait_for_origin("v6.example.test", "acme")
    agent.wait(lambda: agent.certificate("v6.example.test")["state"] == "valid", "the status")
    for words in (["reload"], ["renew", "v6.example.test"]):
        certwright.run("agent", *words, *certwright.directories(), defaults=False, timeout=300)
    pebble.dns.set_servfail("v6.example.test")
    try:
        certwright.run("agent", "renew", "v6.example.test", *certwright.directories(),
                       defaults=False, status=None, timeout=300)
    finally:
        pebble.dns.clear_servfail("v6.example.test")
    agent.signal(signal.SIGTERM)
    agent.running.finish(60)
    check(processes=4)
