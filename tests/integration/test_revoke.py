"""revoke: by name, by file, with either key, and what happens to the files."""

import json
import os
import shutil

import pytest

from lib.outcome import assert_failed
from lib.process import kill_all
from lib.rogue_ca import Hold, problem
from lib.terminal import on_terminal
from lib.tools import certbot, read, serial_of, snapshot

NAME = "rev.example.test"


def status_of(pebble, path_or_serial):
    serial = path_or_serial if "/" not in str(path_or_serial) else serial_of(path_or_serial)
    return json.loads(pebble.management(f"/cert-status-by-serial/{serial}"))["Status"]


def reason_of(pebble, serial):
    return json.loads(pebble.management(f"/cert-status-by-serial/{serial}")).get("Reason")


@pytest.fixture
def issued(certwright):
    certwright.certonly(NAME)
    return serial_of(certwright.live(NAME, "cert"))


def test_by_name(certwright, pebble, issued):
    result = certwright.json("revoke", "--cert-name", NAME)
    assert status_of(pebble, issued) == "Revoked"
    revoked = result.json["revoked"]
    assert revoked["name"] == NAME and revoked["deleted"] is True
    assert revoked["serial"].lstrip("0") == issued.lstrip("0")
    assert certwright.lineages() == []
    assert not os.path.exists(os.path.dirname(certwright.live(NAME)))


def test_the_files_can_stay(certwright, pebble, issued):
    before = snapshot(certwright.config_dir)
    result = certwright.json("revoke", "--cert-name", NAME, "--no-delete-after-revoke")
    assert result.json["revoked"]["deleted"] is False
    assert status_of(pebble, issued) == "Revoked"
    assert snapshot(certwright.config_dir) == before


def test_by_path_of_a_lineage(certwright, pebble, issued):
    result = certwright.json("revoke", "--cert-path", certwright.live(NAME, "cert"),
                             "--delete-after-revoke")
    assert result.json["revoked"]["name"] == NAME
    assert status_of(pebble, issued) == "Revoked"
    assert certwright.lineages() == []


def test_by_path_of_a_file_that_belongs_to_no_lineage(certwright, pebble, issued, tmp_path):
    old = tmp_path / "old.pem"
    shutil.copy(certwright.live(NAME, "cert"), old)
    certwright.run("renew", "--force-renewal")
    result = certwright.json("revoke", "--cert-path", str(old))
    assert result.json["revoked"] == {"cert_path": str(old), "name": None, "already": False, "deleted": False,
                                      "serial": result.json["revoked"]["serial"]}
    assert status_of(pebble, issued) == "Revoked"
    assert status_of(pebble, certwright.live(NAME, "cert")) == "Valid"
    assert old.exists() and certwright.lineages() == [NAME]


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
def test_with_the_certificates_own_key_and_no_account(certwright, pebble, tmp_path, start, key_type):
    certwright.certonly(NAME, args=["--key-type", key_type])
    for kind in ("cert", "privkey"):
        shutil.copy(certwright.live(NAME, kind), tmp_path / f"{kind}.pem")
    stranger = start.certwright(pebble, "stranger")
    result = stranger.json("revoke", "--cert-path", tmp_path / "cert.pem", "--key-path",
                           tmp_path / "privkey.pem", "--reason", "keycompromise")
    assert result.json["revoked"]["name"] is None
    assert status_of(pebble, tmp_path / "cert.pem") == "Revoked"
    assert stranger.account_files() == []


def test_another_key_is_refused_here(certwright, pebble, issued):
    certwright.certonly("other.example.test")
    result = certwright.json("revoke", "--cert-path", certwright.live(NAME, "cert"), "--key-path",
                             certwright.live("other.example.test", "privkey"), status=1)
    assert_failed(result, "key", "does not belong to the certificate")
    assert status_of(pebble, issued) == "Valid"


@pytest.mark.parametrize("reason, code", [("unspecified", 0), ("keycompromise", 1),
                                          ("affiliationchanged", 3), ("superseded", 4),
                                          ("cessationofoperation", 5),
                                          ("cessationOfOperation", 5), ("SUPERSEDED", 4)])
def test_reasons(certwright, rogue_certwright, rogue, reason, code):
    rogue_certwright.certonly(NAME)
    rogue_certwright.run("revoke", "--cert-name", NAME, "--reason", reason)
    [request] = [r for r in rogue.requests if r.kind == "revoke"]
    assert request.payload.get("reason", 0) == code


def test_an_unknown_reason_is_refused(certwright, pebble, issued):
    result = certwright.json("revoke", "--cert-name", NAME, "--reason", "boredom", status=2)
    assert_failed(result, "--reason", "boredom", "superseded")
    assert status_of(pebble, issued) == "Valid"


@pytest.mark.parametrize("how, gone", [
    (["--no-delete-after-revoke"], False), (["--delete-after-revoke"], True), ([], True),
    (["--key-path", "KEY", "--no-delete-after-revoke"], False),
    (["--reason", "superseded", "--no-delete-after-revoke"], False)])
def test_a_certificate_that_is_revoked_already(certwright, issued, how, gone):
    """That is what was asked for; what remains is what to do with the files."""
    first = certwright.json("revoke", "--cert-name", NAME, "--no-delete-after-revoke")
    assert first.json["revoked"]["already"] is False and "is now revoked" in first.stderr
    how = [certwright.live(NAME, "privkey") if word == "KEY" else word for word in how]
    result = certwright.json("revoke", "--cert-name", NAME, *how)
    assert result.json["revoked"]["already"] is True and "was already revoked" in result.stderr
    assert result.json["revoked"]["deleted"] is gone
    assert certwright.lineages() == ([] if gone else [NAME])


def test_a_file_of_no_lineage_that_is_revoked_already(certwright, issued, tmp_path):
    copy = tmp_path / "copy.pem"
    shutil.copy(certwright.live(NAME, "cert"), copy)
    certwright.run("revoke", "--cert-name", NAME, "--delete-after-revoke")
    result = certwright.json("revoke", "--cert-path", copy)
    assert result.json["revoked"]["already"] is True and result.json["revoked"]["name"] is None
    assert copy.exists()


def test_another_refusal_of_the_ca_is_an_error(rogue_certwright, rogue):
    rogue_certwright.certonly(NAME)
    rogue.on("revoke", problem("unauthorized", "not yours"))
    result = rogue_certwright.json("revoke", "--cert-name", NAME, status=1)
    assert_failed(result, "cannot revoke", "not yours")
    assert rogue_certwright.lineages() == [NAME]


def test_what_was_killed_before_the_deletion_is_finished(rogue_certwright, rogue, pebble):
    rogue_certwright.certonly(NAME)
    serial = serial_of(rogue_certwright.live(NAME, "cert"))
    hold = rogue.on("revoke", Hold(after=True), times=1)
    running = rogue_certwright.start("revoke", "--cert-name", NAME, "--delete-after-revoke")
    assert hold.reached.wait(30)
    kill_all(running)
    hold.drop()
    assert status_of(pebble, serial) == "Revoked"
    assert rogue_certwright.lineages() == [NAME]
    result = rogue_certwright.json("revoke", "--cert-name", NAME, "--delete-after-revoke")
    assert result.json["revoked"]["deleted"] is True
    assert rogue_certwright.lineages() == []


def test_an_archive_that_another_lineage_uses_is_not_deleted(certwright, pebble, issued):
    text = read(certwright.renewal_file(NAME)).replace(f"live/{NAME}/", "live/twin/")
    with open(certwright.renewal_file("twin"), "w", encoding="utf-8") as stream:
        stream.write(text)
    shutil.copytree(os.path.dirname(certwright.live(NAME)),
                    os.path.dirname(certwright.live("twin")), symlinks=True)
    before = snapshot(certwright.config_dir)
    result = certwright.json("revoke", "--cert-name", NAME, "--delete-after-revoke")
    assert "archive" in result.stderr
    assert result.json["revoked"]["deleted"] is False
    assert status_of(pebble, issued) == "Revoked"
    assert snapshot(certwright.config_dir) == before


@pytest.mark.parametrize("answer, gone", [("y", True), ("n", False), ("", False)])
def test_the_user_is_asked_whether_to_delete(certwright, pebble, issued, answer, gone):
    terminal = on_terminal(certwright, "revoke", "--cert-name", NAME)
    assert NAME in terminal.expect("Revoke (.*)This cannot be undone").group(1)
    terminal.answer("y.es/.N.o", "y")
    terminal.answer("[Dd]elete .*y.es/.N.o", answer)
    text = terminal.finish()
    assert (f'deleted all files of the certificate "{NAME}"' in text) == gone
    assert (f'kept the files of "{NAME}"' in text and certwright.renewal_file(NAME) in text) != gone
    assert status_of(pebble, issued) == "Revoked"
    assert (certwright.lineages() == []) == gone


@pytest.mark.parametrize("answer", ["", "n"])
def test_enter_revokes_nothing(certwright, pebble, issued, answer):
    terminal = on_terminal(certwright, "revoke", "--cert-name", NAME)
    terminal.answer("Revoke .*y.es/.N.o", answer)
    terminal.finish(1)
    assert status_of(pebble, issued) == "Valid" and certwright.lineages() == [NAME]


def test_a_server_that_still_names_the_files_is_told(certwright, issued, tmp_path):
    (tmp_path / "site").write_text(certwright.live(NAME))
    result = certwright.run("revoke", "--cert-name", NAME, "--nginx-server-root", tmp_path,
                            "--no-delete-after-revoke")
    assert f'"{tmp_path}/site" still names files in' in result.stderr
    assert f'kept the files of "{NAME}"' in result.stdout


def test_neither_name_nor_path(certwright, issued):
    assert_failed(certwright.json("revoke", status=2), "--cert-name")
    result = certwright.json("revoke", "--cert-name", NAME, "--cert-path",
                             certwright.live(NAME, "cert"), status=2)
    assert_failed(result, "--cert-name", "--cert-path")


@pytest.mark.parametrize("text", [None, "", "no certificate\n"])
def test_a_file_that_is_no_certificate(certwright, tmp_path, text):
    path = tmp_path / "strange.pem"
    if text is not None:
        path.write_text(text)
    assert_failed(certwright.json("revoke", "--cert-path", path, status=1), "strange.pem")


def test_it_is_listed_as_revoked(certwright, issued):
    certwright.run("revoke", "--cert-name", NAME, "--no-delete-after-revoke")
    # The test's CA names no OCSP responder, so that nobody can see it from the certificate.
    certwright.run("certificates")
    certbot(certwright, "certificates")
