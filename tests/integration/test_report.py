"""report: the status document from the files alone, and what is made from it."""

import os
import shutil

import pytest

from lib.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def by_name(document):
    return {certificate["name"]: certificate for certificate in document["certificates"]}


def states(document):
    return {name: (c["origin"], c["state"]) for name, c in by_name(document).items()}


def fill(store):
    """A certificate in each state."""
    store.acme("valid.example.test", names=["valid.example.test", "www.example.test"])
    store.acme("due.example.test", -70, 20)
    store.acme("failing.example.test", -70, 20)
    store.fail("failing.example.test", "the CA refuses the order", problem="rateLimited",
               hint="try again tomorrow")
    store.acme("expired.example.test", -90, -1)
    store.acme("broken.example.test")
    with open(store.renewal_file("broken.example.test"), "w", encoding="utf-8") as stream:
        stream.write("cert = /nowhere\n")
    store.acme("missing.example.test")
    shutil.rmtree(os.path.join(store.config_dir, "archive", "missing.example.test"))
    store.provide("provided.example.test", store.pem("provided.example.test", -1, 89))
    store.self_sign("self.example.test", -1, 9)


def test_every_certificate_has_its_state(store):
    fill(store)
    document = store.report()
    assert states(document) == {
        "valid.example.test": ("acme", "valid"),
        "due.example.test": ("acme", "due"),
        "failing.example.test": ("acme", "failing"),
        "expired.example.test": ("acme", "expired"),
        "broken.example.test": ("acme", "broken"),
        "missing.example.test": ("none", "missing"),
        "provided.example.test": ("provided", "valid"),
        "self.example.test": ("self-signed", "self-signed"),
    }
    found = by_name(document)
    assert found["valid.example.test"]["domains"] == ["valid.example.test", "www.example.test"]
    assert found["valid.example.test"]["issuer"] == "issuer"
    failure = found["failing.example.test"]["last_failure"]
    assert (failure["kind"], failure["message"], failure["hint"]) == (
        "rate-limit", "the CA refuses the order", "try again tomorrow")
    for name in ("broken", "missing"):
        [problem] = found[f"{name}.example.test"]["problems"]
        assert problem["message"] and problem["hint"]


def test_a_provided_certificate_that_is_wrong_is_told(store):
    whole = store.pem("a.example.test", -1, 89)
    store.provide("right.example.test", whole)
    store.provide("keyless.example.test", {k: v for k, v in whole.items() if k != "privkey"})
    store.provide("mixed.example.test", dict(whole, privkey=Store(store.folder).pem(
        "b.example.test", -1, 89)["privkey"]))
    store.provide("turned.example.test", dict(whole, fullchain=whole["chain"] + whole["cert"]))
    store.provide("future.example.test", store.pem("c.example.test", 1, 89))
    store.provide("damaged.example.test", dict(whole, fullchain=b"damaged\n"))
    words = {"right": (), "keyless": ("no key",), "mixed": ("does not belong",),
             "turned": ("does not belong", "not a chain"), "future": ("not valid before",),
             "damaged": ("not a certificate in PEM",)}
    found = by_name(store.report())
    for name, expected in words.items():
        problems = found[f"{name}.example.test"]["problems"]
        assert len(problems) == len(expected)
        for problem, word in zip(problems, expected):
            assert word in problem["message"] and problem["hint"]
    assert found["damaged.example.test"]["state"] == "broken"


def test_what_would_stand_in_the_way_of_a_renewal_is_told(store):
    store.acme("off.example.test", autorenew="False")
    store.acme("plugin.example.test", authenticator="no-such-plugin")
    store.acme("test.example.test",
               server="https://acme-staging-v02.api.letsencrypt.org/directory")
    found = by_name(store.report())
    assert [(c["name"], [p["kind"] for p in c["problems"]]) for c in found.values()] == [
        ("off.example.test", ["autorenew"]), ("plugin.example.test", ["renewal"]),
        ("test.example.test", ["test"])]
    assert found["off.example.test"]["next"] is None
    assert found["test.example.test"]["next"]["action"] == "renew"


def test_no_certificates_make_an_empty_report(store):
    assert store.report()["certificates"] == []
