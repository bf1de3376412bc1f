"""The plugin haproxy of extras/, with Debian's HAProxy."""

import os
import signal
import stat
import urllib.request

import pytest

from lib.haproxy import CHALLENGES, Haproxy
from lib.process import kill_all, wait_until
from lib.tools import names_of, read, serial_of

ONE, TWO = "one.haproxy.test", "two.haproxy.test"


@pytest.fixture
def haproxy_of(start, pebble):
    """Makes a HAProxy that listens where the CA looks."""
    made = []

    def make(**options):
        made.append(Haproxy(start, pebble.http_port, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def haproxy(haproxy_of):
    return haproxy_of()


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


def run(certwright, haproxy, *names, args=(), **options):
    return certwright.run("run", "--haproxy", *haproxy.options, "--no-redirect", *args,
                          *(word for name in names for word in ("-d", name)), **options)


def serial(certwright, lineage):
    return int(serial_of(certwright.live(lineage, "cert")), 16)


def is_used(certwright, haproxy, lineage, *names):
    live = serial(certwright, lineage)
    return all(haproxy.serial(name) == live for name in names or [lineage])


@pytest.mark.parametrize("crt_list", [False, True], ids=["folder", "crt-list"])
def test_certificates_are_obtained_installed_renewed_and_taken_away_without_a_reload(
        certwright, haproxy_of, crt_list):
    haproxy = haproxy_of(crt_list=crt_list)
    worker, default = haproxy.worker, haproxy.serial(ONE)
    run(certwright, haproxy, ONE, TWO)
    assert names_of(certwright.live(ONE)) == [ONE, TWO]
    assert is_used(certwright, haproxy, ONE, ONE, TWO)
    assert stat.S_IMODE(os.stat(haproxy.certificate(ONE)).st_mode) == 0o600
    assert read(haproxy.certificate(ONE)) == read(certwright.live(ONE)) \
        + read(certwright.live(ONE, "privkey"))
    first = serial(certwright, ONE)
    certwright.run("renew", "--force-renewal")
    assert serial(certwright, ONE) != first
    assert is_used(certwright, haproxy, ONE, ONE, TWO)
    assert not haproxy.challenges()
    certwright.run("delete", "--cert-name", ONE, "--remove-from-servers")
    assert not os.path.exists(haproxy.certificate(ONE))
    assert haproxy.serial(ONE) == default
    assert ONE not in read(haproxy.crt_list)
    assert "# made by a test" in read(haproxy.crt_list)
    assert haproxy.certificate(ONE) not in haproxy.ask("show ssl cert")
    assert haproxy.worker == worker


def test_a_haproxy_that_is_started_again_still_uses_the_certificate(certwright, haproxy_of):
    haproxy = haproxy_of(crt_list=True)
    run(certwright, haproxy, ONE)
    haproxy.stop()
    haproxy.start()
    assert is_used(certwright, haproxy, ONE)


def test_a_renewal_while_haproxy_is_down_is_owed_and_paid(certwright, haproxy, start, pebble):
    run(certwright, haproxy, ONE)
    before = serial(certwright, ONE)
    haproxy.stop()
    (start.folder / "web").mkdir()
    web = start.web(pebble.http_port, lambda host: str(start.folder / "web"))
    result = certwright.run("renew", "--force-renewal", "-a", "webroot", "-w", start.folder / "web",
                            status=1)
    web.stop()
    assert f'cannot connect to the HAProxy socket "{haproxy.socket}"' in result.stderr
    after = serial(certwright, ONE)
    assert after != before
    # The file is as it was before, like HAProxy.
    haproxy.start()
    assert haproxy.serial(ONE) == before
    certwright.run("renew")
    assert haproxy.serial(ONE) == after


def test_what_the_socket_does_not_take_is_reloaded_by_a_command(certwright, haproxy, tmp_path):
    command = f"kill -USR2 {haproxy.server.pid}"
    run(certwright, haproxy, ONE, args=["--haproxy-reload-command", command])
    worker = haproxy.worker
    # HAProxy's buffer for a command is too small for certificates.
    config = read(haproxy.config)
    with open(haproxy.config, "w", encoding="ascii") as stream:
        stream.write(config.replace("global\n", "global\n    tune.bufsize 1024\n"))
    os.kill(haproxy.server.pid, signal.SIGUSR2)
    wait_until(lambda: os.path.exists(haproxy.socket) and haproxy.worker != worker,
               what="the new worker")
    worker = haproxy.worker
    certwright.run("renew", "--force-renewal")
    wait_until(lambda: is_used(certwright, haproxy, ONE), what="the new certificate")
    assert haproxy.worker != worker


def test_a_configuration_that_haproxy_rejects_leaves_everything_as_it_was(certwright, haproxy):
    run(certwright, haproxy, ONE)
    before, text = haproxy.serial(ONE), read(haproxy.certificate(ONE))
    with open(haproxy.config, "a", encoding="ascii") as stream:
        stream.write("    nonsense here\n")
    result = certwright.run("renew", "--force-renewal", status=1)
    assert "unknown keyword 'nonsense'" in result.stderr
    assert haproxy.serial(ONE) == before
    assert read(haproxy.certificate(ONE)) == text


def test_a_folder_that_haproxy_does_not_read_is_named(certwright, haproxy, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    result = run(certwright, haproxy, ONE, args=["--haproxy-certificates", other], status=None)
    assert result.status != 0
    assert f'the running HAProxy does not read certificates from "{other}"' in result.stderr
    assert not os.listdir(other)


def test_the_installer_needs_a_folder_before_a_certificate_is_obtained(certwright, haproxy):
    result = certwright.run("run", "--haproxy", "--haproxy-socket", haproxy.socket, "--haproxy-map",
                            haproxy.map, "-d", ONE, status=None)
    assert "give --haproxy-certificates PATH" in result.stderr
    assert not certwright.lineages()


def obtain(certwright, haproxy, *names, **options):
    return certwright.run("certonly", "-a", "haproxy", *haproxy.options,
                          *(word for name in names for word in ("-d", name)), **options)


def test_pages_are_served_and_challenges_gone(certwright, haproxy, pebble):
    obtain(certwright, haproxy, ONE)
    assert not haproxy.challenges()
    with urllib.request.urlopen(f"http://127.0.0.1:{pebble.http_port}/", timeout=10) as answer:
        assert answer.read() == b"page"


def test_a_haproxy_without_the_map_is_told_what_is_missing(certwright, haproxy_of):
    haproxy = haproxy_of(challenges="")
    stderr = obtain(certwright, haproxy, ONE, status=1).stderr
    assert f'the running HAProxy does not use the map file "{haproxy.map}"' in stderr
    assert 'add the line "http-request return" of certwright-haproxy(8)' in stderr


def test_a_socket_without_rights_is_told_what_is_missing(certwright, haproxy_of):
    stderr = run(certwright, haproxy_of(level="user"), ONE, status=None).stderr
    assert "does not allow this" in stderr and '"level admin"' in stderr


def test_what_a_killed_run_published_is_removed_by_the_next_run(certwright, haproxy_of):
    # The CA waits for the answer, so that the challenge stays.
    haproxy = haproxy_of(challenges="timeout tarpit 1m\n    http-request tarpit\n    " + CHALLENGES)
    running = certwright.start("certonly", "-a", "haproxy", *haproxy.options, "-d", ONE)
    wait_until(haproxy.challenges, 60, "the challenge")
    kill_all(running)
    assert haproxy.challenges()
    certwright.run("renew")
    assert not haproxy.challenges()
