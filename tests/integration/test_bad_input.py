"""Bad input: one sentence that says what, where and what to do; exit status 1, or 2 for usage; every
existing file untouched."""

import os

import pytest

from lib.certwright import read_only
from lib.outcome import assert_failed, assert_person_can_read, identifiers, problem_types
from lib.rogue_ca import problem
from lib.tools import snapshot


def usage(certwright, *argv, words=()):
    """A usage error of a bare command line, in text and in JSON."""
    running = certwright.start(argv[0], *argv[1:], defaults=False)
    result = running.finish()
    assert result.status == 2, result.output
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr, result.stderr
    assert_person_can_read(result)
    assert len(result.stderr.strip().splitlines()) <= 3
    return result


@pytest.mark.parametrize("given, meant", [("certnoly", "certonly"), ("renw", "renew"),
                                          ("certificate", "certificates"), ("plugi", "plugin")])
def test_an_unknown_verb_names_the_nearest(certwright, given, meant):
    usage(certwright, given, words=[f"{given}", meant])


@pytest.mark.parametrize("given, meant", [("--stand-alone", "--standalone"),
                                          ("--key-tpye", "--key-type"),
                                          ("--webrot-path", "--webroot-path")])
def test_an_unknown_option_names_the_nearest(certwright, given, meant):
    usage(certwright, "certonly", given, "x", words=[given, meant])


def test_an_unknown_short_option_is_named(certwright):
    usage(certwright, "certonly", "-Z", words=["-Z"])


def test_a_missing_value_is_asked_for(certwright):
    usage(certwright, "certonly", "--cert-name", words=["--cert-name"])


def test_an_ambiguous_abbreviation_names_the_candidates(certwright):
    usage(certwright, "certonly", "--no-v", "--no-re", words=["--no-re", "--no-redirect",
                                                              "--no-reuse-key"])


def test_an_unambiguous_abbreviation_is_understood(certwright):
    certwright.certonly("abbr.example.test", args=["--cert-n", "abbreviated"])
    assert certwright.lineages() == ["abbreviated"]


@pytest.mark.parametrize("options", [
    ["--key-type", "dsa"], ["--elliptic-curve", "p256"], ["--rsa-key-size", "many"],
    ["--key-type", "rsa", "--rsa-key-size", "512"],
    ["--eab-kid", "kid-1", "--eab-hmac-key", "c2VjcmV0", "--eab-hmac-alg", "MD5"]])
def test_a_value_that_is_not_allowed_is_named(certwright, options):
    result = certwright.certonly("value.example.test", args=options, status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, options[-2].lstrip("-"), options[-1])
    assert certwright.account_files() == []


def test_usage_errors_are_json_with_json(certwright):
    running = certwright.start("certonly", "--json", "--no-such-option", defaults=False)
    result = running.finish()
    import json
    document = json.loads(result.stdout)
    assert result.status == 2
    assert document["ok"] is False
    assert "--no-such-option" in document["error"]["message"]


@pytest.mark.parametrize("name", [
    "", "-", "a..example.test", ".example.test", "exa mple.test", "example.test/path",
    "http://example.test", "x" * 64 + ".example.test", "a." * 127 + "test", "*.*.example.test",
    "a.*.example.test", "*", "-a.example.test", "example.test:80", "127.0.0.1",
    "::1", "\u0000"[:0] + "a\nb.example.test", "xn--\u00fc.example.test"])
def test_a_malformed_name_is_refused_before_the_ca_is_asked(certwright, pebble, name):
    ordered = pebble.requests("POST", "/order-plz")
    result = certwright.run("certonly", "--standalone", f"--domain={name}", status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result)
    assert pebble.requests("POST", "/order-plz") == ordered
    assert certwright.lineages() == []


@pytest.mark.parametrize("address", ["", "300.1.1.1", "1.2.3", "example.test", "::g", "127.0.0.1/8",
                                     "fe80::1%eth0"])
def test_a_malformed_address_is_refused(certwright, address):
    result = certwright.run("certonly", "--standalone", f"--ip-address={address}", status=None,
                            json=True)
    assert result.status in (1, 2)
    assert_failed(result)


def test_no_name_at_all_is_asked_for(certwright):
    result = certwright.json("certonly", "--standalone", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "-d")


def test_no_authenticator_is_asked_for(certwright):
    result = certwright.json("certonly", "-d", "a.example.test", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "standalone")


def test_an_unknown_authenticator_names_the_nearest(certwright):
    result = certwright.json("certonly", "-a", "standalon", "-d", "a.example.test", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "standalon", "standalone")


def test_a_name_that_the_ca_refuses_comes_with_its_words(rogue_certwright, rogue):
    certwright = rogue_certwright
    certwright.certonly("before.example.test")
    before = snapshot(certwright.config_dir)
    rogue.on("new-order", problem("rejectedIdentifier",
                                  'cannot issue for "refused.example.test"', 403))
    result = certwright.certonly("refused.example.test", status=1, json=True)
    assert_failed(result, 'cannot issue for "refused.example.test"')
    assert "rejectedIdentifier" in problem_types(result.json)
    assert identifiers(result.json) <= {"refused.example.test"}
    assert snapshot(certwright.config_dir) == before


@pytest.mark.parametrize("template", ["https://127.0.0.1:{port}/dir", "https://localhost:{port}/dir",
                                      "https://no-such-host.invalid/dir"])
def test_an_unreachable_directory(certwright, start, template):
    server = template.format(port=start.ports.take())
    result = certwright.certonly("reach.example.test", server=server, status=1, json=True)
    assert_failed(result, server.split("/")[2].split(":")[0])
    assert certwright.account_files() == []


@pytest.mark.parametrize("server", ["", "no url", "ftp://example.test/dir", "/etc/passwd",
                                    "https://", "file:///etc/passwd"])
def test_a_server_that_is_no_url(certwright, server):
    result = certwright.certonly("url.example.test", server=server or " ", status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, "--server")


def test_a_directory_that_is_not_an_acme_directory(certwright, pebble):
    server = pebble.directory.replace("/dir", "/nonce-plz")
    result = certwright.certonly("nodir.example.test", server=server, status=1, json=True)
    assert_failed(result, server)


@pytest.mark.parametrize("which", ["config_dir", "work_dir", "logs_dir"])
def test_a_read_only_directory(certwright, which):
    certwright.certonly("ro.example.test")
    before = snapshot(certwright.folder)
    folder = getattr(certwright, which)
    with read_only(folder) as wrap:
        result = certwright.run("renew", "--force-renewal", wrap=wrap, status=1, json=True)
    assert_failed(result, folder)
    after = snapshot(certwright.folder)
    for path, what in before.items():
        if not path.startswith("log"):
            assert after[path] == what, path


def test_a_read_only_parent_of_a_directory_that_is_missing(certwright, tmp_path):
    parent = tmp_path / "parent"
    parent.mkdir()
    certwright.config_dir = str(parent / "etc")
    with read_only(parent) as wrap:
        result = certwright.certonly("ro.example.test", wrap=wrap, status=1, json=True)
    assert_failed(result, certwright.config_dir, "--config-dir")


def test_reading_verbs_work_on_a_read_only_directory(certwright):
    certwright.certonly("ro.example.test")
    with read_only(certwright.folder) as wrap:
        result = certwright.run("certificates", wrap=wrap)
    assert "ro.example.test" in result.stdout


def test_a_directory_that_is_a_file(certwright, tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    certwright.config_dir = str(path)
    result = certwright.certonly("file.example.test", status=1, json=True)
    assert_failed(result, str(path))
    assert path.read_text() == "mine"


def test_a_full_disk_leaves_the_old_certificate(certwright, pebble):
    """RLIMIT_FSIZE makes every write to a file fail, as a full disk does."""
    from lib.tools import verify_chain
    certwright.certonly("full.example.test")
    before = snapshot(certwright.config_dir)
    result = certwright.run("renew", "--force-renewal", status=1,
                            wrap=["prlimit", "--fsize=0:0", "env", "--ignore-signal=XFSZ"])
    assert_person_can_read(result)
    assert snapshot(certwright.config_dir) == before
    verify_chain(os.path.dirname(certwright.live("full.example.test")), pebble.root())


def test_cli_ini_is_read(certwright, pebble, tmp_path):
    ini = tmp_path / "cli.ini"
    ini.write_text(f"# a comment\nkey-type = rsa\nserver = {pebble.directory}\n"
                   f"http-01-port = {pebble.http_port}\nagree-tos = True\n"
                   "domains = ini1.example.test, ini2.example.test\nauthenticator = standalone\n"
                   "register-unsafely-without-email = true\n")
    running = certwright.start("certonly", "-c", str(ini), "-n", *certwright.directories(),
                               defaults=False)
    assert running.finish().status == 0
    assert certwright.lineages() == ["ini1.example.test"]


def test_debians_own_cli_ini_is_accepted(certwright, tmp_path):
    ini = tmp_path / "cli.ini"
    ini.write_text("# Because we are using logrotate for greater flexibility, disable the\n"
                   "# internal certbot logrotation.\nmax-log-backups = 0\n"
                   "# Adjust interactive output regarding automated renewal\n"
                   "preconfigured-renewal = True\n")
    certwright.certonly("debian.example.test", args=["-c", str(ini)])


@pytest.mark.parametrize("text, word", [("no-such-option = 1\n", "no-such-option"),
                                        ("key-type = dsa\n", "dsa")])
def test_a_wrong_cli_ini_is_named(certwright, tmp_path, text, word):
    ini = tmp_path / "cli.ini"
    ini.write_text(text)
    result = certwright.certonly("ini.example.test", args=["-c", str(ini)], status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, str(ini), word)


def test_a_missing_configuration_file_is_named(certwright, tmp_path):
    path = str(tmp_path / "missing.ini")
    result = certwright.certonly("ini.example.test", args=["-c", path], status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, path)


def test_an_option_that_does_nothing_yet_says_so(certwright):
    result = certwright.certonly("inert.example.test", args=["--eff-email"])
    assert "--eff-email" in result.stderr
