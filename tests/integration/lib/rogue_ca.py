"""A CA that misbehaves where a test says so, and is a real one everywhere else.

No real CA can be told to answer with HTML, to break off in the middle of an answer or to forget a
nonce, and a client must survive all of that. So this is an HTTPS proxy before a real Pebble: what no
rule matches is passed on unaltered, Pebble does all of the ACME, and a test's rules change the
answers that it is about. Pebble makes its URLs from the Host header, which is passed on too; so all
of them lead back here.

    rogue.on("new-order", problem("rateLimited", "slow down", 429, {"Retry-After": "1"}), times=1)

The kinds of request are the values of KINDS. Rules are tried in order; each holds for TIMES
requests (None: for all), after letting SKIP of them pass.
"""

import base64
import http.client
import http.server
import json
import ssl
import threading
import time

# Pebble's paths, of which only the directory's is known to clients.
KINDS = {"/dir": "directory", "/nonce-plz": "new-nonce", "/sign-me-up": "new-account",
         "/order-plz": "new-order", "/my-account/": "account", "/my-order/": "order",
         "/finalize-order/": "finalize", "/authZ/": "authorization", "/chalZ/": "challenge",
         "/certZ/": "certificate", "/revoke-cert": "revoke", "/rollover-account-key": "key-change"}
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"}


def kind_of(path):
    for prefix, kind in KINDS.items():
        if path == prefix or (prefix.endswith("/") and path.startswith(prefix)):
            return kind
    return "other"


class Answer:
    """An HTTP answer: headers is a list of (name, value)."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, list(headers), body

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def drop(self, name):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]

    def json(self):
        return json.loads(self.body)

    def set_json(self, value):
        self.body = json.dumps(value).encode()


class Request:
    """What a client asked. payload: the decoded JWS payload, {} for POST-as-GET and GET."""

    def __init__(self, method, path, headers, body, connection):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.kind = kind_of(path)
        self.connection = connection
        self.time = time.monotonic()
        self.answered = None
        self.protected, self.payload, self.post_as_get = {}, {}, False
        if method == "POST":
            try:
                jws = json.loads(body)
                self.protected = json.loads(_decode(jws["protected"]))
                self.post_as_get = jws["payload"] == ""
                if not self.post_as_get:
                    self.payload = json.loads(_decode(jws["payload"]))
            except (ValueError, KeyError):
                pass


def _decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Exchange:
    """One request on its way: what an action may do with it."""

    def __init__(self, handler, request):
        self.handler, self.request, self.rogue = handler, request, handler.server.rogue

    def forward(self):
        """Asks the real CA."""
        return self.rogue.ask(self.request)

    def send(self, answer):
        self.request.answered = answer.status
        handler = self.handler
        handler.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in HOP_BY_HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if self.request.method != "HEAD":
            handler.wfile.write(answer.body)
        handler.wfile.flush()

    def raw(self, data):
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def close(self):
        """Breaks the connection off, without a TLS close."""
        self.handler.close_connection = True
        self.handler.connection.close()


def answer(status, body, headers=None, content_type="application/json"):
    """Answers with this, asking nobody. There is no nonce unless HEADERS has one."""
    data = body if isinstance(body, bytes) else body.encode()

    def act(exchange):
        items = [("Content-Type", content_type)] + list((headers or {}).items())
        exchange.send(Answer(status, items, data))
    return act


def html_error(status=502, headers=None):
    return answer(status, "<html><body><h1>Bad gateway</h1></body></html>", headers, "text/html")


def problem(name, detail, status=400, headers=None, subproblems=None):
    """A problem document with a fresh nonce, as a CA sends one."""
    document = {"type": f"urn:ietf:params:acme:error:{name}", "detail": detail, "status": status}
    if subproblems:
        document["subproblems"] = [
            {"type": f"urn:ietf:params:acme:error:{n}", "detail": d,
             "identifier": {"type": "dns", "value": value}} for value, n, d in subproblems]

    def act(exchange):
        items = [("Content-Type", "application/problem+json"),
                 ("Replay-Nonce", exchange.rogue.nonce())] + list((headers or {}).items())
        exchange.send(Answer(status, items, json.dumps(document).encode()))
    return act


def alter(change):
    """Passes on, lets CHANGE alter the Answer, and sends it."""
    def act(exchange):
        altered = exchange.forward()
        change(altered)
        exchange.send(altered)
    return act


def close_before_answer(exchange):
    """The request does not reach the CA; the connection breaks."""
    exchange.close()


def close_after_forward(exchange):
    """The CA does what was asked, and the client never hears of it."""
    exchange.forward()
    exchange.close()


def close_mid_answer(exchange):
    """Half of the answer comes."""
    given = exchange.forward()
    head = f"HTTP/1.1 {given.status} OK\r\n" + "".join(
        f"{n}: {v}\r\n" for n, v in given.headers if n.lower() not in HOP_BY_HOP)
    exchange.raw(f"{head}Content-Length: {len(given.body)}\r\n\r\n".encode()
                 + given.body[:max(1, len(given.body) // 2)])
    exchange.close()


def huge(megabytes=200):
    """An answer that goes on and on; ends when the client hangs up."""
    def act(exchange):
        exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     + f"Content-Length: {megabytes << 20}\r\n\r\n".encode() + b'{"a": "')
        block = b"x" * (1 << 20)
        try:
            for _ in range(megabytes):
                exchange.raw(block)
                exchange.rogue.sent_bytes += len(block)
        except OSError:
            pass
        exchange.close()
    return act


def silence(exchange):
    """Never answers; ends when the client hangs up."""
    exchange.handler.connection.settimeout(None)
    try:
        exchange.handler.connection.recv(1)
    except OSError:
        pass
    exchange.close()


def raw_answer(head, body=b""):
    """An answer with this head, the status line included, byte by byte."""
    def act(exchange):
        try:
            exchange.raw(head + b"\r\n" + body)
        except OSError:
            pass
        exchange.close()
    return act


LONG_HEADERS = {
    "a line of 150 KiB": b"X-Long: " + b"a" * (150 << 10) + b"\r\n",
    "a line of 3 MiB": b"X-Long: " + b"a" * (3 << 20) + b"\r\n",
    "a line that never ends": b"X-Long: " + b"a" * (20 << 20),
    "a name of 150 KiB": b"a" * (150 << 10) + b": x\r\n",
    "a folded line": b"X-Long: a\r\n" + b" " * 1000 + b"a\r\n" + (b" " + b"a" * 999 + b"\r\n") * 200,
    "1000 lines": b"X-Many: a\r\n" * 1000,
    "100,000 lines": b"X-Many: aaaaaaaa\r\n" * 100000,
    "a location": b"Location: https://localhost/" + b"a" * (150 << 10) + b"\r\n",
    "a link": b'Link: <' + b"a" * (150 << 10) + b'>;rel="alternate"\r\n',
    "a status line": b"",
}


def long_headers(kind):
    """An answer whose headers are far too long in one of the ways of LONG_HEADERS."""
    status = b"HTTP/1.1 200 OK" + b"k" * (150 << 10 if kind == "a status line" else 0) + b"\r\n"
    return raw_answer(status + LONG_HEADERS[kind] + b"Content-Length: 2\r\n", b"{}")


class Hold:
    """Keeps a request waiting: .reached is set when it has come; .release() lets it go on, and
    .drop() breaks its connection off. With AFTER the CA has done what was asked by then."""

    def __init__(self, after=False):
        self.after = after
        self.reached = threading.Event()
        self._go = threading.Event()
        self._dropped = False

    def release(self):
        self._go.set()

    def drop(self):
        self._dropped = True
        self._go.set()

    def __call__(self, exchange):
        given = exchange.forward() if self.after else None
        self.reached.set()
        self._go.wait(120)
        if self._dropped:
            exchange.close()
        else:
            exchange.send(given or exchange.forward())


class Rule:
    """An action for a kind of request."""

    def __init__(self, kind, action, times, skip):
        self.kind, self.action, self.times, self.skip = kind, action, times, skip

    def take(self, request):
        if self.kind not in (request.kind, "any") or self.times == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 120

    def setup(self):
        # Here and not when accepting: a handshake must not keep other connections waiting.
        self.generation = self.server.rogue.generation
        self.request.settimeout(self.timeout)
        self.request = self.server.rogue.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def _handle(self):
        if self.generation != self.server.rogue.generation:
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, self.path, dict(self.headers.items()),
                          self.rfile.read(length), self.client_address)
        self.server.rogue.handle(Exchange(self, request))

    do_GET = do_POST = do_HEAD = _handle

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class ThreadedServer(http.server.ThreadingHTTPServer):
    """Quiet about clients that hang up: that is what the tests are about."""

    daemon_threads = True
    rogue = None

    def handle_error(self, request, client_address):
        pass


class RogueCa:
    """directory, ca_path, http_port and dns are what a Pebble has; requests is all that came."""

    def __init__(self, ports, authority, pebble):
        self.pebble = pebble
        self.ca_path, self.http_port, self.dns = pebble.ca_path, pebble.http_port, pebble.dns
        self.rules, self.requests, self.sent_bytes, self.generation = [], [], 0, 0
        self._lock = threading.Lock()
        certificate, key = authority.issue("rogue")
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.tls.set_alpn_protocols(["http/1.1"])
        self._trust = ssl.create_default_context(cafile=pebble.ca_path)
        self.port = ports.take()
        self._server = ThreadedServer(("127.0.0.1", self.port), Handler)
        self._server.rogue = self
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def directory(self):
        return f"https://localhost:{self.port}/dir"

    def root(self, index=0):
        return self.pebble.root(index)

    def on(self, kind, action, times=None, skip=0):
        """Adds a rule; returns ACTION."""
        with self._lock:
            self.rules.append(Rule(kind, action, times, skip))
        return action

    def behave(self):
        """Forgets all rules."""
        with self._lock:
            self.rules.clear()

    def hang_up(self):
        """Hears no more of what was sent on the connections that there are: their client is dead,
        and what it sent last must not reach the CA late."""
        self.generation += 1

    def count(self, kind):
        """How many requests of KIND came."""
        with self._lock:
            return sum(1 for r in self.requests if r.kind == kind)

    def ask(self, request):
        connection = http.client.HTTPSConnection("localhost", self.pebble.port,
                                                 context=self._trust, timeout=60)
        try:
            headers = {n: v for n, v in request.headers.items()
                       if n.lower() not in HOP_BY_HOP and n.lower() != "accept-encoding"}
            connection.request(request.method, request.path, request.body or None, headers)
            given = connection.getresponse()
            return Answer(given.status, given.getheaders(), given.read())
        finally:
            connection.close()

    def nonce(self):
        return self.ask(Request("HEAD", "/nonce-plz", {}, b"", None)).header("Replay-Nonce")

    def handle(self, exchange):
        request = exchange.request
        with self._lock:
            self.requests.append(request)
            action = next((r.action for r in self.rules if r.take(request)), None)
        if action:
            action(exchange)
        else:
            exchange.send(exchange.forward())

    def log_tail(self, lines=60):
        text = [f"{r.method} {r.path} -> {r.answered}" for r in self.requests[-lines:]]
        return "--- rogue CA ---\n" + "\n".join(text) + "\n" + self.pebble.log_tail(lines)

    def stop(self):
        for rule in self.rules:
            if isinstance(rule.action, Hold):
                rule.action.drop()
        self._server.shutdown()
        self._server.server_close()
