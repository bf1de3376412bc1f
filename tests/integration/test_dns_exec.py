"""dns-exec: TXT records by programs of lego's, dehydrated's and Certbot's kind, into a real BIND."""

import os
import re
import signal

import pytest

from lib.account import challenge_again
from lib.bind import hold_port_53
from lib.outcome import assert_failed, identifiers
from lib.process import is_gone, kill_all, wait_until
from lib.tools import certbot, command, names_of, read, script, verify_chain

ZONES = {"example.test": [], "other.test": []}


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


class Programs:
    """Scripts as people have them, updating BIND through nsupdate; each call is noted."""

    def __init__(self, folder, bind):
        self.folder, self.bind = str(folder), bind
        self.log = os.path.join(self.folder, "calls")
        commands = bind.nsupdate_commands().replace("\n", "\\n")
        self.update = f"""
update() {{ # add|delete NAME VALUE
    ttl=; test "$1" = delete || ttl=60
    printf '{commands}update %s %s %s TXT "%s"\\nsend\\n' "$1" "$2" "$ttl" "$3" | nsupdate -v
}}
"""
        self.note = f'printf "%s\\n" "$*" >> "{self.log}"\n'

    def calls(self):
        """The words of each call."""
        return [line.split() for line in read(self.log).splitlines()] \
            if os.path.exists(self.log) else []

    def lego(self, more="", name="lego-hook"):
        return script(os.path.join(self.folder, name), "set -e\n" + self.note + self.update + more
                      + """
case $1 in
present) update add "$2" "$3" ;;
cleanup) update delete "$2" "$3" ;;
*) exit 64 ;;
esac
""")

    def lego_raw(self):
        return script(os.path.join(self.folder, "raw-hook"), "set -e\n" + self.note + self.update
                      + """
test "$2" = --
value=$(printf %s "$5" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')
case $1 in
present) update add "_acme-challenge.$3." "$value" ;;
cleanup) update delete "_acme-challenge.$3." "$value" ;;
esac
""")

    def dehydrated(self):
        return script(os.path.join(self.folder, "dehydrated-hook"), "set -e\n" + self.note
                      + self.update + f"""
echo "$HOOK_CHAIN" >> {self.folder}/chain
handler=$1; shift
case $handler in deploy_challenge) action=add ;; clean_challenge) action=delete ;; *) exit 64 ;; esac
while test $# -ge 3; do
    update $action "_acme-challenge.$1." "$3"; shift 3
done
test $# = 0
""")

    def certbot(self, action=None):
        action = action or '$(test -n "${CERTBOT_AUTH_OUTPUT+x}" && echo delete || echo add)'
        return script(os.path.join(self.folder, f"certbot-{len(action)}"), "set -e\n" + self.note
                      + self.update + f"""
test -z "${{CERTBOT_TOKEN+x}}"
echo "${{CERTBOT_AUTH_OUTPUT-none}}" >> {self.folder}/outputs
update {action} "_acme-challenge.$CERTBOT_DOMAIN." "$CERTBOT_VALIDATION"
echo "for $CERTBOT_DOMAIN"
""")


@pytest.fixture
def programs(tmp_path, bind):
    return Programs(tmp_path / "programs", bind)


def obtain(certwright, bind, program, *names, more=(), **kwargs):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", "--dns-exec", "--dns-exec-program", program,
                          "--dns-resolver", bind.resolver, *more, *domains, **kwargs)


STYLES = {"lego": Programs.lego, "lego-raw": Programs.lego_raw,
          "dehydrated": Programs.dehydrated, "certbot": Programs.certbot}


@pytest.mark.smoke
@pytest.mark.parametrize("style", STYLES)
def test_every_style_sets_a_name_and_its_wildcard(certwright, bind, ca, programs, style):
    program = STYLES[style](programs)
    before = bind.added("_acme-challenge.example.test")
    obtain(certwright, bind, program, "example.test", "*.example.test",
           more=["--dns-exec-style", style])
    live = os.path.dirname(certwright.live("example.test"))
    verify_chain(live, ca.root())
    assert names_of(os.path.join(live, "cert.pem")) == ["*.example.test", "example.test"]
    assert bind.added("_acme-challenge.example.test") == before + 2
    assert bind.challenge_records("example.test") == []
    assert len(programs.calls()) == 4


@pytest.mark.full
def test_lego_runs_the_same_script(certwright, bind, ca, programs, tmp_path):
    program = programs.lego()
    obtain(certwright, bind, program, "l.example.test")
    ours = programs.calls()
    os.unlink(programs.log)
    command("lego", "--server", ca.directory, "--email", "a@example.test", "--accept-tos", "--path",
            tmp_path / "lego", "--dns", "exec", "--dns.disable-cp", "--dns.resolvers",
            bind.resolver, "-d", "l.example.test", "run",
            env={"EXEC_PATH": program, "LEGO_CA_CERTIFICATES": ca.ca_path,
                 "EXEC_PROPAGATION_TIMEOUT": "5", "EXEC_POLLING_INTERVAL": "1"})
    theirs = programs.calls()
    assert [call[:2] for call in ours] == [call[:2] for call in theirs] \
        == [["present", "_acme-challenge.l.example.test."],
            ["cleanup", "_acme-challenge.l.example.test."]]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", call[2]) for call in ours + theirs)


def test_legos_switch_for_raw_mode_is_heeded_and_saved(certwright, bind, programs):
    obtain(certwright, bind, programs.lego_raw(), "raw.example.test", env={"EXEC_MODE": "RAW"})
    assert programs.calls()[0][:3] == ["present", "--", "raw.example.test"]
    assert "dns_exec_style = lego-raw" in read(certwright.renewal_file("raw.example.test"))
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)


def test_hook_chain_is_one_call_for_all(certwright, bind, programs):
    obtain(certwright, bind, programs.dehydrated(), "a.example.test", "b.example.test",
           "*.b.example.test", more=["--dns-exec-style", "dehydrated", "--dns-exec-hook-chain"])
    deploy, clean = programs.calls()
    assert deploy[0] == "deploy_challenge" and len(deploy) == 1 + 3 * 3
    assert clean == ["clean_challenge", *deploy[1:]]
    assert set(read(os.path.join(programs.folder, "chain")).split()) == {"yes"}
    assert bind.challenge_records("example.test") == []


def test_certbots_cleanup_hook_gets_the_output(certwright, bind, programs):
    obtain(certwright, bind, programs.certbot("add"), "c.example.test",
           more=["--dns-exec-style", "certbot", "--dns-exec-cleanup-program",
                 programs.certbot("delete")])
    assert read(os.path.join(programs.folder, "outputs")).splitlines() \
        == ["none", "for c.example.test"]
    assert bind.challenge_records("example.test") == []


def test_certbot_has_the_same_result_with_the_same_hooks(certwright, bind, ca, programs):
    certbot(certwright, "certonly", "--manual", "--preferred-challenges", "dns",
            "--manual-auth-hook", programs.certbot("add"), "--manual-cleanup-hook",
            programs.certbot("delete"), "--server", ca.directory, "--agree-tos",
            "--register-unsafely-without-email", "-d", "same.example.test",
            "-d", "*.same.example.test")
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal")
    assert os.readlink(certwright.live("same.example.test", "cert")).endswith("/cert2.pem")
    assert bind.challenge_records("example.test") == []
    assert len(programs.calls()) == 8


def test_fifty_names_in_one_order(certwright, bind, programs):
    names = [f"n{i}.example.test" for i in range(50)]
    obtain(certwright, bind, programs.lego(), *names)
    assert len(names_of(certwright.live(names[0], "cert"))) == 50
    assert bind.challenge_records("example.test") == []


def test_all_are_set_before_any_is_checked(certwright, bind, programs, ca):
    ahead = len(ca.server.log_text())
    obtain(certwright, bind, programs.lego(f'test "$1" = cleanup && echo >> {programs.folder}/x\n'
                                           "true\n"),
           "s1.example.test", "s2.example.test", "s3.example.test")
    assert [call[0] for call in programs.calls()] == ["present"] * 3 + ["cleanup"] * 3
    assert ca.server.log_text()[ahead:].count("/chalZ/") == 3


@pytest.mark.parametrize("jobs", [1, 3])
def test_programs_run_at_once_up_to_the_number_given(certwright, bind, programs, tmp_path, jobs):
    here = tmp_path / "running"
    here.mkdir()
    program = programs.lego(f"""
mkdir {here}/$$
ls {here} | wc -l >> {tmp_path}/counts
sleep 0.3
rmdir {here}/$$
""")
    obtain(certwright, bind, program, *(f"j{i}.example.test" for i in range(6)),
           more=["--dns-exec-jobs", jobs])
    assert max(int(n) for n in read(tmp_path / "counts").split()) == jobs


def test_calls_for_one_record_never_overlap(certwright, bind, programs, tmp_path):
    program = programs.lego(f"mkdir {tmp_path}/alone\nsleep 0.2\nrmdir {tmp_path}/alone\n")
    obtain(certwright, bind, program, "example.test", "*.example.test",
           more=["--dns-exec-jobs", "4"])


def test_no_shell_sees_the_program_or_its_values(certwright, bind, programs):
    program = programs.lego(name='a "b" $(touch pwned); c')
    obtain(certwright, bind, program, "odd.example.test")
    assert not os.path.exists("pwned")


def test_a_relative_path_is_saved_as_an_absolute_one(certwright, bind, programs, monkeypatch):
    program = programs.lego()
    monkeypatch.chdir(programs.folder)
    obtain(certwright, bind, "./" + os.path.basename(program), "rel.example.test")
    monkeypatch.chdir("/")
    assert f"dns_exec_program = {program}" in read(certwright.renewal_file("rel.example.test"))
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)



@pytest.mark.parametrize("style", STYLES)
def test_an_alias_is_followed_into_the_other_zone(start, tmp_path, style):
    bind = start.bind(ZONES, recursion=True)
    certwright = start.certwright(start.pebble(dns=bind))
    programs = Programs(tmp_path / "programs", bind)
    target = "_acme-challenge.delegated.other.test"
    bind.update(f"add _acme-challenge.alias.example.test. 60 CNAME {target}.")
    if style == "lego-raw":
        # Which is given the name, and follows by itself.
        program = script(tmp_path / "raw", programs.update + """
update $(test $1 = present && echo add || echo delete) $CERTWRIGHT_RECORD. \\
    $(printf %s "$5" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')
""")
    else:
        program = STYLES[style](programs)
    obtain(certwright, bind, program, "alias.example.test", more=["--dns-exec-style", style])
    assert bind.added(target) == 1
    assert bind.challenge_records("other.test") == []


def test_an_alias_need_not_be_followed(certwright, bind, programs):
    bind.update("add _acme-challenge.stay.example.test. 60 CNAME stay.other.test.")
    obtain(certwright, bind, programs.lego(), "stay.example.test", status=1,
           more=["--dns-exec-follow-cname", "no", "--dns-exec-propagation-seconds", "1"])
    assert {call[1] for call in programs.calls()} == {"_acme-challenge.stay.example.test."}



def test_without_a_program_it_is_refused(certwright):
    result = certwright.json("certonly", "--dns-exec", "-d", "a.example.test", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "--dns-exec-program")


def test_an_unknown_style_is_refused(certwright, bind, programs):
    result = obtain(certwright, bind, programs.lego(), "a.example.test", status=None, json=True,
                    more=["--dns-exec-style", "acme"])
    assert result.status == 2
    assert_failed(result, "acme", "dehydrated")


@pytest.mark.parametrize("text, words", [
    (None, ["could not be run", "no such file"]),
    ("not executable", ["could not be run", "permission"]),
    ("echo 'API says no' >&2; exit 1", ["exit status 1", "API says no"]),
    ("sleep 100", ["time limit of 1 s", "more time with --dns-exec-timeout"]),
    pytest.param("trap '' TERM; sleep 100 & sleep 100", ["time limit of 1 s"],
                 marks=pytest.mark.full),
    ("head -c 1048576 /dev/zero | tr '\\0' x >&2; exit 2", ["exit status 2"]),
    ("kill -KILL $$", ["signal 9"]),
])
def test_programs_that_cannot_work_are_one_sentence(certwright, bind, tmp_path, text, words):
    program = str(tmp_path / "missing" / "program")
    if text:
        script(program, text + "\n")
        os.chmod(program, 0o644 if text == "not executable" else 0o755)
    result = obtain(certwright, bind, program, "a.example.test", status=1, json=True, timeout=40,
                    more=["--dns-exec-timeout", "1"])
    assert_failed(result, program, *words)
    assert identifiers(result.json) == {"a.example.test"}
    assert len(result.json["error"]["message"]) < 1500


def test_a_megabyte_and_children_are_no_harm(certwright, bind, programs, tmp_path):
    program = programs.lego(f"""
head -c 1048576 /dev/zero | tr '\\0' x
sleep 1000 & echo $! >> {tmp_path}/pids
""")
    obtain(certwright, bind, program, "big.example.test", timeout=40)
    for pid in read(tmp_path / "pids").split():
        assert is_gone(int(pid))


def test_one_name_that_fails_leaves_the_others_cleaned_up(certwright, bind, programs):
    program = programs.lego('case $2 in *.bad.*) echo "not my zone" >&2; exit 5 ;; esac\n')
    result = obtain(certwright, bind, program, "good.example.test", "bad.example.test", status=1,
                    json=True)
    assert_failed(result, "exit status 5", "not my zone")
    assert identifiers(result.json) == {"bad.example.test"}
    assert bind.challenge_records("example.test") == []
    assert ["cleanup", "_acme-challenge.good.example.test."] in [c[:2] for c in programs.calls()]


def test_a_cleanup_that_fails_is_told_and_costs_nothing(certwright, bind, programs):
    program = programs.lego('test "$1" = present || { echo "stuck" >&2; exit 1; }\n')
    result = obtain(certwright, bind, program, "kept.example.test")
    assert "stuck" in result.output
    bind.update("delete _acme-challenge.kept.example.test. TXT")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_cleaned_up_after(certwright, bind, programs, tmp_path, number):
    program = programs.lego(f"""
case $1$2 in present*b.example.test.) touch {tmp_path}/there; sleep 100 ;; esac
""")
    running = certwright.start("certonly", "--dns-exec", "--dns-exec-program", program,
                               "--dns-resolver", bind.resolver, "-d", "a.example.test",
                               "-d", "b.example.test")
    wait_until(lambda: os.path.exists(tmp_path / "there")
               and bind.texts("_acme-challenge.a.example.test"), 30, "the program")
    os.kill(running.pid, number)
    assert running.finish(30).status != 0
    assert bind.challenge_records("example.test") == []


def test_the_next_run_cleans_up_after_a_kill(certwright, bind, programs, tmp_path):
    program = programs.lego(f"""
case $1$2 in present*k.example.test.) update add "$2" "$3"; touch {tmp_path}/there; sleep 3 ;; esac
""")
    running = certwright.start("certonly", "--dns-exec", "--dns-exec-program", program,
                               "--dns-resolver", bind.resolver, "-d", "k.example.test")
    wait_until(lambda: os.path.exists(tmp_path / "there"), 30, "the program")
    kill_all(running)
    obtain(certwright, bind, program, "after.example.test")
    assert bind.texts("_acme-challenge.k.example.test") == []



def test_a_value_that_was_not_written_is_not_validated(certwright, bind, ca):
    validations = ca.requests("POST", "/chalZ/")
    result = obtain(certwright, bind, "true", "none.example.test", status=1, json=True,
                    more=["--dns-exec-propagation-seconds", "1"])
    assert_failed(result, "_acme-challenge.none.example.test", "ns1.example.test")
    assert ca.requests("POST", "/chalZ/") == validations


def test_name_servers_that_cannot_be_asked_are_left_to_the_ca(start, tmp_path):
    """As where the DNS has another view inside than outside."""
    bind = start.bind({"example.test": []}, servers={"ns1": "127.99.99.99"})
    certwright = start.certwright(start.pebble(dns=bind))
    program = Programs(tmp_path / "programs", bind).lego()
    result = obtain(certwright, bind, program, "inside.example.test",
                    more=["--dns-exec-propagation-seconds", "1"])
    assert "ns1.example.test" in result.stderr and "--dns-resolver" in result.stderr


def test_a_resolver_that_is_down_is_left_to_the_ca(start, tmp_path):
    bind = start.bind({"example.test": []})
    certwright = start.certwright(start.pebble(dns=bind))
    program = Programs(tmp_path / "programs", bind).lego()
    closed = f"127.0.0.1:{start.ports.take()}"
    result = certwright.run("certonly", "--dns-exec", "--dns-exec-program", program,
                            "--dns-resolver", closed, "--dns-exec-propagation-seconds", "1",
                            "-d", "down.example.test")
    assert "_acme-challenge.down.example.test" in result.stderr
    assert "--dns-resolver" in result.stderr


def test_a_secondary_that_lags_is_waited_for(start, tmp_path):
    lock = hold_port_53()
    if lock is None:
        pytest.skip("port 53 of ::1 cannot be had")
    primary = start.bind({"example.test": []}, servers={"ns1": "127.0.0.1", "ns2": "::1"})
    secondary = start.bind({"example.test": []}, address="::1", port=53, secondary_of=primary,
                           key=primary.key)
    certwright = start.certwright(start.pebble(dns=secondary))
    program = Programs(tmp_path / "programs", primary).lego()
    obtain(certwright, primary, program, "example.test", "*.example.test", timeout=60)
    start.stop()
    lock.close()


def test_the_options_are_in_the_help(certwright):
    text = certwright.run("--help", "dns-exec", defaults=False).stdout
    for name in ("program", "cleanup-program", "style", "hook-chain", "jobs", "timeout",
                 "propagation-seconds", "follow-cname"):
        assert f"--dns-exec-{name}" in text
