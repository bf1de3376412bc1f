"""A CA for the DNS challenges that Pebble does not have: dns-persist-01 (draft-ietf-acme-dns-persist)
and dns-account-01 (draft-ietf-acme-dns-account-label).

It stands before a Pebble that finds every challenge valid, and gives the challenges of an
authorization other types. It validates them itself: it asks the BIND for the records. Pebble hears
only of those that are good, and does the rest of ACME.
"""

import base64
import hashlib
import json
import time
import urllib.parse

from .rogue_ca import Answer, RogueCa

ISSUERS = ["ca.test", "authority.test"]


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def thumbprint(jwk):
    """RFC 7638."""
    members = {key: jwk[key] for key in ("crv", "kty", "x", "y", "e", "n") if key in jwk}
    return base64url(digest(json.dumps(members, sort_keys=True, separators=(",", ":"))))


def account_label(account):
    return "_" + base64.b32encode(digest(account)[:10]).decode().lower()


def path_of(url):
    return urllib.parse.urlsplit(url).path


class DnsCa(RogueCa):
    """offers: the types of the challenges that Pebble has for a name, of which there are three, and
    of its one challenge for a wildcard. blind: names whose records it does not see. account: what the
    challenges say is the account; None: the one that it is."""

    def __init__(self, ports, authority, pebble, bind):
        self.bind = bind
        self.offers = ["dns-01", "dns-account-01", "dns-persist-01"]
        self.wildcard_offer = "dns-01"
        self.blind = set()
        self.account = None
        self._thumbprints = {}  # account -> the thumbprint of its key
        self._challenges = {}   # path -> (type, authorization's path, its body, token)
        self._failed = {}       # authorization's path -> problem
        super().__init__(ports, authority, pebble)

    def ask(self, request):
        if request.kind == "challenge" and not request.post_as_get:
            return self._validate(request)
        given = super().ask(request)
        if request.kind == "directory":
            body = given.json()
            body["meta"]["caaIdentities"] = ISSUERS
            given.set_json(body)
        elif request.kind == "new-account" and given.status in (200, 201):
            self._thumbprints[given.header("Location")] = thumbprint(request.protected["jwk"])
        elif request.kind == "authorization" and given.status == 200:
            self._present(request, given)
        elif request.kind == "order" and given.status == 200:
            body = given.json()
            failed = [self._failed[path_of(url)] for url in body["authorizations"]
                      if path_of(url) in self._failed]
            if failed:
                body.update(status="invalid", error=failed[0])
                given.set_json(body)
        return given

    def _present(self, request, given):
        body = given.json()
        account = request.protected["kid"]
        offers = iter([self.wildcard_offer] if body.get("wildcard") else self.offers)
        shown = []
        for challenge in body["challenges"]:
            path = path_of(challenge["url"])
            if path not in self._challenges:
                kind = next(offers, None)
                if kind is None:
                    continue
                self._challenges[path] = (kind, request.path, body, challenge["token"])
            challenge["type"] = self._challenges[path][0]
            if challenge["type"] == "dns-persist-01":
                del challenge["token"]
                challenge.update({"accounturi": self.account or account, "issuer-domain-names": ISSUERS})
            if request.path in self._failed:
                challenge.update(status="invalid", error=self._failed[request.path])
            shown.append(challenge)
        body["challenges"] = shown
        if request.path in self._failed:
            body["status"] = "invalid"
        given.set_json(body)

    def _validate(self, request):
        kind, authorization, body, token = self._challenges[request.path]
        name, account = body["identifier"]["value"], request.protected["kid"]
        if self._is_valid(kind, name, bool(body.get("wildcard")), account, token):
            return super().ask(request)
        self._failed[authorization] = {
            "type": "urn:ietf:params:acme:error:unauthorized", "status": 403,
            "detail": f"no record for {kind} of {name}"}
        answer = {"type": kind, "status": "invalid", "error": self._failed[authorization],
                  "url": f"https://localhost:{self.port}{request.path}"}
        return Answer(200, [("Content-Type", "application/json"), ("Replay-Nonce", self.nonce())],
                      json.dumps(answer).encode())

    def texts(self, name):
        if name in self.blind:
            return []
        return [text.replace("\\;", ";").replace('" "', "") for text in self.bind.texts(name)]

    def _is_valid(self, kind, name, wildcard, account, token):
        if kind == "dns-persist-01":
            return self._has_persistent(name, wildcard, account)
        label = f"{account_label(account)}." if kind == "dns-account-01" else ""
        wanted = base64url(digest(f"{token}.{self._thumbprints[account]}"))
        return wanted in self.texts(f"{label}_acme-challenge.{name}")

    def _has_persistent(self, name, wildcard, account):
        """The record of the name, or one above it that is for names below, too."""
        above = name
        while "." in above:
            for text in self.texts(f"_validation-persist.{above}"):
                if is_good(text, account, wildcard or above != name):
                    return True
            above = above.partition(".")[2]
        return False


def is_good(text, account, wildcard):
    issuer, *parameters = [part.strip() for part in text.split(";")]
    values = {}
    for parameter in parameters:
        tag, equals, value = parameter.partition("=")
        tag, value = tag.strip().lower(), value.strip()
        if not equals or not tag or tag in values or " " in value:
            return False
        values[tag] = value
    until = values.get("persistuntil", "9999999999")
    return (issuer in ISSUERS and values.get("accounturi") == account and until.isdigit()
            and int(until) >= time.time()
            and (not wildcard or values.get("policy", "").lower() == "wildcard"))
