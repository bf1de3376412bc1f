"""The agent: certificates described by the environment alone, and what it keeps in place."""

import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lib.agent import Agent
from lib.issuer import load
from lib.tools import read


def is_pair(certwright, name):
    key = serialization.load_pem_private_key(read(certwright.live(name, "privkey"), "rb"), None)
    return (load(certwright.live(name)).public_key().public_numbers()
            == key.public_key().public_numbers())


def test_environment_alone_is_enough(certwright):
    agent = Agent(certwright, env={"CERTWRIGHT_DOMAINS": "env.example.test www.env.example.test",
                                   "CERTWRIGHT_EMAIL": "me@example.test",
                                   "CERTWRIGHT_AUTHENTICATOR": "standalone",
                                   "CERTWRIGHT_NAME": "mine"})
    agent.wait_for_origin("mine", "acme")
    names = load(certwright.live("mine")).extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert sorted(names) == ["env.example.test", "www.env.example.test"]
    assert is_pair(certwright, "mine")
    state = agent.certificate("mine")
    assert state["state"] == "valid" and state["origin"] == "acme"
    assert state["next"]["action"] in ("ask", "renew")
    agent.end()
