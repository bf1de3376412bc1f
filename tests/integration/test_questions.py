"""Questions on a terminal that have no other place, and the errors that take their place with -n.

Those of deciding are in test_deciding.py; of install, revoke, delete, unregister and manual, in theirs.
"""

import os

import pytest

from lib.account import challenge_again
from lib.outcome import assert_failed
from lib.terminal import on_terminal
from lib.tools import read, snapshot

NAME = "asked.example.test"
UNASKED = ["--agree-tos", "--register-unsafely-without-email"]


def ask(certwright, verb, *args):
    """As on_terminal(), without the options that answer about an account."""
    argv = certwright.arguments

    def without(*words, **options):
        return [word for word in argv(*words, **options) if word not in UNASKED]
    certwright.arguments = without
    try:
        return on_terminal(certwright, verb, *args)
    finally:
        certwright.arguments = argv


def contact(certwright, *args):
    return certwright.json("show_account", *args).json["account"]["contact"]


def test_the_address_and_the_terms_are_asked_for(certwright):
    terminal = ask(certwright, "certonly", "--standalone", "-d", NAME)
    terminal.answer("E-mail address.*: ", "me@example.com")
    terminal.answer("terms of service at .*agree", "y")
    terminal.finish()
    assert contact(certwright) == ["me@example.com"]
    assert certwright.lineages() == [NAME]


def test_a_mistyped_answer_is_asked_again(certwright):
    for name in (NAME, "other.example.test"):
        certwright.certonly(name)
    terminal = on_terminal(certwright, "delete")
    terminal.answer("Which certificates.*: ", "3")
    for word in ("0", "1,3", "one", "-1"):
        terminal.answer("enter numbers.*: ", word)
    terminal.answer("enter numbers.*: ", "1")
    for word in ("maybe", "1", "yess"):
        terminal.answer(r"\(y\)es/\[N\]o", word)
        terminal.expect("Please answer yes or no")
    terminal.answer(r"\(y\)es/\[N\]o", "YES")
    terminal.finish()
    assert certwright.lineages() == ["other.example.test"]


def test_a_mistyped_number_is_asked_again(certwright):
    for name in (NAME, "other.example.test"):
        certwright.certonly(name)
    terminal = on_terminal(certwright, "reconfigure", "--key-type", "rsa")
    for word in ("3", "0", "x", ""):
        terminal.answer("Number, or c to cancel: ", word)
        terminal.expect("enter a number from 1 to 2")
    terminal.answer("Number, or c to cancel: ", "c")
    terminal.finish(1)


def test_a_mistyped_address_is_asked_again(certwright):
    terminal = ask(certwright, "register")
    for wrong in ("me.example.com", "me@", "ok@example.com, you at example"):
        terminal.answer("E-mail address.*: ", wrong)
    terminal.answer("e-mail address.*E-mail address.*: ", "me@example.com")
    terminal.answer("agree", "y")
    terminal.finish()
    assert contact(certwright) == ["me@example.com"]


@pytest.mark.parametrize("answer, status, left", [("", 1, ["old@example.com"]),
                                                  ("n", 1, ["old@example.com"]), ("y", 0, [])])
def test_removing_the_address_is_asked_about(certwright, answer, status, left):
    certwright.run("register", "-m", "old@example.com")
    terminal = ask(certwright, "update_account")
    terminal.answer("E-mail address.*: ", "")
    terminal.answer("Remove old@example.com .*y.es/.N.o", answer)
    terminal.finish(status)
    assert contact(certwright) == left


def test_enter_keeps_the_account(certwright):
    certwright.run("register")
    terminal = on_terminal(certwright, "unregister")
    terminal.answer("Deactivate the account .*key.*y.es/.N.o", "")
    terminal.finish(1)
    assert len(certwright.account_files()) == 1


def test_a_mistyped_webroot_is_asked_again(certwright, start, pebble, tmp_path):
    start.web(pebble.http_port, lambda host: str(tmp_path))
    terminal = on_terminal(certwright, "certonly", "--webroot", "-d", NAME)
    terminal.answer("webroot of .*: ", str(tmp_path / "none"))
    terminal.answer("There is no folder .*webroot of .*: ", str(tmp_path))
    terminal.finish()
    assert certwright.lineages() == [NAME]


def test_an_address_can_be_left_out(certwright):
    terminal = ask(certwright, "register")
    terminal.answer("E-mail address.*: ", "")
    terminal.answer("agree", "y")
    terminal.finish()
    assert contact(certwright) == []


def test_whoever_does_not_agree_gets_no_account(certwright):
    terminal = ask(certwright, "certonly", "--standalone", "-d", NAME, "-m", "me@example.com")
    terminal.answer("agree", "n")
    assert "did not agree" in terminal.finish(1)
    assert certwright.account_files() == [] and certwright.lineages() == []


def test_the_new_address_is_asked_for(certwright):
    certwright.run("register", "-m", "old@example.com")
    terminal = ask(certwright, "update_account")
    terminal.answer("E-mail address.*: ", "new@example.com")
    terminal.finish()
    assert contact(certwright) == ["new@example.com"]


@pytest.fixture
def two_accounts(certwright, start, pebble):
    """Their ids."""
    certwright.run("register", "-m", "one@example.com")
    second = start.certwright(pebble, "second")
    second.run("register", "-m", "two@example.com")
    return certwright.take_account_of(second)


def test_the_account_is_asked_for(certwright, two_accounts):
    terminal = on_terminal(certwright, "certonly", "--standalone", "-d", NAME)
    listed = terminal.expect("Which account(.*)Number, or c to cancel").group(1)
    [number] = [line.split(":")[0].strip() for line in listed.splitlines()
                if two_accounts[1] in line]
    terminal.type(number)
    terminal.finish()
    assert f"account = {two_accounts[1]}\n" in read(certwright.renewal_file(NAME))


def test_the_webroot_of_each_name_is_asked_for_and_kept(certwright, start, pebble, tmp_path):
    names = [NAME, "www." + NAME]
    roots = {name: str(tmp_path / name) for name in names}
    for root in roots.values():
        os.mkdir(root)
    start.web(pebble.http_port, lambda host: roots[host.split(":")[0]])
    terminal = on_terminal(certwright, "certonly", "--webroot", "-d", ",".join(names))
    for _ in names:
        asked = terminal.expect(r"webroot of (\S+?):? ").group(1)
        terminal.type(roots[asked])
    terminal.finish()
    text = read(certwright.renewal_file(NAME))
    for name in names:
        assert f"{name} = {roots[name]}\n" in text
    certwright.run("renew", "--force-renewal")


def test_renew_asks_nothing(certwright, start, pebble, tmp_path):
    """Not even on a terminal, and although it needs an answer."""
    start.web(pebble.http_port, lambda host: str(tmp_path))
    certwright.run("certonly", "--webroot", "-w", tmp_path, "-d", NAME)
    path = certwright.renewal_file(NAME)
    text = read(path).split("webroot_path")[0]
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    challenge_again(certwright)
    terminal = on_terminal(certwright, "renew", "--force-renewal")
    told = terminal.finish(1)
    assert f'there is no webroot for "{NAME}"' in told and "-w FOLDER" in told


# What is not said, and the options that would say it.
UNSAID = [
    (["certonly", "--standalone", "-d", NAME, "-m", "a@example.com"], ["--agree-tos"]),
    (["certonly", "--standalone", "-d", NAME, "--agree-tos"],
     ["--email", "--register-unsafely-without-email"]),
    (["register", "--agree-tos"], ["--email", "--register-unsafely-without-email"]),
    (["certonly", "-d", NAME], ["--webroot", "--standalone"]),
    (["certonly", "--standalone"], ["-d"]),
    (["run", "-a", "standalone", "-d", NAME], ["-i"]),
    (["certonly", "--webroot", "-d", NAME, *UNASKED], ["-w"]),
    (["certonly", "--manual", "-d", NAME, *UNASKED], ["--manual-auth-hook"]),
    (["delete"], ["--cert-name"]),
    (["revoke"], ["--cert-name"]),
    (["reconfigure"], ["--cert-name"]),
    (["install", "-i", "null"], ["--cert-name"]),
    (["enhance", "-i", "null", "--hsts"], ["--cert-name"]),
    (["enhance", "-i", "null", "--cert-name", "there"], ["--hsts", "--redirect"]),
    (["update_account"], ["--email", "--register-unsafely-without-email"]),
]


@pytest.mark.parametrize("argv, options", UNSAID, ids=lambda value: "-".join(value)[:40])
def test_without_anybody_to_ask_the_option_is_named(certwright, pebble, argv, options):
    # Whoever has no account yet is the one that is asked about it.
    if argv[0] not in ("certonly", "register"):
        certwright.certonly("there.example.test", args=["--cert-name", "there"])
    before = snapshot(certwright.config_dir, leave_out=("accounts", "renewal-hooks"))
    result = certwright.json(argv[0], *argv[1:], *certwright.directories(), "--server",
                             pebble.directory, "-n", defaults=False, status=None)
    assert result.status in (1, 2)
    assert_failed(result, *options)
    assert snapshot(certwright.config_dir, leave_out=("accounts", "renewal-hooks")) == before
