"""A TLS server with one file for certificate and key, which it reads when it starts and on SIGHUP, as
HAProxy does. Run as a program: CERTIFICATE PORT."""

import os
import signal
import socket
import ssl
import subprocess
import sys

from lib.ports import Ports
from lib.process import wait_until


def load(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def serve(path, port):
    state = {"context": load(path)}

    def reload(*_):
        state["context"] = load(path)

    signal.signal(signal.SIGHUP, reload)
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            connection, _ = listener.accept()
            try:
                with state["context"].wrap_socket(connection, server_side=True) as stream:
                    stream.recv(1)
            except OSError:
                connection.close()


class TlsServer:
    """The server as a process of its own, until the end of the with statement."""

    def __init__(self, path):
        self._ports = Ports()
        self.port = self._ports.take()
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.process = subprocess.Popen([sys.executable, "-m", "lib.tls_server", path,
                                         str(self.port)], cwd=folder)
        wait_until(lambda: self.serial() is not None, what="the TLS server to answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._ports.release()

    @property
    def pid(self):
        return self.process.pid

    def serial(self):
        """The serial number of the certificate that it serves; None: it does not answer."""
        from cryptography import x509

        try:
            text = ssl.get_server_certificate(("127.0.0.1", self.port), timeout=10)
        except OSError:
            return None
        return x509.load_pem_x509_certificate(text.encode()).serial_number


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
