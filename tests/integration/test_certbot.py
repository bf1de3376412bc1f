"""Certbot and certwright over the same files, in both directions."""

import os

from lib.tools import certbot, read, serial_of, verify_chain


def test_certbot_lists_ours(certwright):
    certwright.certonly("c1.example.test", "c2.example.test")
    certwright.certonly("c3.example.test", args=["--key-type", "rsa", "--cert-name", "third"])
    text = certbot(certwright, "certificates").stdout
    assert "Certificate Name: c1.example.test" in text
    assert "Domains: c1.example.test c2.example.test" in text
    assert "Certificate Name: third" in text
    assert certwright.live("c1.example.test") in text
    assert "The following renewal configurations were invalid" not in text


def test_certbot_renews_ours_with_our_account(certwright, pebble):
    certwright.certonly("ours.example.test")
    accounts = pebble.requests("POST", "/sign-me-up")
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert os.readlink(certwright.live("ours.example.test", "cert")).endswith("/cert2.pem")
    verify_chain(os.path.dirname(certwright.live("ours.example.test")), pebble.root())
    assert pebble.requests("POST", "/sign-me-up") == accounts
    certwright.run("renew", "--force-renewal")
    assert os.readlink(certwright.live("ours.example.test", "cert")).endswith("/cert3.pem")


def test_we_list_and_renew_certbots(certwright, pebble):
    certbot(certwright, "certonly", "--standalone", "--agree-tos",
            "--register-unsafely-without-email", "--server", pebble.directory,
            "--http-01-port", str(pebble.http_port), "-d", "theirs.example.test")
    [listed] = certwright.json("certificates").json["certificates"]
    assert listed["name"] == "theirs.example.test"
    serial = serial_of(certwright.live("theirs.example.test", "cert"))
    accounts = pebble.requests("POST", "/sign-me-up")
    certwright.run("renew", "--force-renewal")
    assert serial_of(certwright.live("theirs.example.test", "cert")) != serial
    assert pebble.requests("POST", "/sign-me-up") == accounts
    verify_chain(os.path.dirname(certwright.live("theirs.example.test")), pebble.root())
    certbot(certwright, "certificates")


def test_certbot_shows_our_account(certwright, pebble):
    certwright.run("register", "-m", "admin@example.com", "--no-eff-email")
    uri = certwright.json("show_account").json["account"]["uri"]
    text = certbot(certwright, "show_account", "--server", pebble.directory).stdout
    assert uri in text
    assert "admin@example.com" in text


def test_certbot_deletes_ours(certwright):
    certwright.certonly("delete.example.test")
    certbot(certwright, "delete", "--cert-name", "delete.example.test")
    assert certwright.lineages() == []
    assert certwright.json("certificates").json["certificates"] == []


def test_the_renewal_file_is_one_that_certbot_would_write(certwright):
    certwright.certonly("conf.example.test")
    lines = read(certwright.renewal_file("conf.example.test")).splitlines()
    assert any(line.startswith("version = ") for line in lines)
    base = certwright.config_dir
    assert f"archive_dir = {base}/archive/conf.example.test" in lines
    for kind in ("cert", "privkey", "chain", "fullchain"):
        assert f"{kind} = {base}/live/conf.example.test/{kind}.pem" in lines
    start = lines.index("[renewalparams]")
    keys = {line.split(" = ")[0] for line in lines[start + 1:] if " = " in line}
    assert {"account", "server", "key_type", "authenticator"} <= keys
    assert keys <= {"account", "server", "key_type", "authenticator", "http01_port", "config_dir",
                    "work_dir", "logs_dir"}
