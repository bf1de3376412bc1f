"""Hooks: which, when, in which order, with what in their environment."""

import os
import time

import pytest

from lib.account import challenge_again
from lib.outcome import assert_failed
from lib.process import wait_until
from lib.tools import certbot, read, script


class Journal:
    """Hooks that write a line each into one file."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.path = os.path.join(self.folder, "journal")

    def hook(self, word, text=""):
        """A hook script that notes WORD and the variables that hooks get."""
        note = ('echo "' + word + ' lineage=$RENEWED_LINEAGE renewed=$RENEWED_DOMAINS '
                'failed=$FAILED_DOMAINS"')
        return script(os.path.join(self.folder, f"{word}.sh"),
                      f'{note} >> "{self.path}"\n{text}')

    def directory_hook(self, certwright, kind, name, word):
        folder = os.path.join(certwright.config_dir, "renewal-hooks", kind)
        os.makedirs(folder, exist_ok=True)
        hook = self.hook(word)
        os.rename(hook, os.path.join(folder, name))

    def lines(self):
        return read(self.path).splitlines() if os.path.exists(self.path) else []

    def words(self):
        return [line.split()[0] for line in self.lines()]


@pytest.fixture
def journal(tmp_path):
    """Where hooks leave word."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    return Journal(folder)


def hook_options(journal):
    return ["--pre-hook", journal.hook("pre"), "--post-hook", journal.hook("post"),
            "--deploy-hook", journal.hook("deploy")]


def test_order_and_environment(certwright, journal):
    certwright.certonly("h1.example.test", "h2.example.test", args=hook_options(journal))
    assert journal.words() == ["pre", "deploy", "post"]
    deploy = journal.lines()[1]
    live = os.path.join(certwright.config_dir, "live", "h1.example.test")
    assert f"lineage={live} " in deploy
    assert "renewed=h1.example.test h2.example.test " in deploy


def test_the_deploy_hook_finds_the_new_files_in_place(certwright, journal):
    copy = os.path.join(journal.folder, "copy.pem")
    hook = journal.hook("deploy", f'cat "$RENEWED_LINEAGE/fullchain.pem" > "{copy}"\n')
    certwright.certonly("place.example.test", args=["--deploy-hook", hook])
    assert read(copy) == read(certwright.live("place.example.test"))
    certwright.run("renew", "--force-renewal")
    assert read(copy) == read(certwright.live("place.example.test"))


def test_hooks_are_saved_and_run_at_renewal(certwright, journal):
    certwright.certonly("saved.example.test", args=hook_options(journal))
    text = read(certwright.renewal_file("saved.example.test"))
    assert "renew_hook = " in text and "pre_hook = " in text and "post_hook = " in text
    os.unlink(journal.path)
    certwright.run("renew", "--force-renewal")
    assert journal.words() == ["pre", "deploy", "post"]
    post = journal.lines()[-1]
    assert "renewed=saved.example.test" in post
    assert post.endswith("failed=")


def test_the_same_hook_of_several_certificates_runs_once(certwright, journal):
    for name in ("same1.example.test", "same2.example.test"):
        certwright.certonly(name, args=hook_options(journal))
    os.unlink(journal.path)
    certwright.run("renew", "--force-renewal")
    assert sorted(journal.words()) == ["deploy", "deploy", "post", "pre"]
    assert journal.words()[0] == "pre" and journal.words()[-1] == "post"


def test_no_hook_runs_when_nothing_is_due(certwright, journal):
    certwright.certonly("idle.example.test", args=hook_options(journal))
    os.unlink(journal.path)
    certwright.run("renew")
    assert journal.lines() == []


def test_directory_hooks_run_first_and_in_alphabetical_order(certwright, journal):
    certwright.certonly("dir.example.test", args=hook_options(journal))
    os.unlink(journal.path)
    for kind in ("pre", "deploy", "post"):
        journal.directory_hook(certwright, kind, "20-b", f"dir-{kind}-b")
        journal.directory_hook(certwright, kind, "10-a", f"dir-{kind}-a")
        journal.directory_hook(certwright, kind, "15-edited~", f"dir-{kind}-backup")
        path = os.path.join(certwright.config_dir, "renewal-hooks", kind, "05-not-executable")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("#!/bin/sh\nexit 1\n")
    certwright.run("renew", "--force-renewal")
    assert journal.words() == ["dir-pre-a", "dir-pre-b", "pre",
                               "dir-deploy-a", "dir-deploy-b", "deploy",
                               "dir-post-a", "dir-post-b", "post"]


def test_no_directory_hooks(certwright, journal):
    certwright.certonly("nodir.example.test")
    for kind in ("pre", "deploy", "post"):
        journal.directory_hook(certwright, kind, "10-a", f"dir-{kind}")
    certwright.run("renew", "--force-renewal", "--no-directory-hooks")
    assert journal.lines() == []


def test_directory_deploy_hooks_run_with_certonly_too(certwright, journal):
    certwright.run("register")
    journal.directory_hook(certwright, "deploy", "10-a", "dir-deploy")
    certwright.certonly("first.example.test")
    assert "dir-deploy" in journal.words()


def test_post_runs_after_failure_and_deploy_does_not(start, pebble, journal):
    certwright = start.certwright(pebble)
    pebble.dns.set_servfail("failing.example.test")
    certwright.certonly("failing.example.test", args=hook_options(journal), status=1)
    assert journal.words() == ["pre", "post"]


def test_failed_names_are_told_to_post_hooks(start, pebble, journal):
    certwright = start.certwright(pebble)
    for name in ("well.example.test", "ill.example.test"):
        certwright.certonly(name, args=["--post-hook", journal.hook("post")])
    os.unlink(journal.path)
    challenge_again(certwright)
    pebble.dns.set_servfail("ill.example.test")
    try:
        certwright.run("renew", "--force-renewal", status=1)
    finally:
        pebble.dns.clear_servfail("ill.example.test")
    [post] = journal.lines()
    assert "renewed=well.example.test " in post
    assert post.endswith("failed=ill.example.test")


def test_a_failing_hook_is_reported_and_changes_nothing(certwright, journal):
    hook = journal.hook("deploy", "echo it went wrong >&2\nexit 7\n")
    result = certwright.certonly("hookfails.example.test", args=["--deploy-hook", hook])
    assert "7" in result.output
    assert "it went wrong" in result.output
    assert "it went wrong" in certwright.log_text()
    assert certwright.lineages() == ["hookfails.example.test"]


def test_output_is_shown_and_logged(certwright, journal):
    hook = journal.hook("pre", "echo a word from the hook\n")
    result = certwright.certonly("shown.example.test", args=["--pre-hook", hook])
    assert "a word from the hook" in result.output
    assert "a word from the hook" in certwright.log_text()


def test_with_json_output_of_hooks_does_not_reach_stdout(certwright, journal):
    hook = journal.hook("pre", "echo a word from the hook\n")
    result = certwright.certonly("jsonhook.example.test", args=["--pre-hook", hook], json=True)
    assert "a word from the hook" not in result.stdout
    assert result.json["ok"] is True


@pytest.mark.parametrize("option", ["--pre-hook", "--post-hook", "--deploy-hook"])
def test_a_program_that_is_not_there_is_refused_before_anything_is_done(certwright, pebble, option):
    ordered = pebble.requests("POST", "/order-plz")
    result = certwright.certonly("valid.example.test", args=[option, "/nonexistent/program -x"],
                                 status=None, json=True)
    assert result.status in (1, 2)
    assert_failed(result, option, "/nonexistent/program")
    assert pebble.requests("POST", "/order-plz") == ordered


@pytest.mark.parametrize("program", ["certwright", "certbot"])
def test_a_program_that_is_gone_since_does_not_stop_the_renewal(certwright, tmp_path, program):
    """Its failure is reported, as that of any hook is."""
    hook = script(tmp_path / "hook.sh", f"echo ran >> {tmp_path}/log\n")
    certwright.certonly("gone.example.test", args=[
        word for kind in ("pre", "deploy", "post") for word in (f"--{kind}-hook", hook)])
    os.unlink(hook)
    if program == "certbot":
        told = certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew").stderr
    else:
        told = certwright.run("renew", "--force-renewal").stderr
    assert "hook.sh" in told
    assert os.readlink(certwright.live("gone.example.test", "cert")).endswith("/cert2.pem")


@pytest.mark.parametrize("key, shown", [("pre_hook", "pre-hook"), ("post_hook", "post-hook"),
                                        ("renew_hook", "deploy-hook")])
def test_a_program_that_is_gone_is_told_at_every_renew(certwright, key, shown):
    for name in ("gone1.example.test", "gone2.example.test"):
        certwright.certonly(name)
        with open(certwright.renewal_file(name), "a", encoding="utf-8") as stream:
            stream.write(f"{key} = no-such-program stop\n")
    for _ in range(2):
        result = certwright.run("renew")
        assert result.stderr.count("no-such-program") == 1
        assert shown in result.stderr and "reconfigure" in result.stderr
    assert "no-such" not in certwright.run("renew", "--disable-hook-validation").stderr
    assert "no-such" not in certwright.run("renew", f"--{shown}", "true").stderr


def test_programs_of_the_sbin_folders_are_found_and_run(certwright, journal, tmp_path):
    """cron's PATH lacks these folders."""
    env = {"PATH": "/usr/bin:/bin"}
    assert os.path.exists("/usr/sbin/ldconfig") and not os.path.exists("/usr/local/bin/ldconfig")
    options = [word for kind in ("pre", "deploy", "post")
               for word in (f"--{kind}-hook", f"ldconfig --version >> {tmp_path}/{kind}")]
    certwright.certonly("sbin.example.test", args=options, env=env)
    certwright.run("renew", "--force-renewal", env=env)
    for kind in ("pre", "deploy", "post"):
        assert read(tmp_path / kind).count("ldconfig (") == 2


def test_hook_validation_can_be_left_out(certwright):
    certwright.certonly("novalid.example.test",
                        args=["--disable-hook-validation", "--deploy-hook", "/nonexistent/program"])


def test_hooks_are_run_by_the_shell(certwright, journal):
    certwright.certonly("shell.example.test", args=[
        "--deploy-hook", f'for w in a b; do echo "$w" >> "{journal.path}"; done',
        "--disable-hook-validation"])
    assert journal.words() == ["a", "b"]


def test_hook_timeout_ends_the_whole_process_group(certwright, journal):
    pid_file = os.path.join(journal.folder, "pid")
    hook = journal.hook("pre", f'sleep 300 & echo $! > "{pid_file}"\nwait\n')
    begin = time.monotonic()
    result = certwright.certonly("slow.example.test",
                                 args=["--pre-hook", hook, "--hook-timeout", "1"])
    assert time.monotonic() - begin < 60
    assert "--hook-timeout" in result.output
    child = int(read(pid_file))

    def gone():
        try:
            return read(f"/proc/{child}/stat").rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True
    wait_until(gone, 10, "the hook's child to end")


def test_hooks_do_not_inherit_descriptors(certwright, journal):
    listing = os.path.join(journal.folder, "descriptors")
    hook = journal.hook("pre", f'ls -l /proc/$$/fd > "{listing}"\n')
    certwright.certonly("fds.example.test", args=["--pre-hook", hook])
    text = read(listing)
    assert ".certbot.lock" not in text
    assert "letsencrypt.log" not in text
    assert "socket:" not in text
