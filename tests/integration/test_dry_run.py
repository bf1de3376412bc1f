"""--dry-run and --staging: which CA is asked, what is left, and where they are refused."""

import os

import pytest

from lib.outcome import assert_failed
from lib.terminal import on_terminal
from lib.tools import certbot, read, serial_of, snapshot

NAME = "rehearsed.example.test"
PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"
STAGING_HOST = "acme-staging-v02.api.letsencrypt.org"


def leaves(certwright):
    """What a rehearsal may not touch."""
    return snapshot(certwright.config_dir, leave_out=("accounts",))


def hooks(folder):
    return [word for kind in ("pre", "deploy", "post")
            for word in (f"--{kind}-hook", f"echo {kind} >> {folder}/log")]


def test_certonly_leaves_an_account_and_runs_the_hooks(certwright, pebble, tmp_path):
    result = certwright.certonly(NAME, args=["--dry-run", *hooks(tmp_path)], json=True)
    assert result.certificates[NAME]["action"] == "simulated"
    assert read(tmp_path / "log").split() == ["pre", "post"]
    assert certwright.lineages() == []
    assert not [p for p in snapshot(certwright.config_dir) if NAME in p]
    assert len(certwright.account_files()) == 1
    assert not [p for p in snapshot(certwright.work_dir) if "order" in p or NAME in p]
    # And another does not find what the first has left.
    validated = pebble.requests("POST", "/chalZ/")
    certwright.certonly(NAME, args=["--dry-run"])
    assert pebble.requests("POST", "/chalZ/") > validated


def test_certonly_for_a_certificate_that_is_there_leaves_it(certwright):
    certwright.certonly(NAME)
    before = leaves(certwright)
    for args in ([], ["--key-type", "rsa", "--cert-name", NAME], ["-d", "more." + NAME, "--expand"]):
        result = certwright.certonly(NAME, args=["--dry-run", *args], json=True)
        assert result.certificates[NAME]["action"] == "simulated"
        assert leaves(certwright) == before


def test_deploy_hooks_are_run_where_they_are_asked_for(certwright, tmp_path):
    """For a certificate that is there: before, there is nothing to deploy, as with Certbot."""
    args = ["--dry-run", "--run-deploy-hooks", *hooks(tmp_path)]
    certwright.certonly(NAME, args=args)
    assert read(tmp_path / "log").split() == ["pre", "post"]
    certwright.certonly(NAME)
    os.unlink(tmp_path / "log")
    certwright.certonly(NAME, args=args)
    assert read(tmp_path / "log").split() == ["pre", "deploy", "post"]


def asked(certwright, start, verb, *args):
    """The error of a run that can reach nobody: it names whom it wanted to ask."""
    env = {"https_proxy": f"http://127.0.0.1:{start.ports.take()}"}
    return certwright.run(verb, *args, *certwright.directories(), "-n", "--agree-tos",
                          "--register-unsafely-without-email", "--no-random-sleep-on-renew",
                          env=env, defaults=False, status=1).stderr


CERTONLY = ["certonly", "--standalone", "-d", NAME]


@pytest.mark.parametrize("args", [["--dry-run"], ["--dry-run", "--server", PRODUCTION],
                                  ["--staging"], ["--staging", "--server", PRODUCTION],
                                  ["--staging", "--dry-run"]])
def test_the_staging_server_is_asked(certwright, start, args):
    assert STAGING_HOST in asked(certwright, start, *CERTONLY, *args)


def test_another_server_is_asked_when_it_is_given(certwright, start):
    told = asked(certwright, start, *CERTONLY, "--dry-run", "--server", "https://ca.example/dir")
    assert "ca.example" in told and STAGING_HOST not in told


def test_production_in_cli_ini_does_not_make_a_rehearsal_real(certwright, start, tmp_path):
    ini = tmp_path / "cli.ini"
    ini.write_text(f"server = {PRODUCTION}\n")
    assert STAGING_HOST in asked(certwright, start, *CERTONLY, "-c", str(ini), "--dry-run")


@pytest.mark.parametrize("server", [PRODUCTION, "https://ca.example/dir"])
def test_a_renewal_is_rehearsed_with_the_staging_server(certwright, start, pebble, server):
    certwright.certonly(NAME)
    path = certwright.renewal_file(NAME)
    text = read(path).replace(pebble.directory, server)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    assert STAGING_HOST in asked(certwright, start, "renew", "--dry-run")


def test_a_renewal_is_rehearsed_without_a_question_about_the_account(certwright, start):
    """As with Certbot: whoever has an account somewhere need not agree to anything for a rehearsal."""
    certwright.certonly(NAME)
    other = start.pebble()
    result = certwright.json("renew", "--dry-run", "--server", other.directory, "--http-01-port",
                             other.http_port)
    assert result.certificates[NAME]["action"] == "simulated"
    assert len(certwright.account_files()) == 2
    assert certwright.json("show_account", server=other.directory).json["account"]["contact"] == []


def test_without_any_account_the_terms_must_be_agreed_to(certwright, pebble):
    result = certwright.run("certonly", "--standalone", "-d", NAME, "--dry-run", "--server",
                            pebble.directory, *certwright.directories(), "-n", "-m",
                            "a@example.com", defaults=False, status=2)
    assert "--agree-tos" in result.stderr


REAL = {"delete": ["--cert-name", NAME], "revoke": ["--cert-name", NAME], "unregister": [],
        "register": [], "update_account": ["-m", "a@example.com"],
        "install": ["-i", "null", "--cert-name", NAME],
        "enhance": ["-i", "null", "--cert-name", NAME, "--hsts"], "rollback": ["-i", "null"],
        "run": ["-i", "null", "-a", "standalone", "-d", NAME]}


@pytest.mark.parametrize("verb", sorted(REAL))
def test_a_verb_without_a_rehearsal_does_not_do_the_real_thing(certwright, verb):
    certwright.certonly(NAME)
    before = snapshot(certwright.config_dir)
    assert_failed(certwright.json(verb, *REAL[verb], "--dry-run", status=2), "--dry-run", verb)
    assert "--dry-run" in certbot(certwright, verb, *REAL[verb], "--dry-run", status=1).stderr
    assert snapshot(certwright.config_dir) == before


@pytest.mark.parametrize("verb", ["certificates", "plugins", "show_account"])
def test_a_verb_that_only_reads_does_not_care(certwright, verb):
    certwright.run("register")
    certwright.run(verb, "--dry-run")


def test_staging_and_another_server_contradict_each_other(certwright, pebble):
    result = certwright.certonly(NAME, args=["--staging"], json=True, status=2)
    assert_failed(result, "--staging", "--server", pebble.directory)


def test_renew_does_not_replace_a_real_certificate_with_one_of_a_test_ca(certwright, pebble):
    certwright.certonly(NAME)
    staging = pebble.directory.replace("/dir", "/dir?staging")
    serial = serial_of(certwright.live(NAME, "cert"))
    before = leaves(certwright)
    arguments = ["renew", "--force-renewal", "--server", staging]
    assert_failed(certwright.json(*arguments, status=1), NAME, "--break-my-certs")
    assert leaves(certwright) == before
    certwright.run(*arguments, "--break-my-certs")
    assert serial_of(certwright.live(NAME, "cert")) != serial


def test_interaction_is_either_forced_or_forbidden(certwright):
    result = certwright.certonly(NAME, args=["--force-interactive"], json=True, status=2)
    assert_failed(result, "--force-interactive", "--non-interactive")
    terminal = on_terminal(certwright, "renew", "--force-interactive")
    assert "--force-interactive cannot be used with renew" in terminal.finish(2)
    assert not os.path.exists(certwright.config_dir)
