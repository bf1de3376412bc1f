"""A relay of TCP connections before a Pebble, which counts them: TLS goes through it untouched."""

import socket
import threading


class Relay:
    """directory leads through it; connections is how many were opened."""

    def __init__(self, ports, pebble):
        self.ca_path, self.http_port, self.dns = pebble.ca_path, pebble.http_port, pebble.dns
        self.pebble = pebble
        self.connections = 0
        self.port = ports.take()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def directory(self):
        return f"https://localhost:{self.port}/dir"

    def root(self, index=0):
        return self.pebble.root(index)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self.pebble.port))
            self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def log_tail(self, lines=60):
        return self.pebble.log_tail(lines)

    def stop(self):
        self._listener.close()
        for connection in self._open:
            connection.close()
