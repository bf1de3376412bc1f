"""libcertwright: an order step by step, for programs that keep their own records."""

import json
import time

import pytest
from cryptography.hazmat.primitives import serialization

from lib.certwright import Certwright
from lib.issuer import Issuer
from lib.library import Client
from lib.rogue_ca import alter, answer
from lib.tokens import Tokens

ENDED = ("valid", "invalid", "ready")


@pytest.fixture(scope="module")
def tokens(pebble):
    server = Tokens(pebble.http_port)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(pebble):
    with Client(pebble) as client:
        yield client


class Steps:
    """A host that goes through an order: ask("order_new", identifiers=[...])."""

    def __init__(self, client, pebble, account=None):
        self.client, self.options, self.account = client, {"server": pebble.directory}, account

    def try_to(self, request, **members):
        if self.account:
            members.setdefault("account", self.account)
        return self.client.call({"request": request, "options": self.options, **members})

    def ask(self, request, **members):
        answer = self.try_to(request, **members)
        assert answer["ok"], answer["error"]
        return answer

    def wait(self, request, name, uri):
        """Asks until the object's status is not pending or processing any more."""
        deadline = time.monotonic() + 60
        while True:
            answer = self.ask(request, uri=uri)
            if answer[name]["status"] in ENDED:
                return answer[name]
            assert time.monotonic() < deadline
            time.sleep(min(answer["retry_after"] or 0, 1) or 0.05)


@pytest.fixture(scope="module")
def steps(client, pebble):
    steps = Steps(client, pebble)
    account = steps.ask("account_new", contact=["a@example.test"], terms_agreed=True)["account"]
    assert account["created"] and account["contact"] == ["a@example.test"]
    steps.account = {"key": account["key"], "uri": account["uri"]}
    return steps


def validate(steps, tokens, order):
    for uri in order["authorizations"]:
        authorization = steps.ask("authorization_get", uri=uri)["authorization"]
        [challenge] = [c for c in authorization["challenges"] if c["type"] == "http-01"]
        tokens.paths[challenge["location"]] = challenge["validation"]
        [dns] = [c for c in authorization["challenges"] if c["type"] == "dns-01"]
        assert dns["location"] == "_acme-challenge." + authorization["identifier"]["value"]
        assert steps.ask("challenge_get", uri=challenge["uri"])["challenge"]["validation"] == \
            challenge["validation"]
        steps.ask("challenge_ready", uri=challenge["uri"])
        assert steps.wait("authorization_get", "authorization", uri)["status"] == "valid"


def test_from_the_account_to_the_revocation(steps, tokens):
    order = steps.ask("order_new", identifiers=["o1.example.test", "127.0.0.1"])["order"]
    assert order["status"] == "pending" and len(order["authorizations"]) == 2
    assert steps.ask("order_get", uri=order["uri"])["order"]["finalize"] == order["finalize"]
    csr = steps.ask("csr_new", identifiers=["o1.example.test", "127.0.0.1"])["csr"]
    # Too early: the CA says so, with its problem document.
    early = steps.try_to("order_finalize", uri=order["uri"], csr=csr["csr"])
    assert early["error"]["problem"]["type"].endswith(":orderNotReady")
    for uri in order["authorizations"]:
        challenges = steps.ask("authorization_get", uri=uri)["authorization"]["challenges"]
        [challenge] = [c for c in challenges if c["type"] == "http-01"]
        tokens.paths[challenge["location"]] = challenge["validation"]
        steps.ask("challenge_ready", uri=challenge["uri"])
    assert steps.wait("order_get", "order", order["uri"])["status"] == "ready"
    steps.ask("order_finalize", uri=order["uri"], csr=csr["csr"])
    order = steps.wait("order_get", "order", order["uri"])
    assert order["status"] == "valid"
    certificate = steps.ask("certificate_get", uri=order["certificate"])["certificate"]
    assert sorted(certificate["domains"]) == ["127.0.0.1", "o1.example.test"]
    revoke = {"certificate": certificate["certificate"]}
    assert steps.ask("revoke", reason="superseded", **revoke)["revoked"] == \
        {"serial": certificate["serial"], "already": False}
    # With the certificate's key no account is needed, and a second time is no error.
    alone = steps.client.call({"request": "revoke", "options": steps.options, **revoke,
                               "certificate_key": csr["key"]})
    assert alone["ok"] and alone["revoked"]["already"]


def test_an_order_with_its_url_for_finalization_is_not_asked_for(steps, tokens, pebble):
    order = steps.ask("order_new", identifiers=["o5.example.test"])["order"]
    validate(steps, tokens, order)
    csr = steps.ask("csr_new", identifiers=["o5.example.test"])["csr"]["csr"]
    members = {"uri": order["uri"], "csr": csr, "finalize": order["finalize"]}
    refused = steps.try_to("order_finalize", **{**members, "finalize": "https://x.example/1"})
    assert "x.example" in refused["error"]["message"]
    before = pebble.requests("POST", "/my-order/")
    assert steps.ask("order_finalize", **members)["order"]["uri"] == order["uri"]
    assert pebble.requests("POST", "/my-order/") == before
    assert steps.wait("order_get", "order", order["uri"])["status"] == "valid"


def test_the_names_of_an_order_are_validated_one_by_one(steps, tokens):
    order = steps.ask("order_new", identifiers=["o2.example.test"])["order"]
    validate(steps, tokens, order)


def test_a_client_asks_each_ca_for_its_directory_and_a_nonce_once(pebble, unkind_pebble, tokens):
    def count(ca):
        return ca.requests("GET", "/dir"), ca.requests("HEAD", "/nonce-plz")

    before = count(pebble), count(unkind_pebble)
    with Client(pebble) as client:
        steps, other = Steps(client, pebble), Steps(client, unkind_pebble)
        for one in (steps, other):
            made = one.ask("account_new", terms_agreed=True)["account"]
            one.account = {"key": made["key"], "uri": made["uri"]}
        for i in range(3):
            order = steps.ask("order_new", identifiers=[f"n{i}.example.test"])["order"]
            other.ask("order_new", identifiers=[f"n{i}.example.test"])
        validate(steps, tokens, order)
        assert count(pebble) == tuple(n + 1 for n in before[0])
        assert count(unkind_pebble) == tuple(n + 1 for n in before[1])
        # What the CA says now is what this request is for.
        steps.ask("directory")
        assert count(pebble) == (before[0][0] + 2, before[0][1] + 1)


def test_a_token_that_is_none_is_not_passed_on(rogue):
    """A host could make a file of its name."""
    def change(given):
        document = given.json()
        for challenge in document.get("challenges", [document]):
            if challenge["type"] == "http-01":
                challenge["token"] = "../../../etc/cron.d/certwright"
        given.set_json(document)
    with Client(rogue) as client:
        steps = Steps(client, rogue)
        made = steps.ask("account_new", terms_agreed=True)["account"]
        steps.account = {"key": made["key"], "uri": made["uri"]}
        [uri] = steps.ask("order_new", identifiers=["t.example.test"])["order"]["authorizations"]
        challenges = steps.ask("authorization_get", uri=uri)["authorization"]["challenges"]
        [http] = [one for one in challenges if one["type"] == "http-01"]
        for kind in ("authorization", "challenge"):
            rogue.on(kind, alter(change))
        left = steps.ask("authorization_get", uri=uri)["authorization"]["challenges"]
        assert {one["uri"] for one in left} == {one["uri"] for one in challenges} - {http["uri"]}
        refused = steps.try_to("challenge_get", uri=http["uri"])
        assert "has no usable token" in refused["error"]["message"]


def test_an_authorization_is_deactivated(steps):
    order = steps.ask("order_new", identifiers=["o3.example.test"])["order"]
    [uri] = order["authorizations"]
    answer = steps.ask("authorization_deactivate", uri=uri)
    assert answer["authorization"]["status"] == "deactivated"


def test_the_directory_says_what_the_ca_wants(client, pebble):
    directory = Steps(client, pebble).ask("directory")["directory"]
    assert directory["server"] == pebble.directory
    assert directory["terms_of_service"].startswith("data:")
    assert not directory["external_account_required"] and directory["profiles"] == {}


def test_renewal_info(rogue, tmp_path):
    """Debian's Pebble has none."""
    def add(given):
        directory = given.json()
        directory["renewalInfo"] = rogue.directory.replace("/dir", "/renewal-info")
        given.set_json(directory)
    rogue.on("directory", alter(add))
    window = {"start": "2030-01-01T00:00:00Z", "end": "2030-01-02T00:00:00Z"}
    rogue.on("other", answer(200, json.dumps({"suggestedWindow": window}),
                             headers={"Retry-After": "7200"}))
    issuer = Issuer(tmp_path)
    pem = issuer.issue("a.example.test", issuer.key.public_key(), -1, 10).public_bytes(
        serialization.Encoding.PEM).decode()
    with Client(rogue) as client:
        found = Steps(client, rogue).ask("renewal_info", certificate=pem)
    assert found["renewal_info"] == {**window, "explanation_url": None}
    assert found["retry_after"] == 7200


def test_accounts(client, pebble):
    steps = Steps(client, pebble)
    refused = steps.try_to("account_new")
    assert "terms of service" in refused["error"]["message"]
    made = steps.ask("account_new", terms_agreed=True)["account"]
    found = steps.ask("account_find", account={"key": made["key"]})["account"]
    assert found["uri"] == made["uri"] and not found["created"]
    again = steps.ask("account_new", terms_agreed=True, account={"key": made["key"]})["account"]
    assert made["created"] and not again["created"] and again["uri"] == made["uri"]
    steps.account = {"key": made["key"]}  # without its URL
    changed = steps.ask("account_update", contact=["mailto:b@example.test"])["account"]
    assert changed["contact"] == ["b@example.test"] and changed["uri"] == made["uri"]
    assert steps.ask("account_deactivate")["account"]["status"] == "deactivated"
    unknown = steps.try_to("account_find", account={
        "key": steps.ask("csr_new", identifiers=["x.example.test"])["csr"]["key"]})
    assert unknown["error"]["problem"]["type"].endswith(":accountDoesNotExist")


def test_the_account_of_the_configuration_directory(client, pebble, tmp_path):
    command = Certwright(tmp_path, pebble)
    command.run("register")
    steps = Steps(client, pebble)
    steps.options.update(zip(("config-dir", "work-dir", "logs-dir"), command.directories()[1::2]))
    assert steps.ask("order_new", identifiers=["o4.example.test"])["order"]["status"] == "pending"
    [path] = command.account_files()
    with open(path, encoding="utf-8") as stream:
        jwk = json.load(stream)
    for key in (jwk, json.dumps(jwk)):
        found = steps.ask("account_find", account={"key": key})["account"]
        assert found["uri"] == command.json("show_account").json["account"]["uri"]
    # What it has of its account stays true.
    for request in ({"request": "account_deactivate"},
                    {"request": "account_update", "contact": ["b@example.test"]}):
        refused = client.call({**request, "options": steps.options})
        assert 'needs the member "account"' in refused["error"]["message"]


@pytest.mark.parametrize("request_, members, said", [
    ("order_get", {}, 'needs the member "uri"'),
    ("order_get", {"uri": "https://elsewhere.example/1"}, "elsewhere.example"),
    ("order_get", {"uri": "nonsense"}, "is not a URL of the CA"),
    ("order_new", {}, 'needs the member "identifiers"'),
    ("order_new", {"identifiers": ["-"]}, "-"),
    ("order_new", {"identifiers": [1]}, "is not a string"),
    ("order_finalize", {"uri": "https://x.example/", "csr": "x"}, "is not a certificate request"),
    ("revoke", {"certificate": "x"}, "certificate"),
    ("revoke", {"certificate": "x", "identifiers": ["x"]}, "certificate"),
    ("account_update", {}, 'needs the member "contact"'),
    ("account_find", {"account": {"key": "x"}}, "the account's key"),
    ("account_find", {"account": {"key": 1}}, "neither PEM nor a JWK"),
    ("order_new", {"nix": 1}, 'unknown member "nix"'),
    ("order_new", {"identifiers": "x"}, "wrong type"),
    ("order_new", {"store": "memory"}, 'no member "store"'),
])
def test_bad_requests(steps, request_, members, said):
    answer = steps.client.call({"request": request_, "options": steps.options,
                                "account": steps.account, **members}, checked=False)
    assert not answer["ok"] and said in answer["error"]["message"], answer["error"]
