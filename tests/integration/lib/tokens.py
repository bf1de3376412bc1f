"""The web server of a program that uses libcertwright."""

import http.server
import threading


class Tokens:
    """A host's web server: serves what its dictionary has."""

    def __init__(self, port):
        self.paths = paths = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = paths.get(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, format, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def publish(self, event):
        """The reply of a host that serves http-01."""
        assert event["event"] == "challenge" and event["type"] == "http-01"
        assert event["validation"] == event["key_authorization"]
        assert event["key_authorization"].startswith(event["token"] + ".")
        assert event["location"] == "/.well-known/acme-challenge/" + event["token"]
        self.paths[event["location"]] = event["validation"]
        return {"ready": True}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
