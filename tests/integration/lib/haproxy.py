"""HAProxy with one page, in the test's folder: certificates in a folder or by a crt-list."""

import os
import socket

from lib.peer import shown_serial
from lib.process import Server, port_answers
from lib.tools import command

CONFIG = """
global
    stats socket {socket} level {level}
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend web
    bind 127.0.0.1:{http_port}
    bind 127.0.0.1:{tls_port} ssl {source}
    {challenges}
    http-request return status 200 content-type text/plain string page
"""

# As certwright-haproxy(8) has it, with another path.
CHALLENGES = ('http-request return status 200 content-type text/plain lf-string '
              '"%[path,map({map})]" if {{ path,map({map}) -m found }}')


class Haproxy:
    """Listens on HTTP_PORT, and for TLS on tls_port."""

    def __init__(self, start, http_port, crt_list=False, level="admin", challenges=CHALLENGES):
        self.folder = os.path.join(str(start.folder), "haproxy")
        self.certificates = os.path.join(self.folder, "certificates")
        os.makedirs(self.certificates)
        self.tls_port = start.ports.take()
        self._http_port = http_port
        self.config, self.socket, self.map, self.crt_list = (
            os.path.join(self.folder, name)
            for name in ("haproxy.cfg", "socket", "acme.map", "list"))
        default = os.path.join(self.certificates, "default.pem")
        command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=default",
                "-days", "2", "-keyout", f"{default}.key", "-out", f"{default}.crt")
        with open(default, "w", encoding="ascii") as stream:
            for suffix in ("crt", "key"):
                with open(f"{default}.{suffix}", encoding="ascii") as part:
                    stream.write(part.read())
                os.unlink(f"{default}.{suffix}")
        self._write(self.map, "")
        self._write(self.crt_list, f"# made by a test\n{default}\n")
        self._write(self.config, CONFIG.format(
            socket=self.socket, level=level, http_port=http_port, tls_port=self.tls_port,
            challenges=challenges.format(map=self.map),
            source=f"crt-list {self.crt_list}" if crt_list else f"crt {self.certificates}"))
        self.options = ["--haproxy-socket", self.socket, "--haproxy-map", self.map,
                        "--haproxy-config", self.config,
                        "--haproxy-certificates", self.certificates]
        if crt_list:
            self.options += ["--haproxy-crt-list", self.crt_list]
        self.start()

    @staticmethod
    def _write(path, text):
        with open(path, "w", encoding="ascii") as stream:
            stream.write(text)

    def start(self):
        # -W: a master that starts a new worker on SIGUSR2, as Debian's unit has it.
        self.server = Server("haproxy", ["haproxy", "-W", "-f", self.config], self.folder,
                             ready=lambda: port_answers(self._http_port)
                             and port_answers(self.tls_port))

    def ask(self, text):
        """The answer of the runtime socket."""
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self.socket)
            stream.sendall(text.encode() + b"\n")
            return b"".join(iter(lambda: stream.recv(4096), b"")).decode()

    @property
    def worker(self):
        """The process id of the worker, a new one after each reload."""
        for line in self.ask("show info").splitlines():
            if line.startswith("Pid:"):
                return int(line.split()[1])
        raise AssertionError("HAProxy does not tell its pid")

    def challenges(self):
        return self.ask(f"show map {self.map}").strip()

    def certificate(self, lineage):
        return os.path.join(self.certificates, f"{lineage}.pem")

    def serial(self, name):
        return shown_serial(self.tls_port, name)

    def log_tail(self):
        return self.server.log_tail()

    def stop(self):
        self.server.stop()
