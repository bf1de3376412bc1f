"""A small certificate authority of our own, for the HTTPS side of the ACME servers."""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path, data, mode):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    return path


class Authority:
    """ca_path is what a client has to trust; issue() makes a server's certificate and key."""

    def __init__(self, folder, days=30):
        self.folder, self.days = str(folder), days
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name("certwright test authority")
        certificate = self._sign(self._subject, self._key.public_key(), [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)])
        self.ca_path = _write(os.path.join(self.folder, "authority.pem"),
                              certificate.public_bytes(serialization.Encoding.PEM), 0o644)

    def _sign(self, subject, public_key, extensions):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder()
                   .subject_name(subject).issuer_name(self._subject).public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(hours=1))
                   .not_valid_after(now + datetime.timedelta(days=self.days))
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       self._key.public_key()), False))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, stem, names=("localhost",), addresses=("127.0.0.1", "::1"), client=False):
        """Returns the paths of a certificate and its key for NAMES and ADDRESSES, of a server or a
        CLIENT."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.DNSName(name) for name in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
        certificate = self._sign(_name(stem), key.public_key(), [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.SubjectAlternativeName(alternatives), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH if client
                                    else ExtendedKeyUsageOID.SERVER_AUTH]), False)])
        certificate_path = _write(os.path.join(self.folder, f"{stem}.pem"),
                                  certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        key_path = _write(os.path.join(self.folder, f"{stem}.key"), key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()), 0o600)
        return certificate_path, key_path
