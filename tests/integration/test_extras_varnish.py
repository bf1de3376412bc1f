"""The plugin varnish of extras/, with Debian's Varnish."""

import os
import socket
import urllib.request

import pytest

from lib.process import kill_all, wait_until
from lib.tools import names_of
from lib.varnish import CHALLENGES, Varnish

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Varnish's users are for root to use")

ONE, TWO, OTHER = "one.varnish.test", "two.varnish.test", "other.varnish.test"
AT_REST = (["acme", "acme-none", "site"], "acme-none")


@pytest.fixture
def varnish_of(pebble):
    """Makes a Varnish that listens where the CA looks."""
    made = []

    def make(**options):
        made.append(Varnish(pebble.http_port, **options))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def varnish(varnish_of):
    return varnish_of()


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


def arguments(varnish, *names):
    return ["-a", "varnish", *varnish.options, *(w for n in names for w in ("-d", n))]


def test_certificates_are_obtained_and_renewed_without_a_restart(certwright, varnish, pebble):
    pid = varnish.admin("pid")
    certwright.run("certonly", *arguments(varnish, ONE, TWO))
    assert names_of(certwright.live(ONE)) == [ONE, TWO]
    assert varnish.vcls() == AT_REST
    certwright.run("certonly", *arguments(varnish, OTHER))
    certwright.run("renew", "--force-renewal")
    assert varnish.vcls() == AT_REST
    assert varnish.admin("pid") == pid
    with urllib.request.urlopen(f"http://127.0.0.1:{pebble.http_port}/", timeout=10) as answer:
        assert answer.read() == b"page"


def test_many_names_fit_into_one_command(certwright, varnish):
    names = [f"name-{number}.varnish.test" for number in range(100)]
    certwright.run("certonly", *arguments(varnish, *names))
    assert len(names_of(certwright.live(names[0]))) == 100
    assert varnish.vcls() == AT_REST


def test_a_vcl_without_the_label_is_told_what_is_missing(certwright, varnish_of):
    varnish = varnish_of(challenges="")
    stderr = certwright.run("certonly", *arguments(varnish, ONE), status=1).stderr
    assert 'no VCL of the running Varnish uses the label "acme"' in stderr
    assert "set Varnish up as certwright-varnish(8) describes" in stderr
    assert varnish.vcls() == AT_REST


def test_a_varnish_that_is_down_is_named(certwright, varnish):
    varnish.server.stop()
    stderr = certwright.run("certonly", *arguments(varnish, ONE), status=1).stderr
    assert f'"varnishadm -n {varnish.name} vcl.list -j" failed' in stderr
    assert "see whether Varnish runs" in stderr


def test_what_a_killed_run_published_is_removed_by_the_next_run(certwright, varnish_of, start):
    # The CA waits for the answer of a backend that gives none, so that the challenge stays.
    with socket.create_server(("127.0.0.1", start.ports.take())) as backend:
        varnish = varnish_of(
            backend='backend slow { .host = "127.0.0.1"; '
                    f'.port = "{backend.getsockname()[1]}"; }}',
            challenges='if (req.url ~ "acme") { return (pass); }' + CHALLENGES)
        running = certwright.start("certonly", *arguments(varnish, ONE))
        wait_until(lambda: varnish.vcls()[1] != "acme-none", 60, "the challenge")
        kill_all(running)
    assert varnish.vcls() != AT_REST
    certwright.run("renew")
    assert varnish.vcls() == AT_REST
