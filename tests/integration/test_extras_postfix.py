"""The plugin postfix of extras/, with Debian's Postfix."""

import os

import pytest

from lib.postfix import Postfix
from lib.process import wait_until
from lib.tools import command, read, serial_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix")

NAME, OTHER = "mail.postfix.test", "other.postfix.test"


@pytest.fixture
def postfix_of(start):
    """Makes a Postfix."""
    made = []

    def make(**options):
        made.append(Postfix(start, **options))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def postfix(postfix_of):
    return postfix_of()


@pytest.fixture
def certwright(installed_certwright):
    return installed_certwright


def run(certwright, postfix, name=NAME, args=(), **options):
    return certwright.run("run", "-a", "standalone", "-i", "postfix", *postfix.options,
                          "--no-redirect", "-d", name, *args, **options)


def serial(certwright, lineage=NAME):
    return int(serial_of(certwright.live(lineage, "cert")), 16)


def wait_for(postfix, expected):
    """Postfix reads its configuration a moment after it is told to."""
    wait_until(lambda: postfix.serial(NAME) == expected, what="the certificate")


def test_a_certificate_is_installed_renewed_and_taken_away(certwright, postfix):
    own, text = postfix.serial(NAME), read(postfix.main_cf)
    run(certwright, postfix)
    first = serial(certwright)
    wait_for(postfix, first)
    assert postfix.setting("smtpd_tls_chain_files") == \
        f"{certwright.live(NAME, 'privkey')}, {certwright.live(NAME)}"
    assert postfix.setting("smtpd_tls_cert_file") == postfix.setting("smtpd_tls_key_file") == ""
    assert "# A comment, and a parameter that goes on.\n" in read(postfix.main_cf)
    certwright.run("renew", "--force-renewal")
    assert serial(certwright) != first
    wait_for(postfix, serial(certwright))
    certwright.run("delete", "--cert-name", NAME, "--remove-from-servers")
    wait_for(postfix, own)
    assert postfix.setting("smtpd_tls_key_file") == os.path.join(postfix.folder, "own.key")
    assert command("postconf", "-c", postfix.config_dir, "-n").stdout.count("smtpd_tls") == 3
    assert read(postfix.main_cf).split() == text.split()


@pytest.mark.full
def test_rollback_restores_main_cf(certwright, postfix):
    own, text = postfix.serial(NAME), read(postfix.main_cf)
    run(certwright, postfix)
    wait_for(postfix, serial(certwright))
    certwright.run("rollback", "--checkpoints", "1", "-i", "postfix", *postfix.options)
    assert read(postfix.main_cf) == text
    wait_for(postfix, own)


@pytest.mark.sample(2)
@pytest.mark.parametrize("level, after", [("", "may"), ("none", "may"), ("encrypt", "encrypt")])
def test_starttls_is_offered_and_stays_required(certwright, postfix_of, level, after):
    postfix = postfix_of(level=level)
    run(certwright, postfix)
    assert postfix.setting("smtpd_tls_security_level") == after
    wait_for(postfix, serial(certwright))
    certwright.run("delete", "--cert-name", NAME, "--remove-from-servers")
    assert postfix.setting("smtpd_tls_security_level") == level


def test_the_certificate_of_another_lineage_stays(certwright, postfix):
    run(certwright, postfix)
    run(certwright, postfix, OTHER)
    wait_for(postfix, serial(certwright, OTHER))
    certwright.run("delete", "--cert-name", NAME, "--remove-from-servers")
    assert certwright.live(OTHER) in postfix.setting("smtpd_tls_chain_files")
    assert postfix.serial(NAME) == serial(certwright, OTHER)
    # Before that one Postfix had the one that is deleted.
    stderr = certwright.run("delete", "--cert-name", OTHER, "--remove-from-servers").stderr
    assert "Postfix has no certificate now" in stderr
    assert postfix.setting("smtpd_tls_chain_files") == ""


def test_a_renewal_while_postfix_is_down_is_owed_and_paid(certwright, postfix):
    run(certwright, postfix)
    postfix.server.stop()
    stderr = certwright.run("renew", "--force-renewal", status=1).stderr
    assert f'"postfix -c {postfix.config_dir} reload" failed' in stderr
    postfix.start()
    certwright.run("renew")
    assert postfix.serial(NAME) == serial(certwright)


@pytest.mark.full
def test_a_postfix_that_is_down_keeps_its_configuration(certwright, postfix):
    text = read(postfix.main_cf)
    postfix.server.stop()
    stderr = run(certwright, postfix, status=None).stderr
    assert "see whether Postfix runs" in stderr
    assert read(postfix.main_cf) == text


def test_a_folder_without_main_cf_is_refused_before_a_certificate_is_obtained(certwright, tmp_path):
    stderr = certwright.run("run", "-a", "standalone", "-i", "postfix", "--postfix-config-dir",
                            tmp_path, "-d", NAME, status=None).stderr
    assert f'cannot read "{tmp_path}/main.cf"' in stderr
    assert "--postfix-config-dir" in stderr
    assert not certwright.lineages()
