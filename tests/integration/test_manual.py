"""manual: instructions for a person, and the hooks of Certbot's kind."""

import os
import re
import shutil
import signal

import pytest

from lib.account import challenge_again
from lib.outcome import assert_failed, identifiers
from lib.process import Server, is_gone, kill_all, port_answers, start_retrying, wait_until
from lib.terminal import on_terminal
from lib.tools import certbot, names_of, read, script, verify_chain

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {webroot}; }}
}}
"""


class Nginx:
    """A real web server for the webroot that hooks write to."""

    def __init__(self, folder, port):
        self.webroot = os.path.join(str(folder), "webroot")
        os.makedirs(os.path.join(self.webroot, ".well-known", "acme-challenge"))
        os.chmod(str(folder), 0o755)
        path = os.path.join(str(folder), "nginx.conf")
        with open(path, "w", encoding="ascii") as stream:
            stream.write(NGINX.format(folder=folder, port=port, webroot=self.webroot))
            if os.geteuid() == 0:
                stream.write("user root;\n")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.server = start_retrying(lambda: Server(
            "nginx", [nginx, "-c", path], str(folder), ready=lambda: port_answers(port)))

    def files(self):
        return os.listdir(os.path.join(self.webroot, ".well-known", "acme-challenge"))

    def stop(self):
        self.server.stop()


@pytest.fixture(scope="module")
def nginx(pebble, tmp_path_factory):
    server = Nginx(tmp_path_factory.mktemp("nginx"), pebble.http_port)
    yield server
    server.stop()


@pytest.fixture
def hooks(nginx, tmp_path):
    return Hooks(tmp_path / "hooks", nginx)


class Hooks:
    """A pair of hooks as people write them for Certbot, which note how they were called."""

    BASH = "#!/bin/bash\nset -eu\n"

    def __init__(self, folder, nginx):
        self.folder = str(folder)
        os.makedirs(self.folder)
        root = f"{nginx.webroot}/.well-known/acme-challenge"
        self.auth = self.write("auth.sh", self.note("auth") + f"""
printf '%s' "$CERTBOT_VALIDATION" > "{root}/$CERTBOT_TOKEN"
echo "  made for $CERTBOT_DOMAIN  "
""")
        self.cleanup = self.write("cleanup.sh", self.note("cleanup") + f"""
rm -f "{root}/$CERTBOT_TOKEN"
""")

    def note(self, kind):
        """Writes the environment to a file of its own for each call, in order."""
        return f"""
number=$(ls "{self.folder}" | grep -c '^call-') || true
env | grep '^CERTBOT_' | sort > "{self.folder}/call-$(printf %03d "$number")-{kind}"
"""

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(self.BASH + text)
        os.chmod(path, 0o755)
        return path

    def calls(self):
        """[("auth", {name: value}), ...] in order."""
        found = []
        for name in sorted(n for n in os.listdir(self.folder) if n.startswith("call-")):
            lines = read(os.path.join(self.folder, name)).splitlines()
            found.append((name.split("-")[2], dict(line.split("=", 1) for line in lines)))
        return found

    def of(self, kind):
        return [environment for what, environment in self.calls() if what == kind]

    def forget(self):
        for name in os.listdir(self.folder):
            if name.startswith("call-"):
                os.unlink(os.path.join(self.folder, name))

    @property
    def arguments(self):
        return ["--manual", "--manual-auth-hook", self.auth, "--manual-cleanup-hook",
                self.cleanup]


def names(*domains):
    return [word for name in domains for word in ("-d", name)]


@pytest.mark.smoke
def test_hooks_write_to_the_webroot_of_nginx(certwright, nginx, hooks, pebble):
    certwright.run("certonly", *hooks.arguments, *names("a.example.test", "b.example.test"))
    verify_chain(os.path.dirname(certwright.live("a.example.test")), pebble.root())
    assert nginx.files() == []
    assert [kind for kind, _ in hooks.calls()] == ["auth", "auth", "cleanup", "cleanup"]


def test_the_environment_is_complete(certwright, hooks):
    certwright.run("certonly", *hooks.arguments,
                   *names("a.example.test", "b.example.test", "c.example.test"))
    auth, cleanup = hooks.of("auth"), hooks.of("cleanup")
    domains = [call["CERTBOT_DOMAIN"] for call in auth]
    assert sorted(domains) == ["a.example.test", "b.example.test", "c.example.test"]
    assert [call["CERTBOT_REMAINING_CHALLENGES"] for call in auth] == ["2", "1", "0"]
    for call in auth + cleanup:
        assert call["CERTBOT_IDENTIFIER"] == call["CERTBOT_DOMAIN"]
        assert call["CERTBOT_ALL_DOMAINS"].split(",") == domains
        assert call["CERTBOT_ALL_IDENTIFIERS"] == call["CERTBOT_ALL_DOMAINS"]
        assert call["CERTBOT_VALIDATION"].startswith(call["CERTBOT_TOKEN"] + ".")
    assert all("CERTBOT_AUTH_OUTPUT" not in call for call in auth)
    assert [call["CERTBOT_DOMAIN"] for call in cleanup] == domains
    for before, after in zip(auth, cleanup):
        assert after.pop("CERTBOT_AUTH_OUTPUT") == f"made for {before['CERTBOT_DOMAIN']}"
        assert before == after


def test_certbot_gives_the_same_hooks_the_same(certwright, hooks, pebble, start):
    domains = names("a.example.test", "b.example.test")
    certwright.run("certonly", *hooks.arguments, *domains)
    ours = hooks.calls()
    hooks.forget()
    # With an account of its own, lest the CA still know that the names are valid.
    certbot(start.certwright(pebble, "certbot"), "certonly", *hooks.arguments, *domains,
            "--server", pebble.directory, "--agree-tos", "--register-unsafely-without-email")
    theirs = hooks.calls()
    new = {"CERTBOT_IDENTIFIER", "CERTBOT_ALL_IDENTIFIERS"}
    varying = {"CERTBOT_TOKEN", "CERTBOT_VALIDATION", "CERTBOT_DOMAIN", "CERTBOT_AUTH_OUTPUT",
               "CERTBOT_ALL_DOMAINS"}
    assert [kind for kind, _ in ours] == [kind for kind, _ in theirs]
    for (_, mine), (_, certbots) in zip(ours, theirs):
        assert set(mine) - new == set(certbots)
        for name in set(certbots) - varying:
            assert mine[name] == certbots[name]
        assert sorted(mine["CERTBOT_ALL_DOMAINS"].split(",")) \
            == sorted(certbots["CERTBOT_ALL_DOMAINS"].split(","))


def test_either_program_renews_with_the_others_hooks(certwright, hooks, pebble):
    certwright.run("certonly", *hooks.arguments, "-d", "both.example.test")
    lines = read(certwright.renewal_file("both.example.test")).splitlines()
    assert f"manual_auth_hook = {hooks.auth}" in lines
    assert f"manual_cleanup_hook = {hooks.cleanup}" in lines
    challenge_again(certwright)
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    challenge_again(certwright)
    certwright.run("renew", "--force-renewal")
    assert os.readlink(certwright.live("both.example.test", "cert")).endswith("/cert3.pem")
    assert len(hooks.of("auth")) == len(hooks.of("cleanup")) == 3


def test_an_old_renewal_file_of_certbots_is_renewed(certwright, hooks):
    certwright.run("certonly", *hooks.arguments, "-d", "old.example.test")
    path = certwright.renewal_file("old.example.test")
    text = read(path).replace("[renewalparams]",
                              "[renewalparams]\nmanual_public_ip_logging_ok = True")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    certwright.run("renew", "--force-renewal")


def test_a_hook_is_a_line_of_the_shell(certwright, nginx, tmp_path):
    root = f"{nginx.webroot}/.well-known/acme-challenge"
    certwright.run("certonly", "--manual", "-d", "shell.example.test", "--manual-auth-hook",
                   f'cd {root} && printf %s "$CERTBOT_VALIDATION" > "$CERTBOT_TOKEN"',
                   "--manual-cleanup-hook", f"rm {root}/$CERTBOT_TOKEN")
    assert nginx.files() == []



def test_without_hooks_and_without_a_person_it_is_refused(certwright):
    result = certwright.json("certonly", "--manual", "-d", "a.example.test", status=None)
    assert result.status in (1, 2)
    assert_failed(result, "--manual-auth-hook")


def test_a_hook_that_fails_is_its_names_failure(certwright, hooks, nginx, pebble):
    auth = hooks.write("some.sh", f"""
if [ "$CERTBOT_DOMAIN" = bad.example.test ]; then echo "no such zone" >&2; exit 3; fi
exec {hooks.auth}
""")
    validations = pebble.requests("POST", "/chalZ/")
    result = certwright.json("certonly", *hooks.arguments, "--manual-auth-hook", auth,
                             *names("good.example.test", "bad.example.test"), status=1)
    assert_failed(result, "exit status 3", "no such zone", "--manual-auth-hook")
    assert identifiers(result.json) == {"bad.example.test"}
    # Both are cleaned up, and the CA was not asked to look.
    assert {c["CERTBOT_DOMAIN"] for c in hooks.of("cleanup")} \
        == {"good.example.test", "bad.example.test"}
    assert pebble.requests("POST", "/chalZ/") <= validations + 1
    assert nginx.files() == []


@pytest.mark.parametrize("hook, words", [
    ("/nonexistent/hook", ["not found"]),
    ("kill -9 $$", ["signal 9"]),
    ("sleep 60", ["time limit", "1 s"]),
    ("trap '' TERM; sleep 60 & sleep 60", ["time limit"]),
])
def test_hooks_that_cannot_work_are_one_sentence(certwright, hook, words):
    result = certwright.json("certonly", "--manual", "--manual-auth-hook", hook,
                             "--manual-hook-timeout", "1", "-d", "a.example.test", status=1,
                             timeout=30)
    assert_failed(result, *words)
    assert identifiers(result.json) == {"a.example.test"}


def test_a_megabyte_of_output_is_no_harm(certwright, hooks):
    auth = hooks.write("loud.sh", f"""
{hooks.auth} > /dev/null
head -c 1048576 /dev/zero | tr '\\0' x
""")
    certwright.run("certonly", *hooks.arguments, "--manual-auth-hook", auth,
                   "-d", "loud.example.test")
    [call] = hooks.of("cleanup")
    assert 1000 < len(call["CERTBOT_AUTH_OUTPUT"]) < 128 * 1024


def test_children_that_a_hook_leaves_behind_are_no_harm(certwright, hooks, tmp_path):
    auth = hooks.write("parent.sh", f"""
{hooks.auth}
sleep 1000 &
echo $! > {tmp_path}/pid
""")
    certwright.run("certonly", *hooks.arguments, "--manual-auth-hook", auth,
                   "-d", "child.example.test", timeout=30)
    assert is_gone(int(read(tmp_path / "pid")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_cleaned_up_after(certwright, hooks, nginx, tmp_path, number):
    auth = hooks.write("slow.sh", f"""
{hooks.auth}
if [ "$CERTBOT_REMAINING_CHALLENGES" = 0 ]; then touch {tmp_path}/there; sleep 100; fi
""")
    running = certwright.start("certonly", *hooks.arguments, "--manual-auth-hook", auth,
                               *names("a.example.test", "b.example.test"))
    wait_until(lambda: os.path.exists(tmp_path / "there"), 30, "the hook")
    os.kill(running.pid, number)
    assert running.finish(30).status != 0
    assert len(hooks.of("cleanup")) == 2
    assert nginx.files() == []


def test_the_next_run_cleans_up_after_a_kill(certwright, hooks, nginx, tmp_path):
    auth = hooks.write("stuck.sh", f"""
{hooks.auth}
touch {tmp_path}/there
while [ ! -e {tmp_path}/go ]; do sleep 0.05; done
""")
    running = certwright.start("certonly", *hooks.arguments, "--manual-auth-hook", auth,
                               "-d", "k.example.test")
    wait_until(lambda: os.path.exists(tmp_path / "there"), 30, "the hook")
    kill_all(running)
    (tmp_path / "go").touch()
    hooks.forget()
    certwright.run("certonly", *hooks.arguments, "-d", "other.example.test")
    assert "k.example.test" in {c["CERTBOT_DOMAIN"] for c in hooks.of("cleanup")}
    assert nginx.files() == []



def test_tls_alpn_hooks_get_certificate_and_key(certwright, pebble, tmp_path):
    seen = tmp_path / "seen"
    auth = script(tmp_path / "hooks" / "auth", f"""
test -z "${{CERTBOT_TOKEN+x}}" || exit 9
test "$(stat -c %a "$CERTBOT_KEY_PATH")" = 600 || exit 8
openssl s_server -accept {pebble.tls_port} -cert "$CERTBOT_CERT_PATH" -key "$CERTBOT_KEY_PATH" \\
    -alpn acme-tls/1 -quiet < /dev/null > /dev/null 2>&1 &
echo $!
echo "$CERTBOT_CERT_PATH $CERTBOT_KEY_PATH" > {seen}
tries=0
until openssl s_client -connect 127.0.0.1:{pebble.tls_port} < /dev/null > /dev/null 2>&1; do
    tries=$((tries + 1)); test $tries -lt 100 || exit 7; sleep 0.05
done
""")
    cleanup = script(tmp_path / "hooks" / "cleanup", 'kill "$CERTBOT_AUTH_OUTPUT"\n')
    certwright.run("certonly", "--manual", "--manual-auth-hook", auth, "--manual-cleanup-hook",
                   cleanup, "--preferred-challenges", "tls-alpn-01", "-d", "alpn.example.test")
    for path in read(seen).split():
        assert path.startswith(certwright.work_dir)
        assert not os.path.exists(os.path.dirname(path))


def test_dns_hooks_set_a_name_and_its_wildcard(start):
    bind = start.bind({"example.test": []})
    certwright = start.certwright(start.pebble(dns=bind))
    commands = bind.nsupdate_commands().replace("\n", "\\n")

    def hook(name, action):
        return script(os.path.join(certwright.folder, name), f"""
printf '{commands}update {action} _acme-challenge.%s. %s TXT "%s"\\nsend\\n' "$CERTBOT_DOMAIN" \\
    {'60' if action == 'add' else '""'} "$CERTBOT_VALIDATION" | nsupdate -v
""")

    certwright.run("certonly", "--manual", "--preferred-challenges", "dns",
                   "--manual-auth-hook", hook("auth", "add"),
                   "--manual-cleanup-hook", hook("cleanup", "delete"),
                   *names("example.test", "*.example.test"))
    assert names_of(certwright.live("example.test", "cert")) == ["*.example.test", "example.test"]
    assert bind.added("_acme-challenge.example.test") == 2
    assert bind.challenge_records("example.test") == []



def test_a_person_is_told_everything_at_once(certwright, nginx):
    run = on_terminal(certwright, "certonly", "--manual", *names("p1.example.test", "p2.example.test"))
    run.expect("Enter")
    text = run.text
    files = re.findall(r"URL:\s+http://(\S+?)/(\S+)\n\s*data:\s+(\S+)", text)
    assert sorted(host for host, _, _ in files) == ["p1.example.test", "p2.example.test"]
    for _, path, data in files:
        with open(os.path.join(nginx.webroot, path), "w", encoding="ascii") as stream:
            stream.write(data)
    run.type("")
    run.finish()
    assert os.path.exists(certwright.live("p1.example.test"))
    for _, path, _ in files:
        os.unlink(os.path.join(nginx.webroot, path))


def test_a_person_is_told_the_records_of_the_dns(certwright, pebble):
    run = on_terminal(certwright, "certonly", "--manual", "--preferred-challenges", "dns",
                   *names("d.example.test", "*.d.example.test"))
    run.expect("Enter")
    text = run.text
    records = re.findall(r"name:\s+(\S+)\n\s*value:\s+(\S+)", text)
    assert [name for name, _ in records] == ["_acme-challenge.d.example.test."] * 2
    assert "one for each value" in text
    for name, value in records:
        pebble.dns.set_txt(name, value)
    run.type("")
    run.finish()


def test_a_person_is_told_the_certificates_for_tls(certwright):
    run = on_terminal(certwright, "certonly", "--manual", "--preferred-challenges", "tls-alpn-01", "-d", "t.example.test")
    run.expect("Enter")
    text = run.text
    path = re.search(r"certificate:\s+(\S+)", text).group(1)
    assert "BEGIN CERTIFICATE" in read(path)

    def interrupted():
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
        return run.process.poll() is not None

    wait_until(interrupted, 30, "the end")
    assert run.process.returncode != 0
    assert not os.path.exists(path)


def test_what_a_person_set_up_is_cleaned_up_by_the_hook_after_an_interruption(certwright, hooks):
    run = on_terminal(certwright, "certonly", "--manual", "--manual-cleanup-hook",
                      hooks.write("clean-up.sh", hooks.cleanup),
                      *names("p1.example.test", "p2.example.test"))
    run.expect("Enter")

    def interrupted():
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
        return run.process.poll() is not None

    wait_until(interrupted, 30, "the end")
    assert run.process.returncode != 0
    assert [call["CERTBOT_DOMAIN"] for call in hooks.of("cleanup")] == \
        ["p1.example.test", "p2.example.test"]
