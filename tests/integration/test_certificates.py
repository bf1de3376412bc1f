"""certificates: what it says of those that expired, were revoked or come from a test CA.

The responder is Debian's "openssl ocsp", which signs with Pebble's intermediate key; Pebble is told
to name it in what it issues.
"""

import json
import re
import socket
import time

import pytest

from lib.account import challenge_again
from lib.issuer import Issuer, PebbleIssuer, Responder, load, replace_certificate
from lib.tools import certbot, read, serial_of, snapshot


def set_server(certwright, name, url):
    path = certwright.renewal_file(name)
    text = re.sub("^server = .*$", f"server = {url}", read(path), flags=re.M)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def validity(certwright, *args):
    """(status, reasons) by name."""
    found = certwright.json("certificates", *args).certificates
    return {name: (c["status"], c["reasons"]) for name, c in found.items()}


def shown(certwright, name):
    """What stands in parentheses behind the date, in text."""
    text = certwright.run("certificates", "--cert-name", name).stdout
    return re.search(r"Expiry Date: [-0-9]+ [:0-9]+\+00:00 \((.*)\)", text).group(1)


@pytest.fixture
def responding(start, tmp_path):
    """(certwright, pebble, serve): a CA whose certificates name a responder, which answers as Pebble
    knows once serve() was called."""
    port = start.ports.take()
    pebble = start.pebble(ocsp_url=f"http://127.0.0.1:{port}")
    certwright = start.certwright(pebble)

    def serve(*names):
        states = {}
        for name in names:
            path = certwright.live(name, "cert")
            status = json.loads(pebble.management(f"/cert-status-by-serial/{serial_of(path)}"))
            states[load(path)] = status["Status"] == "Revoked"
        Responder(start, PebbleIssuer(tmp_path, pebble), port=port).serve_all(states)
    return certwright, pebble, serve


def test_a_revoked_certificate_is_shown_as_such(responding):
    certwright, _, serve = responding
    certwright.certonly("good.example.test")
    certwright.certonly("bad.example.test")
    certwright.run("revoke", "--cert-name", "bad.example.test", "--no-delete-after-revoke")
    serve("good.example.test", "bad.example.test")
    before = snapshot(certwright.config_dir)
    assert validity(certwright) == {"good.example.test": ("VALID", []),
                                    "bad.example.test": ("INVALID", ["REVOKED"])}
    assert shown(certwright, "bad.example.test") == "INVALID: REVOKED"
    assert shown(certwright, "good.example.test").startswith("VALID: ")
    assert snapshot(certwright.config_dir) == before
    text = certbot(certwright, "certificates").stdout
    assert text.count("INVALID: REVOKED") == 1 and text.count("(VALID: ") == 1


def test_a_responder_that_nobody_reaches_changes_nothing(responding):
    certwright, _, _ = responding
    certwright.certonly("alone.example.test")
    assert validity(certwright) == {"alone.example.test": ("VALID", [])}


def test_a_silent_responder_is_waited_for_once_however_many_name_it(responding, tmp_path):
    """It takes connections and never answers: ten seconds are what Certbot waits for each."""
    certwright, pebble, _ = responding
    names = [f"silent{i}.example.test" for i in range(20)]
    certwright.certonly(names[0])
    issuer = Issuer(tmp_path)
    for name in names[1:]:
        certwright.certonly(name)
    for name in names:
        replace_certificate(certwright, name, -1, 89, issuer, pebble.ocsp_url)
    port = int(pebble.ocsp_url.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        begin = time.monotonic()
        assert validity(certwright) == {name: ("VALID", []) for name in names}
        assert time.monotonic() - begin < 20


def test_an_expired_certificate_is_shown_and_not_asked_about(start, pebble, tmp_path):
    certwright = start.certwright(pebble)
    certwright.certonly("old.example.test")
    issuer = Issuer(tmp_path)
    responder = Responder(start, issuer)
    leaf = replace_certificate(certwright, "old.example.test", -91, -1, issuer, responder.url)
    responder.serve(leaf, revoked=True)
    assert validity(certwright) == {"old.example.test": ("INVALID", ["EXPIRED"])}
    assert certwright.json("certificates").certificates["old.example.test"]["days_left"] < 0
    assert shown(certwright, "old.example.test") == "INVALID: EXPIRED"


def test_all_reasons_are_given_in_certbots_order(start, pebble, tmp_path):
    certwright = start.certwright(pebble)
    certwright.certonly("test.example.test")
    issuer = Issuer(tmp_path)
    responder = Responder(start, issuer)
    leaf = replace_certificate(certwright, "test.example.test", -1, 89, issuer, responder.url)
    responder.serve(leaf, revoked=True)
    set_server(certwright, "test.example.test",
               "https://acme-staging-v02.api.letsencrypt.org/directory")
    assert validity(certwright) == {"test.example.test": ("INVALID", ["TEST_CERT", "REVOKED"])}
    assert shown(certwright, "test.example.test") == "INVALID: TEST_CERT, REVOKED"
    assert "INVALID: TEST_CERT, REVOKED" in certbot(certwright, "certificates").stdout


def test_names_choose_among_them(certwright):
    certwright.certonly("a.example.test", "b.example.test")
    certwright.certonly("c.example.test")
    assert list(validity(certwright, "-d", "b.example.test")) == ["a.example.test"]
    assert list(validity(certwright, "--cert-name", "c.example.test")) == ["c.example.test"]
    assert not validity(certwright, "-d", "d.example.test")


def test_what_certwright_revoked_is_known_without_a_responder(certwright):
    """Until it is renewed."""
    for name in ("kept.example.test", "gone.example.test"):
        certwright.certonly(name)
    certwright.run("revoke", "--cert-name", "gone.example.test", "--no-delete-after-revoke")
    assert validity(certwright) == {"kept.example.test": ("VALID", []),
                                    "gone.example.test": ("INVALID", ["REVOKED"])}
    assert shown(certwright, "gone.example.test") == "INVALID: REVOKED"
    certwright.run("renew", "--cert-name", "gone.example.test", "--force-renewal")
    assert validity(certwright)["gone.example.test"] == ("VALID", [])


def test_it_says_how_and_when_each_is_renewed(certwright, pebble):
    certwright.certonly("one.example.test")
    certwright.certonly("off.example.test", args=["--no-autorenew"])
    found = certwright.json("certificates").certificates
    one = found["one.example.test"]
    assert one["authenticator"] == "standalone" and one["server"] == pebble.directory
    assert one["autorenew"] is True and one["last_failure"] is None
    # Two thirds of its life.
    leaf = load(certwright.live("one.example.test", "cert"))
    due = leaf.not_valid_after - (leaf.not_valid_after - leaf.not_valid_before) / 3
    assert one["due"][:10] == due.strftime("%Y-%m-%d")
    assert found["off.example.test"]["autorenew"] is False
    text = certwright.run("certificates").stdout
    assert f"Due for Renewal: {one['due'][:10]}" in text
    assert "Due for Renewal: never (autorenew is off)" in text
    assert "Authenticator: standalone" in text and f"Server: {pebble.directory}" in text


def test_it_tells_of_the_last_failure_until_a_renewal_succeeds(certwright, start):
    name = "again.example.test"
    certwright.certonly(name)
    challenge_again(certwright)
    certwright.run("renew", "--dry-run", "--server", certwright.ca.directory, "--http-01-port",
                   start.ports.take(), status=1)
    assert certwright.json("certificates").certificates[name]["last_failure"] is None
    certwright.run("renew", "--force-renewal", "--http-01-port", start.ports.take(), status=1)
    failure = certwright.json("certificates").certificates[name]["last_failure"]
    assert failure["error"]["problem"]["type"].endswith(":connection")
    assert f"Last Renewal Failed: {failure['time']}: " in certwright.run("certificates").stdout
    certwright.run("renew", "--force-renewal")
    assert certwright.json("certificates").certificates[name]["last_failure"] is None
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal", "--http-01-port", start.ports.take(), status=1)
    assert certwright.json("certificates").certificates[name]["last_failure"] is not None
    certwright.certonly(name, args=["--force-renewal"])
    assert certwright.json("certificates").certificates[name]["last_failure"] is None


@pytest.mark.parametrize("others", [0, 1])
def test_one_that_cannot_be_read_makes_it_fail(certwright, others):
    names = ["good.example.test", "bad.example.test"][1 - others:]
    certwright.certonly(*names[-1:])
    for name in names[:-1]:
        certwright.certonly(name)
    with open(certwright.renewal_file("bad.example.test"), "w", encoding="utf-8") as stream:
        stream.write("[renewalparams\n")
    result = certwright.run("certificates", status=1)
    assert "bad.example.test" in result.stdout and "No certificates" not in result.output
    assert ("Found the following certs" in result.stdout) == bool(others)
    assert f"1 of {len(names)} certificates could not be read" in result.stderr
    # Once: the reason stands in the list.
    assert result.output.count("bad.example.test.conf") == 1
    document = certwright.json("certificates", status=1).json
    assert [b["name"] for b in document["broken"]] == ["bad.example.test"]
    assert len(document["certificates"]) == others


def test_no_certificates_is_said_only_where_there_are_none(certwright):
    assert certwright.run("certificates").stdout.count("No certificates were found") == 1
    assert certwright.run("renew").stdout.count("No certificates were found") == 1
    certwright.certonly("one.example.test")
    for argv in (["certificates"], ["renew"], ["renew", "--force-renewal"],
                 ["certificates", "--cert-name", "one.example.test"]):
        assert "No certificates" not in certwright.run(*argv).output
    assert "None of the 1 certificates has these names" in certwright.run(
        "certificates", "-d", "other.example.test").output
    result = certwright.run("certificates", "--cert-name", "other", status=1)
    assert "No certificates" not in result.output
    assert "No certificates" not in certwright.run("renew", "--cert-name", "other", status=1).output


def test_the_summary_of_renewals_has_headings(certwright, start):
    for name in ("kept.example.test", "bad.example.test", "good.example.test"):
        certwright.certonly(name)
    replace_certificate(certwright, "good.example.test", -89, 1)
    replace_certificate(certwright, "bad.example.test", -89, 1)
    path = certwright.renewal_file("bad.example.test")
    text = re.sub("http01_port = .*", f"http01_port = {start.ports.take()}", read(path))
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    challenge_again(certwright)
    # Side by side the one that listens at the right port would answer for the other.
    text = certwright.run("renew", "--jobs", "1", status=1).stdout
    for heading, name, end in (("are not due for renewal yet:", "kept", r"expires on [-0-9]+ \(skipped\)"),
                               ("were renewed:", "good", r"\(success\)"),
                               ("could not be renewed or installed:", "bad", r"\(failure\)")):
        live = re.escape(certwright.live(f"{name}.example.test"))
        assert re.search(rf"{heading}\n  {live} {end}\n", text), text
    text = certwright.run("renew", "--dry-run", "--cert-name", "good.example.test", "--server",
                          certwright.ca.directory).stdout
    assert "The dry run succeeded for these certificates:" in text and "were renewed" not in text


def test_what_is_due_for_ever_is_due_from_its_issue(certwright):
    certwright.certonly("ever.example.test")
    path = certwright.renewal_file("ever.example.test")
    text = re.sub("^#? *renew_before_expiry = .*$", "renew_before_expiry = 900 years", read(path), flags=re.M)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    leaf = load(certwright.live("ever.example.test", "cert"))
    due = certwright.json("certificates").certificates["ever.example.test"]["due"]
    assert due[:10] == leaf.not_valid_before.strftime("%Y-%m-%d")
