"""A running agent, as a service manager or a container would run it."""

import contextlib
import os
import signal
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .certwright import program_path
from .process import wait_until
from .tools import read

TIME_LIMIT = 60


def are_pair(certificate, key):
    """Of PEM."""
    return (x509.load_pem_x509_certificate(certificate).public_key().public_numbers()
            == serialization.load_pem_private_key(key, None).public_key().public_numbers())


def is_pair(certwright, name):
    return are_pair(read(certwright.live(name), "rb"), read(certwright.live(name, "privkey"), "rb"))


def status_module():
    """The module of the status server in the build that is tested."""
    return os.path.join(os.path.dirname(program_path()), ".libs", "certwright-status.so")


class Reader:
    """Reads the pair in live/NAME again and again, as a server that starts would. faults: what was
    wrong with it; pairs: the certificates that it saw; origins: what the file origin said, in order.
    """

    def __init__(self, owner, name):
        self.folder = os.path.join(owner.config_dir, "live", name)
        self.faults, self.pairs, self.origins = [], set(), []
        self._end = threading.Event()

    def _read_once(self):
        with contextlib.suppress(FileNotFoundError):
            folder = os.open(self.folder, os.O_PATH | os.O_DIRECTORY)
            try:
                self._read(folder)
            except (OSError, ValueError) as error:
                # A folder that was replaced meanwhile is being removed.
                if os.stat(self.folder).st_ino == os.fstat(folder).st_ino:
                    self.faults.append(str(error))
            finally:
                os.close(folder)

    def _read(self, folder):
        def part(name):
            with open(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as stream:
                return stream.read()
        key, certificate, origin = part("privkey.pem"), part("fullchain.pem"), part("origin")
        if not are_pair(certificate, key):
            self.faults.append("the key is not that of the certificate")
        self.pairs.add(certificate)
        origin = origin.split(b"\n")[0].decode()
        if self.origins[-1:] != [origin]:
            self.origins.append(origin)

    def _run(self):
        while not self._end.wait(0.002):
            self._read_once()

    @contextlib.contextmanager
    def watching(self):
        """Fails at the end if a fault was seen, or nothing."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._end.set()
            thread.join()
        assert self.faults == [] and self.pairs


class Agent:
    """certwright agent with the directories of OWNER (a lib.certwright.Certwright)."""

    def __init__(self, owner, *args, env=None, wrap=(), server=True, **options):
        self.owner = owner
        argv = [owner.program, "agent", *map(str, args), *owner.directories()]
        environment = {"CERTWRIGHT_HTTP_01_PORT": str(owner.ca.http_port)}
        if server:
            environment["CERTWRIGHT_SERVER"] = owner.ca.directory
        environment.update(env or {})
        self.running = owner.start_argv(argv, env=environment, wrap=wrap, **options)

    @property
    def pid(self):
        return self.running.pid

    def log(self):
        return self.running.stderr_so_far()

    def status(self):
        """The status document."""
        socket = os.path.join(self.owner.work_dir, "certwright", "agent", "control")
        self.wait(lambda: os.path.exists(socket), "the control socket")
        return self.owner.run("agent", "status", *self.owner.directories(), defaults=False,
                              json=True).json["status"]

    def certificate(self, name):
        return {c["name"]: c for c in self.status()["certificates"]}[name]

    def wait(self, condition, what, seconds=TIME_LIMIT):
        def check():
            if self.running.process.poll() is not None:
                raise AssertionError(f"the agent has ended:\n{self.log()}")
            return condition()
        try:
            return wait_until(check, seconds, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.log()}\n{self.processes()}\n"
                                 f"{self.owner.log_tail(20)}") from None

    def processes(self):
        """The agent and what is below it, with what each waits for."""
        found = subprocess.run(["ps", "-eo", "pid,ppid,etimes,stat,wchan:24,args"],
                               capture_output=True, text=True, check=True).stdout.splitlines()[1:]
        below, shown = {self.pid}, []
        for line in found:
            pid, parent = map(int, line.split()[:2])
            if pid in below or parent in below:
                below.add(pid)
                shown.append(line[:160])
        return "\n".join(shown)

    def wait_for_log(self, text, count=1):
        self.wait(lambda: self.log().count(text) >= count, f"\"{text}\" in the log")

    def wait_for_origin(self, name, origin):
        path = os.path.join(self.owner.config_dir, "live", name, "origin")

        def is_there():
            try:
                with open(path, encoding="ascii") as stream:
                    return stream.readline().strip() == origin
            except FileNotFoundError:
                return False
        self.wait(is_there, f"the origin {origin} of {name}")

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, status=0):
        """Ends it as a container is ended."""
        self.wait(lambda: "looking after" in self.log(), "the agent to have begun")
        self.signal(signal.SIGTERM)
        result = self.running.finish(15)
        assert result.status == status, result.output
        return result
