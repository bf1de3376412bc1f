"""Makes lineages as Certbot and certwright find them, without a CA."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Maker:
    """Makes lineages quickly: all have one key, and an issuer of the benchmark's own."""

    def __init__(self):
        self._issuer_key = ec.generate_private_key(ec.SECP256R1())
        self._issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark CA")])
        self._identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self._issuer_key.public_key())
        key = ec.generate_private_key(ec.SECP256R1())
        self._public = key.public_key()
        self._key = key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())
        self._chain = self._certificate("benchmark CA", -100, 3650, self._issuer_key.public_key())

    def _certificate(self, name, begin, end, public=None):
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder()
                .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
                .issuer_name(self._issuer).public_key(public or self._public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + begin * DAY).not_valid_after(now + end * DAY)
                .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
                .add_extension(self._identifier, False)
                .sign(self._issuer_key, hashes.SHA256())
                .public_bytes(serialization.Encoding.PEM))

    def lineage(self, config, name, begin, end, params):
        """A lineage whose certificate is valid from BEGIN to END days from now."""
        archive, live = f"{config}/archive/{name}", f"{config}/live/{name}"
        os.makedirs(archive)
        os.makedirs(live)
        leaf = self._certificate(name, begin, end)
        for kind, data in (("cert", leaf), ("chain", self._chain), ("privkey", self._key),
                           ("fullchain", leaf + self._chain)):
            with open(f"{archive}/{kind}1.pem", "wb") as stream:
                stream.write(data)
            os.symlink(f"../../archive/{name}/{kind}1.pem", f"{live}/{kind}.pem")
        with open(f"{config}/renewal/{name}.conf", "w", encoding="utf-8") as stream:
            stream.write("# renew_before_expiry = 30 days\nversion = 2.1.0\n"
                         f"archive_dir = {archive}\n"
                         + "".join(f"{kind} = {live}/{kind}.pem\n"
                                   for kind in ("cert", "privkey", "chain", "fullchain"))
                         + "\n# Options used in the renewal process\n[renewalparams]\n"
                         + "".join(f"{k} = {v}\n" for k, v in params.items()))

    def lineages(self, folder, server, count, begin, end):
        """COUNT lineages of the one account that the machine in FOLDER has at SERVER."""
        accounts = f"{folder}/etc/accounts/localhost:{server.public_port}/dir"
        params = {"account": os.listdir(accounts)[0], "authenticator": "standalone",
                  "server": server.directory, "key_type": "ecdsa", "http01_port": server.http_port}
        for part in ("renewal", "archive", "live"):
            os.makedirs(f"{folder}/etc/{part}", exist_ok=True)
        for i in range(count):
            self.lineage(f"{folder}/etc", f"site{i:05}.example.test", begin, end, params)
        # They are there for long, and not what the next program that syncs has to write.
        os.sync()


def renewed(folder):
    """How many lineages have a second certificate."""
    return sum(os.path.exists(f"{folder}/etc/archive/{name}/cert2.pem")
               for name in os.listdir(f"{folder}/etc/archive"))
