"""An account as its CA sees it: signs requests of RFC 8555 with the key that a program left on disk.

Pebble hands out a valid authorization again in one order of a hundred even where PEBBLE_AUTHZREUSE
says 0. A test that needs another challenge for a name that was validated before has the account
give its authorizations back first. Tests that should, but do not, fail with PEBBLE_AUTHZREUSE=100
in the environment of pytest.
"""

import base64
import glob
import json
import os
import ssl
import urllib.request

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def _encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def private_key(jwk):
    """The key of a private_key.json: RSA, or EC on P-256."""
    if jwk["kty"] == "EC":
        assert jwk["crv"] == "P-256", f"this signs with P-256 alone, not {jwk['crv']}"
        return ec.derive_private_key(_number(jwk["d"]), ec.SECP256R1())
    public = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"]))
    return rsa.RSAPrivateNumbers(
        *(_number(jwk[part]) for part in ("p", "q", "d", "dp", "dq", "qi")), public).private_key()


class _Key:
    """A JWK of private_key.json: RS256, or ES256 of a P-256 key."""

    def __init__(self, jwk):
        self._ec = jwk["kty"] == "EC"
        self.algorithm = "ES256" if self._ec else "RS256"
        self._key = private_key(jwk)

    def sign(self, octets):
        if not self._ec:
            return self._key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self._key.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Account:
    """folder: where private_key.json and regr.json are."""

    def __init__(self, folder, directory, ca_path):
        with open(os.path.join(folder, "private_key.json"), encoding="utf-8") as stream:
            self._key = _Key(json.load(stream))
        with open(os.path.join(folder, "regr.json"), encoding="utf-8") as stream:
            self._url = json.load(stream)["uri"]
        self._context = ssl.create_default_context(cafile=ca_path)
        with self._open(directory) as answer:
            self._new_nonce = json.load(answer)["newNonce"]

    def _open(self, request):
        return urllib.request.urlopen(request, context=self._context, timeout=30)

    def post(self, url, payload):
        """The answer to a signed POST; PAYLOAD None is POST-as-GET."""
        return self._post(url, payload)[0]

    def _post(self, url, payload):
        """The answer, and the values of its Link header fields."""
        with self._open(urllib.request.Request(self._new_nonce, method="HEAD")) as answer:
            nonce = answer.headers["Replay-Nonce"]
        protected = _encode(json.dumps({"alg": self._key.algorithm, "kid": self._url,
                                        "nonce": nonce, "url": url}).encode())
        body = "" if payload is None else _encode(json.dumps(payload).encode())
        signature = _encode(self._key.sign(f"{protected}.{body}".encode()))
        request = urllib.request.Request(
            url, headers={"Content-Type": "application/jose+json"},
            data=json.dumps({"protected": protected, "payload": body,
                             "signature": signature}).encode())
        with self._open(request) as answer:
            return json.load(answer), answer.headers.get_all("Link", [])

    def orders(self):
        """The URLs of all orders. A list has several pages (RFC 8555 section 7.1.2.1), of three
        orders each with Pebble."""
        urls, page = [], self.post(self._url, None)["orders"]
        while page:
            answer, links = self._post(page, None)
            urls += answer["orders"]
            [page] = [link[1:link.index(">")] for link in links
                      if link.endswith('rel="next"')] or [None]
        return urls

    def give_back_authorizations(self):
        """Deactivates every valid authorization (RFC 8555 section 7.5.2); returns how many."""
        count = 0
        for url in {authorization for order in self.orders()
                    for authorization in self.post(order, None)["authorizations"]}:
            if self.post(url, None)["status"] == "valid":
                self.post(url, {"status": "deactivated"})
                count += 1
        return count


def challenge_again(certwright):
    """Has the CA of CERTWRIGHT challenge every name anew that the accounts of its folder have
    validated.

    Returns how many authorizations were given back.
    """
    given_back = 0
    for path in glob.glob(os.path.join(certwright.config_dir, "accounts", "**", "regr.json"),
                          recursive=True):
        account = Account(os.path.dirname(path), certwright.ca.directory, certwright.ca.ca_path)
        given_back += account.give_back_authorizations()
    assert given_back, "the CA has no valid authorization to give back"
    return given_back
