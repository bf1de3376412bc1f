"""The plugin icecast of extras/, with Debian's Icecast."""

import grp
import os
import stat

import pytest

from lib.icecast import Icecast
from lib.process import wait_until
from lib.tools import read, serial_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become Icecast's user")

NAME, OTHER = "radio.icecast.test", "other.icecast.test"


@pytest.fixture
def icecast(start):
    server = Icecast(start)
    yield server
    server.remove()


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


def run(certwright, icecast, name=NAME, **options):
    return certwright.run("run", "-a", "standalone", "-i", "icecast", *icecast.options,
                          "--no-redirect", "-d", name, **options)


def serial(certwright, lineage=NAME):
    return int(serial_of(certwright.live(lineage, "cert")), 16)


def wait_for(icecast, expected):
    wait_until(lambda: icecast.serial(NAME) == expected, what="the certificate")


def test_a_certificate_is_installed_renewed_and_taken_away(certwright, icecast):
    run(certwright, icecast)
    first = serial(certwright)
    wait_for(icecast, first)
    status = os.stat(icecast.certificate)
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert (status.st_uid, status.st_gid) == (0, grp.getgrnam("icecast").gr_gid)
    assert read(icecast.certificate) == read(certwright.live(NAME)) \
        + read(certwright.live(NAME, "privkey"))
    certwright.run("renew", "--force-renewal")
    assert serial(certwright) != first
    wait_for(icecast, serial(certwright))
    certwright.run("delete", "--cert-name", NAME, "--remove-from-servers")
    assert not os.path.exists(icecast.certificate)
    wait_for(icecast, None)


def test_a_renewal_while_icecast_is_down_is_owed_and_paid(certwright, icecast):
    run(certwright, icecast)
    text = read(icecast.certificate)
    icecast.server.stop()
    stderr = certwright.run("renew", "--force-renewal", status=1).stderr
    assert "see whether Icecast runs" in stderr
    assert read(icecast.certificate) == text
    icecast.start()
    certwright.run("renew")
    wait_for(icecast, serial(certwright))


@pytest.mark.full
def test_the_certificate_of_another_lineage_stays(certwright, icecast):
    run(certwright, icecast)
    run(certwright, icecast, OTHER)
    wait_for(icecast, serial(certwright, OTHER))
    stderr = certwright.run("delete", "--cert-name", NAME, "--remove-from-servers").stderr
    assert f'"{icecast.certificate}" stays: it does not have the key of "{NAME}"' in stderr
    assert icecast.serial(NAME) == serial(certwright, OTHER)


def test_a_configuration_without_a_certificate_is_refused_before_one_is_obtained(certwright,
                                                                                icecast, tmp_path):
    path = tmp_path / "icecast.xml"
    path.write_text(read(icecast.config).replace("<ssl-certificate>/", "<ssl-certificate>"))
    stderr = certwright.run("run", "-a", "standalone", "-i", "icecast", "--icecast-config", path,
                            "-d", NAME, status=None).stderr
    assert f'"{path}" has no <ssl-certificate> with an absolute path' in stderr
    assert not certwright.lineages()
