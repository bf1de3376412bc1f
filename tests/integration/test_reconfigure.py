"""reconfigure: other settings for renewals, tried out before they are saved."""

import os

import pytest

from lib.account import challenge_again
from lib.outcome import assert_failed
from lib.terminal import on_terminal
from lib.tools import read, script, snapshot

NAME = "re.example.test"


def reconfigure(certwright, *args, name=NAME, **options):
    return certwright.json("reconfigure", "--cert-name", name, *args, **options)


def changes(result):
    return {c["key"]: (c["before"], c["after"]) for c in result.json["reconfigured"]["changes"]}


def test_new_settings_are_tried_and_saved(certwright, pebble, start, tmp_path):
    certwright.certonly(NAME)
    live = snapshot(os.path.join(certwright.config_dir, "archive"))
    challenge_again(certwright)
    orders = pebble.requests("POST", "/order-plz")
    result = reconfigure(certwright, "--key-type", "rsa", "--rsa-key-size", "3072",
                         "--deploy-hook", "true")
    assert changes(result) == {"key_type": ("ecdsa", "rsa"), "rsa_key_size": (None, "3072"),
                               "renew_hook": (None, "true")}
    assert pebble.requests("POST", "/order-plz") == orders + 1
    assert snapshot(os.path.join(certwright.config_dir, "archive")) == live
    assert result.certificates[NAME]["action"] == "simulated"
    certwright.run("renew", "--force-renewal")
    assert "rsa_key_size = 3072" in read(certwright.renewal_file(NAME))


def test_another_authenticator(certwright, pebble, start, tmp_path):
    certwright.certonly(NAME)
    web = tmp_path / "web"
    web.mkdir()
    start.web(pebble.http_port, lambda host: str(web))
    result = reconfigure(certwright, "--webroot", "-w", str(web))
    assert changes(result)["authenticator"] == ("standalone", "webroot")
    assert "webroot_path" in read(certwright.renewal_file(NAME))
    certwright.run("renew", "--force-renewal")


def test_what_fails_is_not_saved(certwright, tmp_path):
    certwright.certonly(NAME)
    before = snapshot(certwright.config_dir)
    result = reconfigure(certwright, "--webroot", "-w", str(tmp_path), status=1)
    assert_failed(result, "dry run", "not saved")
    assert snapshot(certwright.config_dir) == before


def test_nothing_new_changes_nothing(certwright):
    certwright.certonly(NAME)
    before = snapshot(certwright.config_dir)
    assert changes(reconfigure(certwright)) == {}
    assert snapshot(certwright.config_dir) == before


def test_dry_run_saves_nothing(certwright):
    certwright.certonly(NAME)
    before = snapshot(certwright.config_dir)
    reconfigure(certwright, "--key-type", "rsa", "--dry-run")
    assert snapshot(certwright.config_dir) == before


def test_names_cannot_be_changed(certwright):
    certwright.certonly(NAME)
    assert_failed(reconfigure(certwright, "-d", "other.example.test", status=2), "names")


def test_server_and_account_cannot_be_changed(certwright, start):
    certwright.certonly(NAME)
    other = start.pebble()
    assert_failed(reconfigure(certwright, server=other.directory, status=2), "server",
                  "--force-renewal")
    assert_failed(reconfigure(certwright, "--account", "0" * 32, status=2), "account")


def test_the_certificate_is_asked_for(certwright):
    certwright.certonly(NAME)
    assert_failed(certwright.json("reconfigure", status=2), "--cert-name")
    terminal = on_terminal(certwright, "reconfigure", "--deploy-hook", "true")
    terminal.answer("Which certificate.*: ", "1")
    terminal.finish()
    assert "renew_hook = true" in read(certwright.renewal_file(NAME))


def test_an_unknown_certificate_is_named(certwright):
    certwright.certonly(NAME)
    assert_failed(reconfigure(certwright, name="rr.example.test", status=1), "rr.example.test")


@pytest.mark.parametrize("given", [False, True])
def test_the_deploy_hook_can_be_tried(certwright, tmp_path, given):
    certwright.certonly(NAME)
    hook = script(tmp_path / "hook", f'echo "$RENEWED_LINEAGE" >> {tmp_path}/log\n')
    reconfigure(certwright, "--deploy-hook", hook, *(["--run-deploy-hooks"] if given else []))
    assert os.path.exists(tmp_path / "log") == given
    if given:
        assert read(tmp_path / "log").strip() == os.path.dirname(certwright.live(NAME))


def test_comments_and_strange_sections_stay(certwright):
    certwright.certonly(NAME)
    path = certwright.renewal_file(NAME)
    text = "# my comment\nmine = 1\n" + read(path) + "\n[other]\nkey = value # why\n"
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    reconfigure(certwright, "--preferred-chain", "Some Root")
    after = read(path)
    assert "# my comment\nmine = 1\n" in after
    assert "[other]\nkey = value # why\n" in after
    assert "preferred_chain = Some Root" in after


def test_a_missing_hook_is_refused(certwright):
    certwright.certonly(NAME)
    before = snapshot(certwright.config_dir)
    result = reconfigure(certwright, "--pre-hook", "/no/such/program", status=None)
    assert result.status != 0
    assert_failed(result, "/no/such/program")
    assert snapshot(certwright.config_dir) == before
