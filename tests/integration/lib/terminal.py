"""A person at a terminal: runs the program on a pseudo-terminal and answers its questions."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

TIME_LIMIT = 60


class Terminal:
    """A run on a terminal. Answer with expect() and type()."""

    def __init__(self, argv, env, columns=0):
        self._master, slave = pty.openpty()
        # Lines and columns; 0: the terminal does not say.
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 0, columns, 0, 0))
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True)
        os.close(slave)
        self.text = ""
        self._seen = 0

    def _read(self, deadline):
        """More of what was printed; False at the end."""
        left = max(0, deadline - time.monotonic())
        ready, _, _ = select.select([self._master], [], [], left)
        assert ready, f"nothing came any more after: {self.text}"
        try:
            data = os.read(self._master, 65536)
        except OSError:
            data = b""
        self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, pattern):
        """Waits until PATTERN (a regular expression) is printed, after what was expected before."""
        deadline = time.monotonic() + TIME_LIMIT
        while True:
            found = re.compile(pattern, re.S).search(self.text, self._seen)
            if found:
                self._seen = found.end()
                return found
            assert self._read(deadline), f"no {pattern!r} in: {self.text}"

    def type(self, line):
        os.write(self._master, f"{line}\n".encode())

    def answer(self, pattern, line):
        self.expect(pattern)
        self.type(line)

    def finish(self, status=0):
        deadline = time.monotonic() + TIME_LIMIT
        while self._read(deadline):
            pass
        os.close(self._master)
        ended = self.process.wait(TIME_LIMIT)
        print(self.text)
        assert ended == status, f"exit status {ended}:\n{self.text}"
        return self.text

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()


def on_terminal(certwright, verb, *args, env=None):
    """VERB of CERTWRIGHT on a terminal of its own, with somebody there to answer."""
    argv = certwright.arguments(verb, *args)
    argv.remove("-n")
    terminal = Terminal(argv, certwright.environment(env))
    certwright._running.append(terminal)
    return terminal
