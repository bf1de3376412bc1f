"""Certificates in other programs' formats, as those programs read them."""

import os
import shutil
import ssl
import stat

import pytest

from lib.outcome import assert_failed
from lib.terminal import on_terminal
from lib.tools import command, read, script

NAME = "export.example.test"
PASSWORD = "not a secret: ü$"


@pytest.fixture(name="program", scope="module")
def fixture_program(module_start, pebble):
    """One that has a certificate."""
    program = module_start.certwright(pebble)
    program.certonly(NAME, args=["--key-type", "ecdsa"])
    return program


@pytest.fixture(name="password")
def fixture_password(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def export(program, path, form, *args, **options):
    return program.json("export", NAME, "--to", path, "--format", form, *args, **options)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("form,order", [("pem-bundle", ["privkey", "cert", "chain"]),
                                        ("haproxy", ["cert", "chain", "privkey"])])
def test_export_as_pem(program, tmp_path, form, order):
    path = tmp_path / "bundle.pem"
    result = export(program, path, form)
    assert result.json["exported"] == {"name": NAME, "format": form, "part": None,
                                       "path": str(path), "private_key": True}
    assert path.read_text() == "".join(read(program.live(NAME, kind)) for kind in order)
    assert mode_of(path) == 0o600
    ssl.create_default_context().load_cert_chain(path)
    # The same on the standard output, and nothing else.
    assert program.run("export", NAME, "--to", "-", "--format", form).stdout == path.read_text()


def test_haproxy_takes_its_format(program, tmp_path):
    haproxy = shutil.which("haproxy")
    if haproxy is None:
        pytest.skip("there is no haproxy")
    export(program, tmp_path / "site.pem", "haproxy")
    config = tmp_path / "haproxy.cfg"
    config.write_text("defaults\n  mode http\n  timeout client 1s\n  timeout connect 1s\n"
                      "  timeout server 1s\nfrontend f\n"
                      f"  bind {tmp_path}/socket ssl crt {tmp_path}/site.pem\n")
    command(haproxy, "-c", "-f", config)


def test_export_as_pkcs12(program, tmp_path, password):
    path = tmp_path / "site.p12"
    export(program, path, "pkcs12", "--password-file", password)
    assert mode_of(path) == 0o600
    read_again = ["openssl", "pkcs12", "-in", path, "-passin", f"file:{password}"]
    key = command(*read_again, "-nocerts", "-noenc").stdout
    assert read(program.live(NAME, "privkey")) in key
    certificates = command(*read_again, "-nokeys").stdout
    assert f"friendlyName: {NAME}" in certificates
    for kind in ("cert", "chain"):
        assert read(program.live(NAME, kind)).strip() in certificates
    command("openssl", "pkcs12", "-in", path, "-passin", "pass:another", status=1)
    assert PASSWORD not in program.log_text()


def test_export_as_java_keystore(program, tmp_path, password):
    if shutil.which("keytool") is None:
        pytest.skip("there is no keytool")
    path = tmp_path / "site.jks"
    password.write_text("not a secret: $'\\n", encoding="utf-8")
    env = {"TMPDIR": str(tmp_path / "temporary")}
    os.mkdir(env["TMPDIR"])
    export(program, path, "jks-by-keytool", "--password-file", password, env=env)
    assert mode_of(path) == 0o600 and os.listdir(env["TMPDIR"]) == []
    shown = command("keytool", "-list", "-keystore", path, "-storepass:file", password).stdout
    assert "JKS" in shown and NAME in shown and "PrivateKeyEntry" in shown
    for bad in ("short", PASSWORD):
        password.write_text(bad, encoding="utf-8")
        result = export(program, tmp_path / "2", "jks-by-keytool", "--password-file", password,
                        status=1)
        assert_failed(result, "at least 6 characters, all of them ASCII")
        assert not os.path.exists(tmp_path / "2")


def test_a_kill_leaves_no_password_behind(program, tmp_path, password):
    """While keytool works, the temporary folder has nothing that the password is in."""
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("there is no keytool")
    password.write_text("known-secret\n", encoding="ascii")
    temporary, seen = tmp_path / "temporary", tmp_path / "seen"
    temporary.mkdir()
    script(str(tmp_path / "bin" / "keytool"),
           f"ls -R '{temporary}' > '{seen}'\ngrep -r known-secret '{temporary}' >> '{seen}'\n"
           f'exec {keytool} "$@"\n')
    export(program, tmp_path / "site.jks", "jks-by-keytool", "--password-file", password,
           env={"TMPDIR": str(temporary), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert "source.p12" in read(seen) and "known-secret" not in read(seen)


def test_where_there_is_no_keytool_it_is_said_what_to_install(program, tmp_path, password):
    password.write_text("known-secret\n", encoding="ascii")
    result = export(program, tmp_path / "site.jks", "jks-by-keytool", "--password-file", password,
                    env={"PATH": str(tmp_path)}, status=1)
    assert_failed(result, "keytool", "default-jre-headless")


def test_password_is_text(program, tmp_path, password):
    password.write_bytes(b"half\0other half\n")
    result = export(program, tmp_path / "site.p12", "pkcs12", "--password-file", password, status=1)
    assert_failed(result, "is not a text")
    assert not os.path.exists(tmp_path / "site.p12")


@pytest.mark.parametrize("part,kind,words", [
    ("cert", "cert", ["x509"]), ("issuer", "chain", ["x509"]), ("privkey", "privkey", ["pkey"])])
def test_export_as_der(program, tmp_path, part, kind, words):
    path = tmp_path / "part.der"
    result = export(program, path, "der", "--part", part)
    assert result.json["exported"]["private_key"] == (part == "privkey")
    text = command("openssl", *words, "-inform", "DER", "-in", path).stdout
    assert text == read(program.live(NAME, kind)) and mode_of(path) == 0o600


def test_export_replaces_only_what_it_is_told_to(program, tmp_path):
    path = tmp_path / "bundle.pem"
    path.write_text("mine")
    path.chmod(0o644)
    assert_failed(export(program, path, "pem-bundle", status=1), "already", "--overwrite")
    assert path.read_text() == "mine"
    os.chown(path, 1, 2)
    path.chmod(0o644)
    export(program, path, "pem-bundle", "--overwrite")
    # Owner and group stay; others can read the key no more.
    status = os.stat(path)
    assert (status.st_uid, status.st_gid, mode_of(path)) == (1, 2, 0o640)
    link = tmp_path / "link.pem"
    link.symlink_to(path)
    assert_failed(export(program, link, "pem-bundle", "--overwrite", status=1),
                  "not a regular file")


def test_password_is_asked_for(program, tmp_path):
    path = tmp_path / "site.p12"
    terminal = on_terminal(program, "export", NAME, "--to", path, "--format", "pkcs12")
    terminal.answer("Password", PASSWORD)
    terminal.answer("again", PASSWORD)
    assert PASSWORD not in terminal.finish()
    command("openssl", "pkcs12", "-in", path, "-passin", f"pass:{PASSWORD}", "-noout")


@pytest.mark.parametrize("args,status,said", [
    ([NAME], 2, "the file to write is missing"),
    ([NAME, "--to", "x"], 2, "the format to export is missing"),
    ([NAME, "--to", "x", "--format", "pkcs7"], 2, "pkcs7"),
    ([NAME, "--to", "x", "--format", "pkcs12"], 2, "--password-file"),
    ([NAME, "--to", "x", "--format", "pkcs12", "--password-file", "/nonexistent"], 1,
     "/nonexistent"),
    ([NAME, "--to", "x", "--format", "pem-bundle", "--password-file", "y"], 2, "has no password"),
    ([NAME, "--to", "x", "--format", "haproxy", "--part", "cert"], 2, "--part"),
    ([NAME, "--to", "-", "--format", "haproxy"], 2, "--json"),
    (["other.test", "--to", "x", "--format", "haproxy"], 1, "other.test"),
    (["--to", "x", "--format", "haproxy"], 2, "--cert-name"),
    ([NAME, "--to", "", "--format", "haproxy"], 2, "the file to write is missing"),
    ([NAME, "--to", "x", "--format", "haproxy", "--dry-run"], 2, "--dry-run cannot be used"),
    ([NAME, "again", "--to", "x", "--format", "haproxy"], 2, "again"),
    ([NAME, "--to", "nowhere/x", "--format", "haproxy"], 1, "nowhere"),
    ([NAME, "--to", "new/", "--format", "haproxy"], 2, '"new/" is a folder'),
    ([NAME, "--to", "x", "--format", "pkcs12", "--password-file", "/dev/null"], 1, "/dev/null"),
])
def test_bad_input(program, tmp_path, monkeypatch, args, status, said):
    monkeypatch.chdir(tmp_path)
    assert_failed(program.json("export", *args, status=status), said)
    assert os.listdir(tmp_path) == []
