"""--dns-alias: the record is written where an alias leads that the plugin does not see."""

import os

import pytest

from lib.outcome import assert_failed
from lib.tools import read, script

ZONES = {"example.test": [], "other.test": []}


@pytest.fixture(scope="module")
def bind(module_start):
    return module_start.bind(ZONES, recursion=True)


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


@pytest.fixture
def program(tmp_path, bind):
    commands = bind.nsupdate_commands().replace("\n", "\\n")
    return script(tmp_path / "program", f"""
case $1 in present) action="add $2 60" ;; *) action="delete $2" ;; esac
printf '{commands}update %s TXT "%s"\\nsend\\n' "$action" "$3" | nsupdate -v
""")


def obtain(certwright, bind, program, *more, **kwargs):
    """The plugin follows no alias, as if it could not see it."""
    return certwright.run("certonly", "--dns-exec", "--dns-exec-program", program, "--dns-resolver",
                          bind.resolver, "--dns-exec-follow-cname", "no", *more, **kwargs)


def test_the_record_is_written_to_the_target_also_at_renewals(certwright, bind, program):
    bind.update("add _acme-challenge.a.example.test. 60 CNAME a-record.other.test.",
                "add _acme-challenge.b.example.test. 60 CNAME b_record.other.test.")
    obtain(certwright, bind, program, "-d", "a.example.test", "-d", "*.a.example.test", "-d",
           "b.example.test", "-d", "c.example.test", "--dns-alias",
           "A.example.test=a-record.other.test.", "--dns-alias",
           "*.b.example.test=b_record.other.test")
    assert bind.added("a-record.other.test") == 2 and bind.added("b_record.other.test") == 1
    assert bind.added("_acme-challenge.c.example.test") == 1
    ours = read(certwright.renewal_file("a.example.test")).split("[certwright]")[1]
    assert "dns_alias = A.example.test=a-record.other.test." in ours
    certwright.run("renew", "--force-renewal")
    assert bind.challenge_records("other.test") == []


@pytest.mark.parametrize("alias, words", [
    ("a.example.test", ["NAME=TARGET"]),
    ("a b.test=x.test", ["a b.test"]),
    ("a.example.test=", ["is not the name of a record"]),
    ("a.example.test=a..b", ["is not the name of a record"]),
    ("a.example.test=x y.test", ["x y.test"]),
    ("https://a.test=x.test", ["is a URL"]),
    ("b.example.test=x.test", ["does not have the name"]),
])
def test_a_bad_alias_is_one_sentence(certwright, bind, program, alias, words):
    result = obtain(certwright, bind, program, "-d", "a.example.test", "--dns-alias", alias,
                    status=None, json=True)
    assert result.status != 0
    assert_failed(result, *words)
    assert not os.path.exists(certwright.live("a.example.test"))


def test_a_target_in_no_zone_of_ours_is_told_for_the_name(certwright, bind, program):
    result = obtain(certwright, bind, program, "-d", "n.example.test", "--dns-alias",
                    "n.example.test=n.nowhere.test", status=1, json=True)
    assert_failed(result, "n.example.test", "exit status")


def test_a_missing_cname_is_suspected(certwright, bind, program):
    result = obtain(certwright, bind, program, "-d", "m.example.test", "--dns-alias",
                    "m.example.test=m.other.test", status=1, json=True)
    assert_failed(result, '"_acme-challenge.m.example.test" is an alias (CNAME) of "m.other.test"')


@pytest.mark.full
def test_two_targets_are_refused_unless_they_are_one(certwright, bind, program):
    result = obtain(certwright, bind, program, "-d", "t.example.test", "--dns-alias",
                    "t.example.test=a.test", "--dns-alias", "*.t.example.test=b.test",
                    status=None, json=True)
    assert_failed(result, "two targets")
