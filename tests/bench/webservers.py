"""What the benchmarks of plugins for web servers share: how a command is measured whose children
are the web server's, the clients, and how results are shown."""

import argparse
import contextlib
import os
import resource
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

from measure import in_private_mounts, trust

from lib.authority import Authority
from lib.certwright import plugin_path, program_path, real_program
from lib.pebble import Pebble
from lib.ports import Ports


# certbot gives a new virtual host of Apache this port, whatever --https-port says.
HTTPS_PORT = 443


def family(pid):
    """PID and its descendants."""
    found = [pid]
    for each in found:
        try:
            with open(f"/proc/{each}/task/{each}/children", encoding="ascii") as stream:
                found += map(int, stream.read().split())
        except OSError:
            pass
    return found


class Peaks:
    """Looks at the processes of a command as long as it runs.

    Memory, in MiB: "own" is the most that all of its processes together had, each with its peak,
    so what they share counts for each; "server" is that of the largest run of the web server.
    """

    def __init__(self, server):
        self.server, self.own_memory, self.server_memory = server, 0, 0
        self._server_cpu = {}

    def look(self, pid):
        own = 0
        for each in family(pid):
            try:
                with open(f"/proc/{each}/status", encoding="ascii", errors="replace") as stream:
                    fields = dict(line.split(":", 1) for line in stream if ":" in line)
                with open(f"/proc/{each}/schedstat", encoding="ascii") as stream:
                    cpu = int(stream.read().split()[0]) / 1e9
            except OSError:
                continue
            memory = int(fields.get("VmHWM", "0").split()[0]) / 1024
            if fields["Name"].strip() == self.server:
                self.server_memory = max(self.server_memory, memory)
                self._server_cpu[each] = cpu
            else:
                own += memory
        self.own_memory = max(self.own_memory, own)

    def server_cpu(self):
        """Seconds, up to the last look at each process."""
        return sum(self._server_cpu.values())


class Result:
    """One run. Times in seconds; CPU time and memory are the command's own, without those of the
    web server's processes that it runs, which have their own."""

    def __init__(self, wall, cpu, peaks, status, output):
        self.wall, self.status, self.output = wall, status, output
        self.server_cpu, self.server_memory = peaks.server_cpu(), peaks.server_memory
        self.cpu, self.memory = max(cpu - self.server_cpu, 0.001), peaks.own_memory

    def fail(self, why):
        """For what the command has not said."""
        if self.status == 0:
            self.status, self.output = -1, why


def _children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(argv, env, limit, server):
    """Runs ARGV, whose processes named SERVER are the web server's, for LIMIT seconds at most."""
    peaks = Peaks(server)
    with tempfile.TemporaryFile() as log:
        begin, before = time.monotonic(), _children_cpu()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env={**os.environ, **env})
        while process.poll() is None:
            peaks.look(process.pid)
            if time.monotonic() - begin > limit:
                process.kill()
            time.sleep(0.005)
        wall = time.monotonic() - begin
        log.seek(0)
        return Result(wall, _children_cpu() - before, peaks, process.returncode,
                      log.read().decode("utf-8", "replace"))


class Client:
    """certbot, or certwright, which takes the same options."""

    def __init__(self, name, folder, pebble, plugin, server):
        self.name, self.folder, self.pebble = name, os.path.join(folder, name), pebble
        self.plugin, self.server = plugin, server
        os.makedirs(self.folder)
        self.program, self.env = ["certbot"], {}
        if name == "certwright":
            program, self.env = real_program(program_path())
            self.program = [program]
            path = plugin_path(program_path())
            if path:
                self.env["CERTWRIGHT_PLUGIN_PATH"] = path

    def run(self, site, verb, limit, *args):
        """SITE has a root, options of the plugin, and environment variables."""
        return measure([*self.program, verb, "--config-dir", f"{self.folder}/etc",
                        "--work-dir", f"{self.folder}/var", "--logs-dir", f"{self.folder}/log",
                        "-n", "--agree-tos", "--register-unsafely-without-email",
                        "--server", self.pebble.directory, f"--{self.plugin}",
                        f"--{self.plugin}-server-root", site.root, *site.options,
                        "--http-01-port", str(self.pebble.http_port), *args],
                       {**self.env, **site.env}, limit, self.server)

    def obtain(self, site, name, limit):
        path = f"{self.folder}/etc/live/one/cert.pem"
        before = os.path.realpath(path)
        result = self.run(site, "certonly", limit, "--cert-name", "one", "--force-renewal",
                          "-d", name)
        if not os.path.exists(path) or os.path.realpath(path) == before:
            result.fail("there is no new certificate")
        return result

    def install(self, site, name, limit):
        """Files of nobody's, so that it does not depend on what was obtained before."""
        new = f"{site.folder}/new"
        return self.run(site, "install", limit, "--https-port", str(HTTPS_PORT), "--no-redirect",
                        "--cert-path", f"{new}.pem", "--fullchain-path", f"{new}.pem",
                        "--key-path", f"{new}.key", "--chain-path", f"{new}.pem", "-d", name)


def make_pair(folder, name):
    """A certificate NAME.pem for *.example.test that nobody has signed, and its key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:*.example.test",
                    "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"],
                   check=True, stderr=subprocess.DEVNULL)


def certificate_of(path):
    """In DER."""
    with open(path, encoding="ascii") as stream:
        return ssl.PEM_cert_to_DER_cert(stream.read())


def best(results):
    """The quickest run that worked, else the last."""
    good = [r for r in results if r.status == 0]
    return min(good, key=lambda r: r.wall) if good else results[-1]


def show(what, results):
    ours = results.get("certwright")
    print(f"\n{what}")
    for name, result in results.items():
        line = (f"  {name:12}{result.wall:9.2f} s{result.cpu:9.2f} s CPU{result.memory:9.1f} MiB"
                f"   (server: {result.server_cpu:.2f} s CPU, {result.server_memory:.1f} MiB)")
        if result.status != 0:
            reason = [row for row in result.output.splitlines() if row.strip()]
            line += f"   FAILED ({result.status}): {reason[-1][:90] if reason else ''}"
        elif ours and name != "certwright":
            line += (f"   {result.wall / ours.wall:.1f}x time, {result.cpu / ours.cpu:.1f}x CPU, "
                     f"{result.memory / ours.memory:.1f}x memory")
        print(line, flush=True)


def show_goals(goals):
    """GOALS: (what, measured, reached). Returns how many are missed."""
    print("\nGoals")
    missed = 0
    for what, measured, reached in goals:
        missed += not reached
        print(f"  {'reached' if reached else 'MISSED ':8} {what}: {measured}")
    return missed


def argument_parser(doc, size_option, sizes, runs):
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument(size_option, dest="sizes", default=sizes)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--clients", default="certwright,certbot")
    parser.add_argument("--limit", type=int, default=900, help="seconds of one run")
    parser.add_argument("--check", action="store_true",
                        help="exit with 1 when a goal is not reached")
    return parser


@contextlib.contextmanager
def setting(names, plugin, server):
    """Yields the clients with these NAMES, and the ports for plain HTTP and TLS."""
    in_private_mounts(network=True)
    # So that servers end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix="certwright-bench-")
    os.chmod(folder, 0o755)
    ports = Ports()
    pebble = None
    try:
        authority = Authority(folder)
        trust(authority.ca_path, folder)
        pebble = Pebble(ports, os.path.join(folder, "pebble"), authority, "kind")
        yield ([Client(name, folder, pebble, plugin, server) for name in names.split(",")],
               (pebble.http_port, HTTPS_PORT))
    finally:
        if pebble:
            pebble.stop()
        ports.release()
        shutil.rmtree(folder, ignore_errors=True)
