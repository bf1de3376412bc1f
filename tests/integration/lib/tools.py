"""Debian's own programs, asked about what certwright made."""

import base64
import hashlib
import os
import re
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def command(*argv, status=0, env=None, timeout=120, **options):
    """Runs a program to its end and returns it, completed; its exit status must be STATUS."""
    environment = dict(os.environ)
    environment.update(env or {})
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, env=environment, timeout=timeout, check=False, **options)
    print(f"$ {' '.join(map(str, argv))}\n[exit status {done.returncode}]\n"
          f"{done.stdout}{done.stderr}")
    if status is not None:
        assert done.returncode == status, f"{argv[0]}: {done.stdout}{done.stderr}"
    return done


def promtool(text):
    """What Prometheus finds fault with in metrics; "" if it accepts them."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True, check=False, timeout=60)
    assert done.returncode == 0 or done.stderr, "promtool failed without a word"
    return done.stdout + done.stderr


def verify_chain(live, root_path):
    """openssl verify of live/<name>/cert.pem by its own chain.pem against the CA's root, and of
    fullchain.pem being the one and then the other, and of the key being the certificate's."""
    live = str(live)
    paths = {kind: os.path.join(live, f"{kind}.pem")
             for kind in ("cert", "chain", "fullchain", "privkey")}
    command("openssl", "verify", "-x509_strict", "-CAfile", root_path, "-untrusted",
            paths["chain"], paths["cert"])
    texts = {kind: read(path) for kind, path in paths.items()}
    assert texts["fullchain"] == texts["cert"] + texts["chain"]
    assert public_key("x509", "-in", paths["cert"], "-noout", "-pubkey") \
        == public_key("pkey", "-in", paths["privkey"], "-pubout")


def public_key(*arguments):
    return command("openssl", *arguments).stdout


def names_of(certificate_path):
    """The subject alternative names: ["a.test", "127.0.0.1"], sorted."""
    text = command("openssl", "x509", "-in", certificate_path, "-noout", "-ext",
                   "subjectAltName").stdout
    found = re.findall(r"(?:DNS|IP Address):([^,\s]+)", text)
    return sorted(found)


def serial_of(certificate_path):
    text = command("openssl", "x509", "-in", certificate_path, "-noout", "-serial").stdout
    return text.strip().split("=", 1)[1].lower()


def key_text(key_path):
    return command("openssl", "pkey", "-in", key_path, "-noout", "-text").stdout


def jwk(pem):
    """A private key in PEM as Certbot keeps it: the account's id, and the JWK as a dict."""
    key = serialization.load_pem_private_key(pem, None)
    public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                           serialization.PublicFormat.SubjectPublicKeyInfo)

    def number(value, length=None):
        data = value.to_bytes(length or (value.bit_length() + 7) // 8, "big")
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    numbers = key.private_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        document = {"kty": "RSA", "n": number(numbers.public_numbers.n),
                    "e": number(numbers.public_numbers.e), "d": number(numbers.d),
                    "p": number(numbers.p), "q": number(numbers.q), "dp": number(numbers.dmp1),
                    "dq": number(numbers.dmq1), "qi": number(numbers.iqmp)}
    else:
        length = (key.curve.key_size + 7) // 8
        document = {"kty": "EC", "crv": f"P-{key.curve.key_size}",
                    "x": number(numbers.public_numbers.x, length),
                    "y": number(numbers.public_numbers.y, length),
                    "d": number(numbers.private_value, length)}
    return hashlib.md5(public).hexdigest(), document


def certbot(certwright, *arguments, status=0, ca=None, **options):
    """Debian's certbot over the same directories and, where the verb needs one, the same CA."""
    ca = ca or certwright.ca
    return command("certbot", *arguments, *certwright.directories(), "-n", status=status,
                   env={"REQUESTS_CA_BUNDLE": ca.ca_path}, **options)


def read(path, mode="r"):
    with open(path, mode) as stream:
        return stream.read()


def snapshot(folder, leave_out=()):
    """Every file below FOLDER: path -> (mode, contents' digest or link target).

    Two snapshots are equal when nothing was changed, added or removed.
    """
    found = {}
    for where, folders, files in os.walk(str(folder)):
        for name in folders + files:
            path = os.path.join(where, name)
            relative = os.path.relpath(path, str(folder))
            if relative.startswith(tuple(leave_out)) or name == ".certbot.lock":
                continue
            mode = os.lstat(path).st_mode
            if os.path.islink(path):
                found[relative] = (mode, os.readlink(path))
            elif os.path.isfile(path):
                found[relative] = (mode, hashlib.sha256(read(path, "rb")).hexdigest())
            else:
                found[relative] = (mode, None)
    return found


def script(path, text):
    """Writes an executable shell script; returns its path."""
    path = str(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path
