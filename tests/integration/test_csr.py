"""--csr: certificates for requests that somebody else made, in files of their own."""

import os

import pytest

from lib.certwright import read_only
from lib.outcome import assert_failed
from lib.tools import command, names_of, public_key, read, snapshot

KEYS = {
    "rsa": ["rsa:2048"],
    "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
}


def make_csr(folder, *names, key="p256", form="PEM"):
    """A request by openssl; returns its path and its key's."""
    path, key_path = os.path.join(str(folder), "it.csr"), os.path.join(str(folder), "it.key")
    san = ",".join(f"DNS:{n}" for n in names)
    extension = ["-addext", f"subjectAltName={san}"] if names else []
    command("openssl", "req", "-new", "-newkey", *KEYS[key], "-nodes", "-keyout", key_path,
            "-subj", "/", *extension, "-outform", form, "-out", path)
    return path, key_path


def certonly(certwright, csr, *args, folder=None, **options):
    """In FOLDER as working directory."""
    wrap = ["env", "-C", str(folder)] if folder else []
    return certwright.json("certonly", "--standalone", "--csr", csr, *args, wrap=wrap, **options)


@pytest.mark.parametrize("form", ["PEM", "DER"])
@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_request_is_signed(certwright, pebble, tmp_path, key, form):
    csr, key_path = make_csr(tmp_path, "a.example.test", "b.example.test", key=key, form=form)
    result = certonly(certwright, csr, folder=tmp_path)
    assert names_of(tmp_path / "0000_cert.pem") == ["a.example.test", "b.example.test"]
    assert public_key("x509", "-in", tmp_path / "0000_cert.pem", "-noout", "-pubkey") == \
        public_key("pkey", "-in", key_path, "-pubout")
    assert read(tmp_path / "0001_chain.pem") == \
        read(tmp_path / "0000_cert.pem") + read(tmp_path / "0000_chain.pem")
    command("openssl", "verify", "-CAfile", pebble.root(), "-untrusted",
            tmp_path / "0000_chain.pem", tmp_path / "0000_cert.pem")
    [certificate] = result.json["certificates"]
    assert certificate["action"] == "issued"
    assert certificate["name"] is None and certificate["key_path"] is None
    assert certificate["cert_path"] == str(tmp_path / "0000_cert.pem")
    assert certificate["fullchain_path"] == str(tmp_path / "0001_chain.pem")
    assert certificate["domains"] == ["a.example.test", "b.example.test"]
    assert certwright.lineages() == []


def test_a_request_can_be_for_addresses_too(certwright, tmp_path):
    key, csr = tmp_path / "ip.key", tmp_path / "ip.csr"
    command("openssl", "req", "-new", "-newkey", *KEYS["p256"], "-nodes", "-keyout", key, "-subj",
            "/", "-addext", "subjectAltName=DNS:a.example.test,IP:127.0.0.1,IP:::1", "-out", csr)
    [certificate] = certonly(certwright, csr, folder=tmp_path).json["certificates"]
    assert certificate["domains"] == ["a.example.test", "127.0.0.1", "::1"]
    assert names_of(tmp_path / "0000_cert.pem") == sorted(
        ["127.0.0.1", "a.example.test", "0:0:0:0:0:0:0:1"])


def test_nothing_is_overwritten(certwright, tmp_path):
    csr, _ = make_csr(tmp_path, "a.example.test")
    certonly(certwright, csr, folder=tmp_path)
    first = snapshot(tmp_path)
    certonly(certwright, csr, folder=tmp_path)
    assert {k: v for k, v in snapshot(tmp_path).items() if k in first and k.endswith(".pem")} == \
        {k: v for k, v in first.items() if k.endswith(".pem")}
    assert os.path.exists(tmp_path / "0001_cert.pem")
    assert os.path.exists(tmp_path / "0003_chain.pem")


def test_the_files_go_where_they_are_told_to(certwright, tmp_path):
    csr, _ = make_csr(tmp_path, "a.example.test")
    paths = [str(tmp_path / "new" / f"{k}.pem") for k in ("cert", "chain", "full")]
    args = ["--cert-path", paths[0], "--chain-path", paths[1], "--fullchain-path", paths[2]]
    [certificate] = certonly(certwright, csr, *args).json["certificates"]
    assert [certificate[k] for k in ("cert_path", "chain_path", "fullchain_path")] == paths
    assert all(os.stat(p).st_mode & 0o777 == 0o644 for p in paths)
    before = snapshot(tmp_path / "new")
    result = certonly(certwright, csr, *args, status=1)
    assert_failed(result, "--cert-path", "exists")
    assert snapshot(tmp_path / "new") == before


def test_a_taken_path_is_noticed_before_the_ca_is_asked(certwright, pebble, tmp_path):
    csr, _ = make_csr(tmp_path, "a.example.test")
    (tmp_path / "full.pem").write_text("mine")
    orders = pebble.requests("POST", "/order-plz")
    result = certonly(certwright, csr, "--fullchain-path", tmp_path / "full.pem", status=1)
    assert_failed(result, "--fullchain-path", "full.pem")
    assert (tmp_path / "full.pem").read_text() == "mine"
    assert pebble.requests("POST", "/order-plz") == orders


@pytest.mark.parametrize("option", [[], ["--cert-path", "sub/folder/cert.pem"]],
                         ids=["numbered", "given"])
def test_a_folder_that_cannot_be_written_to_is_noticed_before_the_ca_is_asked(
        certwright, pebble, tmp_path, option):
    csr, _ = make_csr(tmp_path, "a.example.test")
    folder = tmp_path / "folder"
    folder.mkdir()
    orders = pebble.requests("POST", "/order-plz")
    with read_only(folder) as wrap:
        result = certwright.json("certonly", "--standalone", "--csr", csr, *option, status=1,
                                 wrap=[*wrap, "env", "-C", str(folder)])
    assert_failed(result, folder)
    assert pebble.requests("POST", "/order-plz") == orders


def test_dry_run_saves_nothing(certwright, tmp_path):
    csr, _ = make_csr(tmp_path, "a.example.test")
    result = certonly(certwright, csr, "--dry-run", folder=tmp_path)
    assert result.json["certificates"][0]["action"] == "simulated"
    assert not [n for n in os.listdir(tmp_path) if n.endswith(".pem") and n[0] == "0"]


def test_names_beyond_the_request_are_refused(certwright, tmp_path):
    csr, _ = make_csr(tmp_path, "a.example.test", "b.example.test")
    result = certonly(certwright, csr, "-d", "c.example.test", status=2)
    assert_failed(result, "-d", "a.example.test")
    certonly(certwright, csr, "-d", "a.example.test", folder=tmp_path)


@pytest.mark.parametrize("args, word", [(["--allow-subset-of-names"], "--allow-subset-of-names")])
def test_what_contradicts_a_request_is_refused(certwright, tmp_path, args, word):
    csr, _ = make_csr(tmp_path, "a.example.test")
    assert_failed(certonly(certwright, csr, *args, status=2), word)


def test_run_takes_no_request(certwright, tmp_path):
    csr, _ = make_csr(tmp_path, "a.example.test")
    result = certwright.json("run", "-a", "standalone", "-i", "null", "--csr", csr, status=2)
    assert_failed(result, "--csr", "certonly")


def test_a_request_without_names_is_refused(certwright, tmp_path):
    csr, _ = make_csr(tmp_path)
    assert_failed(certonly(certwright, csr, status=1), "names", "it.csr")


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "signature", "folder"])
def test_a_damaged_request_is_named(certwright, tmp_path, damage):
    path, _ = make_csr(tmp_path, "a.example.test", form="DER")
    data = read(path, "rb")
    os.unlink(path)
    if damage == "folder":
        os.mkdir(path)
    elif damage != "missing":
        with open(path, "wb") as stream:
            stream.write({"empty": b"", "text": b"hello\n", "cut": data[:-20],
                          "signature": data[:-1] + bytes([data[-1] ^ 1])}[damage])
    assert_failed(certonly(certwright, path, status=1), "it.csr")


def test_an_interrupted_order_is_continued(certwright, pebble, tmp_path):
    csr, _ = make_csr(tmp_path, "int.example.test")
    # Where a file is there can be no folder, so that the order stays on record.
    (tmp_path / "file").write_text("")
    result = certonly(certwright, csr, "--cert-path", tmp_path / "file" / "cert.pem", status=1)
    assert_failed(result, "cannot be saved", "file")
    orders = pebble.requests("POST", "/order-plz")
    certonly(certwright, csr, folder=tmp_path)
    assert pebble.requests("POST", "/order-plz") == orders
