"""Obtaining certificates from a real ACME server, kind and unkind."""

import json
import os
import re
import time

import pytest

from lib.outcome import assert_failed, identifiers, problem_types
from lib.process import wait_until
from lib.tools import key_text, names_of, read, serial_of, verify_chain


def numbered(count, stem="n"):
    return [f"{stem}{i}.example.test" for i in range(1, count + 1)]


def assert_certificate(certwright, ca, name, names):
    """The whole lineage: chain, names, key, modes and the renewal file."""
    live = os.path.join(certwright.config_dir, "live", name)
    verify_chain(live, ca.root())
    assert names_of(os.path.join(live, "cert.pem")) == sorted(names)
    for kind in ("cert", "chain", "fullchain", "privkey"):
        assert os.readlink(os.path.join(live, f"{kind}.pem")).startswith(f"../../archive/{name}/")
    assert os.stat(os.path.join(live, "privkey.pem")).st_mode & 0o777 == 0o600
    assert os.path.isfile(os.path.join(live, "README"))
    assert os.path.isfile(certwright.renewal_file(name))


@pytest.mark.smoke
def test_one_name(certwright, pebble):
    result = certwright.certonly("one.example.test", json=True)
    assert_certificate(certwright, pebble, "one.example.test", ["one.example.test"])
    assert result.json["verb"] == "certonly"
    assert result.json["ok"] is True
    assert result.json["error"] is None
    [certificate] = result.json["certificates"]
    assert certificate["name"] == "one.example.test"
    assert certificate["domains"] == ["one.example.test"]
    assert certificate["action"] == "issued"
    assert certificate["error"] is None
    assert certificate["serial"].lower().lstrip("0") == serial_of(
        certwright.live("one.example.test", "cert")).lstrip("0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", certificate["expiry"])
    for member, kind in (("cert_path", "cert"), ("fullchain_path", "fullchain"),
                         ("chain_path", "chain"), ("key_path", "privkey")):
        assert certificate[member] == certwright.live("one.example.test", kind)


def test_a_person_is_told_where_the_certificate_is(certwright):
    result = certwright.certonly("told.example.test")
    assert certwright.live("told.example.test", "fullchain") in result.output
    assert certwright.live("told.example.test", "privkey") in result.output


def test_several_names_are_one_certificate_named_after_the_first(certwright, pebble):
    certwright.run("certonly", "--standalone", "-d", "b.example.test,a.example.test",
                   "--domain", "c.example.test")
    assert_certificate(certwright, pebble, "b.example.test",
                       ["a.example.test", "b.example.test", "c.example.test"])


def test_cert_name_names_the_lineage(certwright, pebble):
    certwright.certonly("x.example.test", args=["--cert-name", "mine"])
    assert certwright.lineages() == ["mine"]
    assert_certificate(certwright, pebble, "mine", ["x.example.test"])


def test_a_hundred_names(certwright, pebble):
    names = numbered(100)
    certwright.certonly(*names)
    assert_certificate(certwright, pebble, names[0], names)


@pytest.mark.parametrize("attempt", range(3))
def test_one_name_from_an_unkind_server(start, unkind_pebble, attempt):
    certwright = start.certwright(unkind_pebble)
    name = f"unkind{attempt}.example.test"
    certwright.certonly(name)
    assert_certificate(certwright, unkind_pebble, name, [name])


def test_a_hundred_names_from_an_unkind_server_are_validated_together(start, unkind_pebble):
    certwright = start.certwright(unkind_pebble)
    names = numbered(100, "u")
    begin = time.monotonic()
    certwright.certonly(*names)
    # One after the other they would take 1.5 s each.
    assert time.monotonic() - begin < 75
    assert_certificate(certwright, unkind_pebble, names[0], names)


def test_reused_authorizations_need_no_challenge(start):
    ca = start.pebble(env={"PEBBLE_AUTHZREUSE": "100"})
    certwright = start.certwright(ca)
    certwright.certonly("again.example.test", args=["--cert-name", "first"])
    challenged = ca.requests("POST", "/chalZ/")
    certwright.certonly("again.example.test", args=["--cert-name", "second"])
    assert ca.requests("POST", "/chalZ/") == challenged
    assert_certificate(certwright, ca, "second", ["again.example.test"])


def test_all_authorizations_of_an_order_share_one_connection(start, pebble):
    relay = start.relay(pebble)
    certwright = start.certwright(relay)
    certwright.run("register")
    before = relay.connections
    certwright.certonly(*numbered(30, "pool"))
    assert relay.connections == before + 1


def test_ipv4_address(certwright, pebble):
    result = certwright.run("certonly", "--standalone", "--ip-address", "127.0.0.1", json=True)
    assert result.json["certificates"][0]["domains"] == ["127.0.0.1"]
    assert_certificate(certwright, pebble, "127.0.0.1", ["127.0.0.1"])


def test_ipv6_address(certwright, pebble):
    result = certwright.run("certonly", "--standalone", "--ip-address", "::1", json=True)
    name = result.json["certificates"][0]["name"]
    assert_certificate(certwright, pebble, name, ["0:0:0:0:0:0:0:1"])


def test_names_and_addresses_together(certwright, pebble):
    certwright.run("certonly", "--standalone", "-d", "mixed.example.test",
                   "--ip-address", "127.0.0.1", "--ip-address", "::1")
    assert_certificate(certwright, pebble, "mixed.example.test",
                       ["mixed.example.test", "127.0.0.1", "0:0:0:0:0:0:0:1"])


def test_names_are_sent_as_a_labels(certwright, pebble):
    certwright.certonly("BÜCHER.example.test", args=["--cert-name", "books"])
    assert_certificate(certwright, pebble, "books", ["xn--bcher-kva.example.test"])


@pytest.mark.parametrize("options, expected", [
    (["--key-type", "rsa"], "2048 bit"),
    (["--key-type", "rsa", "--rsa-key-size", "3072"], "3072 bit"),
    (["--key-type", "ecdsa"], "NIST CURVE: P-256"),
    (["--elliptic-curve", "secp384r1"], "NIST CURVE: P-384"),
])
def test_key_types(certwright, pebble, options, expected):
    certwright.certonly("key.example.test", args=options)
    assert_certificate(certwright, pebble, "key.example.test", ["key.example.test"])
    assert expected in key_text(certwright.live("key.example.test", "privkey"))


def test_a_long_chain_is_kept_whole(start):
    ca = start.pebble(chain_length=4)
    certwright = start.certwright(ca)
    certwright.certonly("long.example.test")
    assert_certificate(certwright, ca, "long.example.test", ["long.example.test"])
    assert read(certwright.live("long.example.test", "chain")).count("BEGIN CERT") == 4


def test_preferred_chain_chooses_among_the_alternates(start):
    ca = start.pebble(alternate_roots=3)
    certwright = start.certwright(ca)
    from cryptography import x509
    for index in range(4):
        root = x509.load_pem_x509_certificate(read(ca.root(index), "rb"))
        common_name = root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        name = f"chain{index}.example.test"
        certwright.certonly(name, args=["--preferred-chain", common_name])
        verify_chain(os.path.dirname(certwright.live(name)), ca.root(index))


def test_an_unknown_preferred_chain_gives_the_default_one(start):
    ca = start.pebble(alternate_roots=1)
    certwright = start.certwright(ca)
    certwright.certonly("dflt.example.test", args=["--preferred-chain", "No Such Root"])
    verify_chain(os.path.dirname(certwright.live("dflt.example.test")), ca.root(0))


def test_a_valid_certificate_is_kept(certwright):
    certwright.certonly("keep.example.test")
    serial = serial_of(certwright.live("keep.example.test", "cert"))
    result = certwright.certonly("keep.example.test", args=["--keep-until-expiring"], json=True)
    assert result.certificates["keep.example.test"]["action"] == "kept"
    assert serial_of(certwright.live("keep.example.test", "cert")) == serial


def test_force_renewal_replaces_a_valid_certificate(certwright, pebble):
    certwright.certonly("force.example.test")
    serial = serial_of(certwright.live("force.example.test", "cert"))
    result = certwright.certonly("force.example.test", args=["--force-renewal"], json=True)
    assert result.certificates["force.example.test"]["action"] == "renewed"
    assert serial_of(certwright.live("force.example.test", "cert")) != serial
    assert_certificate(certwright, pebble, "force.example.test", ["force.example.test"])


def test_a_wildcard_needs_dns_and_the_refusal_says_so(certwright, pebble):
    ordered = pebble.requests("POST", "/order-plz")
    result = certwright.certonly("*.example.test", status=1, json=True)
    assert_failed(result, "*.example.test", "dns")
    assert certwright.lineages() == []
    assert pebble.requests("POST", "/order-plz") <= ordered + 1


def test_one_failing_name_is_named(start, pebble):
    certwright = start.certwright(pebble)
    # Nothing listens on 127.0.0.2 when standalone keeps to one address.
    pebble.dns.add_a("lost.example.test", "127.0.0.2")
    result = certwright.certonly("fine.example.test", "lost.example.test", status=1, json=True,
                                 args=["--http-01-address", "127.0.0.1"])
    assert_failed(result, "lost.example.test")
    assert identifiers(result.json) == {"lost.example.test"}
    assert problem_types(result.json) & {"connection", "unauthorized", "dns"}
    assert certwright.lineages() == []


def test_a_name_that_does_not_resolve_is_named(start, pebble):
    certwright = start.certwright(pebble)
    pebble.dns.set_servfail("servfail.example.test")
    result = certwright.certonly("servfail.example.test", status=1, json=True)
    assert_failed(result, "servfail.example.test")
    assert "servfail.example.test" in identifiers(result.json)


@pytest.mark.parametrize("count", [100, 1000])
def test_every_reason_arrives_however_many_names_fail(start, pebble, count):
    certwright = start.certwright(pebble)
    names = numbered(count, "deep.down.in.a.long.name.n")
    elsewhere = start.ports.take()
    result = certwright.certonly(*names, args=["--http-01-port", elsewhere], status=1, json=True,
                                 timeout=300)
    [certificate] = result.json["certificates"]
    for error in (result.json["error"], certificate["error"]):
        parts = {part["identifier"]: part for part in error["parts"]}
        assert sorted(parts) == sorted(names)
        assert all(part["problem"] for part in parts.values())
    assert "signal" not in result.stderr


def test_failure_leaves_nothing_that_serves(start, pebble):
    certwright = start.certwright(pebble)
    pebble.dns.set_servfail("gone.example.test")
    certwright.certonly("gone.example.test", status=1)
    from lib.process import port_answers
    wait_until(lambda: not port_answers(pebble.http_port), 5, "the port to be closed")


def test_the_user_agent_names_the_program(rogue_certwright, rogue):
    rogue_certwright.certonly("agent.example.test", args=["--user-agent-comment", "inventory/7"])
    for request in rogue.requests:
        agent = request.headers.get("User-Agent", "")
        assert agent.lower().startswith("certwright/"), agent
        assert "inventory/7" in agent


def test_everything_but_directory_and_nonces_is_a_post(rogue_certwright, rogue):
    rogue_certwright.certonly("posts.example.test")
    for request in rogue.requests:
        if request.kind == "directory":
            assert request.method == "GET"
        elif request.kind == "new-nonce":
            assert request.method in ("HEAD", "GET")
        else:
            assert request.method == "POST"
            assert request.headers["Content-Type"] == "application/jose+json"
            assert request.protected["url"].endswith(request.path)
        if request.kind in ("authorization", "certificate"):
            assert request.post_as_get


def test_a_directory_in_daily_use_is_fetched_again_after_a_day(start, pebble):
    certwright = start.certwright(pebble)
    folder = os.path.join(certwright.work_dir, "certwright", "directory")
    certwright.run("register")
    [path] = [os.path.join(folder, name) for name in os.listdir(folder)]
    counts = []
    for age in (80000, 87000):  # seconds; a day has 86400
        with open(path, encoding="utf-8") as stream:
            known = json.load(stream)
        with open(path, "w", encoding="utf-8") as stream:
            json.dump({**known, "time": int(time.time()) - age}, stream)
        before = pebble.requests("GET", "/dir")
        certwright.run("update_account", "--email", f"a{age}@example.test")
        counts.append(pebble.requests("GET", "/dir") - before)
        if not counts[-1]:  # using it makes it no younger
            with open(path, encoding="utf-8") as stream:
                assert json.load(stream)["time"] <= time.time() - age
    assert counts == [0, 1]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_trust_store_can_be_named(certwright, pebble, variable):
    env = {"SSL_CERT_FILE": None, "REQUESTS_CA_BUNDLE": None, variable: pebble.ca_path}
    certwright.certonly("trust.example.test", env=env)


def test_an_untrusted_server_is_refused(certwright):
    env = {"SSL_CERT_FILE": None, "REQUESTS_CA_BUNDLE": None}
    result = certwright.certonly("untrusted.example.test", env=env, status=1, json=True)
    assert_failed(result, "localhost", "certificate")
    env["SSL_CERT_FILE"] = "/nonexistent/ca.pem"
    result = certwright.certonly("untrusted.example.test", env=env, status=1, json=True)
    assert_failed(result, "/nonexistent/ca.pem", "SSL_CERT_FILE", "No such file")
    assert certwright.account_files() == []


def test_no_verify_ssl_trusts_any_server(certwright):
    certwright.certonly("noverify.example.test", args=["--no-verify-ssl"],
                        env={"SSL_CERT_FILE": None})


def test_proxies_are_taken_from_the_environment(certwright, start):
    port = start.ports.take()
    result = certwright.certonly("proxy.example.test", status=1, json=True,
                                 env={"https_proxy": f"http://127.0.0.1:{port}"})
    assert_failed(result, "proxy")
    certwright.certonly("proxy.example.test", env={"https_proxy": f"http://127.0.0.1:{port}",
                                                   "no_proxy": "localhost"})


def test_logs_and_output_have_no_secrets(certwright):
    result = certwright.certonly("secret.example.test", args=["-v"], json=True)
    text = certwright.log_text() + result.output
    assert "secret.example.test" in certwright.log_text()
    private = "".join(read(certwright.live("secret.example.test", "privkey")).split("\n")[1:-2])
    assert private[:40] not in text.replace("\n", "")
    assert "PRIVATE KEY" not in text
    import json
    for path in certwright.account_files():
        assert json.loads(read(path))["d"] not in text
    assert os.stat(certwright.logs_dir).st_mode & 0o777 == 0o700


def test_the_log_is_rotated_at_each_run(certwright):
    for _ in range(3):
        certwright.certonly("rotate.example.test", args=["--keep", "--max-log-backups", "1"])
    logs = [n for n in os.listdir(certwright.logs_dir) if n.startswith("letsencrypt.log")]
    assert sorted(logs) == ["letsencrypt.log", "letsencrypt.log.1"]
