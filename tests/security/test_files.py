"""Which files the processes of a run open, as strace sees it."""

import os
import re
import shutil

import pytest

from integration.test_nginx import nginx  # noqa: F401  (a fixture)
from lib.trace import PRIVATE, START, opened, tracing, tried

# With these a sandbox stands: seccomp is its last part, and the user goes first.
STANDS = re.compile(r"seccomp\(SECCOMP_SET_MODE_FILTER")
# What name resolution reads (cw_sandbox_resolver_files).
RESOLUTION = re.compile(r"/etc/(resolv\.conf|hosts|host\.conf|nsswitch\.conf|gai\.conf|services|"
                        r"protocols|ld\.so\.cache)$|/run/(systemd/resolve|resolvconf|NetworkManager)"
                        r"|(/usr)?(/local)?/lib(64)?/")


@pytest.fixture
def traced(start, pebble, tmp_path):
    """Runs certwright under strace."""
    return tracing(start.certwright(pebble), tmp_path)


def check(trace):
    """Nobody but the coordinator opens a private key, and it does."""
    networks, plugins = trace.of("network"), trace.of("plugin")
    assert networks and plugins
    for lines in networks + plugins:
        assert [path for path in tried(lines) if PRIVATE.search(path)] == []
    others = {id(lines) for lines in trace.processes
              if any(START.search(line) for line in lines)}
    coordinator = [path for lines in trace.processes if id(lines) not in others
                   for path in opened(lines) if PRIVATE.search(path)]
    assert coordinator
    return networks, plugins


def check_sandboxed(lines, allowed):
    """After the sandbox stands, LINES open nothing but what is ALLOWED."""
    stands = [i for i, line in enumerate(lines) if STANDS.search(line)]
    assert stands, "no sandbox"
    after = [path for path in tried(lines[stands[0]:]) if not allowed(path)]
    assert after == []


def resolution(path):
    return RESOLUTION.match(path) is not None


def test_only_the_coordinator_opens_keys_with_standalone(traced):
    for words in (["certonly", "--standalone", "-d", "a.test"], ["renew", "--force-renewal"]):
        networks, plugins = check(traced(*words))
        for lines in networks:
            check_sandboxed(lines, resolution)
        for lines in plugins:
            check_sandboxed(lines, lambda path: path == "/dev/null")


def test_only_the_coordinator_opens_keys_with_webroot(traced, start, pebble):
    root = os.path.join(traced.certwright.folder, "webroot")
    os.mkdir(root)
    start.web(pebble.http_port, lambda host: root)
    for words in (["certonly", "--webroot", "-w", root, "-d", "a.test"],
                  ["renew", "--force-renewal"]):
        networks, _ = check(traced(*words))
        for lines in networks:
            check_sandboxed(lines, resolution)


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_only_the_coordinator_opens_keys_with_nginx(traced, nginx):  # noqa: F811
    nginx.site("server { listen @http@; server_name a.test; }")
    nginx.start()
    for words in (["certonly", "--nginx", "--nginx-server-root", nginx.root, "-d", "a.test"],
                  ["renew", "--force-renewal"]):
        networks, _ = check(traced(*words))
        for lines in networks:
            check_sandboxed(lines, resolution)
