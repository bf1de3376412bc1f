"""What benchmarks share: how a command is measured, and peers that are made to trust a test's CA."""

import os
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from lib.certwright import TRUST_VARIABLES  # noqa: E402

SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Sample:
    """One run: wall and cpu in seconds, memory in MiB (of the largest process)."""

    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory


def median(samples):
    """The medians, each of its own, of several runs."""
    return Sample(*(statistics.median(getattr(s, what) for s in samples)
                    for what in ("wall", "cpu", "memory")))


class Measurer:
    """Runs commands in FOLDER through launcher.c, whose compiled form it keeps there."""

    def __init__(self, folder):
        self.folder = folder
        self.launcher = os.path.join(folder, "launcher")
        subprocess.run(["gcc", "-O2", "-o", self.launcher, os.path.join(HERE, "launcher.c")],
                       check=True)

    def run(self, argv, env=None, status=0):
        """Runs ARGV to its end; its output is shown only when it fails."""
        environment = dict(os.environ)
        environment.update(env or {})
        reading, writing = os.pipe()
        log_path = os.path.join(self.folder, "output.log")
        with open(log_path, "wb") as log, os.fdopen(reading) as report:
            with subprocess.Popen(
                    [self.launcher, str(writing), *argv], stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, env=environment, pass_fds=[writing], cwd=self.folder) as process:
                os.close(writing)
                line = report.read()
                process.wait()
        got, wall, cpu, memory = map(int, line.split())
        if got != status:
            with open(log_path, encoding="utf-8", errors="replace") as log:
                raise SystemExit(f"{' '.join(argv)}: exit status {got}\n{log.read()}")
        return Sample(wall / 1e6, cpu / 1e6, memory / 1024)


def in_private_mounts(network=False):
    """Runs this program again in a mount namespace of its own, unless it is in one already.

    NETWORK: and with a loopback interface of its own, all of whose ports are free.
    """
    if os.environ.get("CW_BENCH_PRIVATE") == str(os.getppid()) or \
            os.environ.get("CW_BENCH_PRIVATE") == str(os.getpid()):
        if network:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.environ["CW_BENCH_PRIVATE"] = str(os.getpid())
    flags = ["-m"] if os.geteuid() == 0 else ["-rm"]
    if network:
        flags.append("-n")
    os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])


def trust(ca_path, folder):
    """Adds a CA to what every program below trusts, in this mount namespace only.

    Some peers know no other way than the system's bundle; so that all pay for reading the same
    one, all are told in this way, and the environment says nothing else.
    """
    for name in TRUST_VARIABLES:
        os.environ.pop(name, None)
    bundle = os.path.join(folder, "bundle.crt")
    with open(bundle, "wb") as out:
        for path in (SYSTEM_BUNDLE, ca_path):
            with open(path, "rb") as stream:
                shutil.copyfileobj(stream, out)
    subprocess.run(["mount", "--bind", bundle, SYSTEM_BUNDLE], check=True)


def ratio(ours, theirs):
    """How many times more THEIRS is, in words for a table."""
    return f"{theirs / ours:.1f}x" if ours else "-"
