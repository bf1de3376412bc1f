"""Runs on different directories that listen on one port: none takes what is meant for another."""

import contextlib
import socket
import threading

import pytest

from lib.process import port_answers, wait_until
from lib.tools import names_of, script


def port_options(ca, challenge):
    more = ["--tls-alpn-01-port", ca.tls_port] if challenge == "tls-alpn-01" else []
    return ["--preferred-challenges", challenge, *more]


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_run_that_no_longer_serves_takes_no_connections(start, tmp_path, challenge):
    ca = start.pebble()
    first, second = start.certwright(ca, "first"), start.certwright(ca, "second")
    arrived, go_on = tmp_path / "arrived", tmp_path / "go-on"
    hook = script(tmp_path / "hook", f"touch {arrived}\n"
                                     f"until test -e {go_on}; do sleep 0.05; done\n")
    busy = first.start("certonly", "--standalone", "-d", "first.example.test", "--deploy-hook",
                       hook, *port_options(ca, challenge))
    wait_until(arrived.exists, 60, "the deploy hook")
    try:
        names = [f"second{i}.example.test" for i in range(20)]
        second.certonly(*names, args=port_options(ca, challenge))
        assert names_of(second.live(names[0], "cert")) == sorted(names)
        assert busy.process.poll() is None
    finally:
        go_on.touch()
    assert busy.finish().status == 0


class Clients:
    """Ask a web server for what it does not have, over and over."""

    def __init__(self, port, count):
        self.answered, self.lost = 0, []
        self._port, self._over = port, threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(count)]

    def _ask(self):
        while not self._over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=20) as client:
                    client.sendall(b"GET /.well-known/acme-challenge/none HTTP/1.0\r\n\r\n")
                    answer = client.recv(4096)
                problem = None if answer.startswith(b"HTTP/1.") else f"the answer {answer!r}"
            except OSError as error:
                problem = str(error)
            with self._lock:
                if problem:
                    self.lost.append(problem)
                else:
                    self.answered += 1

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_connections_are_not_lost_when_runs_come_and_go(start):
    ca = start.pebble()
    # The CA waits here for an answer, and the run serves as long as it waits.
    with contextlib.closing(socket.create_server(("127.0.0.9", ca.http_port))):
        ca.dns.add_a("held.example.test", "127.0.0.9")
        address = ["--http-01-address", "127.0.0.1"]
        serving = start.certwright(ca, "serving").start(
            "certonly", "--standalone", "-d", "held.example.test", *address)
        wait_until(lambda: port_answers(ca.http_port), 30, "the server")
        other = start.certwright(ca, "other")
        with Clients(ca.http_port, 8) as clients:
            for i in range(5):
                other.certonly(f"other{i}.example.test", args=address)
            clients.still_served = serving.process.poll() is None
        assert clients.still_served
        assert clients.lost == []
        assert clients.answered > 100
    # Whatever the CA made of its silence.
    serving.finish()


def test_a_run_listens_again_for_a_later_certificate(start):
    ca = start.pebble()
    certwright = start.certwright(ca)
    for name in ("one", "two", "three"):
        certwright.certonly(f"{name}.example.test")
    certwright.run("renew", "--force-renewal", "--jobs", "1")
    opened = [line for line in certwright.log_text().splitlines()
              if f'listening on port {ca.http_port} of "0.0.0.0"' in line]
    # Once for each, as none was served by another's worker.
    assert len(opened) == 6
    assert not port_answers(ca.http_port)
