"""The plugin dovecot of extras/, with Debian's Dovecot."""

import os
import shutil

import pytest

from lib.dovecot import Dovecot, version
from lib.process import wait_until
from lib.tools import command, read, serial_of, snapshot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Dovecot")

ONE, TWO, OTHER = "one.dovecot.test", "two.dovecot.test", "other.dovecot.test"
# A setting of the other version.
UNKNOWN = {"2.3": "ssl_server_cert_file", "2.4": "ssl_cert"}


@pytest.fixture
def dovecot_of(start):
    """Makes a Dovecot."""
    made = []

    def make(**options):
        made.append(Dovecot(start, **options))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def dovecot(dovecot_of):
    return dovecot_of()


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


def run(certwright, dovecot, *names, **options):
    return certwright.run("run", "-a", "standalone", "-i", "dovecot", *dovecot.options,
                          "--no-redirect", *(w for n in names for w in ("-d", n)), **options)


def install(certwright, dovecot, lineage):
    certwright.run("install", "-i", "dovecot", *dovecot.options, "--no-redirect",
                   "--cert-name", lineage)


def serial(certwright, lineage):
    return int(serial_of(certwright.live(lineage, "cert")), 16)


def wait_for(dovecot, name, expected):
    """Dovecot reads its configuration a moment after it is told to."""
    wait_until(lambda: dovecot.serial(name) == expected, what=f"the certificate for {name}")


def test_certificates_are_shown_by_name_renewed_and_taken_away(certwright, dovecot):
    own, files = dovecot.serial(ONE), snapshot(dovecot.conf_d)
    run(certwright, dovecot, ONE, TWO)
    run(certwright, dovecot, OTHER)
    first = serial(certwright, ONE)
    for name, lineage in ((ONE, ONE), (TWO, ONE), (OTHER, OTHER)):
        wait_for(dovecot, name, serial(certwright, lineage))
    certwright.run("renew", "--force-renewal")
    assert serial(certwright, ONE) != first
    for name, lineage in ((ONE, ONE), (TWO, ONE), (OTHER, OTHER)):
        wait_for(dovecot, name, serial(certwright, lineage))
    certwright.run("delete", "--cert-name", ONE, "--remove-from-servers")
    # The last that is there is also for clients that ask for no name of a certificate.
    wait_for(dovecot, ONE, serial(certwright, OTHER))
    certwright.run("delete", "--cert-name", OTHER, "--remove-from-servers")
    wait_for(dovecot, ONE, own)
    assert snapshot(dovecot.conf_d) == files


def test_rollback_takes_the_certificate_away(certwright, dovecot):
    own, files = dovecot.serial(ONE), snapshot(dovecot.conf_d)
    run(certwright, dovecot, ONE)
    wait_for(dovecot, ONE, serial(certwright, ONE))
    certwright.run("rollback", "--checkpoints", "1", "-i", "dovecot", *dovecot.options)
    wait_for(dovecot, ONE, own)
    assert snapshot(dovecot.conf_d) == files


def test_installing_twice_changes_nothing(certwright, dovecot):
    run(certwright, dovecot, ONE, TWO)
    files = snapshot(dovecot.conf_d)
    install(certwright, dovecot, ONE)
    assert snapshot(dovecot.conf_d) == files


def test_after_an_upgrade_of_dovecot_the_files_are_made_again(certwright, dovecot):
    """As the manual page says, here from the other version to the one that is installed."""
    run(certwright, dovecot, ONE)
    run(certwright, dovecot, OTHER)
    files = snapshot(dovecot.conf_d)
    made = [os.path.join(dovecot.conf_d, f"99-certwright-{name}.conf") for name in (ONE, OTHER)]
    for path in made:
        with open(path, "w", encoding="ascii") as stream:
            stream.write(f"{UNKNOWN[version()]} = here\n")
    assert "Unknown setting" in command("doveconf", "-c", dovecot.config, status=89).stderr
    for path in made:
        os.remove(path)
    for name in (ONE, OTHER):
        install(certwright, dovecot, name)
    assert snapshot(dovecot.conf_d) == files
    for name in (ONE, OTHER):
        wait_for(dovecot, name, serial(certwright, name))


def test_a_renewal_while_dovecot_is_down_is_owed_and_paid(certwright, dovecot):
    run(certwright, dovecot, ONE)
    dovecot.server.stop()
    stderr = certwright.run("renew", "--force-renewal", status=1).stderr
    assert "Dovecot is not running" in stderr
    dovecot.start()
    certwright.run("renew")
    assert dovecot.serial(ONE) == serial(certwright, ONE)


def test_a_configuration_that_does_not_include_conf_d_is_not_a_success(certwright, dovecot_of):
    dovecot = dovecot_of(include="")
    files = snapshot(dovecot.conf_d)
    stderr = run(certwright, dovecot, ONE, status=None).stderr
    assert f'"{dovecot.config}" does not include the files of conf.d' in stderr
    assert 'add the line "!include conf.d/*.conf"' in stderr
    assert snapshot(dovecot.conf_d) == files


def test_a_configuration_that_dovecot_rejects_leaves_everything_as_it_was(certwright, dovecot):
    own, files = dovecot.serial(ONE), snapshot(dovecot.conf_d)
    text = read(dovecot.config)
    with open(dovecot.config, "a", encoding="ascii") as stream:
        stream.write("nonsense = here\n")
    stderr = run(certwright, dovecot, ONE, status=None).stderr
    assert "Unknown setting: nonsense" in stderr
    assert snapshot(dovecot.conf_d) == files
    assert dovecot.serial(ONE) == own
    assert read(dovecot.config) == text + "nonsense = here\n"


def test_a_folder_without_dovecot_conf_is_refused_before_a_certificate_is_obtained(certwright,
                                                                                  tmp_path):
    stderr = certwright.run("run", "-a", "standalone", "-i", "dovecot", "--dovecot-config-dir",
                            tmp_path, "-d", ONE, status=None).stderr
    assert f'cannot read "{tmp_path}/dovecot.conf"' in stderr
    assert not certwright.lineages()


def test_dovecot_is_missed_before_a_certificate_is_obtained(certwright, dovecot):
    files = snapshot(dovecot.conf_d)
    stderr = run(certwright, dovecot, ONE, status=None, wrap=[
        "unshare", "--mount", "sh", "-c",
        f"mount --bind /dev/null {shutil.which('dovecot')} && exec \"$@\"", "sh"]).stderr
    assert '"dovecot --version" failed' in stderr
    assert "see whether Dovecot is installed" in stderr
    assert not certwright.lineages()
    assert snapshot(dovecot.conf_d) == files
