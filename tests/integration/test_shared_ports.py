"""Runs on different directories that listen on one port: each waits until the port is free."""

import contextlib
import os
import socket
import time

import pytest

from lib.account import challenge_again
from lib.process import port_answers, wait_until
from lib.tools import names_of, script


ADDRESS = ["--http-01-address", "127.0.0.1", "--tls-alpn-01-address", "127.0.0.1"]


def port_options(ca, challenge):
    more = ["--tls-alpn-01-port", ca.tls_port] if challenge == "tls-alpn-01" else []
    return ["--preferred-challenges", challenge, *more]


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_run_that_no_longer_serves_gives_the_port_up(start, tmp_path, challenge):
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


@contextlib.contextmanager
def serving(start, ca, certwright, port, *args):
    """A run of CERTWRIGHT that holds PORT until the end of the block: the CA waits for an answer
    from another address, where somebody listens and says nothing."""
    challenge = args[args.index("--preferred-challenges") + 1] if args else "http-01"
    with contextlib.closing(socket.create_server(
            ("127.0.0.9", ca.tls_port if challenge == "tls-alpn-01" else ca.http_port))):
        ca.dns.add_a("held.example.test", "127.0.0.9")
        run = certwright.start("certonly", "--standalone", "-d", "held.example.test", *ADDRESS,
                               *args)
        wait_until(lambda: port_answers(port), 30, "the server")
        try:
            yield run
        finally:
            run.process.terminate()
            run.finish()


def waits(run):
    return "waiting until that run of certwright" in run.log_text()


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_run_waits_for_the_port_of_another(start, challenge):
    ca = start.pebble()
    port = ca.tls_port if challenge == "tls-alpn-01" else ca.http_port
    first, second = start.certwright(ca, "first"), start.certwright(ca, "second")
    with serving(start, ca, first, port, *port_options(ca, challenge)) as busy:
        waiting = second.start("certonly", "--standalone", "-d", "second.example.test",
                               *port_options(ca, challenge), *ADDRESS)
        wait_until(lambda: waits(second), 30, "the second run to wait")
        assert f"process {busy.process.pid}" in second.log_text()
        assert waiting.process.poll() is None
        assert second.lineages() == []
    assert waiting.finish().status == 0
    assert second.lineages() == ["second.example.test"]


def test_a_run_that_waits_for_a_port_can_be_interrupted(start):
    ca = start.pebble()
    first, second = start.certwright(ca, "first"), start.certwright(ca, "second")
    with serving(start, ca, first, ca.http_port) as busy:
        waiting = second.start("certonly", "--standalone", "-d", "second.example.test", *ADDRESS)
        wait_until(lambda: waits(second), 30, "the second run to wait")
        waiting.process.terminate()
        assert waiting.finish().status != 0
        assert busy.process.poll() is None


def test_runs_that_begin_together_all_get_their_certificates(start):
    ca = start.pebble()
    machines = [start.certwright(ca, f"machine{i}") for i in range(5)]
    runs = [machine.start("certonly", "--standalone", "-d", f"machine{i}.example.test")
            for i, machine in enumerate(machines)]
    assert [run.finish().status for run in runs] == [0] * len(runs)


def test_a_port_of_another_program_is_not_waited_for(start):
    ca = start.pebble()
    certwright = start.certwright(ca)
    with contextlib.closing(socket.create_server(("127.0.0.1", ca.http_port))):
        begin = time.monotonic()
        result = certwright.run("certonly", "--standalone", "-d", "a.example.test", status=1)
    assert time.monotonic() - begin < 20
    assert f"(process {os.getpid()})" in result.output
    assert not waits(certwright)


def test_certificates_that_are_renewed_together_are_served_together(start):
    ca = start.pebble()
    certwright = start.certwright(ca)
    for name in ("one", "two", "three"):
        certwright.certonly(f"{name}.example.test")
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal")
    opened = [line for line in certwright.log_text().splitlines()
              if f'listening on port {ca.http_port} of "0.0.0.0"' in line]
    # Once for each of the first runs, and once for the renewal of all three.
    assert len(opened) == 4
    assert not port_answers(ca.http_port)
