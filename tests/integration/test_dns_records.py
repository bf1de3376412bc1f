"""dns-records: what an administrator has to make once, and what of it is there."""

import pytest

from lib.dns_ca import ISSUERS
from lib.outcome import assert_failed
from lib.tools import command

ZONES = {"example.test": []}


@pytest.fixture(scope="module")
def ca(module_start, bind):
    return module_start.dns_ca(bind)


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


@pytest.fixture
def account(certwright):
    return certwright.json("register").json["account"]["uri"]


def records(certwright, bind, *args, **options):
    result = certwright.json("dns-records", "--dns-resolver", bind.resolver, *args, **options)
    return {(record["domain"], record["purpose"]): record for record in result.json["records"]}


def test_missing_records_are_lines_that_a_zone_takes(certwright, bind, account, tmp_path):
    args = ["-d", "m.example.test", "-d", "*.m.example.test", "--dns-alias",
            "m.example.test=m.other.test"]
    found = records(certwright, bind, *args)
    assert {record["present"] for record in found.values()} == {False}
    persist = found["m.example.test", "dns-persist-01"]
    assert persist["value"] == f"{ISSUERS[0]}; accounturi={account}; policy=wildcard"
    assert found["m.example.test", "dns-01"]["value"] == "m.other.test"
    assert found["m.example.test", "caa"]["value"] == \
        f"{ISSUERS[0]}; accounturi={account}"
    text = certwright.run("dns-records", "--dns-resolver", bind.resolver, *args).stdout
    assert "TXT for dns-persist-01 of m.example.test: missing\n" in text
    assert "\nCAA of m.example.test: " in text
    assert text.index("Optional, and with care") < text.index(" IN CAA ")
    lines = [line for line in text.splitlines() if " IN " in line]
    assert lines == [record["line"] for record in found.values()]
    zone = tmp_path / "zone"
    zone.write_text("$TTL 60\n@ IN SOA ns admin 1 1 1 1 1\n@ IN NS ns\nns IN A 127.0.0.1\n"
                    + "\n".join(lines) + "\n")
    command("named-checkzone", "example.test", zone)
    # The same lines, in the zone that is served.
    bind.update(*(f"add {line.replace('. IN ', '. 60 ', 1)}" for line in lines))
    found = records(certwright, bind, *args)
    assert {record["present"] for record in found.values()} == {True}
    text = certwright.run("dns-records", "--dns-resolver", bind.resolver, *args).stdout
    assert "TXT for dns-persist-01 of m.example.test: there\n" in text and " IN " not in text


def test_what_is_wrong_with_those_that_are_there(certwright, bind, account):
    bind.update(
        'add _validation-persist.w.example.test. 60 TXT "ca.test; accounturi=https://x.test/1"',
        "add _acme-challenge.w.example.test. 60 CNAME elsewhere.test.",
        'add w.example.test. 60 CAA 0 issue "other.test"')
    found = records(certwright, bind, "-d", "w.example.test", "--dns-alias",
                    "w.example.test=here.test")
    assert 'for another account, "https://x.test/1"' in found["w.example.test", "dns-persist-01"]["problem"]
    assert found["w.example.test", "dns-01"]["problem"] == 'is an alias of "elsewhere.test"'
    assert found["w.example.test", "caa"]["found"] == ["0 issue other.test"]
    assert "does not allow this CA" in found["w.example.test", "caa"]["problem"]
    # Without --dns-alias the alias is as somebody made it.
    found = records(certwright, bind, "-d", "w.example.test")
    assert found["w.example.test", "dns-01"]["present"]


def test_what_gives_a_line_that_is_not_there(certwright, bind, account):
    long = ".".join(["a" * 60] * 3 + ["b" * 47, "example.test"])
    text = certwright.run("dns-records", "--dns-resolver", bind.resolver, "-d", long, "-d",
                          "l.example.test").stdout
    assert "the name is too long" in text
    assert "missing; --dns-alias l.example.test=TARGET gives its line\n" in text


@pytest.mark.parametrize("value, methods, present, refused", [
    ("authority.test; accounturi=ACCOUNT", "dns-01", True, False),
    ("ca.test; accounturi=ACCOUNT; validationmethods=dns-01,http-01", "http", True, False),
    ("ca.test; accounturi=ACCOUNT; validationmethods=dns-01", "http-01", False, True),
    ("ca.test", "dns-01", False, False),
    pytest.param("ca.test; accounturi=ACCOUNT/2", "dns-01", False, True, marks=pytest.mark.full),
    pytest.param(";", "dns-01", False, True, marks=pytest.mark.full),
])
def test_caa_records_bind_to_account_and_challenges(certwright, bind, account, value, methods,
                                                    present, refused):
    """The record of the name above counts."""
    bind.update("delete c.example.test. CAA",
                f'add c.example.test. 60 CAA 0 issue "{value.replace("ACCOUNT", account)}"')
    record = records(certwright, bind, "-d", "a.b.c.example.test", "--preferred-challenges",
                     methods)["a.b.c.example.test", "caa"]
    assert (record["present"], record["problem"] is not None) == (present, refused)


def test_a_wildcard_has_a_caa_property_of_its_own(certwright, bind, account):
    bind.update(f'add i.example.test. 60 CAA 0 issue "ca.test; accounturi={account}"',
                'add i.example.test. 60 CAA 0 issuewild "other.test"',
                f'add j.example.test. 60 CAA 0 issuewild "ca.test; accounturi={account}"',
                'add j.example.test. 60 CAA 0 issue "other.test"')
    for name, bound, refused in (("i", "", "*."), ("j", "*.", "")):
        def caa(*names):
            return records(certwright, bind, *(f"-d{one}{name}.example.test" for one in names))[
                f"{name}.example.test", "caa"]
        assert caa(bound)["present"]
        assert caa(refused)["problem"] and caa(bound, refused)["problem"]
        tag = "issuewild" if refused else "issue"
        assert f" CAA 0 {tag} " in caa(refused)["line"] and f" {tag} " in caa("", "*.")["line"]


def test_a_record_above_counts_as_in_an_issuance(certwright, bind, account):
    bind.update("add _validation-persist.u.example.test. 60 TXT "
                f'"{ISSUERS[0]}; accounturi={account}; policy=wildcard"')
    for words, present in (([], False), (["--preferred-challenges", "dns-persist-01"], True)):
        record = records(certwright, bind, "-d", "a.u.example.test", *words)[
            "a.u.example.test", "dns-persist-01"]
        assert record["present"] == present


@pytest.mark.full
def test_a_ca_that_does_not_say_its_name(start, bind):
    certwright = start.certwright(start.pebble(dns=bind))
    certwright.run("register")
    record = records(certwright, bind, "-d", "p.example.test")["p.example.test", "dns-persist-01"]
    assert record["value"] is None and "does not say its issuer domain name" in record["problem"]
    text = certwright.run("dns-records", "--dns-resolver", bind.resolver, "-d", "p.example.test")
    assert "does not say its issuer domain name" in text.stdout


@pytest.mark.parametrize("args, words", [
    ([], "-d"), (["-d", "a b.test"], "a b.test"), (["-d", "a.test", "--dns-alias", "a.test"],
                                                   "NAME=TARGET"),
    (["-d", "a.test", "--dns-alias", "b.test=c.test"], "does not have the name"),
    (["-d", "a.test", "--dns-alias", "a.test=b.test", "--dns-alias", "a.test=c.test"],
     "two targets")])
def test_bad_input_is_one_sentence(certwright, account, args, words):
    result = certwright.json("dns-records", *args, status=None)
    assert result.status != 0
    assert_failed(result, words)
    assert certwright.run("dns-records", *args, status=result.status).stdout == ""


def test_without_an_account_it_says_how_to_get_one(certwright, bind):
    assert_failed(certwright.json("dns-records", "-d", "a.test", status=1), "account", "register")
    assert certwright.account_files() == []


def test_a_resolver_that_does_not_answer_is_told(certwright, account, start):
    closed = f"127.0.0.1:{start.ports.take()}"
    result = certwright.json("dns-records", "--dns-resolver", closed, "-d", "a.example.test", status=1)
    assert_failed(result, "resolver failed", "--dns-resolver")
