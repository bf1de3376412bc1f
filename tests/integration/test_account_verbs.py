"""update_account, unregister, show_account, and several accounts side by side."""

import os

import pytest

from lib.outcome import assert_failed
from lib.rogue_ca import Hold, problem
from lib.terminal import on_terminal
from lib.tools import certbot, read, snapshot


def account(result):
    return result.json["account"]


def show(certwright, *args, **options):
    return account(certwright.json("show_account", *args, **options))


def test_the_address_is_changed(certwright, pebble):
    certwright.run("register", "-m", "old@example.com")
    result = certwright.json("update_account", "-m", "new@example.com,more@example.com")
    assert account(result)["contact"] == ["new@example.com", "more@example.com"]
    assert show(certwright)["contact"] == ["new@example.com", "more@example.com"]
    text = certbot(certwright, "show_account", "--server", pebble.directory).stdout
    assert "new@example.com" in text and "old@example.com" not in text


def test_a_strange_address_is_refused(certwright):
    certwright.run("register", "-m", "old@example.com")
    assert_failed(certwright.json("update_account", "-m", "nobody", status=1), "nobody")
    assert show(certwright)["contact"] == ["old@example.com"]


def test_there_must_be_an_account(certwright):
    for verb in ("update_account", "unregister", "show_account"):
        assert_failed(certwright.json(verb, status=1), "account", "register")


def test_another_key(certwright, pebble):
    certwright.certonly("roll.example.test")
    before = show(certwright)
    result = certwright.json("update_account", "--new-key")
    after = account(result)
    assert after["uri"] == before["uri"]
    assert after["thumbprint"] != before["thumbprint"] and after["id"] != before["id"]
    assert len(certwright.account_files()) == 1
    assert f"account = {after['id']}" in read(certwright.renewal_file("roll.example.test"))
    certwright.run("renew", "--force-renewal")
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    certwright.run("revoke", "--cert-name", "roll.example.test")


def test_a_key_that_the_ca_refuses_is_dropped(rogue_certwright, rogue):
    certwright = rogue_certwright
    certwright.certonly("refused.example.test")
    before = snapshot(certwright.config_dir)
    rogue.on("key-change", problem("malformed", "not this key", 400), times=1)
    assert_failed(certwright.json("update_account", "--new-key", status=1), "not this key")
    assert snapshot(certwright.config_dir) == before
    certwright.run("renew", "--force-renewal")


def hold_key_change(certwright, rogue, done):
    """A run that waits for the CA's answer to its new key: (the run, what holds the answer)."""
    hold = rogue.on("key-change", Hold(done))
    running = certwright.start("update_account", "--new-key")
    assert hold.reached.wait(60), running.stderr_so_far()
    assert len(certwright.account_files()) == 2, "the new key was not on disk before it was sent"
    return running, hold


@pytest.mark.parametrize("done", [False, True])
def test_a_change_of_the_key_survives_a_kill(rogue_certwright, rogue, done):
    """Before the CA has changed it, and after it has but before its answer came."""
    certwright = rogue_certwright
    certwright.certonly("kill.example.test")
    old = show(certwright)
    running, hold = hold_key_change(certwright, rogue, done)
    running.kill()
    rogue.hang_up()
    rogue.behave()
    hold.drop()
    certwright.run("renew", "--force-renewal", "--lock-timeout", "10")
    assert len(certwright.account_files()) == 1
    now = show(certwright)
    assert now["uri"] == old["uri"]
    assert (now["id"] != old["id"]) == done
    assert f"account = {now['id']}" in read(certwright.renewal_file("kill.example.test"))
    assert rogue.count("new-account") == 1


def test_a_change_of_the_key_that_is_under_way_is_left_alone(rogue_certwright, rogue):
    """show_account takes no locks. Of the two keys the CA does not know the new one yet."""
    certwright = rogue_certwright
    certwright.certonly("busy.example.test")
    old = show(certwright)
    running, hold = hold_key_change(certwright, rogue, False)
    assert_failed(certwright.json("show_account", status=2), "2 accounts")
    assert account(certwright.json("show_account", "--account", old["id"])) == old
    assert len(certwright.account_files()) == 2
    rogue.behave()
    hold.release()
    assert running.finish().status == 0
    assert show(certwright)["uri"] == old["uri"] and show(certwright)["id"] != old["id"]


def test_unregister(certwright, pebble):
    certwright.certonly("un.example.test")
    result = certwright.json("unregister")
    assert account(result)["status"] == "deactivated"
    assert certwright.account_files() == []
    assert_failed(certwright.json("show_account", status=1), "account")
    # The certificate stays; renewing it says what is missing.
    assert certwright.lineages() == ["un.example.test"]
    result = certwright.json("renew", "--force-renewal", status=1)
    assert_failed(result, "account")


def test_certbots_account_is_unregistered(certwright, pebble):
    certbot(certwright, "register", "--agree-tos", "--register-unsafely-without-email",
            "--server", pebble.directory)
    certwright.run("unregister")
    assert certwright.account_files() == []
    done = certbot(certwright, "show_account", "--server", pebble.directory, status=None)
    assert "Could not find an existing account" in done.stdout + done.stderr


@pytest.mark.parametrize("answer, status, left", [("y", 0, 0), ("n", 1, 1)])
def test_the_user_is_asked_before_an_account_goes(certwright, answer, status, left):
    certwright.run("register", "-m", "a@example.com")
    terminal = on_terminal(certwright, "unregister")
    terminal.answer("Deactivate the account.*", answer)
    terminal.finish(status)
    assert len(certwright.account_files()) == left


def test_accounts_at_several_servers(certwright, start, pebble):
    other = start.pebble()
    certwright.run("register", "-m", "here@example.com")
    other_certwright = certwright
    env = {"SSL_CERT_FILE": other.ca_path}
    certwright.run("register", "-m", "there@example.com", server=other.directory, env=env)
    assert show(certwright)["contact"] == ["here@example.com"]
    assert show(other_certwright, server=other.directory,
                env=env)["contact"] == ["there@example.com"]
    assert len(certwright.account_files()) == 2


def test_several_accounts_at_one_server(certwright, start, pebble):
    """As Certbot makes them in two directories that were then put together."""
    certwright.run("register", "-m", "one@example.com")
    second = start.certwright(pebble, "second")
    second.run("register", "-m", "two@example.com")
    one, two = certwright.take_account_of(second)
    result = certwright.json("show_account", status=2)
    assert_failed(result, "--account")
    for account_id, address in ((one, "one"), (two, "two")):
        assert show(certwright, "--account", account_id[:12])["contact"] == [
            f"{address}@example.com"]
    certwright.certonly("acc.example.test", args=["--account", two])
    assert f"account = {two}" in read(certwright.renewal_file("acc.example.test"))
    certwright.run("renew", "--force-renewal")
    certwright.run("update_account", "--account", two, "-m", "three@example.com")
    assert show(certwright, "--account", two)["contact"] == ["three@example.com"]
    certwright.run("update_account", "--account", two, "--new-key")
    certwright.run("renew", "--force-renewal")
    ids = {os.path.basename(os.path.dirname(path)) for path in certwright.account_files()}
    assert len(ids) == 2 and one in ids and two not in ids
    assert show(certwright, "--account", one)["contact"] == ["one@example.com"]
