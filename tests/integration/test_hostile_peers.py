"""A peer that answers too much, nothing, or leads elsewhere costs what concerns it, and nothing else."""

import socketserver
import threading
import time

import pytest

from lib.issuer import Issuer, replace_certificate
from lib.outcome import assert_failed
from lib.rogue_ca import LONG_HEADERS, answer, huge, long_headers, silence
from lib.tools import serial_of


@pytest.fixture
def two_cas(start, pebble, rogue):
    """The program with three lineages of a rogue CA and one of another CA; all are due."""
    certwright = start.certwright(rogue)
    for name in ("a.example.test", "b.example.test", "c.example.test"):
        certwright.certonly(name)
    certwright.certonly("z.example.test", server=pebble.directory)
    return certwright


@pytest.mark.parametrize("kind", LONG_HEADERS)
def test_long_headers_of_a_ca_fail_its_certificates_alone(two_cas, rogue, kind):
    two_cas.forget_cas()
    rogue.on("directory", long_headers(kind))
    before = serial_of(two_cas.live("z.example.test"))
    result = two_cas.json("renew", "--force-renewal", status=1)
    actions = {name: c["action"] for name, c in result.certificates.items()}
    assert actions == {"a.example.test": "failed", "b.example.test": "failed",
                       "c.example.test": "failed", "z.example.test": "renewed"}
    assert_failed(result, "localhost", "too long")
    assert "memory" not in result.output
    assert serial_of(two_cas.live("z.example.test")) != before


@pytest.mark.parametrize("kind", ["new-nonce", "new-order", "finalize", "certificate"])
def test_long_headers_at_any_step_are_a_fault_of_the_ca(rogue_certwright, rogue, kind):
    rogue_certwright.run("register")
    rogue_certwright.forget_cas()
    before = rogue.count(kind)
    rogue.on(kind, long_headers("a line of 150 KiB"))
    if kind == "new-nonce":
        # Otherwise there is a nonce from the answer before.
        rogue.on("directory", lambda exchange: exchange.send(without_nonce(exchange.forward())))
    result = rogue_certwright.certonly("rogue.example.test", json=True, status=1)
    assert_failed(result, "localhost", "too long")
    # The signing request may have arrived: the order tells, and it is made again a few times.
    assert rogue.count(kind) - before <= (5 if kind == "finalize" else 1)


def without_nonce(given):
    given.drop("Replay-Nonce")
    return given


@pytest.mark.parametrize("kind", ["directory", "new-order", "certificate"])
def test_an_answer_that_is_too_long_is_not_asked_for_again(rogue_certwright, rogue, kind):
    rogue_certwright.run("register")
    rogue_certwright.forget_cas()
    before = rogue.count(kind)
    rogue.on(kind, huge(50))
    result = rogue_certwright.certonly("rogue.example.test", json=True, status=1)
    assert_failed(result, "longer than")
    assert rogue.count(kind) == before + 1


class PlainServer:
    """Answers each request over plain http with the same bytes, None: never."""

    def __init__(self, ports, data):
        self.port, self.count = ports.take(), 0
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(65536)
                owner.count += 1
                try:
                    if data is None:
                        self.request.recv(1)
                    else:
                        self.request.sendall(data)
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.sample(3)
@pytest.mark.parametrize("kind", LONG_HEADERS)
def test_long_headers_of_a_responder_change_nothing(start, pebble, kind):
    certwright = start.certwright(pebble)
    certwright.certonly("ocsp.example.test")
    certwright.certonly("due.example.test")
    status = b"HTTP/1.1 200 OK" + b"k" * (150 << 10 if kind == "a status line" else 0) + b"\r\n"
    responder = PlainServer(start.ports, status + LONG_HEADERS[kind] + b"\r\n")
    try:
        replace_certificate(certwright, "ocsp.example.test", -1, 89, Issuer(certwright.folder),
                            responder.url)
        replace_certificate(certwright, "due.example.test", -89, 1)
        result = certwright.json("renew")
    finally:
        responder.stop()
    actions = {name: c["action"] for name, c in result.certificates.items()}
    assert actions == {"ocsp.example.test": "kept", "due.example.test": "renewed"}
    assert responder.count > 0


def test_a_silent_ca_is_waited_for_once_and_others_go_on_meanwhile(two_cas, rogue, pebble):
    two_cas.forget_cas()
    rogue.on("directory", silence)
    before = serial_of(two_cas.live("z.example.test"))
    begin = time.monotonic()
    running = two_cas.start("renew", "--force-renewal", json=True)
    # The other CA's turn does not come after the silent one's.
    while serial_of(two_cas.live("z.example.test")) == before:
        assert time.monotonic() - begin < 20
        time.sleep(0.05)
    result = running.finish(110)
    actions = {name: c["action"] for name, c in result.certificates.items()}
    assert actions == {"a.example.test": "failed", "b.example.test": "failed",
                       "c.example.test": "failed", "z.example.test": "renewed"}
    assert_failed(result, "did not answer")
    assert time.monotonic() - begin < 100


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_refused_redirect_names_who_redirected(rogue_certwright, rogue, start, status):
    port = start.ports.take()
    rogue.on("directory", answer(status, "", {"Location": f"http://elsewhere.example.test:{port}/"}))
    result = rogue_certwright.certonly("rogue.example.test", json=True, status=1)
    assert_failed(result, f'"localhost" (port {rogue.port}) redirects',
                  f'"elsewhere.example.test" (port {port})')
