"""New certificates whose installation or reload failed, or that a kill cut off before: the next renew
makes up for it."""

import os
import shutil

import pytest

from lib import installer
from lib.outcome import assert_failed, identifiers
from lib.tools import read

NAME = "owed.example.test"


@pytest.fixture(scope="session")
def tester_env(tmp_path_factory):
    return installer.build(tmp_path_factory.mktemp("plugins"))


@pytest.fixture
def tester(tmp_path, tester_env):
    return installer.Tester(tmp_path, tester_env)


def run(certwright, tester, *args, **options):
    return certwright.run("run", "-a", "standalone", *tester.options, "-d", NAME, *args,
                          env=tester.env, **options)


def renew(certwright, tester, *args, fail="nothing", **options):
    """With what the tester fails in; the renewal file may have saved another word."""
    return certwright.run("renew", "--tester-fail", fail, *args, env=tester.env, **options)


def records(certwright):
    folder = os.path.join(certwright.work_dir, "certwright", "install")
    return os.listdir(folder) if os.path.isdir(folder) else []


def assert_summary(result, certwright, action):
    """The certificate is listed once, with what was done."""
    lines = result.stdout.splitlines()
    entry = f"  {certwright.live(NAME, 'fullchain')} ({action})"
    assert lines[lines.index(entry) - 1] == "Web servers now use these certificates of earlier runs:"
    assert len([line for line in lines if line.startswith("  ") and NAME in line]) == 1


@pytest.mark.parametrize("owed", ["reloaded", "installed"])
def test_what_is_made_up_for_is_the_action_of_the_certificate(certwright, tester, owed):
    if owed == "reloaded":
        run(certwright, tester, "--no-redirect")
        renew(certwright, tester, "--force-renewal", fail="reload", status=1)
    else:
        run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    result = renew(certwright, tester, json=True)
    assert result.certificates[NAME]["action"] == owed
    assert result.certificates[NAME]["error"] is None
    assert renew(certwright, tester, json=True).certificates[NAME]["action"] == "kept"


def assert_saved_but_unused(result, certwright):
    """The summary, the messages and the count say the same of the only certificate."""
    lines = result.stdout.splitlines()
    entry = f"  {certwright.live(NAME, 'fullchain')} (saved, but not in use yet)"
    assert lines[lines.index(entry) - 1] == \
        "These certificates were renewed, but their servers do not use them yet:"
    assert len([line for line in lines if line.startswith("  ") and NAME in line]) == 1
    assert "1 certificate is saved, but not in use yet" in result.stderr
    for wrong in ("cannot renew", "renewals failed", "were renewed:"):
        assert wrong not in result.output


def assert_nothing_is_owed(certwright, tester):
    assert records(certwright) == []
    tester.forget_calls()
    result = renew(certwright, tester)
    assert tester.calls() == []
    assert "earlier run" not in result.stderr


@pytest.mark.parametrize("how", ["--tester-fail", "--tester-crash"])
@pytest.mark.parametrize("call", ["config_test", "reload"])
def test_a_reload_that_failed_is_made_by_the_next_renew(certwright, tester, how, call):
    run(certwright, tester, "--no-redirect")
    saved = certwright.run("renew", "--force-renewal", how, call, env=tester.env, status=1)
    assert_saved_but_unused(saved, certwright)
    for _ in range(2):
        result = renew(certwright, tester, "--tester-crash", "nothing", fail="reload", status=1,
                       json=True)
        assert_failed(result, "not in use")
        assert identifiers(result.json) == {NAME}
        assert result.certificates[NAME]["action"] == "failed"
        assert "not in use" in result.certificates[NAME]["error"]["message"]
    tester.forget_calls()
    result = renew(certwright, tester, "--tester-crash", "nothing")
    assert_summary(result, certwright, "reloaded")
    assert tester.calls() == ["renewed", "save", "config_test", "reload"]
    assert f'reloading the server for the certificate "{NAME}"' in result.stderr
    assert os.readlink(certwright.live(NAME, "cert")).endswith("/cert2.pem")
    assert_nothing_is_owed(certwright, tester)


@pytest.mark.parametrize("call", ["deploy", "save", "config_test", "reload"])
def test_an_installation_that_fails_again_after_a_renewal(certwright, tester, call):
    """The renewal is no failure: the certificate is saved, and its server does not use it."""
    run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    assert_saved_but_unused(renew(certwright, tester, "--force-renewal", fail=call, status=1), certwright)
    result = renew(certwright, tester, "--force-renewal", fail=call, status=1, json=True)
    assert result.json["error"]["message"] == "1 certificate is saved, but not in use yet"
    assert identifiers(result.json) == {NAME}
    certificate = result.certificates[NAME]
    assert certificate["action"] == "renewed"
    assert "saved but not" in certificate["error"]["message"]
    assert os.readlink(certwright.live(NAME, "cert")).endswith("/cert3.pem")
    assert_summary(renew(certwright, tester), certwright, "installed")
    assert_nothing_is_owed(certwright, tester)


def test_failed_renewals_and_unused_certificates_are_counted_apart(certwright, tester):
    run(certwright, tester, "--no-redirect")
    for name in ("two.example.test", "three.example.test"):
        certwright.certonly(name)
    text = read(certwright.renewal_file("three.example.test"))
    with open(certwright.renewal_file("three.example.test"), "w", encoding="utf-8") as stream:
        stream.write(text.replace("authenticator = standalone", "authenticator = no-such"))
    result = renew(certwright, tester, "--force-renewal", fail="reload", status=1, json=True)
    assert result.json["error"]["message"] == (
        "1 of 3 renewals failed, and 1 certificate is saved, but not in use yet")
    assert {n: c["action"] for n, c in result.certificates.items()} == {
        NAME: "renewed", "two.example.test": "renewed", "three.example.test": "failed"}


def test_one_reload_is_for_what_is_owed_and_what_is_new(certwright, tester):
    for name in (NAME, "two.example.test"):
        run(certwright, tester, "--no-redirect", "--cert-name", name, "-d", name)
    renew(certwright, tester, "--force-renewal", fail="reload", status=1)
    tester.forget_calls()
    renew(certwright, tester, "--cert-name", NAME, "--force-renewal")
    assert tester.calls() == ["renewed", "save", "config_test", "reload"]
    assert records(certwright) == ["two.example.test"]
    renew(certwright, tester)
    assert_nothing_is_owed(certwright, tester)


@pytest.mark.parametrize("call", ["deploy", "save", "config_test", "reload"])
def test_an_installation_that_failed_is_made_by_the_next_renew(certwright, tester, call):
    run(certwright, tester, "--hsts", "--tester-fail", call, status=1)
    assert tester.text() == "as it was\n"
    result = renew(certwright, tester, fail=call, status=1, json=True)
    assert_failed(result, "not installed", call)
    assert identifiers(result.json) == {NAME}
    assert result.certificates[NAME]["action"] == "failed"
    assert "not installed" in result.certificates[NAME]["error"]["message"]
    assert tester.text() == "as it was\n"
    result = renew(certwright, tester)
    assert_summary(result, certwright, "installed")
    assert f'installing the certificate "{NAME}"' in result.stderr
    assert tester.text() == (f"deploy {NAME} {certwright.live(NAME)}\n"
                             f"enhance {NAME} redirect\nenhance {NAME} hsts\n")
    assert_nothing_is_owed(certwright, tester)


def test_an_installation_stays_owed_when_the_certificate_is_renewed_meanwhile(certwright, tester):
    run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    renew(certwright, tester, "--force-renewal")
    assert tester.text() == f"deploy {NAME} {certwright.live(NAME)}\n"
    assert_nothing_is_owed(certwright, tester)


@pytest.mark.parametrize("verb", ["run", "install"])
def test_an_installation_made_by_hand_is_not_owed(certwright, tester, verb):
    run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    how = ["-a", "standalone", "-d", NAME] if verb == "run" else ["--cert-name", NAME]
    certwright.run(verb, *how, *tester.options, "--no-redirect", "--tester-fail", "nothing",
                   env=tester.env)
    assert_nothing_is_owed(certwright, tester)


def test_an_enhancement_that_failed_is_not_owed(certwright, tester):
    """The certificate is in use, and the user was told."""
    run(certwright, tester, "--tester-fail", "enhance", status=1)
    assert_nothing_is_owed(certwright, tester)


def test_without_renew_updates_an_installation_stays_owed(certwright, tester):
    run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    result = renew(certwright, tester, "--disable-renew-updates", status=1, json=True)
    assert_failed(result, "--disable-renew-updates", "install")
    assert tester.text() == "as it was\n"
    renew(certwright, tester)
    assert_nothing_is_owed(certwright, tester)


def test_a_rehearsal_pays_nothing(certwright, tester):
    run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    tester.forget_calls()
    renew(certwright, tester, "--dry-run", "--server", certwright.ca.directory)
    assert tester.calls() == []
    assert records(certwright) == [NAME]


def test_a_certificate_that_is_gone_or_has_no_installer_is_owed_nothing(certwright, tester):
    run(certwright, tester, "--no-redirect", "--tester-fail", "deploy", status=1)
    path = certwright.renewal_file(NAME)
    text = read(path)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace("installer = tester\n", ""))
    renew(certwright, tester)
    assert_nothing_is_owed(certwright, tester)
    run(certwright, tester, "--no-redirect", "--force-renewal", "--tester-fail", "deploy",
        status=1)
    certwright.run("delete", "--cert-name", NAME, env=tester.env)
    renew(certwright, tester)
    assert_nothing_is_owed(certwright, tester)


def kill_at(call, number):
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:signal=KILL:when={number}"]


def has_new_version(certwright, number):
    return os.path.exists(certwright.live(NAME, "cert")) and \
        os.readlink(certwright.live(NAME, "cert")).endswith(f"/cert{number}.pem")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("number", range(1, 40, 3))
@pytest.mark.parametrize("verb", ["run", "renew"])
def test_no_kill_leaves_a_new_certificate_unused(certwright, tester, verb, number):
    """Whatever process it hits: at each call that makes a change durable."""
    if verb == "run":
        run(certwright, tester, "--no-redirect", wrap=kill_at("fsync,rename,renameat2", number),
            status=None)
    else:
        run(certwright, tester, "--no-redirect")
        tester.forget_calls()
        certwright.run("renew", "--force-renewal", env=tester.env,
                       wrap=kill_at("fsync,rename,renameat2", number), status=None)
    renew(certwright, tester)
    if verb == "run" and has_new_version(certwright, 1):
        assert tester.text() == f"deploy {NAME} {certwright.live(NAME)}\n"
    if verb == "renew" and has_new_version(certwright, 2):
        assert "reload" in tester.calls()
    assert_nothing_is_owed(certwright, tester)
