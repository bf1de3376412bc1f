"""What is asked of the CA: profiles, must-staple, subsets of the names, time limits.

Pebble 2.4 has no profiles. The reverse proxy of lib.rogue_ca stands before it and adds them to its
directory; Pebble does not mind the member that orders have then.
"""

import base64

import pytest
from cryptography import x509

from lib.account import challenge_again
from lib.outcome import assert_failed, identifiers
from lib.rogue_ca import alter, problem
from lib.tools import names_of, read

NAME = "request.example.test"
PROFILES = {"classic": "https://ca.example/classic", "shortlived": "https://ca.example/short"}


@pytest.fixture
def profiled(rogue):
    """The CA has profiles."""
    def add(given):
        directory = given.json()
        directory.setdefault("meta", {})["profiles"] = PROFILES
        given.set_json(directory)
    rogue.on("directory", alter(add))
    return rogue


def orders(rogue):
    """The profile in each new order; None: none."""
    return [r.payload.get("profile") for r in rogue.requests if r.kind == "new-order"]


@pytest.mark.parametrize("option", ["preferred-profile", "required-profile"])
def test_a_profile_is_ordered_and_kept_for_renewals(profiled, rogue_certwright, option):
    rogue_certwright.certonly(NAME, args=[f"--{option}", "shortlived"])
    rogue_certwright.run("renew", "--force-renewal")
    assert orders(profiled) == ["shortlived", "shortlived"]
    line = f"{option.replace('-', '_')} = shortlived"
    assert line in read(rogue_certwright.renewal_file(NAME)).splitlines()


def test_a_preferred_profile_that_the_ca_lacks_is_left_out(profiled, rogue_certwright):
    result = rogue_certwright.certonly(NAME, args=["--preferred-profile", "fast"])
    assert orders(profiled) == [None]
    assert '"fast"' in result.stderr


def test_a_required_profile_that_the_ca_lacks_is_an_error(profiled, rogue_certwright):
    result = rogue_certwright.certonly(NAME, args=["--required-profile", "fast"], json=True,
                                       status=1)
    assert_failed(result, "fast", "classic", "shortlived")
    assert orders(profiled) == [] and rogue_certwright.lineages() == []


@pytest.mark.parametrize("option, status", [("preferred-profile", 0), ("required-profile", 1)])
def test_a_ca_without_profiles_has_no_such_profile(rogue, rogue_certwright, option, status):
    result = rogue_certwright.certonly(NAME, args=[f"--{option}", "classic"], json=True,
                                       status=status)
    assert orders(rogue) == [None] * (1 - status)
    if status:
        assert_failed(result, "classic")


def test_the_required_profile_counts_where_both_are_given(profiled, rogue_certwright):
    args = ["--preferred-profile", "classic", "--required-profile", "shortlived"]
    rogue_certwright.certonly(NAME, args=args)
    assert orders(profiled) == ["shortlived"]


def requests_made(rogue):
    """The certificate requests that were sent."""
    found = []
    for sent in rogue.requests:
        if sent.kind == "finalize":
            text = sent.payload["csr"]
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            found.append(x509.load_der_x509_csr(data))
    return found


@pytest.mark.parametrize("args", [[], ["--must-staple"]])
def test_must_staple_is_in_the_request_and_in_that_of_renewals(rogue, rogue_certwright, args):
    rogue_certwright.certonly(NAME, args=args)
    rogue_certwright.run("renew", "--force-renewal")
    for request in requests_made(rogue):
        features = [e.value for e in request.extensions if isinstance(e.value, x509.TLSFeature)]
        assert features == ([x509.TLSFeature([x509.TLSFeatureType.status_request])] if args else [])
    assert len(requests_made(rogue)) == 2


@pytest.mark.parametrize("preferred, used", [
    ("http-01,tls-alpn-01", "http-01"), ("tls-alpn-01,http-01", "tls-alpn-01"),
    ("http", "http-01"), ("dns,http", "http-01"), ("dns-01, tls-alpn-01", "tls-alpn-01")])
def test_the_first_preferred_challenge_that_there_is_is_used(certwright, pebble, preferred, used):
    result = certwright.certonly(NAME, args=[
        "--preferred-challenges", preferred, "--tls-alpn-01-port", pebble.tls_port,
        "--debug-challenges"])
    assert f"{used} for {NAME}: " in result.output
    certwright.run("renew", "--force-renewal")


def test_when_there_is_no_preferred_challenge_it_is_said(certwright):
    result = certwright.certonly(NAME, args=["--preferred-challenges", "dns"], json=True, status=1)
    assert_failed(result, NAME, "standalone")
    assert certwright.lineages() == []


def test_a_name_that_fails_is_left_out_where_that_is_allowed(certwright, pebble):
    bad = "bad." + NAME
    pebble.dns.set_servfail(bad)
    try:
        result = certwright.certonly(NAME, bad, json=True, status=1)
        assert bad in identifiers(result.json)
        assert certwright.lineages() == []
        result = certwright.certonly(NAME, bad, args=["--allow-subset-of-names"], json=True)
        assert bad in result.stderr
        assert result.certificates[NAME]["domains"] == [NAME]
        assert names_of(certwright.live(NAME, "cert")) == [NAME]
    finally:
        pebble.dns.clear_servfail(bad)
    assert "allow_subset_of_names = True" in read(certwright.renewal_file(NAME))


def test_a_renewal_leaves_names_out_where_that_was_allowed(certwright, pebble):
    bad = "bad." + NAME
    certwright.certonly(NAME, bad, args=["--allow-subset-of-names"])
    challenge_again(certwright)
    pebble.dns.set_servfail(bad)
    try:
        renewed = certwright.json("renew", "--force-renewal").certificates[NAME]
        assert renewed["domains"] == [NAME]
    finally:
        pebble.dns.clear_servfail(bad)


def test_when_all_names_fail_there_is_no_subset(certwright, pebble):
    pebble.dns.set_servfail(NAME)
    try:
        result = certwright.certonly(NAME, args=["--allow-subset-of-names"], json=True, status=1)
    finally:
        pebble.dns.clear_servfail(NAME)
    assert_failed(result, NAME)
    assert certwright.lineages() == []


def test_a_name_that_the_ca_refuses_to_order_is_left_out(rogue, rogue_certwright):
    """The refusal of the order says which name it is about (RFC 8555 section 6.7.1)."""
    bad = "bad." + NAME
    rogue.on("new-order", problem("rejectedIdentifier", "not here", 400, subproblems=[
        (bad, "rejectedIdentifier", "we do not serve that")]), times=1)
    result = rogue_certwright.certonly(NAME, bad, args=["--allow-subset-of-names"], json=True)
    assert result.certificates[NAME]["domains"] == [NAME]
