"""Programs for the plugin external, and the services with a REST API that those of its man page talk
to."""

import http.server
import json
import os
import re
import threading


def program_of(page, mark):
    """The program in a rendered man page whose comment has MARK, as its reader would copy it."""
    for found in re.finditer(r"^( +)#!/usr/bin/python3\n", page, re.M):
        lines = []
        for line in page[found.start():].split("\n"):
            if line.strip() and not line.startswith(found.group(1)):
                break
            lines.append(line[len(found.group(1)):])
        program = "\n".join(lines).rstrip() + "\n"
        if mark in program:
            return program
    raise AssertionError(f"the page has no program with {mark!r}:\n{page}")


def write_program(path, text, mode=0o755):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path, mode)
    return str(path)


# Answers as the file PATH.answers says: {VERB: {"answer": TEXT, "stderr": TEXT, "status": NUMBER,
# "hang": true}}. Appends each request to the file PATH.requests, with its arguments and environment.
TALKER = r"""#!/usr/bin/python3
import json, os, signal, sys

request = json.load(sys.stdin)
with open(sys.argv[0] + ".requests", "a") as stream:
    stream.write(json.dumps([request, sys.argv[1:], dict(os.environ)]) + "\n")
with open(sys.argv[0] + ".answers") as stream:
    answer = json.load(stream).get(request["verb"], {})
sys.stderr.write(answer.get("stderr", ""))
sys.stdout.write(answer.get("answer", "{}"))
sys.stdout.flush()
if answer.get("hang"):
    os.fork()
    with open(sys.argv[0] + ".hanging", "a") as stream:
        stream.write(f"{os.getpid()}\n")
    signal.pause()
sys.exit(answer.get("status", 0))
"""


class Talker:
    """A program that answers as it is told and keeps what it was asked."""

    def __init__(self, folder, **answers):
        self.path = write_program(os.path.join(str(folder), "talker"), TALKER)
        self.answer(**answers)

    def answer(self, **answers):
        with open(f"{self.path}.answers.new", "w", encoding="utf-8") as stream:
            json.dump(answers, stream)
        os.rename(f"{self.path}.answers.new", f"{self.path}.answers")

    def calls(self):
        """Request, arguments and environment of each call."""
        if not os.path.exists(f"{self.path}.requests"):
            return []
        with open(f"{self.path}.requests", encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]

    def requests(self, verb=None):
        return [call[0] for call in self.calls() if verb in (None, call[0]["verb"])]

    def hanging(self):
        """The process ids of the two processes of a call that hangs; [] before they are there."""
        if not os.path.exists(f"{self.path}.hanging"):
            return []
        with open(f"{self.path}.hanging", encoding="ascii") as stream:
            pids = stream.read().split()
        return [int(pid) for pid in pids] if len(pids) == 2 else []

    @property
    def verbs(self):
        return [request["verb"] for request in self.requests()]


class Api:
    """A REST API that keeps what is put at a path and forgets what is deleted. PORT_FOR_CA, if it is
    given, shows the challenges to the CA. refuse: paths that it answers with 503."""

    KEY = "open-sesame-9"

    def __init__(self, port, port_for_ca=None):
        self.things, self.requests, self.refuse = {}, [], lambda path: False
        outer = self

        class Service(http.server.BaseHTTPRequestHandler):
            """What the program talks to."""

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.command, self.path))
                status = 200
                if self.headers["Authorization"] != f"Bearer {outer.KEY}":
                    status = 403
                elif outer.refuse(self.path):
                    status = 503
                elif self.command == "PUT":
                    outer.things[self.path] = body
                elif outer.things.pop(self.path, None) is None:
                    status = 404
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_DELETE = handle_one

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        class Site(Service):
            """What the CA sees."""

            def do_GET(self):  # pylint: disable=invalid-name
                found = outer.things.get(f"/challenges/{self.path.rsplit('/', 1)[1]}")
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(found or b"")

        self.url = f"http://127.0.0.1:{port}"
        self._servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port), Service)]
        if port_for_ca:
            self._servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", port_for_ca), Site))
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05},
                             daemon=True).start()

    def install(self, folder, name, text):
        """Puts the program TEXT into FOLDER, with its settings beside it; returns its path."""
        path = os.path.join(str(folder), name)
        write_program(f"{path}.json", json.dumps({"url": self.url, "key": self.KEY}), 0o600)
        return write_program(path, text)

    def stop(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()
