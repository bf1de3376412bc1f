"""Servers as child processes: started, watched until they answer, stopped by their own pid."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time


class ServerFailed(Exception):
    """A server ended, or did not answer, before it was ready."""


def port_answers(port, address="127.0.0.1"):
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def tls_answers(port, address="127.0.0.1"):
    """A whole handshake: leaves no half-open connection for the server to complain about."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), timeout=2) as plain:
            with context.wrap_socket(plain):
                return True
    except OSError:
        return False


def wait_until(condition, seconds=20.0, what="the condition"):
    """Polls CONDITION; returns its first true value, or raises TimeoutError."""
    end = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true in {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def is_gone(pid):
    """Whether a process has ended, be it that somebody has taken note of that or not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def children(pid):
    """The process ids of those that the process PID has started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        return [int(child) for child in stream.read().split()]


def kill_all(running):
    """kill -9 of a run (lib.certwright.Running) and its workers, none of which learns of another's
    end before its own."""
    os.kill(running.pid, signal.SIGSTOP)
    workers = children(running.pid)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    running.kill()
    wait_until(lambda: all(is_gone(pid) for pid in workers), what="the end of the workers")


class Server:
    """One child process. Its output goes to a file that is shown when a test fails."""

    def __init__(self, name, argv, folder, env=None, ready=None):
        self.name = name
        self.log_path = os.path.join(folder, f"{name}.log")
        # The kernel ends the server should the test runner itself be killed.
        guard = [shutil.which("setpriv"), "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        environment = dict(os.environ)
        environment.update(env or {})
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                guard + list(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=folder, env=environment)
        if ready:
            self._wait(ready)

    def _wait(self, ready):
        def answered():
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with {self.process.returncode}:\n"
                                   + self.log_tail())
            return ready()
        try:
            wait_until(answered, 30, f"{self.name} to be ready")
        except TimeoutError as error:
            self.stop()
            raise ServerFailed(f"{error}:\n{self.log_tail()}") from error

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def log_tail(self, lines=60):
        return "\n".join(self.log_text().splitlines()[-lines:])


def start_retrying(start, attempts=4):
    """Calls START until it does not raise ServerFailed: a port may have been taken meanwhile."""
    for attempt in range(attempts):
        try:
            return start()
        except ServerFailed:
            if attempt == attempts - 1:
                raise
    raise AssertionError("unreachable")
