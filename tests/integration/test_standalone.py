"""standalone: the plugin that listens itself."""

import os
import socket
import sys

import pytest

from lib.outcome import assert_failed
from lib.process import Server, port_answers
from lib.tools import verify_chain


def test_answers_over_ipv6(start, pebble):
    certwright = start.certwright(pebble)
    pebble.dns.add_aaaa("six.example.test", "::1")
    pebble.dns.add_a("six.example.test", "127.0.0.9")
    certwright.certonly("six.example.test", args=["--http-01-address", "::1"])
    verify_chain(os.path.dirname(certwright.live("six.example.test")), pebble.root())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_address_is_the_only_one_listened_on(start, pebble, address):
    """With the other family's port taken by somebody else there is no clash."""
    certwright = start.certwright(pebble)
    other = (socket.AF_INET, "127.0.0.1") if address == "::1" else (socket.AF_INET6, "::1")
    name = "v4.example.test" if address == "127.0.0.1" else "v6.example.test"
    if address == "::1":
        pebble.dns.add_aaaa(name, "::1")
        pebble.dns.add_a(name, "127.0.0.9")
    with socket.socket(other[0], socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((other[1], pebble.http_port))
        taken.listen()
        certwright.certonly(name, args=["--http-01-address", address])


def test_a_taken_port_names_the_process_that_holds_it(start, pebble, tmp_path):
    certwright = start.certwright(pebble)
    holder = Server("holder", [sys.executable, "-m", "http.server", str(pebble.http_port)],
                    str(tmp_path), ready=lambda: port_answers(pebble.http_port))
    try:
        result = certwright.certonly("taken.example.test", status=1, json=True)
        assert_failed(result, pebble.http_port, holder.pid, "python")
        assert certwright.lineages() == []
    finally:
        holder.stop()


def test_an_address_that_is_not_ours_is_refused(certwright):
    result = certwright.certonly("addr.example.test", status=1, json=True,
                                 args=["--http-01-address", "192.0.2.1"])
    assert_failed(result, "192.0.2.1")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_a_usage_error(certwright, port):
    result = certwright.certonly("port.example.test", status=None, json=True,
                                 args=["--http-01-port", port])
    assert result.status in (1, 2)
    assert_failed(result, "http-01-port", port)


def test_a_privileged_port_without_privilege_is_explained(certwright):
    # Root without this capability has no more right to a low port than anybody.
    wrap = [] if os.geteuid() != 0 else ["setpriv", "--bounding-set=-net_bind_service"]
    result = certwright.certonly("low.example.test", status=1, json=True, wrap=wrap,
                                 args=["--http-01-port", "99"])
    assert_failed(result, "port 99", "root")
