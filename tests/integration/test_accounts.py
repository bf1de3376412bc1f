"""Accounts: made once, found again, bound to external accounts."""

import json
import os

import pytest

from lib.outcome import assert_failed, problem_types
from lib.pebble import EAB_KEYS
from lib.tools import command, jwk, read, snapshot


def account_folder(certwright):
    [path] = certwright.account_files()
    return os.path.dirname(path)


@pytest.fixture(scope="module")
def eab_pebble(module_start):
    """Registers only accounts that are bound to one of EAB_KEYS."""
    return module_start.pebble(eab=True)


def test_register_writes_the_three_files(certwright, pebble):
    result = certwright.json("register")
    folder = account_folder(certwright)
    assert folder.startswith(
        os.path.join(certwright.config_dir, "accounts", f"localhost:{pebble.port}", "dir"))
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert os.stat(os.path.join(folder, "private_key.json")).st_mode & 0o777 == 0o400
    registration = json.loads(read(os.path.join(folder, "regr.json")))
    assert registration["uri"].startswith(f"https://localhost:{pebble.port}/my-account/")
    assert {"creation_dt", "creation_host"} <= set(json.loads(
        read(os.path.join(folder, "meta.json"))))
    account = result.json["account"]
    assert account["id"] == os.path.basename(folder)
    assert account["uri"] == registration["uri"]
    assert account["created"] is True


def test_an_account_is_made_once(certwright, pebble):
    certwright.certonly("once1.example.test")
    made = pebble.requests("POST", "/sign-me-up")
    certwright.certonly("once2.example.test")
    assert pebble.requests("POST", "/sign-me-up") == made
    assert len(certwright.account_files()) == 1


def test_registering_again_finds_the_account(certwright):
    uri = certwright.json("register").json["account"]["uri"]
    result = certwright.json("register", status=None)
    assert len(certwright.account_files()) == 1
    if result.status == 0:
        assert result.json["account"]["uri"] == uri
    else:
        assert_failed(result, "account")


def test_terms_must_be_agreed_to(certwright):
    argv = [a for a in certwright.arguments("register") if a != "--agree-tos"]
    result = certwright.run(*argv[1:], defaults=False, status=None)
    assert result.status in (1, 2)
    assert "--agree-tos" in result.output
    assert certwright.account_files() == []


def test_show_account(certwright, pebble):
    certwright.run("register", "-m", "admin@example.com,ops@example.com", "--no-eff-email")
    result = certwright.json("show_account")
    account = result.json["account"]
    assert account["uri"].startswith(f"https://localhost:{pebble.port}/my-account/")
    assert account["contact"] == ["admin@example.com", "ops@example.com"]
    text = certwright.run("show_account").stdout
    assert "Email contacts: admin@example.com, ops@example.com\n" in text
    assert account["status"] == "valid"
    assert len(account["thumbprint"]) == 43
    assert account["uri"] in certwright.run("show_account").stdout


def test_show_account_without_one_says_how_to_get_one(certwright):
    assert_failed(certwright.json("show_account", status=1), "account", "register")


def test_an_unreadable_contact_is_refused(certwright):
    result = certwright.json("register", "-m", "not an address", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "not an address")
    assert certwright.account_files() == []


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("kid", sorted(EAB_KEYS))
def test_external_account_binding(start, eab_pebble, kid, algorithm):
    certwright = start.certwright(eab_pebble)
    result = certwright.json("register", "--eab-kid", kid, "--eab-hmac-key", EAB_KEYS[kid],
                             "--eab-hmac-alg", algorithm)
    assert result.json["account"]["status"] == "valid"
    assert EAB_KEYS[kid] not in certwright.log_text() + result.output


def test_a_certificate_with_external_account_binding(start, eab_pebble):
    certwright = start.certwright(eab_pebble)
    certwright.certonly("eab.example.test", args=["--eab-kid", "kid-1", "--eab-hmac-key",
                                                  EAB_KEYS["kid-1"]])
    # Only the registration needs the binding.
    certwright.certonly("eab2.example.test")


def test_a_missing_binding_is_asked_for(start, eab_pebble):
    certwright = start.certwright(eab_pebble)
    result = certwright.certonly("none.example.test", status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, "--eab-kid")
    assert certwright.account_files() == []


@pytest.mark.parametrize("kid, key", [("kid-1", EAB_KEYS["kid-2"]), ("kid-9", EAB_KEYS["kid-1"])])
def test_a_wrong_binding_is_refused_with_the_words_of_the_ca(start, eab_pebble, kid, key):
    certwright = start.certwright(eab_pebble)
    result = certwright.json("register", "--eab-kid", kid, "--eab-hmac-key", key, status=1)
    assert_failed(result, "account")
    assert problem_types(result.json)
    assert key not in certwright.log_text() + result.output
    assert certwright.account_files() == []


def test_a_key_that_is_no_base64url_is_refused_before_the_ca_is_asked(start, eab_pebble):
    certwright = start.certwright(eab_pebble)
    made = eab_pebble.requests("POST", "/sign-me-up")
    result = certwright.json("register", "--eab-kid", "kid-1", "--eab-hmac-key", "!!", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "external account", "base64url")
    assert eab_pebble.requests("POST", "/sign-me-up") == made


@pytest.mark.sample(2)
@pytest.mark.parametrize("key_type", ["ec256", "ec384", "rsa2048", "rsa4096"])
def test_accounts_with_keys_of_each_kind_are_used(certwright, pebble, tmp_path, key_type):
    """lego makes the account; its key and URL are put where Certbot would have put them."""
    command("lego", "--accept-tos", "--email", "admin@example.com", "--server", pebble.directory,
            "--path", tmp_path / "lego", "--key-type", key_type, "--http", "--http.port",
            f":{pebble.http_port}", "-d", f"{key_type}.example.test", "run",
            env={"LEGO_CA_CERTIFICATES": pebble.ca_path})
    [made] = (tmp_path / "lego" / "accounts").glob("*/admin@example.com")
    identity, key = jwk(read(made / "keys" / "admin@example.com.key", "rb"))
    uri = json.loads(read(made / "account.json"))["registration"]["uri"]
    folder = os.path.join(certwright.config_dir, "accounts", f"localhost:{pebble.port}", "dir",
                          identity)
    os.makedirs(folder, mode=0o700)
    for name, document in (("private_key.json", key), ("regr.json", {"body": {}, "uri": uri}),
                           ("meta.json", {"creation_dt": "2024-01-02T03:04:05Z",
                                          "creation_host": "elsewhere"})):
        with open(os.path.join(folder, name), "w", encoding="ascii") as stream:
            json.dump(document, stream)
    assert certwright.json("show_account").json["account"]["uri"] == uri
    registered = pebble.requests("POST", "/sign-me-up")
    certwright.certonly("elsewhere.example.test")
    assert pebble.requests("POST", "/sign-me-up") == registered


def test_an_account_that_the_ca_forgot_is_named(start):
    first = start.pebble()
    certwright = start.certwright(first)
    certwright.certonly("forgot.example.test")
    before = snapshot(certwright.config_dir)
    # Pebble forgets everything when it is started anew; the same address needs the same port.
    port, management = first.port, first.management_port
    first.server.stop()
    first._ports = type("Same", (), {"take": staticmethod(iter([port, management]).__next__)})
    first.server = first._start()
    result = certwright.certonly("forgot.example.test", args=["--force-renewal"], status=None,
                                 json=True)
    if result.status == 0:
        assert result.certificates["forgot.example.test"]["action"] == "renewed"
    else:
        assert_failed(result, "account")
        assert snapshot(certwright.config_dir) == before


@pytest.mark.parametrize("damage", ["", "{", '{"kty": "EC"}', "null", "\x00\xff"])
def test_a_corrupt_account_key_is_named_and_left_alone(certwright, damage):
    certwright.run("register")
    [path] = certwright.account_files()
    os.chmod(path, 0o600)
    with open(path, "w", encoding="latin-1") as stream:
        stream.write(damage)
    before = snapshot(certwright.config_dir)
    result = certwright.certonly("corrupt.example.test", status=1, json=True)
    assert_failed(result, "private_key.json")
    assert snapshot(certwright.config_dir) == before


@pytest.mark.parametrize("name", ["regr.json", "meta.json"])
def test_a_corrupt_account_file_is_named_and_left_alone(certwright, name):
    certwright.run("register")
    path = os.path.join(account_folder(certwright), name)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write('{"uri": ')
    before = snapshot(certwright.config_dir)
    result = certwright.certonly("corrupt.example.test", status=1, json=True)
    assert_failed(result, name)
    assert snapshot(certwright.config_dir) == before
