"""manuale, run as a person runs it: in a folder of its own, by pipes or on a terminal."""

import hashlib
import json
import os
import re
import subprocess

from .certwright import program_path, real_program
from .terminal import Terminal

TIME_LIMIT = 120
RECORD = re.compile(r'^  (\S+)\.  IN TXT  "(\S+)"$', re.M)
READY = "Press Enter when they are in place. "


def manuale_path():
    """The program beside the certwright that is tested: in the build folder, or installed."""
    folder = os.path.dirname(program_path())
    built = os.path.join(folder, "manuale", "manuale")
    return built if os.path.isfile(built) else os.path.join(folder, "manuale")


def guides_hash(*names):
    """As `echo "a b" | sha256sum` prints it."""
    return hashlib.sha256((" ".join(names) + "\n").encode()).hexdigest()


def originals_hash(*names):
    """As the original program computes it."""
    return hashlib.sha256("_".join(names).encode()).hexdigest()


class Session:
    """A run by pipes that waits for answers."""

    def __init__(self, argv, env, folder):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env, cwd=folder)
        self.text = ""

    def expect(self, words):
        """Reads until WORDS have been printed."""
        while words not in self.text:
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"no {words!r} in: {self.text}"
            self.text += data.decode()
        return self.text

    def finish(self, answer="", status=0):
        rest, _ = self.process.communicate(answer.encode(), TIME_LIMIT)
        self.text += rest.decode()
        print(self.text)
        assert self.process.returncode == status, \
            f"exit status {self.process.returncode}:\n{self.text}"
        return self.text

    def interrupt(self, signal):
        self.process.send_signal(signal)
        return self.finish(status=-signal)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Manuale:
    """The program in FOLDER, with CA as its server."""

    def __init__(self, folder, ca):
        self.folder, self.ca = str(folder), ca
        os.makedirs(self.folder, exist_ok=True)
        self._running = []
        self.program, more = real_program(manuale_path())
        certwright, others = real_program(program_path())
        libraries = os.path.join(os.path.dirname(program_path()), ".libs")
        self.env = {**os.environ, **more, **others, "CERTWRIGHT_PROGRAM": certwright,
                    "SSL_CERT_FILE": ca.ca_path, "LC_ALL": "C.UTF-8"}
        if os.path.isdir(libraries):
            self.env["LD_LIBRARY_PATH"] = libraries

    def arguments(self, *words, server=None):
        return [self.program, "--server", server or self.ca.directory, *words]

    def start(self, *words, server=None, wrap=()):
        session = Session([*wrap, *self.arguments(*words, server=server)], self.env, self.folder)
        self._running.append(session)
        return session

    def run(self, *words, answer="", status=0, **options):
        """To its end; returns what was printed."""
        return self.start(*words, **options).finish(answer, status)

    def on_terminal(self, *words):
        argv = ["env", "-C", self.folder, *self.arguments(*words)]
        terminal = Terminal(argv, self.env)
        self._running.append(terminal)
        return terminal

    def register(self, *more):
        return self.run("register", "me@example.test", *more, answer="y\ny\n")

    def publish(self, text):
        """Puts the DNS records in place that TEXT shows; returns their names."""
        records = RECORD.findall(text)
        for name, value in records:
            self.ca.dns.set_txt(f"{name}.", value)
        return [name for name, _ in records]

    def authorize(self, *words, status=0):
        """With the records or files in place."""
        session = self.start("authorize", *words)
        self.publish(session.expect(READY))
        return session.finish("\n", status)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as stream:
            return stream.read()

    def json(self, *parts):
        return json.loads(self.read(*parts))

    def order(self, *names):
        return self.json("orders", guides_hash(*names), "order.json")

    def mode(self, *parts):
        return os.stat(self.path(*parts)).st_mode & 0o7777

    def stop(self):
        for running in self._running:
            running.stop()

    def log_tail(self, lines=60):
        return self.ca.log_tail(lines)
