"""Which files the processes of a run open, as strace sees it."""

import contextlib
import os
import re
import subprocess

import pytest

OPEN = re.compile(r'open(?:at)?\((?:AT_FDCWD, |\d+, )?"([^"]*)".*\) = (-?\d+)')
START = re.compile(r'execve\("[^"]*", \["certwright", "--process", "(network|plugin)"\]')
PRIVATE = re.compile(r"privkey|private_key|/keys/|/certwright/orders/")


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


CHANGE = re.compile(r'^(creat|(?:mk|rm)dir(?:at)?|mknod(?:at)?|(?:sym)?link(?:at)?|unlink(?:at)?|'
                    r'rename(?:at2?)?|truncate)\(.* = 0')
FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE")


def changed(lines):
    """The calls that make, open for writing, rename or remove a file, but for devices and /proc."""
    return [line for line in lines if CHANGE.search(line) or (
        (match := OPEN.search(line)) and int(match.group(2)) >= 0 and FOR_WRITING.search(line)
        and not match.group(1).startswith(("/dev/", "/proc/")))]


def tried(lines):
    return [match.group(1) for line in lines if (match := OPEN.search(line))]


def tracing(certwright, tmp_path):
    """Gives a function that runs CERTWRIGHT and returns its trace."""
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


@contextlib.contextmanager
def strace(pid, folder, *options):
    """Runs strace with OPTIONS on a process that runs; it sees all calls from the beginning on."""
    with subprocess.Popen(["strace", "-o", os.path.join(folder, "trace"), "-p", str(pid),
                           *options], stderr=subprocess.PIPE, text=True) as process:
        said = ""
        try:
            while "attached" not in said:
                said = process.stderr.readline()
                if "Operation not permitted" in said:
                    pytest.skip("strace may not look at other processes")
                assert said, "strace has ended"
            yield
        finally:
            process.terminate()
            process.communicate()
