"""dns-exec with the DNS scripts of acme.sh, and a provider that writes into a real BIND."""

import os
import stat

import pytest

from lib.acme_sh import AcmeSh
from lib.outcome import assert_failed, identifiers
from lib.process import wait_until
from lib.tools import names_of, read

ZONES = {"example.test": []}
TOKEN = "a-token-that-nobody-may-see"


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


@pytest.fixture
def acme_sh(tmp_path, bind):
    made = AcmeSh(tmp_path / "acme home", bind, TOKEN)
    yield made
    made.stop()


def obtain(certwright, acme_sh, *names, more=(), program=None, **kwargs):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", "--dns-exec", "--dns-exec-style", "acme.sh",
                          "--dns-exec-program", program or acme_sh.script, "--dns-resolver",
                          acme_sh.bind.resolver, *more, *domains, **kwargs)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_credentials_are_taken_once_and_kept_as_acme_sh_does(certwright, acme_sh, bind):
    names = ["*.a.example.test", "a.example.test", "b.example.test"]
    done = obtain(certwright, acme_sh, *names, env={"HERE_Token": TOKEN, "SLOW_SAVE": "0.1"})
    assert names_of(certwright.live("a.example.test", "cert")) == names
    assert read(acme_sh.account) == f"SAVED_HERE_Token='{TOKEN}'\n"
    assert mode_of(acme_sh.account) == 0o600
    certwright.run("renew", "--force-renewal")
    assert bind.challenge_records("example.test") == []
    kept = certwright.log_text()
    assert "Adding record" in kept and "Usage:" not in kept
    assert TOKEN not in kept + done.output + read(certwright.renewal_file("a.example.test"))


@pytest.mark.full
@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_an_account_file_that_is_there(certwright, bind, tmp_path, shell, mode):
    acme_sh = AcmeSh(tmp_path / "home", bind, TOKEN + " 'x", shell)
    (tmp_path / "home" / "dns_here.sh").write_text(
        read(acme_sh.script).replace("$HERE_ENCODE", "1")
        + ("test -n \"$BASH_VERSION\" || exit 3\n" if shell == "bash" else ""))
    acme_sh.account.write_text("ACCOUNT_EMAIL='me@example.test'\n")
    acme_sh.account.chmod(mode)
    done = obtain(certwright, acme_sh, "f.example.test", program=tmp_path / "home" / "dns_here.sh",
                  env={"HERE_Token": acme_sh.token})
    assert ("can read" in done.stderr) == (mode == 0o640)
    assert mode_of(acme_sh.account) == mode
    assert "ACCOUNT_EMAIL='me@example.test'\n" in read(acme_sh.account)
    assert "__ACME_BASE64__START_" in read(acme_sh.account)
    certwright.run("renew", "--force-renewal")
    assert acme_sh.token not in certwright.log_text()
    acme_sh.stop()


def test_the_words_of_the_script_are_told_for_the_name(certwright, acme_sh, bind):
    result = obtain(certwright, acme_sh, "n.example.test", status=1, json=True)
    assert_failed(result, "dns_here.sh", "You didn't specify HERE_Token")
    assert identifiers(result.json) == {"n.example.test"}
    acme_sh.refusal = f"no such zone for {TOKEN}"
    result = obtain(certwright, acme_sh, "n.example.test", status=1, json=True,
                    env={"HERE_Token": TOKEN})
    assert_failed(result, "no such zone for [secret]")
    assert "by hand" not in result.stdout + result.stderr
    assert TOKEN not in certwright.log_text()
    assert bind.challenge_records("example.test") == []


@pytest.mark.parametrize("kind, words", [
    ("dns_nothing.sh", ["dns_nothing.sh", "--dns-exec-program"]),
    ("dns_cf", ["dns_cf", "--dns-exec-program"]),
    ("dns_here.sh", ["give ./dns_here.sh"]),
    ("no acme.sh", ["there is no acme.sh"]),
    ("other function", ["does not define the function dns_other_add"]),
    ("written by all", ["account.conf", "chmod 600"]),
])
def test_what_is_not_there_is_one_sentence(certwright, acme_sh, monkeypatch, kind, words):
    program = acme_sh.script
    if kind == "no acme.sh":
        (acme_sh.home / "acme.sh").unlink()
    elif kind == "other function":
        program = acme_sh.home / "dns_other.sh"
        acme_sh.script.rename(program)
    elif kind == "written by all":
        acme_sh.account.write_text("")
        acme_sh.account.chmod(0o666)
    elif kind == "dns_here.sh":
        monkeypatch.chdir(acme_sh.home)
        (acme_sh.home / kind).write_text("")
        program = kind
    else:
        program = acme_sh.home / kind if kind.endswith(".sh") else kind
    result = obtain(certwright, acme_sh, "w.example.test", program=program, status=None, json=True)
    assert result.status != 0
    assert_failed(result, *words)
    assert not os.path.exists(certwright.live("w.example.test"))


def test_a_cleanup_program_that_is_not_there_is_said_first(certwright, acme_sh, bind):
    result = obtain(certwright, acme_sh, "w.example.test", status=1, json=True,
                    env={"HERE_Token": TOKEN},
                    more=["--dns-exec-cleanup-program", acme_sh.home / "dns_nothing.sh"])
    assert_failed(result, "there is no DNS script", "dns_nothing.sh")
    assert bind.added("w.example.test") == 0


def test_calls_do_not_wait_for_each_other_in_their_time(certwright, acme_sh):
    acme_sh.script.write_text(read(acme_sh.script).replace("_here_token || return 1",
                                                           "_here_token || return 1; sleep 0.9"))
    obtain(certwright, acme_sh, *(f"{i}.slow.example.test" for i in range(4)),
           env={"HERE_Token": TOKEN}, more=["--dns-exec-timeout", "3"])


def test_the_options_work_as_with_other_styles(certwright, acme_sh, bind):
    """The alias is followed, the cleanup program is another one, and the time limit holds."""
    bind.update("add _acme-challenge.o.example.test. 60 CNAME o.delegated.example.test.")
    cleanup = acme_sh.home / "dns_gone.sh"
    cleanup.write_text(read(acme_sh.script).replace("dns_here", "dns_gone"))
    obtain(certwright, acme_sh, "o.example.test", env={"HERE_Token": TOKEN},
           more=["--dns-exec-cleanup-program", cleanup])
    assert bind.added("o.delegated.example.test") == 1
    assert bind.challenge_records("example.test") == []
    acme_sh.script.write_text(read(acme_sh.script).replace("_here_token || return 1", "sleep 60"))
    result = obtain(certwright, acme_sh, "t.example.test", status=1, json=True,
                    more=["--dns-exec-timeout", "1"])
    assert_failed(result, "time limit of 1 s")


@pytest.mark.full
def test_what_a_killed_run_left_is_removed_by_the_next(certwright, acme_sh, bind, tmp_path):
    acme_sh.script.write_text(read(acme_sh.script).replace(
        "_contains \"$response\" added", f": > {tmp_path}/there; sleep 60"))
    run = certwright.start("certonly", "--dns-exec", "--dns-exec-style", "acme.sh",
                           "--dns-exec-program", acme_sh.script, "--dns-resolver", bind.resolver,
                           "-d", "k.example.test", env={"HERE_Token": TOKEN})
    wait_until((tmp_path / "there").exists, 30, "the script")
    run.kill()
    certwright.run("renew")
    assert bind.challenge_records("example.test") == []
