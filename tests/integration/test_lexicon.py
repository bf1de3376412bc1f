"""dns-exec with Debian's lexicon, whose provider "ddns" updates a real BIND."""

import os
import shutil

import pytest

from lib.bind import hold_port_53
from lib.process import wait_until
from lib.tools import names_of, read

pytestmark = pytest.mark.skipif(not shutil.which("lexicon"),
                                reason="this Debian release has no lexicon")

ZONES = {"example.test": [], "sub.example.test": []}


@pytest.fixture(scope="module")
def bind(module_start):
    lock = hold_port_53()
    if lock is None:
        pytest.skip("port 53 of ::1, the only one that lexicon updates, cannot be had")
    yield module_start.bind(ZONES, address="::1", port=53)
    module_start.stop()
    lock.close()


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


def token(bind):
    return f"{bind.key.algorithm}:{bind.key.name}:{bind.key.secret}"


@pytest.fixture
def config(tmp_path, bind):
    folder = tmp_path / "lexicon"
    folder.mkdir()
    path = folder / "lexicon_ddns.yml"
    path.write_text(f"auth_token: {token(bind)}\nddns_server: '{bind.dns_address}'\n")
    path.chmod(0o600)
    return folder


def obtain(certwright, bind, *names, more=(), **kwargs):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", "--dns-exec", "--dns-exec-provider", "ddns", "--dns-resolver",
                          bind.resolver, *more, *domains, **kwargs)


def test_a_name_and_its_wildcard_and_their_renewal(certwright, bind, config):
    names = ["*.example.test", "*.sub.example.test", "example.test"]
    done = obtain(certwright, bind, *names, more=["--dns-exec-config-dir", config])
    assert "can read" not in done.output
    assert names_of(certwright.live(names[0][2:], "cert")) == names
    certwright.run("renew", "--force-renewal")
    for zone in ZONES:
        assert bind.challenge_records(zone) == []
    assert bind.key.secret not in certwright.log_text() + read(certwright.renewal_file(names[2]))


def test_credentials_from_the_environment_and_other_names_of_options(certwright, bind):
    certwright.run("certonly", "--dns-exec", "--dns-exec-program", "lexicon",
                   "--dns-lexicon-provider", "ddns", "--dns-resolver", bind.resolver,
                   "-d", "e.example.test", env={
                       "LEXICON_DDNS_AUTH_TOKEN": token(bind),
                       "LEXICON_DDNS_DDNS_SERVER": bind.dns_address})
    assert bind.challenge_records("example.test") == []
    assert bind.key.secret not in certwright.log_text()


@pytest.mark.full
def test_a_record_that_stays(start, bind, config):
    ca = start.dns_ca(bind)
    certwright = start.certwright(ca)
    obtain(certwright, bind, "stay.example.test", more=[
        "--dns-exec-config-dir", config, "--preferred-challenges", "dns-persist-01"])
    account = certwright.json("show_account").json["account"]["uri"]
    assert ca.texts("_validation-persist.stay.example.test") == [f"ca.test; accounturi={account}"]
    bind.update("delete _validation-persist.stay.example.test. TXT")


def test_credentials_that_others_can_read_get_a_warning(certwright, bind, config):
    path = config / "lexicon_ddns.yml"
    path.chmod(0o644)
    done = obtain(certwright, bind, "r.example.test", more=["--dns-exec-config-dir", config])
    assert str(path) in done.stderr
    path.chmod(0o666)
    done = obtain(certwright, bind, "w.example.test", more=["--dns-exec-config-dir", config],
                  status=1)
    assert str(path) in done.stderr
    assert not os.path.exists(certwright.live("w.example.test"))


@pytest.mark.parametrize("options, words, status", [
    (["--dns-exec-style", "lexicon", "--dns-exec-provider", ""], "--dns-exec-provider", 2),
    (["--dns-exec-provider", "nobody"], "nobody", 1),
])
def test_a_provider_that_is_none(certwright, bind, options, words, status):
    done = obtain(certwright, bind, "p.example.test", more=options, status=status)
    assert words in done.stderr
    assert not os.path.exists(certwright.live("p.example.test"))


def test_a_failure_of_lexicon_is_told_for_the_name(certwright, bind):
    """There are no credentials."""
    done = obtain(certwright, bind, "f.example.test", status=1)
    assert '"lexicon"' in done.stderr and "f.example.test" in done.stderr


def test_what_a_killed_run_left_is_removed_by_the_next(certwright, bind, config, tmp_path):
    """Here the program waits after it has set the record."""
    ready = tmp_path / "ready"
    program = tmp_path / "slow-lexicon"
    program.write_text(f'#!/bin/sh\nlexicon "$@" || exit 1\n'
                       f'case $* in *create*) : > {ready}; sleep 60 ;; esac\n')
    program.chmod(0o755)
    run = certwright.start("certonly", "--dns-exec", "--dns-exec-program", program,
                           "--dns-exec-provider", "ddns", "--dns-exec-config-dir", config,
                           "--dns-resolver", bind.resolver, "-d", "k.example.test")
    wait_until(ready.exists)
    assert bind.challenge_records("example.test") != []
    run.kill()
    certwright.run("certificates")
    certwright.run("renew")
    assert bind.challenge_records("example.test") == []
