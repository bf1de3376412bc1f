"""docs/from-certbot.md is true: what it says, and the tests that it names."""

import json
import os
import re

import pytest

from lib.certwright import top_folder
from lib.other_clients import AcmeSh
from lib.tools import certbot, read, script, serial_of, snapshot

# Of Certbot 5.6.
CERTBOTS_VERBS = {"run", "certonly", "renew", "certificates", "delete", "revoke", "reconfigure",
                  "register", "update_account", "unregister", "show_account", "install", "enhance",
                  "rollback", "plugins", "help"}


@pytest.fixture(name="page", scope="module")
def fixture_page():
    return read(os.path.join(top_folder(), "docs", "from-certbot.md"))


def test_every_test_that_the_page_names_is_there(page):
    named = set(re.findall(r"`(test_\w+)`", page))
    folder = os.path.dirname(__file__)
    there = "".join(read(os.path.join(folder, name)) for name in os.listdir(folder)
                    if name.startswith("test_"))
    assert len(named) > 25
    assert [n for n in sorted(named) if f"def {n}(" not in there] == []


def test_verbs_that_certbot_lacks(certwright, page):
    text = certwright.run("help", "--json", defaults=False).json["help"]
    [table] = re.findall(r"^Verbs:\n(.*?)\n\n", text, re.M | re.S)
    verbs = set(re.findall(r"^  ([a-z_-]+)(?:, [a-z]+)?  ", table, re.M))
    assert CERTBOTS_VERBS <= verbs
    for verb in verbs - CERTBOTS_VERBS:
        assert f"`{verb}`" in page


def test_options_without_effect_are_documented(certwright, page):
    text = certwright.run("help", "all", "--json", defaults=False).json["help"]
    found = re.findall(r"^  (--[a-z-]+)[^\n]*\n? {8,}(?:Does nothing|Has no effect)", text, re.M)
    assert "--eff-email" in found and "--no-bootstrap" in found
    assert [option for option in found if f"`{option}`" not in page] == []


def test_new_accounts_have_ec_keys(certwright):
    certwright.run("register")
    [path] = certwright.account_files()
    assert json.loads(read(path))["crv"] == "P-256"


def test_the_way_back(certwright, start, pebble, tmp_path):
    """Certbot renews what certwright has obtained, and what it has imported, without a new
    account."""
    origin = start.certwright(pebble, "origin")
    origin.certonly("imported.test")
    client = AcmeSh(tmp_path / "acme.sh", pebble, tmp_path / "root", origin, "imported.test")
    client.make({"Le_Webroot": "no"})
    certwright.run("import", "--from", "acme.sh", client.path)
    [imported] = certwright.account_files()
    certwright.certonly("obtained.test")
    before = {n: serial_of(certwright.live(n)) for n in ("imported.test", "obtained.test")}
    asked = pebble.requests("POST", "/sign-me-up")
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    for name, serial in before.items():
        assert serial_of(certwright.live(name)) != serial
    assert pebble.requests("POST", "/sign-me-up") == asked
    assert certwright.account_files() == [imported]


def test_certbot_leaves_what_it_has_no_plugin_for(certwright, pebble, tmp_path):
    url = f"http://127.0.0.1:{pebble.dns.management_port}/set-txt"
    program = script(str(tmp_path / "program"),
                     f'exec curl -s -d "{{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}}" {url}\n')
    certwright.run("certonly", "-a", "dns-exec", "--dns-exec-program", program,
                   "--dns-exec-propagation-seconds", "0", "-d", "dns.example.test")
    before = snapshot(certwright.config_dir)
    done = certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew", status=1)
    # Certbot 2, and Certbot 4.
    assert "dns.example.test.conf (parsefail)" in done.stdout or \
        "live/dns.example.test/fullchain.pem (failure)" in done.stderr
    assert snapshot(certwright.config_dir) == before
