"""Moving in: what other clients left is imported, and renewed with the same account."""

import base64
import json
import os
import shutil
import stat
import time

import pytest

from lib.account import challenge_again
from lib.other_clients import (AcmeSh, Acmetool, CertbotTarball, Dehydrated, Getssl, Lego, Uacme)
from lib.process import wait_until
from lib.tools import command, names_of, read, script, serial_of, snapshot, verify_chain
from lib.webserver import WebServer


@pytest.fixture(name="webroot", scope="module")
def fixture_webroot(module_start):
    folder = module_start.folder / "webroot"
    folder.mkdir()
    return folder


@pytest.fixture(name="served")
def fixture_served(pebble, webroot):
    """The web server of the names."""
    server = WebServer(pebble.http_port, lambda host: str(webroot))
    yield server
    server.stop()


def new_accounts(pebble):
    return pebble.requests("POST", "/sign-me-up")


def saved_accounts(certwright):
    return [json.loads(read(os.path.join(os.path.dirname(p), "regr.json")))["uri"]
            for p in certwright.account_files()]


def check_import(certwright, pebble, client, names, *args, lineage=None, asks=0):
    """Imports what CLIENT has, with ARGS. ASKS: how often the CA is asked for an account, with
    --dry-run and without. Returns the result."""
    name = lineage or names[0]
    before, asked = snapshot(client.path), new_accounts(pebble)
    arguments = ["--from", client.name, client.path, *args]
    rehearsal = certwright.json("import", *arguments, "--dry-run")
    assert rehearsal.certificates[name]["action"] == "simulated"
    assert not certwright.lineages() and not certwright.account_files()
    result = certwright.json("import", *arguments)
    moved = result.certificates[name]
    assert (moved["action"], moved["domains"]) == ("imported", list(names))
    assert snapshot(client.path) == before
    assert new_accounts(pebble) == asked + 2 * asks
    assert saved_accounts(certwright) == [a["uri"] for a in result.json["accounts"]]
    assert names_of(certwright.live(name)) == sorted(names)
    verify_chain(os.path.dirname(certwright.live(name)), pebble.root())
    return result


def check_renewal(certwright, pebble, name):
    """NAME is renewed with the account that was imported."""
    old, asked = serial_of(certwright.live(name)), new_accounts(pebble)
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal", "--cert-name", name)
    assert serial_of(certwright.live(name)) != old
    assert new_accounts(pebble) == asked


def check_again(certwright, client, *args):
    """A second import finds all there, also after renewals, and changes nothing."""
    before = snapshot(certwright.config_dir)
    result = certwright.json("import", "--from", client.name, client.path, *args)
    assert {c["action"] for c in result.json["certificates"]} == {"present"}
    assert {a["action"] for a in result.json["accounts"]} == {"present"}
    assert snapshot(certwright.config_dir) == before


def test_lego(certwright, pebble, webroot, tmp_path):
    client = Lego(tmp_path / "lego", pebble, webroot)
    client.make("a.lego.test", "b.lego.test")
    result = check_import(certwright, pebble, client, ["a.lego.test", "b.lego.test"],
                          "--standalone")
    assert result.json["not_taken_over"] == []
    [account] = certwright.account_files()
    text = read(certwright.renewal_file("a.lego.test"))
    for line in (f"account = {os.path.basename(os.path.dirname(account))}", "key_type = ecdsa",
                 f"server = {pebble.directory}", "authenticator = standalone"):
        assert f"{line}\n" in text
    check_renewal(certwright, pebble, "a.lego.test")
    check_again(certwright, client)


def test_a_wildcard_leaves_the_name_to_the_certificate_beside_it(certwright, pebble, webroot,
                                                                 tmp_path):
    client = Lego(tmp_path / "lego", pebble, webroot)
    client.make("a.lego.test")
    folder = os.path.join(client.path, "certificates")
    for end in ("crt", "issuer.crt", "key"):
        shutil.copy(f"{folder}/a.lego.test.{end}", f"{folder}/_.a.lego.test.{end}")
    client.write("certificates/_.a.lego.test.json", json.dumps({"domain": "*.a.lego.test"}))
    result = certwright.json("import", "--from", client.name, client.path, "--standalone")
    sources = {name: os.path.basename(c["source"]) for name, c in result.certificates.items()}
    assert sources == {"a.lego.test": "a.lego.test.crt",
                       "a.lego.test-wildcard": "_.a.lego.test.crt"}


def test_uacme(certwright, pebble, webroot, served, tmp_path):
    client = Uacme(tmp_path / "uacme", pebble, webroot)
    client.make("a.uacme.test", "b.uacme.test")
    key = read(os.path.join(client.path, "private", "a.uacme.test", "key.pem"))
    check_import(certwright, pebble, client, ["a.uacme.test", "b.uacme.test"], "-a", "webroot",
                 "-w", webroot, asks=1)
    before = read(certwright.live("a.uacme.test", "privkey"))
    check_renewal(certwright, pebble, "a.uacme.test")
    assert served.seen and key
    # uacme keeps a certificate's key.
    assert read(certwright.live("a.uacme.test", "privkey")) == before
    check_again(certwright, client)


def test_dehydrated(certwright, start, pebble, webroot, served, tmp_path):
    client = Dehydrated(tmp_path / "dehydrated", pebble, webroot)
    client.make("a.dehydrated.test")
    ran = tmp_path / "executed"
    client.configure(f"PRIVATE_KEY_RENEW=no\nRENEW_DAYS=20\nCURL_OPTS=$(touch {ran})\ntouch {ran}\n")
    result = check_import(certwright, pebble, client, ["a.dehydrated.test"])
    days, unclear = messages(result)
    assert "RENEW_DAYS=20 " in days and "CURL_OPTS" in unclear and not ran.exists()
    text = read(certwright.renewal_file("a.dehydrated.test"))
    assert f"a.dehydrated.test = {webroot}" in text and "reuse_key = True" in text
    check_renewal(certwright, pebble, "a.dehydrated.test")
    assert served.seen
    check_again(certwright, client)
    check_hook(start.certwright(pebble, "other"), client)


def test_what_dehydrated_used_on_the_other_machine_is_named(certwright, pebble, webroot, served,
                                                            tmp_path):
    client = Dehydrated(tmp_path / "dehydrated", pebble, webroot)
    client.make("a.dehydrated.test")
    client.configure("HOOK=/nonexistent/hook.sh\nWELLKNOWN=/nonexistent/.well-known/acme-challenge\n")
    said = messages(certwright.json("import", "--from", client.name, client.path))
    assert said == [f'"/nonexistent{path}", which {key} of "a.dehydrated.test" names, is not on this machine'
                    for path, key in (("/hook.sh", "renew_hook"), ("", "webroot_path"))]


def test_a_method_that_is_given_needs_no_remark_about_another_one(certwright, pebble, webroot, served,
                                                                  tmp_path):
    client = Dehydrated(tmp_path / "dehydrated", pebble, webroot)
    client.make("a.dehydrated.test")
    client.configure(f"WELLKNOWN={tmp_path}\n")
    arguments = ["import", "--from", client.name, client.path, "--dry-run"]
    assert "which is not below a webroot" in messages(certwright.json(*arguments))[0]
    assert messages(certwright.json(*arguments, "-a", "standalone")) == []


def messages(result):
    return [remark["message"] for remark in result.json["not_taken_over"]]


def test_what_dehydrated_has_for_one_certificate(certwright, start, pebble, webroot, served,
                                                 tmp_path):
    client = Dehydrated(tmp_path / "dehydrated", pebble, webroot)
    client.make("a.dehydrated.test")
    client.configure('DOMAINS_D="${BASEDIR}/domains"\nHOOK=hook.sh\nif true; then\n'
                     '\tOCSP_MUST_STAPLE=yes\nfi\n')
    client.write("domains/a.dehydrated.test", "PRIVATE_KEY_RENEW=no\n")
    client.write("certs/a.dehydrated.test/config", "PREFERRED_CHAIN=unused\n")
    said = messages(certwright.json("import", "--from", client.name, client.path))
    assert len(said) == 2 and "OCSP_MUST_STAPLE" in said[1]
    assert '"hook.sh" of "a.dehydrated.test" has no absolute path' in said[0]
    text = read(certwright.renewal_file("a.dehydrated.test"))
    assert "reuse_key = True" in text and "unused" not in text and "staple" not in text
    # One that cannot be read costs its settings alone.
    client.write("domains/a.dehydrated.test", "PRIVATE_KEY_RENEW=no\0\n")
    said = messages(start.certwright(pebble, "other").json("import", "--from", client.name,
                                                           client.path))
    assert any('the settings of "a.dehydrated.test" alone are not taken over' in m for m in said)


def check_hook(certwright, client):
    """dehydrated's hook is called as before, for DNS records and after renewals."""
    client.configure('CHALLENGETYPE="dns-01"\nHOOK="${BASEDIR}/hook.sh"\n')
    hook = os.path.join(client.path, "hook.sh")
    certwright.run("import", "--from", client.name, client.path)
    text = read(certwright.renewal_file("a.dehydrated.test"))
    for line in ("authenticator = dns-exec", f"dns_exec_program = {hook}",
                 "dns_exec_style = dehydrated"):
        assert f"{line}\n" in text
    assert f"{hook} deploy_cert a.dehydrated.test" in text


@pytest.mark.skipif(shutil.which("acmetool") is None, reason="this release has no acmetool")
def test_acmetool(certwright, pebble, webroot, served, tmp_path):
    client = Acmetool(tmp_path / "acmetool", pebble, webroot)
    client.make("a.acmetool.test", "b.acmetool.test")
    check_import(certwright, pebble, client, ["a.acmetool.test", "b.acmetool.test"], asks=1)
    check_renewal(certwright, pebble, "a.acmetool.test")
    assert served.seen
    check_again(certwright, client)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts over /etc/acme")
def test_hooks_of_acmetool_are_named(certwright, pebble, webroot, served, tmp_path):
    client = Acmetool(tmp_path / "acmetool", pebble, webroot)
    client.make("a.acmetool.test")
    script(tmp_path / "acme" / "hooks" / "reload", "exit 0\n")
    (tmp_path / "acme" / "hooks" / "README").touch()
    over = 'mkdir -p /etc/acme && mount --bind "$0" /etc/acme && exec "$@"'
    result = certwright.json("import", "--from", client.name, client.path,
                             wrap=["unshare", "-m", "sh", "-c", over, str(tmp_path / "acme")])
    assert messages(result) == ['the hook "reload" is one of acmetool, and does not run after renewals']


@pytest.fixture(name="origin", scope="module")
def fixture_origin(module_start, pebble):
    """An account and a certificate, for the clients that Debian does not have."""
    origin = module_start.certwright(pebble, "origin")
    origin.certonly("o.example.test")
    return origin


def encoded(text):
    return f"__ACME_BASE64__START_{base64.b64encode(text.encode()).decode()}__ACME_BASE64__END_"


def test_acme_sh(certwright, pebble, webroot, served, origin, tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, webroot, origin, "o.example.test")
    copy, ran, told = (tmp_path / name for name in ("copy of key.pem", "reloaded", "told"))
    client.make({"Le_Webroot": str(webroot), "Le_RealKeyPath": str(copy),
                 "Le_RenewHook": encoded(f'cat "$CERT_KEY_PATH" "$CERT_FULLCHAIN_PATH" > {told}'),
                 "Le_PostHook": encoded('echo "$CA_CERT_PATH"'),
                 "Le_ReloadCmd": encoded(f'echo "$Le_Domain" > {ran}'), "Le_DeployHook": "haproxy,"})
    result = check_import(certwright, pebble, client, ["o.example.test"])
    deploy, post = sorted(r["message"] for r in result.json["not_taken_over"])
    assert "haproxy" in deploy and "--post-hook uses" in post
    check_renewal(certwright, pebble, "o.example.test")
    assert served.seen and ran.read_text() == "o.example.test\n"
    key = read(certwright.live("o.example.test", "privkey"))
    assert copy.read_text() == key
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert told.read_text() == key + read(certwright.live("o.example.test", "fullchain"))
    check_again(certwright, client)


def test_dns_scripts_of_acme_sh(certwright, start, pebble, webroot, origin, tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, webroot, origin, "o.example.test")
    client.make({"Le_Webroot": "dns_here", "Le_ChallengeAlias": "alias.example.net,"})
    alias = "dns_alias = o.example.test=_acme-challenge.alias.example.net"
    result = start.certwright(pebble, "without").json("import", "--from", "acme.sh", client.path)
    remarks = result.json["not_taken_over"]
    assert any("certwright-dns-exec(8)" in r["hint"] for r in remarks)
    script = client.write("dnsapi/dns_here.sh", "")
    client.write("acme.sh", "")
    result = certwright.json("import", "--from", "acme.sh", client.path)
    assert result.json["not_taken_over"] == []
    text = read(certwright.renewal_file("o.example.test"))
    for line in ("authenticator = dns-exec", "dns_exec_style = acme.sh",
                 f"dns_exec_program = {script}", alias):
        assert line in text


def test_aliases_of_acme_sh_are_those_of_each_name(certwright, pebble, webroot, origin, tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, webroot, origin, "o.example.test")
    client.make({"Le_Webroot": "dns_here", "Le_Alt": "*.o.example.test,b.example.test,c.example.test",
                 "Le_ChallengeAlias": "no,=x.example.net,y.example.net,"})
    certwright.run("import", "--from", "acme.sh", client.path)
    text = read(certwright.renewal_file("o.example.test"))
    for pair in ("o.example.test=x.example.net", "b.example.test=_acme-challenge.y.example.net",
                 "c.example.test=_acme-challenge.y.example.net"):
        assert pair in text


def test_two_certificates_for_one_name(certwright, pebble, webroot, origin, tmp_path):
    """acme.sh has one for each kind of key."""
    client = AcmeSh(tmp_path / "acme.sh", pebble, webroot, origin, "o.example.test")
    for ecc in (True, False):
        client.make({"Le_Webroot": "no"}, ecc)
    certwright.run("import", "--from", "acme.sh", client.path)
    assert certwright.lineages() == ["o.example.test", "o.example.test-ecc"]
    check_again(certwright, client)


def test_what_is_not_taken_over_is_said(certwright, start, pebble, webroot, origin, tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, webroot, origin, "o.example.test")
    client.make({"Le_Webroot": "no", "Le_OCSP_Staple": "1", "Le_Keylength": "$(echo x)",
                 "Le_RenewalDays": "60"})
    config = tmp_path / "acme.sh" / "o.example.test_ecc" / "o.example.test.conf"
    config.write_text(config.read_text() + "Le_PreHook=~/hook\n")
    days, unclear = messages(certwright.json("import", "--from", "acme.sh", client.path))
    assert "Le_RenewalDays=60 " in days
    assert "only a shell can tell the values of Le_PreHook" in unclear
    assert "must_staple = True" in read(certwright.renewal_file("o.example.test"))
    client = Getssl(tmp_path / "getssl", pebble, webroot, origin, "o.example.test")
    client.make('DUAL_RSA_ECDSA="true"\nPREFERRED_CHAIN=$(id)\nRENEW_ALLOW=30\n')
    other = start.certwright(pebble, "other")
    second, days, unclear = messages(other.json("import", "--from", "getssl", client.path))
    assert "DUAL_RSA_ECDSA" in second and "RENEW_ALLOW=30 " in days and "PREFERRED_CHAIN" in unclear


def test_options_beside_an_archive_of_certbot_are_said_not_to_count(certwright, origin, tmp_path):
    client = CertbotTarball(tmp_path, origin)
    words = ("import", "--from", client.name, client.path, *certwright.directories(), "--json")
    [remark] = json.loads(certwright.run(*words, "--key-type", "rsa", "--dry-run",
                                         defaults=False).stdout)["not_taken_over"]
    assert remark["hint"].startswith("certwright reconfigure --cert-name o.example.test ")
    assert remark["hint"].endswith(" --key-type rsa")
    assert json.loads(certwright.run(*words, defaults=False).stdout)["not_taken_over"] == []


def test_certificate_that_is_here_is_compared(certwright, start, pebble, webroot, tmp_path):
    """With the same names and type of key it is the same, but the source may have a newer one."""
    certwright.certonly("o.example.test")
    begin = int(time.time())
    wait_until(lambda: int(time.time()) > begin, what="the next second")
    newer = start.certwright(pebble, "newer")
    newer.certonly("o.example.test")
    client = AcmeSh(tmp_path / "acme.sh", pebble, webroot, newer, "o.example.test")
    client.make({"Le_Webroot": "no"})
    said = messages(certwright.json("import", "--from", "acme.sh", client.path))
    assert any("the one there is newer" in message for message in said)
    certwright.run("renew", "--force-renewal", "--key-type", "rsa")
    result = certwright.json("import", "--from", "acme.sh", client.path, status=1)
    assert "which has a key of another type" in str(result.json["error"])


def test_getssl(certwright, pebble, webroot, served, origin, tmp_path):
    client = Getssl(tmp_path / "getssl", pebble, webroot, origin, "o.example.test")
    ran = tmp_path / "reloaded"
    client.make(f'RELOAD_CMD="echo reload > {ran}"\n'
                'DOMAIN_CHAIN_LOCATION="/x;sftp:u:pazzw0rd:h:/x"\nDOMAIN_CERT_LOCATION="ssh:h:/y"\n')
    result = check_import(certwright, pebble, client, ["o.example.test"], asks=1)
    cert, chain = (r["message"] for r in result.json["not_taken_over"])
    assert '"ssh:h:/y"' in cert and "pazzw0rd" not in chain and "/x;sftp:..." in chain
    check_renewal(certwright, pebble, "o.example.test")
    assert served.seen and ran.read_text() == "reload\n"


def test_what_certbot_used_on_the_other_machine_is_named(certwright, origin, tmp_path):
    client = CertbotTarball(tmp_path, origin)
    path = tmp_path / "letsencrypt" / "renewal" / "o.example.test.conf"
    path.write_text(path.read_text() + "pre_hook = /nonexistent/stop --now\npost_hook = /bin/true x\n"
                    "dns_x_credentials = /nonexistent/x.ini\nwebroot_path = /nonexistent/www,\n"
                    "[[webroot_map]]\no.example.test = /nonexistent/www\n")
    command("tar", "-C", tmp_path, "-czf", client.path, "letsencrypt")
    said = messages(certwright.json("import", "--from", client.name, client.path))
    for lacking, key in (("stop", "pre_hook"), ("x.ini", "dns_x_credentials"),
                         ("www", "webroot_path")):
        assert f'"/nonexistent/{lacking}", which {key} of "o.example.test" names, ' \
               "is not on this machine" in said
    assert len([m for m in said if "not on this machine" in m]) == 3


def test_certbot_tarball(certwright, pebble, origin, tmp_path):
    client = CertbotTarball(tmp_path, origin)
    check_import(certwright, pebble, client, ["o.example.test"])
    check_renewal(certwright, pebble, "o.example.test")
    check_again(certwright, client)
