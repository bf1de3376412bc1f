"""Certificates of a test's own, and Debian's OCSP responder for them or for those of Pebble."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from .tools import read

HOUR = datetime.timedelta(hours=1)


class Issuer:
    """A CA whose certificates can have any lifetime and responder."""

    def __init__(self, folder, days=1000):
        self.folder = str(folder)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
        self.certificate = self.issue("issuer", self.key.public_key(), -100, days, ca=True)

    def issue(self, name, public, begin, end, ocsp=None, ca=False, usages=(), names=None,
              now=None):
        """For NAMES, else for NAME alone; valid from BEGIN to END, in days from NOW (UTC)."""
        now = now or datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().issuer_name(self.name).subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .public_key(public).serial_number(x509.random_serial_number())
            .not_valid_before(now + 24 * begin * HOUR).not_valid_after(now + 24 * end * HOUR)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                self.key.public_key()), False))
        if not ca:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(n) for n in names or [name]]), False)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        if ocsp:
            builder = builder.add_extension(x509.AuthorityInformationAccess([
                x509.AccessDescription(AuthorityInformationAccessOID.OCSP,
                                       x509.UniformResourceIdentifier(ocsp))]), False)
        return builder.sign(self.key, hashes.SHA256())

    def write(self, name, *things):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as stream:
            for thing in things:
                stream.write(thing.public_bytes(serialization.Encoding.PEM)
                             if isinstance(thing, x509.Certificate) else
                             thing.private_bytes(serialization.Encoding.PEM,
                                                 serialization.PrivateFormat.PKCS8,
                                                 serialization.NoEncryption()))
        return path


class PebbleIssuer(Issuer):
    """Pebble's own issuer: its responder answers as Pebble's would, if Pebble had one."""

    def __init__(self, folder, pebble):  # pylint: disable=super-init-not-called
        self.folder = str(folder)
        self.key = serialization.load_pem_private_key(pebble.management("/intermediate-keys/0"),
                                                      None)
        self.certificate = x509.load_pem_x509_certificate(pebble.management("/intermediates/0"))
        self.name = self.certificate.subject


def load(path):
    """The certificate in the file PATH."""
    return x509.load_pem_x509_certificate(read(path, "rb"))


def replace_certificate(certwright, name, begin, end, issuer=None, ocsp=None):
    """Puts a certificate with another lifetime into the archive, for the same key."""
    issuer = issuer or Issuer(certwright.folder)
    key = serialization.load_pem_private_key(read(certwright.live(name, "privkey"), "rb"), None)
    leaf = issuer.issue(name, key.public_key(), begin, end, ocsp)
    pem = {"cert": leaf.public_bytes(serialization.Encoding.PEM),
           "chain": issuer.certificate.public_bytes(serialization.Encoding.PEM)}
    pem["fullchain"] = pem["cert"] + pem["chain"]
    for kind, data in pem.items():
        with open(os.path.realpath(certwright.live(name, kind)), "wb") as stream:
            stream.write(data)
    return leaf


class Responder:
    """Debian's "openssl ocsp" over an index of certificates."""

    def __init__(self, start, issuer, delegated=False, port=None):
        self.start, self.issuer, self.delegated = start, issuer, delegated
        self.port = port or start.ports.take()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = None

    def serve(self, leaf, revoked):
        self.serve_all({leaf: revoked})

    def serve_all(self, revoked):
        """REVOKED: whether it is, by certificate."""
        now = datetime.datetime.utcnow().strftime("%y%m%d%H%M%SZ")
        folder = self.issuer.folder
        with open(f"{folder}/index.txt", "w", encoding="ascii") as stream:
            for leaf, is_revoked in revoked.items():
                end = leaf.not_valid_after.strftime("%y%m%d%H%M%SZ")
                state = f"R\t{end}\t{now}" if is_revoked else f"V\t{end}\t"
                stream.write(f"{state}\t{leaf.serial_number:040X}\tunknown\t"
                             f"/CN={leaf.serial_number}\n")
        signer, key = self.issuer.certificate, self.issuer.key
        if self.delegated:
            key = ec.generate_private_key(ec.SECP256R1())
            signer = self.issuer.issue("responder", key.public_key(), -1, 10,
                                       usages=[ExtendedKeyUsageOID.OCSP_SIGNING])
        argv = ["openssl", "ocsp", "-index", f"{folder}/index.txt", "-port", str(self.port),
                "-rsigner", self.issuer.write("signer.pem", signer),
                "-rkey", self.issuer.write("signer.key", key),
                "-CA", self.issuer.write("issuer.pem", self.issuer.certificate),
                "-ndays", "1"]
        # A connection that only looks whether it is there would keep it waiting for a request.
        self.server = self.start.run(
            "ocsp", argv, folder, lambda: "waiting for OCSP" in read(f"{folder}/ocsp.log"))
