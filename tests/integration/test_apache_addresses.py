"""Apache as installer: addresses. https answers wherever http does."""

import socket

import pytest

from lib.apache import Apache
from lib.outcome import assert_failed
from test_apache_install import SERVES, Site, apache, host, site, tls  # noqa: F401  (fixtures)

HERE = ("127.0.0.1", "127.0.0.2")


@pytest.mark.parametrize("order", ["before", pytest.param("after", marks=pytest.mark.full)])
@pytest.mark.parametrize("address", [
    "*", pytest.param("_default_", marks=pytest.mark.full),
    pytest.param("[::1]:@http@ *", marks=pytest.mark.full)])
def test_copy_is_reached_where_another_host_has_an_address_of_its_own(site, apache,  # noqa: F811
                                                                      address, order):
    """Apache gives all connections of an address to the hosts that have it."""
    names = ("a.conf", "b.conf") if order == "before" else ("b.conf", "a.conf")
    apache.site(host(SERVES, address=f"{address}:@http@"), names[0])
    apache.site(tls("Redirect 410 /\n", "127.0.0.2:@https@", "own.test") +
                tls("Redirect 410 /\n", "[::1]:@https@", "own.test"), names[1])
    apache.start()
    before, old = apache.snapshot(), apache.served("own.test", "127.0.0.2")
    site.obtain("a.test").install("--redirect")
    for where in (*HERE, "::1"):
        assert site.is_served("a.test", address=where), where
        assert apache.get("a.test", address=where)[0] == 301
        assert apache.get("a.test", address=where, tls=True)[2] == "the site\n"
    for where in ("127.0.0.2", "::1"):
        assert apache.served("own.test", where) == old
        assert apache.get("own.test", address=where, tls=True)[0] == 410
    after = apache.snapshot()
    site.install("--redirect")
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


def test_copy_leaves_an_address_alone_where_http_does_not_have_the_name(site, apache):  # noqa: F811
    own = host("Redirect 410 /\n", "127.0.0.2:@http@", "own.test")
    apache.site(host(SERVES) + own + tls("Redirect 410 /\n", "127.0.0.2:@https@", "own.test"))
    apache.start()
    old = apache.served("a.test", "127.0.0.2")
    site.obtain("a.test").install()
    assert site.is_served("a.test")
    assert apache.served("a.test", "127.0.0.2") == old
    text = apache.read("sites-available/site-le-ssl.conf")
    assert f"<VirtualHost *:{apache.https_port}>" in text


@pytest.mark.full
def test_host_without_tls_in_front_of_the_copy_is_said(site, apache):  # noqa: F811
    """Apache speaks there as the first host of the address does."""
    apache.site(host(SERVES, "*:@https@", "b.test"), "a.conf")
    apache.site(host(SERVES), "b.conf")
    apache.start()
    before = apache.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "a.conf:1 is on port", "has no TLS")
    assert apache.snapshot() == before
    assert apache.get("b.test", port=apache.https_port)[2] == "the site\n"


@pytest.mark.full
def test_host_without_tls_behind_the_copy_of_an_earlier_name(start, pebble, certwright):
    """The first copy has TLS at the address, so the second may be behind the plain host."""
    server = Apache(pebble.http_port, start.ports.take())
    try:
        for name in ("a", "z"):
            server.site(host(SERVES, name=f"{name}.test"), f"{name}.conf")
        server.site(host(SERVES, "*:@https@", "m.test"), "m.conf")
        server.start()
        certwright.run("run", "--apache", "--apache-server-root", server.root, "-d", "a.test",
                       "-d", "z.test", "--https-port", server.https_port, "--no-redirect")
        for name in ("a.test", "z.test"):
            assert Site(server, certwright).is_served(name, "a.test")
    finally:
        server.stop()


@pytest.mark.full
def test_host_without_tls_at_one_address_of_the_https_port_stays(site, apache):  # noqa: F811
    """Such as the one that a program takes TLS off for."""
    apache.site(host(SERVES) + host(SERVES, "127.0.0.2:@https@", "b.test"))
    apache.start()
    site.obtain("a.test").install()
    assert site.is_served("a.test")
    assert apache.get("b.test", port=apache.https_port, address="127.0.0.2")[2] == "the site\n"


@pytest.mark.parametrize("listen", [
    "Listen 0.0.0.0:@http@\nListen [::]:@http@\n",
    pytest.param("Listen [::1]:@http@\n", marks=pytest.mark.full),
    pytest.param("Listen @http@ http\n", marks=pytest.mark.full),
    pytest.param("Listen [::]:@http@\n", marks=pytest.mark.full)], ids=repr)
def test_listens_for_https_where_it_does_for_http(site, apache, listen):  # noqa: F811
    apache.write("ports.conf", listen)
    apache.site(host(SERVES))
    apache.start()
    before, pid = apache.snapshot(), apache.pid()
    site.obtain("a.test").install()
    assert site.is_served("a.test", address="::1")
    if "::1" not in listen:
        assert site.is_served("a.test")
    assert apache.pid() == pid
    site.rollback()
    assert apache.snapshot() == before


ONE = "Listen 127.0.0.1:@http@\nListen 127.0.0.2:@http@\nListen 127.0.0.2:@https@ https\n"


@pytest.mark.parametrize("listen, address, added", [
    (ONE, "*:@http@", 1), *(pytest.param(*case, marks=pytest.mark.full) for case in (
        (ONE, "127.0.0.1:@http@", 1), (ONE, "127.0.0.2:@http@", 0),
        ("Listen @http@\nListen 127.0.0.2:@https@ https\n", "127.0.0.1:@http@", 1),
        # Of all addresses of the machine, only those in the configuration are known.
        ("Listen @http@\nListen 127.0.0.2:@https@ https\n", "*:@http@", 0),
        # Behind a router that translates addresses.
        ("Listen @http@\nListen 127.0.0.2:@https@ https\n", "127.0.0.2:@http@ 192.0.2.1:@http@",
         0)))])
def test_listens_for_https_at_the_addresses_of_the_host(site, apache, listen, address,  # noqa: F811
                                                        added):
    """Also if it does already at another."""
    apache.write("ports.conf", listen)
    apache.site(host(SERVES, address=address))
    apache.start()
    before, pid = apache.snapshot(), apache.pid()
    site.obtain("a.test").install("--redirect")
    assert site.is_served("a.test", address="127.0.0.1" if added else "127.0.0.2")
    assert apache.pid() == pid
    ports = apache.read("ports.conf")
    assert ports.count(f":{apache.https_port} https") == 1 + added
    after = apache.snapshot()
    site.install("--redirect")
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.full
@pytest.mark.parametrize("address", ["127.0.0.1:@http@", "*:@http@"])
def test_address_whose_https_port_another_program_has(site, apache, address):  # noqa: F811
    """It is said if the host needs the address; the others are enough for a host for all."""
    apache.write("ports.conf", ONE)
    apache.site(host(SERVES, address=address))
    apache.start()
    before, pid = apache.snapshot(), apache.pid()
    site.obtain("a.test")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", apache.https_port))
        taken.listen()
        if address.startswith("*"):
            site.install()
            assert site.is_served("a.test", address="127.0.0.2")
            site.rollback()
        else:
            result = site.install(status=1, json=True)
            assert_failed(result, "127.0.0.1", str(apache.https_port), "another program")
    assert apache.snapshot() == before and apache.pid() == pid
