"""A store with certificates of any age, written without a CA: what reports are made from."""

import datetime
import json
import os
import types

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .certwright import Certwright
from .issuer import Issuer

SERVER = "https://acme.example.test/directory"
# What lib.certwright wants to know of a CA: nobody asks this one.
NO_CA = types.SimpleNamespace(directory=SERVER, ca_path="/nonexistent", http_port=1)


class Store(Certwright):
    """The program over directories that the test fills. One key for all, as making them takes time."""

    def __init__(self, folder):
        super().__init__(folder, NO_CA)
        os.makedirs(self.config_dir, exist_ok=True)
        self.issuer = Issuer(folder)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def pem(self, name, begin, end, names=None):
        """The four files by kind; valid from BEGIN to END, in days from now."""
        leaf = self.issuer.issue(name, self.key.public_key(), begin, end, names=names)
        pem = {"cert": leaf.public_bytes(serialization.Encoding.PEM),
               "chain": self.issuer.certificate.public_bytes(serialization.Encoding.PEM),
               "privkey": self.key.private_bytes(serialization.Encoding.PEM,
                                                 serialization.PrivateFormat.PKCS8,
                                                 serialization.NoEncryption())}
        return dict(pem, fullchain=pem["cert"] + pem["chain"])

    def acme(self, name, begin=-10, end=80, names=None, pem=None, **parameters):
        """A lineage, as if it had been obtained from SERVER."""
        live, archive = (os.path.join(self.config_dir, part, name) for part in ("live", "archive"))
        os.makedirs(live)
        os.makedirs(archive)
        lines = [f"archive_dir = {archive}"]
        for kind, data in (pem or self.pem(name, begin, end, names)).items():
            with open(os.path.join(archive, f"{kind}1.pem"), "wb") as stream:
                stream.write(data)
            os.symlink(f"../../archive/{name}/{kind}1.pem", os.path.join(live, f"{kind}.pem"))
            lines.append(f"{kind} = {live}/{kind}.pem")
        lines += ["[renewalparams]"] + [f"{key} = {value}" for key, value in {
            "account": "0123456789abcdef0123456789abcdef", "server": SERVER,
            "authenticator": "standalone", **parameters}.items()]
        os.makedirs(os.path.join(self.config_dir, "renewal"), exist_ok=True)
        with open(self.renewal_file(name), "w", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")

    def provide(self, name, pem, origin=None):
        """Files of the user's own in live/NAME."""
        live = os.path.join(self.config_dir, "live", name)
        os.makedirs(live, exist_ok=True)
        for kind, data in pem.items():
            with open(os.path.join(live, f"{kind}.pem"), "wb") as stream:
                stream.write(data)
        if origin:
            with open(os.path.join(live, "origin"), "w", encoding="ascii") as stream:
                stream.write(origin + "\n")

    def self_sign(self, name, begin, end):
        """What the agent puts there while there is nothing better."""
        other = Issuer(self.folder)
        leaf = other.issue("issuer", other.key.public_key(), begin, end, names=[name])
        key = other.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())
        pem = leaf.public_bytes(serialization.Encoding.PEM)
        self.provide(name, {"cert": pem, "fullchain": pem, "privkey": key}, "self-signed")

    def fail(self, name, message, hint=None, status="acme", problem=None, parts=()):
        """Records a failed renewal, as renew does."""
        folder = os.path.join(self.work_dir, "certwright", "lineages")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        now = datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
        error = {"status": status, "message": message, "hint": hint, "identifier": None,
                 "problem": problem and {"type": f"urn:ietf:params:acme:error:{problem}",
                                         "detail": message}, "parts": list(parts)}
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as stream:
            json.dump({"last_failure": {"time": now, "error": error}}, stream)

    def report(self, *args, **options):
        """The status document."""
        return self.run("report", *args, *self.directories(), json=True, defaults=False,
                        **options).json["status"]
