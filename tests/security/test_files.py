"""Which files the processes of a run open, as strace sees it."""

import os
import re
import shutil

import pytest

from integration.test_nginx import nginx  # noqa: F401  (a fixture)

OPEN = re.compile(r'open(?:at)?\((?:AT_FDCWD, |\d+, )?"([^"]*)".*\) = (-?\d+)')
START = re.compile(r'execve\("[^"]*", \["certwright", "--process", "(network|plugin)"\]')
# With these a sandbox stands: seccomp is its last part, and the user goes first.
STANDS = re.compile(r"seccomp\(SECCOMP_SET_MODE_FILTER")
PRIVATE = re.compile(r"privkey|private_key|/keys/|/certwright/orders/")
# What name resolution reads (cw_sandbox_resolver_files).
RESOLUTION = re.compile(r"/etc/(resolv\.conf|hosts|host\.conf|nsswitch\.conf|gai\.conf|services|"
                        r"protocols|ld\.so\.cache)$|/run/(systemd/resolve|resolvconf|NetworkManager)"
                        r"|(/usr)?(/local)?/lib(64)?/")


class Trace:
    """What each process of a run did: the lines of strace, one file a process."""

    def __init__(self, folder):
        self.processes = []
        for name in sorted(os.listdir(folder), key=lambda n: int(n.rpartition(".")[2])):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                self.processes.append(file.read().splitlines())

    def of(self, role):
        """Those that are of ROLE, from their start on."""
        found = []
        for lines in self.processes:
            begins = [i for i, line in enumerate(lines)
                      if (match := START.search(line)) and match.group(1) == role]
            if begins:
                found.append(lines[begins[0]:])
        return found


def opened(lines):
    """The paths that were opened."""
    return [match.group(1) for line in lines
            if (match := OPEN.search(line)) and int(match.group(2)) >= 0]


def tried(lines):
    return [match.group(1) for line in lines if (match := OPEN.search(line))]


@pytest.fixture
def traced(start, pebble, tmp_path):
    """Runs certwright under strace."""
    certwright = start.certwright(pebble)
    count = iter(range(100))

    def run(verb, *arguments, **options):
        folder = tmp_path / f"trace{next(count)}"
        folder.mkdir()
        certwright.run(verb, *arguments, wrap=[
            "strace", "-ff", "-qq", "-s", "300", "-e", "trace=open,openat,execve,seccomp",
            "-o", str(folder / "p")], **options)
        return Trace(folder)

    run.certwright = certwright
    return run


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
