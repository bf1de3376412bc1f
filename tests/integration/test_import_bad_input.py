"""Moving in from what is damaged, hostile or not there: one sentence, and nothing half-written."""

import base64
import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lib.killing import every_day, killed_everywhere
from lib.other_clients import AcmeSh, CertbotTarball, Lego
from lib.outcome import assert_failed
from lib.tools import command, read, snapshot, verify_chain


@pytest.fixture(name="origin", scope="module")
def fixture_origin(module_start, pebble):
    origin = module_start.certwright(pebble, "origin")
    origin.certonly("o.example.test")
    return origin


@pytest.fixture(name="trees", scope="module")
def fixture_trees(module_start, pebble):
    """What lego leaves: two certificates of one account."""
    client = Lego(module_start.folder / "lego", pebble, module_start.folder / "root")
    for name in ("a.lego.test", "b.lego.test"):
        client.make(name)
    return client


@pytest.fixture(name="lego")
def fixture_lego(trees, tmp_path):
    """A copy to be damaged."""
    return shutil.copytree(trees.path, tmp_path / "lego")


def run_import(certwright, client, path, *args, **options):
    return certwright.json("import", "--from", client, path, *args, **options)


def assert_nothing_written(certwright):
    assert not certwright.lineages() and not certwright.account_files()
    for folder in ("live", "archive"):
        path = os.path.join(certwright.config_dir, folder)
        assert not os.path.isdir(path) or not os.listdir(path)


def damage(kind, folder):
    key = folder / "certificates" / "a.lego.test.key"
    if kind == "no key":
        key.unlink()
    elif kind == "another key":
        shutil.copy(folder / "certificates" / "b.lego.test.key", key)
    elif kind == "half a key":
        key.write_text(key.read_text()[:100])
    elif kind == "no chain":
        chain = folder / "certificates" / "a.lego.test.crt"
        chain.write_text(chain.read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")
        (folder / "certificates" / "a.lego.test.issuer.crt").unlink()
    elif kind == "another issuer":
        with open(folder / "certificates" / "a.lego.test.crt", "a", encoding="utf-8") as stream:
            stream.write(read(folder / "certificates" / "b.lego.test.crt"))
    elif kind == "not JSON":
        (folder / "certificates" / "a.lego.test.json").write_text("{")
    else:
        (folder / "certificates" / "a.lego.test.crt").write_text("")


@pytest.mark.parametrize("kind,words", [
    ("no key", "a.lego.test.key"), ("another key", "does not belong"), ("half a key", "a.lego.test.key"),
    ("no chain", "issuer is missing"), ("another issuer", "not signed by the next"),
    ("not JSON", "a.lego.test.json"), ("empty", "chain is empty"),
])
def test_damaged_certificate_is_left_out(certwright, lego, kind, words):
    damage(kind, lego)
    result = run_import(certwright, "lego", lego, "--standalone", status=1)
    assert_failed(result, words, "1 of 3 accounts and certificates")
    assert result.certificates["a.lego.test"]["action"] == "failed"
    # The other one is here, and complete.
    assert certwright.lineages() == ["b.lego.test"]
    assert os.listdir(os.path.join(certwright.config_dir, "archive")) == ["b.lego.test"]
    assert len(certwright.account_files()) == 1


@pytest.mark.parametrize("most", every_day(3))
def test_a_kill_leaves_nothing_half_written(certwright, lego, pebble, tmp_path, most):
    def prepare():
        shutil.rmtree(certwright.config_dir, ignore_errors=True)

    def run(**options):
        certwright.run("import", "--from", "lego", lego, "--standalone", **options)

    def check():
        run()
        assert certwright.lineages() == ["a.lego.test", "b.lego.test"]
        assert len(certwright.account_files()) == 1
        for name in certwright.lineages():
            verify_chain(os.path.dirname(certwright.live(name)), pebble.root())

    killed_everywhere(tmp_path, run, prepare, check, most=most)


def test_name_that_is_taken(certwright, lego, trees):
    certwright.certonly("a.lego.test", "other.test")
    before = snapshot(os.path.join(certwright.config_dir, "archive", "a.lego.test"))
    result = run_import(certwright, "lego", lego, "--standalone", status=1)
    assert_failed(result, "a.lego.test", "other names")
    assert certwright.lineages() == ["a.lego.test", "b.lego.test"]
    assert snapshot(os.path.join(certwright.config_dir, "archive", "a.lego.test")) == before
    # certonly has to be told now which account to use.
    assert any("2 accounts" in r["message"] for r in result.json["not_taken_over"])


def test_account_without_its_key_takes_its_certificates_along(certwright, lego):
    [key] = lego.glob("accounts/*/*/keys/*.key")
    key.unlink()
    result = run_import(certwright, "lego", lego, "--standalone", status=1)
    assert_failed(result, key, "3 of 3")
    assert_nothing_written(certwright)


def test_unknown_server(certwright, lego):
    result = certwright.json("import", "--from", "lego", lego, *certwright.directories(), "-n",
                             defaults=False, status=1)
    assert_failed(result, "give it with --server")
    result = run_import(certwright, "lego", lego, server="https://other.test/dir", status=1)
    assert_failed(result, '"https://other.test/dir" does not match')
    assert_nothing_written(certwright)


def test_name_that_is_left_over(certwright, lego):
    os.makedirs(os.path.join(certwright.config_dir, "live", "a.lego.test"))
    result = run_import(certwright, "lego", lego, "--standalone", status=1)
    assert_failed(result, "is left from an earlier certificate", "then import again")
    assert "--cert-name" not in result.output
    assert certwright.lineages() == ["b.lego.test"]


@pytest.mark.parametrize("uri", ["", "javascript:1"])
def test_account_url_that_is_none_is_asked_for(certwright, lego, pebble, uri):
    [path] = lego.glob("accounts/*/*/account.json")
    account = json.loads(path.read_text())
    known, account["registration"]["uri"] = account["registration"]["uri"], uri
    path.write_text(json.dumps(account))
    result = run_import(certwright, "lego", lego, "--standalone")
    assert [a["uri"] for a in result.json["accounts"]] == [known]
    certwright.run("renew", "--force-renewal", "--cert-name", "a.lego.test")


def test_unknown_method_is_said_with_what_to_do(certwright, lego):
    result = run_import(certwright, "lego", lego)
    hints = [f"certwright reconfigure --cert-name {name} -a PLUGIN"
             for name in ("a.lego.test", "b.lego.test")]
    assert [r["hint"] for r in result.json["not_taken_over"]] == hints
    # They are said again, and what is given then is not saved, which is said, too.
    result = run_import(certwright, "lego", lego)
    assert set(hints) < {r["hint"] for r in result.json["not_taken_over"]}
    result = run_import(certwright, "lego", lego, "-a", "standalone")
    hint = result.json["not_taken_over"][0]["hint"]
    assert hint.startswith(f"{hints[0].replace('-a PLUGIN', '--authenticator standalone')} ")
    # Which works, at the certificate's own CA.
    certwright.run("reconfigure", *hint.split()[2:], *certwright.directories(), "-n", defaults=False)
    certwright.run("renew", "--force-renewal", "--cert-name", "a.lego.test")
    text = certwright.run("import", "--from", "lego", lego).stdout
    assert 'Already here: certificate "a.lego.test" for a.lego.test' in text


def test_what_could_not_be_renewed_is_said(certwright, pebble, origin, tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, tmp_path / "root", origin, "o.example.test")
    other = "https://other.test/dir"
    client.make({"Le_Webroot": "no", "Le_API": other})
    assert_failed(run_import(certwright, "acme.sh", client.path, "-a", "webroot", status=1), "-w")
    assert not certwright.lineages()
    [remark] = run_import(certwright, "acme.sh", client.path).json["not_taken_over"]
    assert remark["hint"] == f"certwright register --server {other}"
    result = certwright.run("renew", "--force-renewal", status=1)
    assert f"certwright register --server {other}" in result.stderr


def test_name_that_no_certificate_can_have(certwright, pebble, origin, tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, tmp_path / "root", origin, "o.example.test")
    client.make({"Le_Webroot": "no", "Le_Domain": "../../evil"})
    result = run_import(certwright, "acme.sh", client.path, status=1)
    assert_failed(result, "cannot contain", "with certonly")
    assert "--cert-name" not in result.output


def make_uacme(folder, pebble, key):
    os.makedirs(folder / "private")
    shutil.copy(key, folder / "private" / "key.pem")
    return folder


def test_account_at_a_server_that_is_gone_or_does_not_know_it(certwright, start, pebble, tmp_path):
    key = tmp_path / "key.pem"
    command("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    folder = make_uacme(tmp_path / "uacme", pebble, key)
    result = run_import(certwright, "uacme", folder, status=1)
    assert_failed(result, "does not know the account")
    gone = f"https://localhost:{start.ports.take()}/dir"
    result = run_import(certwright, "uacme", folder, server=gone, status=1)
    assert_failed(result, gone, "server is running")
    assert_nothing_written(certwright)


@pytest.mark.parametrize("client", ["lego", "acme.sh", "dehydrated", "uacme", "getssl", "acmetool",
                                    "certbot-tarball"])
def test_what_is_not_there_or_something_else(certwright, tmp_path, client):
    missing = tmp_path / "missing"
    assert_failed(run_import(certwright, client, missing, status=1), f'there is no "{missing}"')
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text\n")
    path = tmp_path / ("file" if client == "certbot-tarball" else "empty")
    result = run_import(certwright, client, path, status=1)
    assert_failed(result, "tar archive" if client == "certbot-tarball" else "is not what")
    assert_nothing_written(certwright)


def test_nothing_to_import(certwright, tmp_path):
    """lego and acmetool both have a folder "accounts"."""
    for client, name in (("lego", "id/privkey"), ("acmetool", "me@example.test/account.json")):
        folder = tmp_path / client
        (folder / "accounts").mkdir(parents=True)
        result = run_import(certwright, client, folder, status=1)
        assert_failed(result, f'nothing to import in "{folder}"')
        (folder / "accounts" / "host" / name).parent.mkdir(parents=True)
        (folder / "accounts" / "host" / name).write_text("{}")
        result = run_import(certwright, client, folder, status=1)
        assert_failed(result, f'nothing to import in "{folder}"')
    assert_nothing_written(certwright)


def test_command_line(certwright, tmp_path):
    assert_failed(certwright.json("import", tmp_path, status=2), "--from")
    assert_failed(certwright.json("import", "--from", "lego", status=2), "path")
    assert_failed(certwright.json("import", "--from", "caddy", tmp_path, status=2), "caddy")
    assert_failed(certwright.json("import", "--from", "lego", "a", "b", status=2), '"b"')
    for option in ("--cert-name", "-d"):
        result = certwright.json("import", "--from", "lego", tmp_path, option, "x.test", status=2)
        assert_failed(result, f"does not accept {option}")
    # Nothing was attempted.
    assert not os.path.exists(certwright.logs_dir)
    assert_failed(run_import(certwright, "certbot-tarball", tmp_path, status=1), "--config-dir")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_another_user(certwright, lego):
    """Who cannot read the source is told so."""
    place = tempfile.mkdtemp(prefix="certwright-nobody-")
    try:
        source = os.path.join(place, "lego")
        shutil.copytree(lego, source)
        os.chmod(os.path.join(source, "accounts"), 0o700)
        os.chown(place, 65534, 65534)
        words = certwright.arguments("import", "--from", "lego", source, json=True)
        for name in ("etc", "var", "log"):
            words[words.index(os.path.join(certwright.folder, name))] = f"{place}/{name}"
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               *words], env=certwright.environment({"CERTWRIGHT_PLUGIN_PATH": None}),
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert f"{source}/accounts" in done.stdout and "Permission denied" in done.stdout
        assert not os.path.isdir(f"{place}/etc/accounts")
        os.chmod(source, 0o700)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               *words], env=certwright.environment({"CERTWRIGHT_PLUGIN_PATH": None}),
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert f'cannot read \\"{source}\\": Permission denied' in done.stdout
    finally:
        shutil.rmtree(place)


def test_hooks_of_a_file_that_others_can_change_are_not_taken_over(certwright, pebble, origin,
                                                                   tmp_path):
    client = AcmeSh(tmp_path / "acme.sh", pebble, tmp_path / "root", origin, "o.example.test")
    config = client.make({"Le_Webroot": "no", "Le_ReloadCmd": "touch /tmp/never",
                          "Le_PreHook": "touch /tmp/never"})
    os.chmod(config, 0o666)
    result = run_import(certwright, "acme.sh", client.path)
    [remark] = result.json["not_taken_over"]
    assert "other users can change" in remark["message"]
    assert "never" not in read(certwright.renewal_file("o.example.test"))


def add(archive, name, content=b"", kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, len(content), link
    archive.addfile(member, io.BytesIO(content))


HOSTILE = {
    "absolute": [("/etc/letsencrypt/renewal/x.conf", b"x", tarfile.REGTYPE, "")],
    "parent": [("letsencrypt/../../renewal/x.conf", b"x", tarfile.REGTYPE, "")],
    "link out": [("letsencrypt/live/x", b"", tarfile.SYMTYPE, "../../../etc/shadow")],
    "absolute link": [("letsencrypt/live/x", b"", tarfile.SYMTYPE, "/etc/shadow")],
    "hard link": [("letsencrypt/live/x", b"", tarfile.LNKTYPE, "letsencrypt/live/y")],
    "device": [("letsencrypt/live/x", b"", tarfile.CHRTYPE, "")],
    "long name": [("/" + "letsencrypt/" * 30 + "renewal/x.conf", b"x", tarfile.REGTYPE, "")],
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_hostile_archive(certwright, origin, tmp_path, kind, form):
    client = CertbotTarball(tmp_path, origin)
    plain = tmp_path / "plain.tar"
    with tarfile.open(client.path) as old, tarfile.open(plain, "w", format=form) as archive:
        for member in old:
            archive.addfile(member, old.extractfile(member) if member.isfile() else None)
        for name, content, what, link in HOSTILE[kind]:
            add(archive, name, content, what, link)
    result = run_import(certwright, "certbot-tarball", plain, status=1)
    assert_failed(result, "refusing", str(plain))
    assert_nothing_written(certwright)


@pytest.mark.parametrize("record", [b"\n\n 2 x\n", b"\n\n 2 =x", b"2 =x", b"9 path=x\n",
                                    b"99999999999999999999999 path=x\n"])
def test_damaged_pax_record(certwright, tmp_path, record):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "x", record, tarfile.XHDTYPE)
        add(archive, "letsencrypt/renewal/x.conf", b"x")
    assert_failed(run_import(certwright, "certbot-tarball", path, status=1), "damaged")


def test_member_twice_and_account_without_a_folder(certwright, origin, tmp_path):
    """The last of a file counts, once. A key that is not where an account's is counts as none."""
    client = CertbotTarball(tmp_path, origin)
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    jwk = {"kty": "EC", "crv": "P-256", **{
        name: base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()
        for name, value in (("d", number.private_value), ("x", number.public_numbers.x),
                            ("y", number.public_numbers.y))}}
    plain = tmp_path / "plain.tar"
    with tarfile.open(client.path) as old, tarfile.open(plain, "w") as archive:
        members = list(old)
        renewal = [one for one in members if one.name.endswith("/renewal/o.example.test.conf")]
        for member in members + renewal:
            archive.addfile(member, old.extractfile(member) if member.isfile() else None)
        for folder in ("accounts", "accounts/x"):
            add(archive, f"letsencrypt/{folder}/private_key.json", json.dumps(jwk).encode())
    result = run_import(certwright, "certbot-tarball", plain)
    assert [one["name"] for one in result.json["certificates"]] == ["o.example.test"]
    assert len(result.json["accounts"]) == 1 and len(certwright.account_files()) == 1


def test_archive_that_is_too_large_is_said_to_be_that(certwright, tmp_path):
    large = tmp_path / "large.tar.gz"
    with gzip.open(large, "wb", compresslevel=1) as stream:
        for _ in range(65):
            stream.write(bytes(1024 * 1024))
    assert_failed(run_import(certwright, "certbot-tarball", large, status=1), "too large", "64 MiB")


def test_archive_that_was_cut_off_or_others_can_change(certwright, origin, tmp_path):
    client = CertbotTarball(tmp_path, origin)
    with open(client.path, "rb") as stream:
        whole = stream.read()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[:-100])
    assert_failed(run_import(certwright, "certbot-tarball", cut, status=1), str(cut))
    command("sh", "-c", f"gzip -dc {client.path} | head -c 9000 > {tmp_path}/cut.tar")
    assert_failed(run_import(certwright, "certbot-tarball", tmp_path / "cut.tar", status=1),
                  "damaged")
    os.chmod(client.path, 0o666)
    assert_failed(run_import(certwright, "certbot-tarball", client.path, status=1),
                  "other users can change")
    assert_nothing_written(certwright)


def test_archive_with_a_key_of_another_certificate(certwright, origin, tmp_path):
    folder = tmp_path / "letsencrypt"
    shutil.copytree(origin.config_dir, folder, symlinks=True)
    key = folder / "archive" / "o.example.test" / "privkey1.pem"
    command("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    command("tar", "-C", tmp_path, "-cJf", tmp_path / "le.tar.xz", "letsencrypt")
    result = run_import(certwright, "certbot-tarball", tmp_path / "le.tar.xz", status=1)
    assert_failed(result, "does not belong", "o.example.test")
    assert not certwright.lineages()
