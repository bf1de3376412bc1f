"""tls-alpn-01 in standalone, and ports that are shared by workers and runs."""

import os
import socket
import ssl
import sys

import pytest

from lib.outcome import assert_failed, identifiers
from lib.process import Server, port_answers, wait_until
from lib.tools import certbot, names_of, read, verify_chain


def alpn(certwright, *names, args=(), **kwargs):
    return certwright.certonly(*names, args=["--preferred-challenges", "tls-alpn-01",
                                             "--tls-alpn-01-port", certwright.ca.tls_port, *args],
                               **kwargs)


@pytest.mark.smoke
def test_names_are_validated_by_tls(certwright, pebble):
    alpn(certwright, "one.example.test", "two.example.test")
    live = os.path.dirname(certwright.live("one.example.test"))
    verify_chain(live, pebble.root())
    assert names_of(os.path.join(live, "cert.pem")) == ["one.example.test", "two.example.test"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_addresses_are_validated_by_their_reverse_names(certwright, address):
    certwright.run("certonly", "--standalone", "--ip-address", address,
                   "--preferred-challenges", "tls-alpn-01",
                   "--tls-alpn-01-port", certwright.ca.tls_port, "--cert-name", "address")
    [name] = names_of(certwright.live("address", "cert"))
    assert name in (address, "0:0:0:0:0:0:0:1")


def test_it_is_saved_so_that_certbot_still_reads_the_file(certwright):
    alpn(certwright, "saved.example.test")
    text = read(certwright.renewal_file("saved.example.test"))
    params, _, own = text.partition("[certwright]")
    assert "tls-alpn-01" not in params
    assert "tls-alpn-01" in own
    listed = certbot(certwright, "certificates").stdout
    assert "Certificate Name: saved.example.test" in listed
    assert "invalid" not in listed
    certwright.run("renew", "--force-renewal")
    assert os.readlink(certwright.live("saved.example.test", "cert")).endswith("/cert2.pem")


def test_the_address_is_the_only_one_listened_on(start, pebble):
    certwright = start.certwright(pebble)
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("::1", pebble.tls_port))
        taken.listen()
        alpn(certwright, "addr.example.test", args=["--tls-alpn-01-address", "127.0.0.1"])


def test_a_taken_port_names_the_process_that_holds_it(start, pebble, tmp_path):
    certwright = start.certwright(pebble)
    holder = Server("holder", [sys.executable, "-m", "http.server", str(pebble.tls_port)],
                    str(tmp_path), ready=lambda: port_answers(pebble.tls_port))
    try:
        result = alpn(certwright, "taken.example.test", status=1, json=True)
        assert_failed(result, pebble.tls_port, holder.pid)
    finally:
        holder.stop()


def test_a_wildcard_cannot_be_validated_so(certwright):
    result = alpn(certwright, "*.example.test", status=1, json=True)
    assert_failed(result, "dns-01")



def hello(port, name, protocols):
    """The protocol that the server chose, and its certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return tls.selected_alpn_protocol(), tls.getpeercert(binary_form=True)


def test_only_validations_are_answered(start):
    ca = start.pebble(env={"PEBBLE_VA_NOSLEEP": "0", "PEBBLE_VA_SLEEPTIME": "15"})
    certwright = start.certwright(ca)
    running = certwright.start(
        "certonly", "--standalone", "-d", "probe.example.test", "--preferred-challenges",
        "tls-alpn-01", "--tls-alpn-01-port", ca.tls_port)
    wait_until(lambda: port_answers(ca.tls_port), 30, "the server")
    for name, protocols in [("probe.example.test", None), ("probe.example.test", ["h2"]),
                            ("probe.example.test", ["acme-tls/1", "h2"]),
                            ("other.example.test", ["acme-tls/1"]), (None, ["acme-tls/1"])]:
        with pytest.raises((ssl.SSLError, OSError)):
            hello(ca.tls_port, name, protocols)
    protocol, certificate = hello(ca.tls_port, "PROBE.example.test", ["acme-tls/1"])
    assert protocol == "acme-tls/1"
    # acmeIdentifier (1.3.6.1.5.5.7.1.31), critical, an OCTET STRING in an OCTET STRING.
    assert bytes.fromhex("06082b0601050507011f0101ff042204 20".replace(" ", "")) in certificate
    # Nonsense, and clients that say nothing, do not harm the others.
    idle = [socket.create_connection(("127.0.0.1", ca.tls_port)) for _ in range(20)]
    for silent in idle[:10]:
        silent.sendall(os.urandom(2000))
    assert hello(ca.tls_port, "probe.example.test", ["acme-tls/1"])[0] == "acme-tls/1"
    for silent in idle:
        silent.close()
    assert running.finish().status == 0
    assert not port_answers(ca.tls_port)



@pytest.mark.sample(2)
@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_fifty_certificates_validate_at_once_on_one_port(start, challenge):
    ca = start.pebble()
    certwright = start.certwright(ca)
    port = ["--tls-alpn-01-port", ca.tls_port] if challenge == "tls-alpn-01" else []
    for i in range(50):
        certwright.run("certonly", "--standalone", "-d", f"m{i}.example.test",
                       "--preferred-challenges", challenge, *port)
    certwright.run("renew", "--force-renewal", "--jobs", "10")
    for i in range(50):
        assert os.readlink(certwright.live(f"m{i}.example.test", "cert")).endswith("/cert2.pem")


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_two_runs_on_different_directories_share_the_port(start, challenge):
    ca = start.pebble(env={"PEBBLE_VA_NOSLEEP": "0", "PEBBLE_VA_SLEEPTIME": "3"})
    port = ["--tls-alpn-01-port", ca.tls_port] if challenge == "tls-alpn-01" else []
    running = []
    for run in ("left", "right"):
        names = [word for i in range(10) for word in ("-d", f"{run}{i}.example.test")]
        running.append(start.certwright(ca, run).start(
            "certonly", "--standalone", *names, "--preferred-challenges", challenge, *port))
    for one in running:
        result = one.finish()
        assert result.status == 0, result.output


def test_one_name_of_a_certificate_that_fails_is_named(certwright, pebble):
    pebble.dns.add_a("away.example.test", "127.0.0.7")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.7", pebble.tls_port))
        result = alpn(certwright, "here.example.test", "away.example.test", status=1, json=True,
                      args=["--tls-alpn-01-address", "127.0.0.1"])
    assert identifiers(result.json) == {"away.example.test"}
