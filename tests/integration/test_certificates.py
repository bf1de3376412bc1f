"""certificates: what it says of those that expired, were revoked or come from a test CA.

The responder is Debian's "openssl ocsp", which signs with Pebble's intermediate key; Pebble is told
to name it in what it issues.
"""

import json
import re
import socket
import time

import pytest

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
