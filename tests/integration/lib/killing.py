"""kill -9 before any call that changes the file system or tells a server something.

What lies between two such calls differs from one of the two in nothing; that a file is complete
before it is renamed is test_checkpoint_crash.py's."""

import collections
import os
import re
import shutil
import socket

import pytest

CALLS = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "symlink", "symlinkat")
# LeakSanitizer cannot work in a process that is traced.
ENV = {"ASAN_OPTIONS": "detect_leaks=0"}


def every_day(count):
    """The values of a test's MOST: COUNT places every day, all of them with --full."""
    return [pytest.param(count, id="some"), pytest.param(None, id="all", marks=pytest.mark.full)]


def strace(path, *options):
    return [shutil.which("strace"), "-f", "-qq", "-o", path, *options]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def places(folder, run, signal):
    """(call, number) of every such call that a process of run() makes, and of every SIGNAL."""
    path = os.path.join(folder, "trace")
    run(wrap=strace(path, "-e", "trace=" + ",".join(CALLS + ("kill",))), env=ENV)
    counts, found = collections.Counter(), set()
    for line in read(path).splitlines():
        match = re.match(r"(\d+)\s+(\w+)\((.*)", line)
        if not match:
            continue
        pid, call, rest = match.groups()
        counts[pid, call] += 1
        if call != "kill" or signal in rest:
            found.add((call, counts[pid, call]))
        if call == "kill" and signal in rest:
            found.add((call, counts[pid, call] + 1))
    return sorted(found)


def some_of(found, most):
    """MOST of the places, from all over; None: all."""
    if most is None or most >= len(found):
        return found
    return [found[(2 * i + 1) * len(found) // (2 * most)] for i in range(most)]


def killed_everywhere(folder, run, prepare, check, signal="SIGHUP", most=None):
    """Does PREPARE, RUN killed at a place, CHECK, for every place or MOST of them."""
    prepare()
    found = places(folder, run, signal)
    assert len(found) >= 8
    found = some_of(found, most)
    killed = 0
    for call, number in found:
        prepare()
        path = os.path.join(folder, "trace")
        run(status=None, env=ENV, wrap=strace(path, "-e", f"trace={call}", "-e",
                                              f"inject={call}:signal=SIGKILL:when={number}"))
        killed += "killed by SIGKILL" in read(path)
        try:
            check()
        except BaseException:
            print(f"killed at {call} number {number}")
            raise
    # A number of calls may depend on how long the server takes.
    assert killed >= len(found) - 4 and killed > 0


def recover(certwright):
    """The next run: it has nothing else to do."""
    certwright.run("renew", "--lock-timeout", "20")
    for name in ("IN_PROGRESS", "temp_checkpoint"):
        assert not os.path.lexists(os.path.join(certwright.work_dir, name))


def listens(port):
    """Whether a server does."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except OSError:
        return False
    return True
