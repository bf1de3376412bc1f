"""run, install, enhance and rollback, with the null installer and one of the tests' own."""

import os
import re
import shlex

import pytest

from lib import installer
from lib.outcome import assert_failed, identifiers
from lib.terminal import on_terminal
from lib.tools import certbot, command, names_of, read


@pytest.fixture(scope="session")
def tester_env(tmp_path_factory):
    return installer.build(tmp_path_factory.mktemp("plugins"))


@pytest.fixture
def tester(tmp_path, tester_env):
    return installer.Tester(tmp_path, tester_env)


def run(certwright, tester, *args, names=("one.example.test",), verb="run", **options):
    words = [w for n in names for w in ("-d", n)]
    how = ["-a", "standalone"] if verb == "run" else []
    return certwright.run(verb, *how, *tester.options, *words, *args, env=tester.env, json=True,
                          **options)


def backups(certwright):
    folder = os.path.join(certwright.work_dir, "backups")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def test_run_with_the_null_installer(certwright):
    result = certwright.json("run", "-a", "standalone", "-i", "null", "-d", "null.example.test")
    assert result.certificates["null.example.test"]["action"] == "issued"
    assert result.json["installed"]["installer"] == "null"
    assert result.json["installed"]["names"] == ["null.example.test"]
    text = open(certwright.renewal_file("null.example.test"), encoding="utf-8").read()
    assert "installer = null" in text
    assert "authenticator = standalone" in text
    certwright.run("renew", "--force-renewal")
    # Certbot has an installer of this name, too.
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")


def test_no_verb_is_run(certwright):
    argv = certwright.arguments("run", "-a", "standalone", "-i", "null", "-d", "verb.example.test")
    argv.remove("run")
    command(*argv, env=certwright.environment())
    assert certwright.lineages() == ["verb.example.test"]


def test_everything_is_run(certwright):
    result = certwright.json("everything", "-a", "standalone", "-i", "null", "-d", "verb.example.test")
    assert result.json["verb"] == "run"
    assert result.json["installed"]["installer"] == "null"
    assert certwright.lineages() == ["verb.example.test"]


def test_install_with_the_null_installer(certwright):
    certwright.certonly("inst.example.test")
    result = certwright.json("install", "-i", "null", "--cert-name", "inst.example.test")
    installed = result.json["installed"]
    assert installed["name"] == "inst.example.test"
    assert installed["fullchain_path"] == certwright.live("inst.example.test")


def test_run_deploys_saves_tests_and_reloads(certwright, tester):
    result = run(certwright, tester, names=["one.example.test", "two.example.test"])
    live = certwright.live("one.example.test")
    assert tester.text() == (f"deploy one.example.test {live}\ndeploy two.example.test {live}\n"
                             "enhance one.example.test redirect\n"
                             "enhance two.example.test redirect\n")
    assert tester.calls() == ["deploy", "deploy", "enhance", "enhance", "save", "config_test",
                              "reload"]
    assert result.json["installed"]["enhancements"] == ["redirect"]
    assert len(backups(certwright)) == 1


def test_a_certificate_that_is_kept_is_installed_again(certwright, tester):
    run(certwright, tester, "--no-redirect")
    tester.forget_calls()
    result = run(certwright, tester, "--no-redirect")
    assert result.certificates["one.example.test"]["action"] == "kept"
    assert tester.calls() == ["deploy", "save", "config_test", "reload"]


@pytest.mark.parametrize("call", ["deploy", "save", "config_test", "reload"])
def test_a_failing_installer_leaves_the_configuration_as_it_was(certwright, tester, call):
    result = run(certwright, tester, "--no-redirect", "--tester-fail", call, status=1)
    assert_failed(result, f'the tester fails in "{call}"', "saved but not installed")
    assert "install --cert-name one.example.test -i tester" in result.stderr
    assert tester.text() == "as it was\n"
    assert backups(certwright) == []
    assert certwright.lineages() == ["one.example.test"]
    assert tester.calls().count("reload") == (2 if call == "reload" else 0)
    # And so it can be installed once that is mended.
    run(certwright, tester, "--cert-name", "one.example.test", "--tester-fail", "nowhere",
        verb="install", names=())
    assert "deploy one.example.test" in tester.text()


@pytest.mark.parametrize("call", ["deploy", "save", "config_test", "reload"])
def test_a_crashing_installer_leaves_the_configuration_as_it_was(certwright, tester, call):
    result = run(certwright, tester, "--no-redirect", "--tester-crash", call, status=1)
    assert_failed(result, "tester", call)
    if call != "reload" and call != "config_test":
        assert tester.text() == "as it was\n"
    else:
        # What was finished before the crash can be taken back.
        certwright.run("rollback", "-i", "tester", env=tester.env)
        assert tester.text() == "as it was\n"


def test_a_failing_enhancement_leaves_the_certificate_installed(certwright, tester):
    result = run(certwright, tester, "--tester-fail", "enhance", status=1)
    assert_failed(result, "redirect", "one.example.test")
    assert tester.text() == f"deploy one.example.test {certwright.live('one.example.test')}\n"
    assert len(backups(certwright)) == 1


def test_enhance(certwright, tester):
    certwright.certonly("one.example.test", "two.example.test")
    result = run(certwright, tester, "--cert-name", "one.example.test", "--hsts", "--redirect",
                 verb="enhance", names=())
    assert result.json["installed"]["enhancements"] == ["redirect", "hsts"]
    assert tester.text() == ("enhance one.example.test redirect\nenhance two.example.test redirect\n"
                             "enhance one.example.test hsts\nenhance two.example.test hsts\n")
    assert tester.calls().count("reload") == 1
    assert "deploy" not in tester.calls()
    # What the tester writes anew each time is a change.
    assert result.json["installed"]["changed"] is True


def test_enhance_needs_an_enhancement(certwright, tester):
    certwright.certonly("one.example.test")
    result = run(certwright, tester, "--cert-name", "one.example.test", verb="enhance", names=(),
                 status=2)
    assert_failed(result, "enhancement", "--redirect")


def test_an_enhancement_that_the_installer_lacks_is_left_out_with_a_warning(certwright, tester):
    certwright.certonly("one.example.test")
    result = run(certwright, tester, "--cert-name", "one.example.test", "--uir", "--hsts",
                 verb="enhance", names=())
    assert result.json["installed"]["enhancements"] == ["hsts"]
    assert "uir" in result.stderr
    result = run(certwright, tester, "--cert-name", "one.example.test", "--auto-hsts",
                 verb="enhance", names=(), status=1)
    assert_failed(result, "--auto-hsts")


def test_rollback_takes_back_as_many_as_are_asked_for(certwright, tester):
    for enhancement in ("--redirect", "--hsts"):
        if enhancement == "--redirect":
            certwright.certonly("one.example.test")
        run(certwright, tester, "--cert-name", "one.example.test", enhancement, verb="enhance",
            names=())
    tester.forget_calls()
    result = certwright.json("rollback", "-i", "tester", "--tester-calls", tester.calls_path,
                             env=tester.env)
    assert result.json["rolled_back"] == {"checkpoints": 1, "installer": "tester",
                                          "installers": ["tester"]}
    assert tester.text() == "enhance one.example.test redirect\n"
    assert tester.calls() == ["config_test", "reload"]
    result = certwright.json("rollback", "-i", "tester", "--checkpoints", "2", status=1,
                             env=tester.env)
    assert tester.text() == "enhance one.example.test redirect\n"
    certwright.run("rollback", "-i", "tester", env=tester.env)
    assert tester.text() == "as it was\n"


def test_rollback_knows_who_made_a_checkpoint(certwright, tester):
    """And with which options its server is reloaded."""
    run(certwright, tester, "--no-redirect")
    run(certwright, tester, "--cert-name", "one.example.test", "--hsts", verb="enhance", names=())
    tester.forget_calls()
    result = certwright.json("rollback", "--checkpoints", "2", env=tester.env)
    assert result.json["rolled_back"] == {"checkpoints": 2, "installer": "tester",
                                          "installers": ["tester"]}
    assert tester.text() == "as it was\n"
    assert tester.calls() == ["config_test", "reload"]
    # There are no more.
    assert_failed(certwright.json("rollback", env=tester.env, status=1), "no checkpoint")


def test_rollback_of_anothers_checkpoint_needs_an_installer(certwright, tester):
    run(certwright, tester, "--no-redirect")
    [backup] = backups(certwright)
    os.unlink(os.path.join(certwright.work_dir, "backups", backup, "MADE_BY"))
    assert_failed(certwright.json("rollback", env=tester.env, status=2), "installer", "-i")
    assert tester.text() != "as it was\n"
    certwright.run("rollback", *tester.options, env=tester.env)
    assert tester.text() == "as it was\n"


def test_rollback_without_its_plugin_changes_nothing(certwright, tester):
    run(certwright, tester, "--no-redirect")
    before = tester.text()
    assert_failed(certwright.json("rollback", status=1), "tester", "-i")
    assert tester.text() == before and len(backups(certwright)) == 1


@pytest.mark.parametrize("verb", ["run", "install", "enhance"])
def test_no_installer_is_asked_for(certwright, verb):
    certwright.certonly("x.example.test")
    args = ["--cert-name", "x.example.test"] if verb in ("install", "enhance") else []
    args += ["-a", "standalone"] if verb == "run" else []
    result = certwright.json(verb, *args, "-d", "x.example.test", "--redirect", status=2)
    assert_failed(result, "installer", "-i")


@pytest.mark.parametrize("verb", ["run", "install"])
def test_an_authenticator_is_no_installer(certwright, verb):
    certwright.certonly("x.example.test")
    result = certwright.json(verb, "--cert-name", "x.example.test", "-a", "standalone", "-i",
                             "standalone", "-d", "x.example.test", status=2)
    assert_failed(result, "standalone", "not an installer")


def test_install_uses_the_saved_settings(certwright, tester):
    """Of the installer and of its options; what the command line says wins."""
    run(certwright, tester, "--no-redirect")
    with open(tester.target, "w", encoding="utf-8") as stream:
        stream.write("changed by hand\n")
    certwright.run("install", "--cert-name", "one.example.test", env=tester.env)
    assert tester.text().startswith("deploy one.example.test")
    tester.forget_calls()
    result = certwright.json("install", "--cert-name", "one.example.test", "-i", "null",
                             env=tester.env)
    assert result.json["installed"]["installer"] == "null"
    assert tester.calls() == []


def test_the_command_that_a_failed_installation_names_works(certwright, tester):
    """With a certificate that was kept, nothing of the command line is saved."""
    certwright.certonly("one.example.test")
    blocked = tester.target + "/no folder"
    result = certwright.run("run", "-a", "standalone", "-i", "tester", "--tester-target", blocked,
                            "--reinstall", "-d", "one.example.test", env=tester.env, status=1)
    [command_line] = re.findall(r"install the certificate with: certwright (.*)", result.stderr)
    assert shlex.quote(blocked) in command_line
    words = shlex.split(command_line)
    words[words.index(blocked)] = tester.target
    command(certwright.program, *words, "-n", env=certwright.environment(tester.env))
    assert "deploy one.example.test" in tester.text()


def test_installed_says_what_is_in_place(certwright, tester):
    result = run(certwright, tester, "--tester-fail", "enhance", status=1)
    installed = result.json["installed"]
    assert installed["names"] == ["one.example.test"] and installed["failed_names"] == []
    assert installed["enhancements"] == []
    assert installed["failed_enhancements"] == ["redirect"]
    assert installed["changed"] is True
    result = run(certwright, tester, "--tester-fail", "save", status=1)
    installed = result.json["installed"]
    assert installed["names"] == [] and installed["failed_names"] == ["one.example.test"]
    assert installed["failed_enhancements"] == ["redirect"] and installed["changed"] is False
    result = run(certwright, tester, "--tester-crash", "deploy", status=1)
    assert result.json["installed"]["failed_names"] == ["one.example.test"]


def test_what_was_not_configured_is_not_printed_as_configured(certwright, tester):
    words = ["run", "-a", "standalone", *tester.options, "-d", "one.example.test"]
    result = certwright.run(*words, "--tester-fail", "save", env=tester.env, status=1)
    assert "Configured with" not in result.output and "Enhancements:" not in result.output
    result = certwright.run(*words, "--tester-fail", "enhance", env=tester.env, status=1)
    assert "Configured with tester: one.example.test" in result.stdout
    assert "Enhancements:" not in result.stdout
    result = certwright.run(*words, "--tester-fail", "nowhere", env=tester.env)
    assert "Enhancements: redirect" in result.stdout
    result = certwright.run("install", "--cert-name", "one.example.test", "-i", "null",
                            env=tester.env)
    assert "Configured with" not in result.output


def test_install_takes_files_that_belong_to_no_lineage(certwright, tester, tmp_path):
    certwright.certonly("one.example.test")
    paths = {}
    for kind in ("cert", "privkey", "chain", "fullchain"):
        paths[kind] = str(tmp_path / f"{kind}.pem")
        with open(certwright.live("one.example.test", kind), "rb") as stream:
            with open(paths[kind], "wb") as copy:
                copy.write(stream.read())
    result = run(certwright, tester, "--cert-path", paths["cert"], "--key-path", paths["privkey"],
                 "--fullchain-path", paths["fullchain"], "--no-redirect", verb="install")
    assert tester.text() == f"deploy one.example.test {paths['fullchain']}\n"
    assert result.json["installed"]["name"] is None
    assert result.json["installed"]["chain_path"] is None
    certwright.certonly("two.example.test")
    result = run(certwright, tester, "--cert-path", paths["cert"], "--key-path",
                 certwright.live("two.example.test", "privkey"), verb="install", status=1)
    assert_failed(result, "key", "does not belong to")


def test_names_that_the_certificate_lacks_are_refused(certwright, tester):
    certwright.certonly("one.example.test")
    result = run(certwright, tester, "--cert-name", "one.example.test", verb="install",
                 names=["one.example.test", "other.example.test"], status=1)
    assert_failed(result, "other.example.test", "--cert-name", "--expand")
    assert tester.text() == "as it was\n"


def test_renewal_reloads_a_server_once_for_all_its_certificates(certwright, tester):
    for name in ("one.example.test", "two.example.test", "three.example.test"):
        run(certwright, tester, "--no-redirect", names=[name])
    text = tester.text()
    tester.forget_calls()
    certwright.run("renew", "--force-renewal", env=tester.env)
    assert tester.calls() == 3 * ["renewed"] + ["save", "config_test", "reload"]
    assert tester.text() == text


def test_renewal_says_which_servers_could_not_be_reloaded(certwright, tester):
    run(certwright, tester, "--no-redirect")
    run(certwright, tester, "--no-redirect", names=["two.example.test"])
    result = certwright.json("renew", "--force-renewal", "--tester-fail", "reload", status=1,
                             env=tester.env)
    assert_failed(result, "reload", "not in use")
    assert identifiers(result.json) == {"one.example.test", "two.example.test"}
    assert result.certificates["two.example.test"]["action"] == "renewed"
    assert "not in use" in result.certificates["two.example.test"]["error"]["message"]
    assert os.readlink(certwright.live("one.example.test", "cert")).endswith("cert2.pem")


def test_run_has_no_dry_run(certwright):
    result = certwright.json("run", "-a", "standalone", "-i", "null", "-d", "x.example.test",
                             "--dry-run", status=2)
    assert_failed(result, "certonly --dry-run")


def test_must_staple_needs_an_installer_that_staples(certwright, tester):
    result = run(certwright, tester, "--must-staple", status=1)
    assert_failed(result, "--must-staple")
    assert certwright.lineages() == []



def test_the_user_chooses_among_the_names_of_the_server(certwright, tester):
    terminal = on_terminal(certwright, "run", "-a", "standalone", *tester.options, "--no-redirect",
                           env=tester.env)
    # "_" and "three.example.test:8080" are no names for a certificate.
    listed = terminal.expect("Which names.*?1: (.*?)Numbers").group(1)
    assert listed.split() == ["one.example.test", "2:", "two.example.test"]
    terminal.type("7")
    terminal.answer("enter numbers.*Numbers", "2")
    terminal.finish()
    assert names_of(certwright.live("two.example.test", "cert")) == ["two.example.test"]
    assert tester.text().startswith("deploy two.example.test ")


def test_a_blank_answer_is_all_names(certwright, tester):
    terminal = on_terminal(certwright, "run", "-a", "standalone", *tester.options, "--no-redirect",
                           env=tester.env)
    terminal.answer("Numbers", "")
    terminal.finish()
    assert names_of(certwright.live("one.example.test", "cert")) == ["one.example.test",
                                                                     "two.example.test"]


def test_without_a_terminal_the_names_are_asked_for(certwright, tester):
    assert_failed(run(certwright, tester, names=(), status=2), "names", "-d")


def test_the_user_chooses_the_plugins(certwright, tester):
    terminal = on_terminal(certwright, "run", "-d", "one.example.test", "--no-redirect",
                           env=tester.env)
    for question, wanted in (("How do you want to prove", "standalone"),
                             ("Which installer", "null")):
        listed = terminal.expect(question + "(.*?)Number, or c to cancel").group(1)
        [number] = [line.split(":")[0] for line in listed.splitlines() if f"({wanted})" in line]
        terminal.type(number)
    terminal.finish()
    text = read(certwright.renewal_file("one.example.test"))
    assert "authenticator = standalone" in text and "installer = null" in text


def test_the_user_chooses_what_to_install_and_to_enhance(certwright, tester):
    certwright.certonly("one.example.test", "two.example.test")
    terminal = on_terminal(certwright, "install", *tester.options, "--no-redirect", env=tester.env)
    terminal.answer("Which certificate.*: ", "1")
    terminal.finish()
    assert tester.text().count("deploy") == 2
    terminal = on_terminal(certwright, "enhance", *tester.options, "--hsts", env=tester.env)
    terminal.answer("Which certificate.*: ", "1")
    terminal.answer("Which names.*Numbers", "2")
    terminal.finish()
    assert tester.text() == "enhance two.example.test hsts\n"
