"""A plain web server for webroot tests: each host name has a folder."""

import http.server
import os
import threading
import urllib.parse


class WebServer:
    """Serves folder_of(host) on 127.0.0.1:PORT; seen is the (host, path) of every request."""

    def __init__(self, port, folder_of):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self):  # pylint: disable=invalid-name
                host = self.headers.get("Host", "").rsplit(":", 1)[0]
                path = urllib.parse.unquote(self.path.split("?")[0])
                outer.seen.append((host, path))
                folder = folder_of(host)
                target = os.path.normpath(os.path.join(folder or "/nonexistent", path.lstrip("/")))
                if not folder or not os.path.isfile(target):
                    self.send_error(404)
                    return
                with open(target, "rb") as stream:
                    body = stream.read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
