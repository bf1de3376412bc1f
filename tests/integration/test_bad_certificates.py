"""What the CA sends is checked before it takes the place of anything."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lib.issuer import Issuer
from lib.outcome import assert_failed
from lib.rogue_ca import alter
from lib.tools import command, names_of, snapshot

NAMES = ["one.example.test", "two.example.test"]


class Replacement:
    """Has the rogue CA give certificates of ISSUER for the keys that it is asked to sign."""

    def __init__(self, rogue, folder):
        self.rogue, self.issuer = rogue, Issuer(folder)

    def public_key(self):
        request = [r for r in self.rogue.requests if r.kind == "finalize"][-1]
        text = request.payload["csr"]
        der = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return x509.load_der_x509_csr(der).public_key()

    def begin(self, begin, end, names, with_issuer=True):
        def replace(given):
            leaf = self.issuer.issue(names[0], self.public_key(), begin, end, names=names)
            given.body = b"".join(
                c.public_bytes(serialization.Encoding.PEM)
                for c in [leaf] + ([self.issuer.certificate] if with_issuer else []))
            given.drop("Link")
        self.rogue.behave()
        self.rogue.on("certificate", alter(replace))


@pytest.fixture
def replacement(rogue, tmp_path):
    return Replacement(rogue, tmp_path)


BAD = {
    "expired": (-90, -1, NAMES, True, "expired at"),
    "expired just now": (-90, -0.001, NAMES, True, "expired at"),
    "not valid for another day": (1, 90, NAMES, True, "not valid before"),
    "not valid for two hours": (0.09, 90, NAMES, True, "not valid before"),
    "lacks a name": (-1, 90, NAMES[:1], True, "two.example.test"),
    "has other names": (-1, 90, ["www.example.test"], True, "one.example.test, two.example.test"),
    "without its issuer": (-1, 90, NAMES, False, "without its issuer's certificate"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("way", ["certonly", "renew", "certonly --csr", "renew --dry-run"])
def test_a_bad_certificate_replaces_nothing(rogue_certwright, rogue, replacement, tmp_path, kind,
                                            way):
    begin, end, names, with_issuer, words = BAD[kind]
    if way.startswith("renew"):
        rogue_certwright.certonly(*NAMES)
    else:
        rogue_certwright.run("register")
    before = snapshot(rogue_certwright.config_dir, leave_out=("accounts",))
    replacement.begin(begin, end, names, with_issuer)
    if way == "certonly":
        result = rogue_certwright.certonly(*NAMES, json=True, status=1)
    elif way == "certonly --csr":
        result = with_csr(rogue_certwright, tmp_path)
        assert not (tmp_path / "cert.pem").exists()
    elif way == "renew":
        result = rogue_certwright.json("renew", "--force-renewal", status=1)
    else:
        result = rogue_certwright.json("renew", "--dry-run", "--server", rogue.directory, status=1)
    assert_failed(result, words)
    assert snapshot(rogue_certwright.config_dir, leave_out=("accounts",)) == before
    # The order is of no use to the next run.
    rogue.behave()
    if way == "certonly":
        rogue_certwright.certonly(*NAMES)


def with_csr(certwright, folder):
    command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", str(folder / "csr.key"), "-out", str(folder / "csr.pem"), "-subj", "/",
            "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in NAMES))
    return certwright.run("certonly", "--standalone", "--csr", folder / "csr.pem", "--cert-path",
                          folder / "cert.pem", "--chain-path", folder / "chain.pem",
                          "--fullchain-path", folder / "full.pem", json=True, status=1)


def test_names_that_were_not_asked_for_are_told(rogue_certwright, replacement):
    replacement.begin(-1, 90, NAMES + ["www.one.example.test"])
    result = rogue_certwright.certonly(*NAMES)
    assert "not requested: www.one.example.test" in result.stderr
    assert len(names_of(rogue_certwright.live(NAMES[0]))) == 3


@pytest.mark.parametrize("begin, end", [(0.02, 0.5), (-0.01, 1), (-1, 0.1)])
def test_a_short_life_and_a_clock_that_is_a_little_off_are_fine(rogue_certwright, replacement,
                                                               begin, end):
    replacement.begin(begin, end, NAMES)
    rogue_certwright.certonly(*NAMES)
