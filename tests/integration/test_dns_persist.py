"""dns-persist-01 and dns-account-01, with a CA that looks for the records in a real BIND."""

import os
import re
import time

import pytest

from lib.dns_ca import ISSUERS, account_label
from lib.outcome import assert_failed, identifiers
from lib.plugins import without_plugin
from lib.rogue_ca import Hold
from lib.terminal import on_terminal
from lib.tools import certbot, names_of, read, script

ZONES = {"example.test": []}
PERSIST = ["--preferred-challenges", "dns-persist-01"]


@pytest.fixture(scope="module")
def ca(module_start, bind):
    return module_start.dns_ca(bind)


@pytest.fixture(autouse=True)
def offers(ca):
    ca.offers = ["dns-01", "dns-account-01", "dns-persist-01"]
    ca.wildcard_offer = "dns-01"
    ca.blind = set()
    ca.account = None


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


def account_of(certwright):
    verb = "show_account" if certwright.account_files() else "register"
    return certwright.json(verb).json["account"]["uri"]


def add(bind, name, text):
    bind.update(f'add _validation-persist.{name}. 60 TXT "{text}"')


class Program:
    """A program for lego's exec provider. calls: what it was called with."""

    def __init__(self, folder, bind):
        self.log = os.path.join(folder, "calls")
        commands = bind.nsupdate_commands().replace("\n", "\\n")
        self.path = script(os.path.join(folder, "program"), f"""
printf '%s %s %s\\n' "$1" "$2" "$3" >> {self.log}
case $1 in present) action="add $2 60" ;; *) action="delete $2" ;; esac
printf '{commands}update %s TXT "%s"\\nsend\\n' "$action" "$3" | nsupdate -v
""")

    def calls(self):
        return [line.split(" ", 2) for line in read(self.log).splitlines()] \
            if os.path.exists(self.log) else []


@pytest.fixture
def program(tmp_path, bind):
    return Program(str(tmp_path / "program"), bind)


def obtain(certwright, bind, *names, more=(), **kwargs):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", "--dns-resolver", bind.resolver, *more, *domains, **kwargs)


def with_program(program):
    return ["--dns-exec", "--dns-exec-program", program.path]


def test_a_record_that_is_there_is_chosen_by_itself(certwright, bind, ca, program):
    add(bind, "there.example.test",
        f"{ISSUERS[1]}; accounturi={account_of(certwright)}; persistUntil={int(time.time()) + 900}")
    obtain(certwright, bind, "there.example.test", "not.example.test", more=with_program(program))
    assert {call[1] for call in program.calls()} == {"_acme-challenge.not.example.test."}
    assert names_of(certwright.live("there.example.test", "cert")) \
        == ["not.example.test", "there.example.test"]
    assert ca.texts("_validation-persist.there.example.test") != []


def test_it_is_not_chosen_against_the_users_preference(certwright, bind, program):
    add(bind, "other.example.test", f"{ISSUERS[0]}; accounturi={account_of(certwright)}")
    obtain(certwright, bind, "other.example.test",
           more=[*with_program(program), "--preferred-challenges", "dns"])
    assert {call[1] for call in program.calls()} == {"_acme-challenge.other.example.test."}


def test_a_plugin_makes_the_record_once_and_leaves_it(certwright, bind, ca, program):
    ca.wildcard_offer = "dns-persist-01"
    names = ["*.made.example.test", "made.example.test"]
    obtain(certwright, bind, *names, more=[*with_program(program), *PERSIST])
    account = account_of(certwright)
    record = "_validation-persist.made.example.test"
    text = f"{ISSUERS[0]}; accounturi={account}; policy=wildcard"
    assert program.calls() == [["present", f"{record}.", text]]
    certwright.run("renew", "--force-renewal")
    assert len(program.calls()) == 1 and ca.texts(record) == [text]
    assert names_of(certwright.live("made.example.test", "cert")) == names


def test_the_account_in_a_record_is_our_own_whatever_is_said(certwright, bind, ca, program):
    """And a record for another account stays beside it."""
    ca.account = "https://elsewhere.test/1"
    other = f"{ISSUERS[0]}; accounturi={ca.account}"
    add(bind, "ours.example.test", other)
    obtain(certwright, bind, "ours.example.test", more=[*with_program(program), *PERSIST])
    assert sorted(ca.texts("_validation-persist.ours.example.test")) == sorted(
        [other, f"{ISSUERS[0]}; accounturi={account_of(certwright)}"])


@pytest.mark.parametrize("plugin", ["dns-rfc2136", pytest.param("certbot", marks=pytest.mark.full)])
def test_other_dns_plugins_make_it_too(certwright, bind, ca, tmp_path, plugin):
    name = f"{plugin}.example.test"
    more = ["--dns-rfc2136", "--dns-rfc2136-credentials",
            bind.credentials(tmp_path / "credentials")]
    env = without_plugin("dns-rfc2136", tmp_path / "plugins") if plugin == "certbot" else {}
    obtain(certwright, bind, name, more=[*more, *PERSIST], env=env)
    assert ca.texts(f"_validation-persist.{name}") == \
        [f"{ISSUERS[0]}; accounturi={account_of(certwright)}"]
    assert bind.added(f"_validation-persist.{name}") == 1


def test_no_plugin_is_needed_where_the_record_is(certwright, bind):
    """The administrator made it once; Certbot still understands the renewal file."""
    add(bind, "hand.example.test", f"{ISSUERS[0]}; accounturi={account_of(certwright)}")
    obtain(certwright, bind, "hand.example.test", more=PERSIST)
    certwright.run("renew", "--force-renewal")
    kept = read(certwright.renewal_file("hand.example.test"))
    params, ours = kept.split("[certwright]")
    assert "pref_challs" not in params and "pref_challs = dns-persist-01," in ours
    assert "hand.example.test" in certbot(certwright, "certificates").stdout


def test_a_person_makes_it_once(certwright, bind):
    """With the instructions of manual; nothing has to be done at renewals, without a terminal."""
    run = on_terminal(certwright, "certonly", "--dns-resolver", bind.resolver, *PERSIST, "-d",
                      "person.example.test")
    found = run.expect(r"name:\s+_validation-persist\.person\.example\.test\.\s+value:\s+([^\n]+)")
    add(bind, "person.example.test", found.group(1))
    run.expect("renewals need them")
    run.type("")
    run.finish()
    certwright.run("renew", "--force-renewal")


def test_a_record_above_is_for_the_names_below(certwright, bind):
    add(bind, "below.example.test",
        f"{ISSUERS[0]}; policy=WILDCARD; accounturi={account_of(certwright)}")
    obtain(certwright, bind, "a.b.below.example.test", more=PERSIST)


BAD = {
    "none": (None, 'there is no record "_validation-persist.NAME"'),
    "another account": ("ca.test; accounturi=https://elsewhere.test/1",
                        'is for another account, "https://elsewhere.test/1"'),
    "expired": ("ca.test; accounturi=ACCOUNT; policy=wildcard; persistUntil=1000000000",
                "expired at 2001-09-09T01:46:40Z"),
    "no policy": ("ca.test; accounturi=ACCOUNT", 'does not have "policy=wildcard"'),
    "malformed": ("ca.test; accounturi=ACCOUNT; accounturi=ACCOUNT", "is malformed"),
    "another CA": ("elsewhere.test; accounturi=ACCOUNT", 'is for another CA, "elsewhere.test"'),
}


EVERY_DAY = ["none", "another account", "no policy"]


@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=[] if kind in EVERY_DAY else [pytest.mark.full]) for kind in BAD])
def test_a_bad_record_is_one_sentence_for_its_name(certwright, bind, ca, program, kind):
    ca.wildcard_offer = "dns-persist-01"
    text, words = BAD[kind]
    account = account_of(certwright)
    name = f"{kind.replace(' ', '-')}.example.test".lower()
    if text:
        add(bind, name, text.replace("ACCOUNT", account))
    result = obtain(certwright, bind, f"*.{name}", "good.example.test", status=1, json=True,
                    more=["-a", "dns-exec", "--dns-exec-program", program.path, "-a", "manual",
                          "-d", f"*.{name}", "-a", "dns-exec", "--preferred-challenges",
                          "dns-persist-01,dns-01"])
    assert_failed(result, words.replace("NAME", name),
                  f'add a TXT record "{ISSUERS[0]}; accounturi={account}; policy=wildcard"')
    assert identifiers(result.json) == {name}
    assert program.calls() == [] and bind.challenge_records("example.test").count(
        "_acme-challenge.good.example.test") == 0


def test_a_bad_record_is_no_harm_where_it_is_not_asked_for(certwright, bind, program):
    add(bind, "old.example.test", f"ca.test; accounturi={account_of(certwright)}; persistUntil=1")
    obtain(certwright, bind, "old.example.test", more=with_program(program))
    assert [call[0] for call in program.calls()] == ["present", "cleanup"]


def test_the_others_are_cleaned_up_if_the_ca_sees_no_record(certwright, bind, ca, program):
    add(bind, "hidden.example.test", f"ca.test; accounturi={account_of(certwright)}")
    ca.blind = {"_validation-persist.hidden.example.test"}
    result = obtain(certwright, bind, "hidden.example.test", "shown.example.test", status=1,
                    json=True, more=with_program(program))
    assert_failed(result, "no record for dns-persist-01 of hidden.example.test")
    assert identifiers(result.json) == {"hidden.example.test"}
    assert bind.texts("_acme-challenge.shown.example.test") == []
    assert [call[0] for call in program.calls()] == ["present", "cleanup"]


@pytest.mark.full
def test_a_resolver_that_is_down_is_told_and_is_no_harm_to_others(certwright, ca, start, program):
    closed = f"127.0.0.1:{start.ports.take()}"
    result = certwright.run("certonly", *PERSIST, "--dns-resolver", closed, "-d",
                            "down.example.test", status=1, json=True)
    assert_failed(result, 'cannot look up the record "_validation-persist.down.example.test"')
    certwright.run("certonly", *with_program(program), "--dns-exec-propagation-seconds", "0",
                   "--dns-resolver", closed, "-d", "down.example.test")


@pytest.mark.full
def test_a_plugin_that_fails_to_make_the_record(certwright, bind, ca, tmp_path):
    ca.wildcard_offer = "dns-persist-01"
    program = script(tmp_path / "refuses", "echo 'no such zone' >&2; exit 1\n")
    result = obtain(certwright, bind, "f.example.test", "*.f.example.test", status=1, json=True,
                    more=["--dns-exec", "--dns-exec-program", program, *PERSIST])
    assert_failed(result, "no such zone")
    assert identifiers(result.json) == {"f.example.test"}


@pytest.mark.parametrize("style", ["certbot", *(pytest.param(style, marks=pytest.mark.full)
                                                for style in ("dehydrated", "lego-raw"))])
def test_a_style_that_cannot_name_the_record(certwright, bind, program, style):
    result = obtain(certwright, bind, "s.example.test", status=1, json=True,
                    more=[*with_program(program), "--dns-exec-style", style, *PERSIST])
    assert_failed(result, 'there is no record "_validation-persist.s.example.test"')
    assert program.calls() == []


def test_dns_account_01_has_a_record_of_the_account(certwright, bind, ca, program):
    ca.offers, ca.wildcard_offer = ["dns-account-01"], "dns-account-01"
    names = ["*.acc.example.test", "acc.example.test"]
    # The alias is that of dns-01.
    obtain(certwright, bind, *names, more=[*with_program(program), "--dns-alias",
                                           "acc.example.test=alias.example.test"])
    label = account_label(account_of(certwright))
    assert re.fullmatch("_[a-z2-7]{16}", label)
    calls = program.calls()
    assert {call[1] for call in calls} == {f"{label}._acme-challenge.acc.example.test."}
    assert sorted(call[0] for call in calls) == ["cleanup", "cleanup", "present", "present"]
    assert not [name for name in bind.challenge_records("example.test") if label in name]


@pytest.mark.parametrize("types, used", [("dns-account-01", True), ("dns-01", False)])
def test_the_preference_decides_between_the_records(certwright, bind, program, types, used):
    obtain(certwright, bind, f"p-{types}.example.test",
           more=[*with_program(program), "--preferred-challenges", types])
    assert all(("._acme-challenge." in call[1]) == used for call in program.calls())


@pytest.mark.full
def test_a_run_that_was_killed_leaves_the_persistent_record(certwright, bind, ca, program):
    """What the next run removes is the other one."""
    hold = ca.on("challenge", Hold(), times=1)
    ca.offers = ["dns-persist-01"]
    run = certwright.start("certonly", *with_program(program), *PERSIST, "--dns-resolver",
                           bind.resolver, "-d", "k.example.test")
    assert hold.reached.wait(60)
    run.kill()
    hold.drop()
    ca.behave()
    certwright.run("renew")
    assert len(ca.texts("_validation-persist.k.example.test")) == 1


@pytest.mark.parametrize("preferred", ["dns-persist-01", "http-01"])
def test_preferences_that_exclude_all_are_blamed(certwright, preferred):
    result = certwright.json("certonly", "-a", "manual", "--manual-auth-hook", "true",
                             "--preferred-challenges", preferred, "-d", "*.x.example.test",
                             status=1)
    assert_failed(result, f"--preferred-challenges {preferred} excludes it", "dns-01")
