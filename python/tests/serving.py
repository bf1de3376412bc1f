"""Hosts that serve http-01 from a server of Python's own."""

import asyncio
import http.server
import threading

import certwright
import certwright.aio


class ServingHost(certwright.Host):
    """Serves on PORT in a thread, from the first challenge to stop()."""

    def __init__(self, port):
        self.bodies, self.published, self.removed, self.messages = {}, [], [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self):
                body = outer.bodies.get(self.path)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def publish(self, challenge):
        self.published.append(challenge)
        self.bodies[challenge.location] = challenge.validation

    def remove(self, challenge):
        self.removed.append(challenge)
        self.bodies.pop(challenge.location, None)

    def message(self, level, text):
        self.messages.append((level, text))

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class AsyncHost(certwright.aio.Host):
    """Serves in the loop itself, and publishes when all challenges are there."""

    def __init__(self, count):
        self.bodies, self.removed = {}, []
        self.count, self.most = count, 0
        self.all = asyncio.Event()

    async def serve(self, port):
        return await asyncio.start_server(self._answer, "127.0.0.1", port)

    async def _answer(self, reader, writer):
        path = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        body = self.bodies.get(path, "").encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                     % (len(body), body))
        await writer.drain()
        writer.close()

    async def publish(self, challenge):
        self.bodies[challenge.location] = challenge.validation
        self.most = max(self.most, len(self.bodies))
        if len(self.bodies) == self.count:
            self.all.set()
        await self.all.wait()

    async def remove(self, challenge):
        self.removed.append(challenge.identifier)
        self.bodies.pop(challenge.location, None)
