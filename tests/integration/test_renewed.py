"""Renewals reach the installer, also one that was built for ABI 1.0, until its server uses the new
certificate."""

import datetime
import os

import pytest

from lib import installer
from lib.outcome import assert_failed, identifiers
from lib.tools import certbot, read
from cryptography import x509

NAME, OTHER = "one.example.test", "two.example.test"
INSTALL, RENEW, RETRY = 0, 1, 2


@pytest.fixture(scope="session")
def tester_env(tmp_path_factory):
    return installer.build(tmp_path_factory.mktemp("plugins"))


@pytest.fixture
def tester(tmp_path, tester_env):
    return installer.Tester(tmp_path, tester_env)


@pytest.fixture
def old(tmp_path, tester_env):
    return installer.Tester(tmp_path, tester_env, "tester-old")


def run(certwright, tester, *names, args=(), **options):
    return certwright.run("run", "-a", "standalone", *tester.options, "--no-redirect", *args,
                          *(w for n in names for w in ("-d", n)), env=tester.env, **options)


def renew(certwright, tester, *args, fail="nothing", **options):
    return certwright.run("renew", f"--{tester.name}-fail", fail, *args, env=tester.env, **options)


def certificate(certwright, name, version):
    path = os.path.join(certwright.config_dir, "archive", name, f"cert{version}.pem")
    with open(path, "rb") as stream:
        return x509.load_pem_x509_certificate(stream.read())


def serial(certwright, name, version):
    return certificate(certwright, name, version).serial_number


def expiry(certwright, name, version):
    end = certificate(certwright, name, version).not_valid_after
    return int(end.replace(tzinfo=datetime.timezone.utc).timestamp())


def test_the_installer_is_told_of_each_renewed_lineage_and_reloads_once(certwright, tester):
    run(certwright, tester, NAME)
    run(certwright, tester, OTHER)
    tester.forget_calls()
    renew(certwright, tester, "--force-renewal")
    assert tester.calls() == ["renewed", "renewed", "save", "config_test", "reload"]
    for name, fact in zip((NAME, OTHER), tester.facts()):
        assert fact["call"] == "renewed" and fact["lineage"] == name and fact["name"] is None
        assert fact["names"] == fact["hosts"] == [name]
        assert fact["fullchain"] == certwright.live(name)
        assert fact["reason"] == RENEW
        assert int(fact["previous_serial"], 16) == serial(certwright, name, 1)
        assert fact["expiry"] == expiry(certwright, name, 2)


def test_what_the_first_installation_is_told(certwright, tester):
    run(certwright, tester, NAME)
    (fact,) = tester.facts()
    assert fact["call"] == "deploy" and fact["name"] == NAME
    assert fact["reason"] == INSTALL and fact["previous_serial"] is None
    assert fact["expiry"] == expiry(certwright, NAME, 1)


def test_a_1_0_installer_deploys_again_for_the_names_that_it_had(certwright, old):
    run(certwright, old, NAME, OTHER)
    certwright.run("install", "--cert-name", NAME, *old.options, "-d", NAME, "--no-redirect",
                   env=old.env)
    with open(old.target, "w", encoding="utf-8") as stream:
        stream.write("as it was\n")
    old.forget_calls()
    renew(certwright, old, "--force-renewal")
    assert old.calls() == ["deploy", "deploy", "save", "config_test", "reload"]
    assert [f["name"] for f in old.facts()] == [NAME, OTHER]
    live = certwright.live(NAME)
    assert old.text() == f"deploy {NAME} {live}\ndeploy {OTHER} {live}\n"


def test_the_names_stay_where_certbot_renews(certwright, old):
    run(certwright, old, NAME)
    text = read(certwright.renewal_file(NAME))
    assert "[[deployed]]" in text and f"tester-old = {NAME}," in text
    # It lacks the installer, so that its renewal is one with its own.
    with open(certwright.renewal_file(NAME), "w", encoding="utf-8") as stream:
        stream.write(text.replace("installer = tester-old\n", ""))
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert f"tester-old = {NAME}," in read(certwright.renewal_file(NAME))


@pytest.mark.parametrize("how", ["fail", "crash"])
@pytest.mark.parametrize("call", ["renewed", "save", "config_test", "reload"])
def test_a_renewal_that_did_not_reach_the_server_is_owed(certwright, tester, how, call):
    run(certwright, tester, NAME)
    certwright.run("renew", "--force-renewal", f"--tester-{how}", call, env=tester.env, status=1)
    result = renew(certwright, tester, "--tester-crash", "nothing", fail=call, status=1, json=True)
    assert_failed(result, "not in use")
    assert identifiers(result.json) == {NAME}
    # It may be renewed again before the server has heard of the first time.
    renew(certwright, tester, "--tester-crash", "nothing", "--force-renewal", fail=call, status=1)
    tester.forget_calls()
    renew(certwright, tester, "--tester-crash", "nothing")
    assert tester.calls() == ["renewed", "save", "config_test", "reload"]
    (fact,) = tester.facts()
    assert fact["reason"] == RETRY
    # What the server still has.
    assert int(fact["previous_serial"], 16) == serial(certwright, NAME, 1)
    assert fact["expiry"] == expiry(certwright, NAME, 3)
    tester.forget_calls()
    renew(certwright, tester)
    assert tester.calls() == []


def test_a_1_0_installer_that_failed_deploys_with_the_next_run(certwright, old):
    run(certwright, old, NAME)
    renew(certwright, old, "--force-renewal", fail="deploy", status=1)
    old.forget_calls()
    renew(certwright, old)
    assert old.calls() == ["deploy", "save", "config_test", "reload"]


def test_one_lineage_that_fails_does_not_keep_the_others_from_the_server(certwright, tester):
    for name in (NAME, OTHER, "three.example.test"):
        run(certwright, tester, name)
    tester.forget_calls()
    result = renew(certwright, tester, "--force-renewal", fail=f"renewed:{OTHER}", status=1,
                   json=True)
    assert identifiers(result.json) == {OTHER}
    assert f'the tester fails for "{OTHER}"' in result.stderr
    assert tester.calls() == 3 * ["renewed"] + ["reread"] + 2 * ["renewed"] + [
        "save", "config_test", "reload"]
    tester.forget_calls()
    renew(certwright, tester)
    assert [f["lineage"] for f in tester.facts()] == [OTHER]


def test_without_renew_updates_the_server_is_only_reloaded(certwright, tester):
    run(certwright, tester, NAME)
    tester.forget_calls()
    renew(certwright, tester, "--force-renewal", "--disable-renew-updates")
    assert tester.calls() == ["config_test", "reload"]
    tester.forget_calls()
    renew(certwright, tester)
    assert tester.calls() == []


def test_without_renew_updates_what_is_owed_stays_owed(certwright, tester):
    run(certwright, tester, NAME)
    renew(certwright, tester, "--force-renewal", fail="renewed", status=1)
    result = renew(certwright, tester, "--disable-renew-updates", status=1, json=True)
    assert_failed(result, "--disable-renew-updates")
    tester.forget_calls()
    renew(certwright, tester)
    assert "renewed" in tester.calls()


def test_install_makes_renewals_reach_the_installer(certwright, tester):
    certwright.certonly(NAME)
    certwright.run("install", "--cert-name", NAME, *tester.options, "--no-redirect",
                   env=tester.env)
    tester.forget_calls()
    renew(certwright, tester, "--force-renewal")
    assert [f["call"] for f in tester.facts()] == ["renewed"]


def test_renewals_reach_every_installer_that_has_the_certificate(certwright, tester, old):
    run(certwright, tester, NAME)
    certwright.run("install", "--cert-name", NAME, *old.options, "--no-redirect", env=tester.env)
    assert "installer = tester\n" in read(certwright.renewal_file(NAME))
    tester.forget_calls()
    renew(certwright, tester, "--force-renewal")
    assert tester.calls() == ["renewed", "save", "config_test", "reload",
                              "deploy", "save", "config_test", "reload"]


def test_run_with_another_installer_takes_the_place_of_all(certwright, tester, old):
    run(certwright, tester, NAME)
    certwright.run("install", "--cert-name", NAME, *old.options, "--no-redirect", env=tester.env)
    run(certwright, old, NAME, args=("--force-renewal",))
    tester.forget_calls()
    renew(certwright, old, "--force-renewal")
    assert tester.calls() == ["deploy", "save", "config_test", "reload"]


def test_a_rehearsal_tells_the_installer_nothing(certwright, tester):
    run(certwright, tester, NAME)
    tester.forget_calls()
    renew(certwright, tester, "--dry-run", "--server", certwright.ca.directory)
    assert tester.calls() == []


def test_an_installer_that_cannot_deploy_is_refused_and_the_others_work(certwright, tmp_path):
    folder = str(tmp_path / "plugins")
    path = installer.compile_plugin(folder, "bare", "tester.c",
                                    macros=['TESTER_NAME="bare"', "TESTER_BARE=1"])
    installer.compile_plugin(folder, "tester", "tester.c")
    result = certwright.run("plugins", env=installer.environment(folder), json=True)
    assert [r["path"] for r in result.json["refused"]] == [path]
    assert 'lacks the function "deploy"' in str(result.json["refused"])
    assert "tester" in [p["name"] for p in result.json["plugins"]]
