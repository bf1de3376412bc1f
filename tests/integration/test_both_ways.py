"""Certbot and certwright in one directory, taking turns: whatever the one made is listed, renewed,
revoked and deleted by the other."""

import json
import os
import re

import pytest

from lib.tools import certbot, command, key_text, names_of, read, script, serial_of, snapshot, verify_chain

NAME = "both.example.test"


class Ours:
    """certwright, with the words that both understand."""

    def __init__(self, certwright):
        self.certwright = certwright

    def __call__(self, verb, *args, status=0):
        return self.certwright.run(verb, *args, status=status).output


class Theirs:
    """Debian's certbot."""

    def __init__(self, certwright):
        self.certwright = certwright

    def __call__(self, verb, *args, status=0):
        ca = self.certwright.ca
        more = ["--no-random-sleep-on-renew"] if verb == "renew" else \
            ["--server", ca.directory, "--agree-tos", "--register-unsafely-without-email",
             "--http-01-port", str(ca.http_port)]
        done = certbot(self.certwright, verb, *map(str, args), *more, status=status)
        return done.stdout + done.stderr


# Who makes, and who goes on. A machine that changes over to certwright needs the second.
DIRECTIONS = [pytest.param("ours-theirs", marks=pytest.mark.full), "theirs-ours"]


@pytest.fixture(params=DIRECTIONS)
def turns(request, certwright):
    """Who makes, and who goes on."""
    programs = {"ours": Ours(certwright), "theirs": Theirs(certwright)}
    return [programs[name] for name in request.param.split("-")]


@pytest.fixture
def web(start, pebble, tmp_path):
    """A web server whose sites have document roots of their own."""
    def root(host):
        folder = tmp_path / "sites" / host.split(":")[0]
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)
    start.web(pebble.http_port, root)
    return root


def version(certwright, name=NAME):
    return int(re.search(r"cert(\d+)\.pem$", os.readlink(certwright.live(name, "cert"))).group(1))


def params(certwright, name=NAME):
    """[renewalparams] as lines, with its nested sections."""
    text = read(certwright.renewal_file(name)).split("[renewalparams]", 1)[1]
    text = re.split(r"^\[[^\[]", text, flags=re.M)[0]
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)


def is_revoked(pebble, serial):
    status = json.loads(pebble.management(f"/cert-status-by-serial/{serial}"))
    return status["Status"] == "Revoked"


KEYS = {"rsa": ["--key-type", "rsa", "--rsa-key-size", "3072"],
        "ecdsa": ["--key-type", "ecdsa", "--elliptic-curve", "secp384r1"]}


@pytest.mark.parametrize("key", ["ecdsa", pytest.param("rsa", marks=pytest.mark.full)])
def test_list_renew_revoke_and_delete(certwright, pebble, turns, key):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME, "-d", "www." + NAME, *KEYS[key])
    made = params(certwright)
    accounts = pebble.requests("POST", "/sign-me-up")
    text = other("certificates")
    assert f"Certificate Name: {NAME}" in text
    assert certwright.live(NAME) in text
    for turn, expected in ((other, 2), (make, 3), (other, 4)):
        turn("renew", "--force-renewal")
        assert version(certwright) == expected
        verify_chain(os.path.dirname(certwright.live(NAME)), pebble.root())
        assert ("3072 bit" if key == "rsa" else "secp384r1") in \
            key_text(certwright.live(NAME, "privkey"))
        assert params(certwright) == made
    assert names_of(certwright.live(NAME, "cert")) == sorted([NAME, "www." + NAME])
    serial = serial_of(certwright.live(NAME, "cert"))
    other("revoke", "--cert-name", NAME, "--no-delete-after-revoke", "--reason", "superseded")
    assert is_revoked(pebble, serial)
    make("renew", "--force-renewal")
    other("delete", "--cert-name", NAME)
    assert certwright.lineages() == []
    # One account has served both.
    assert pebble.requests("POST", "/sign-me-up") == accounts


@pytest.mark.full
def test_revoke_with_deletion(certwright, pebble, turns):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME)
    serial = serial_of(certwright.live(NAME, "cert"))
    other("revoke", "--cert-path", certwright.live(NAME, "cert"), "--delete-after-revoke")
    assert is_revoked(pebble, serial)
    assert certwright.lineages() == []
    make("certonly", "--standalone", "-d", NAME)
    assert certwright.lineages() == [NAME]


def test_webroot_maps(certwright, pebble, turns, web):
    make, other = turns
    first, second = "one.example.test", "two.example.test"
    make("certonly", "--webroot", "-w", web(first), "-d", first, "-w", web(second), "-d", second)
    text = read(certwright.renewal_file(first))
    assert f"[[webroot_map]]\n{first} = {web(first)}\n{second} = {web(second)}" in text
    for turn, expected in ((other, 2), (make, 3)):
        turn("renew", "--force-renewal")
        assert version(certwright, first) == expected
        text = read(certwright.renewal_file(first))
        assert f"[[webroot_map]]\n{first} = {web(first)}\n{second} = {web(second)}" in text
        assert params(certwright, first)["webroot_path"].rstrip(",").endswith(web(second))


def test_hooks(certwright, turns, tmp_path):
    make, other = turns
    hooks = {}
    for kind in ("pre", "deploy", "post"):
        hooks[kind] = script(tmp_path / f"{kind}.sh",
                             f'echo {kind} "$RENEWED_DOMAINS" "$RENEWED_LINEAGE" >> {tmp_path}/log\n')
        script(os.path.join(certwright.config_dir, "renewal-hooks", kind, "10-mine"),
               f"echo folder-{kind} >> {tmp_path}/log\n")
    make("certonly", "--standalone", "-d", NAME, "--pre-hook", hooks["pre"], "--post-hook",
         hooks["post"], "--deploy-hook", hooks["deploy"])
    live = os.path.dirname(certwright.live(NAME))
    logs = []
    for turn in (other, make):
        os.unlink(tmp_path / "log")
        turn("renew", "--force-renewal")
        logs.append(read(tmp_path / "log").splitlines())
        assert f"deploy {NAME} {live}" in logs[-1]
        assert params(certwright)["renew_hook"] == hooks["deploy"]
    # The same, in the same order (the newer Certbot gives post hooks the names, too).
    plain = [[line.split()[0] for line in log] for log in logs]
    assert plain[0] == plain[1] == ["folder-pre", "pre", "folder-deploy", "deploy", "folder-post",
                                    "post"]


@pytest.mark.full
def test_reused_keys(certwright, turns):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME, "--reuse-key")
    key = read(certwright.live(NAME, "privkey"))
    for turn in (other, make):
        turn("renew", "--force-renewal")
        assert read(certwright.live(NAME, "privkey")) == key
    other("renew", "--force-renewal", "--new-key")
    changed = read(certwright.live(NAME, "privkey"))
    assert changed != key
    make("renew", "--force-renewal")
    assert read(certwright.live(NAME, "privkey")) == changed


def test_expanding_what_the_other_made(certwright, turns):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME)
    other("certonly", "--standalone", "-d", NAME, "-d", "www." + NAME, "--expand")
    assert names_of(certwright.live(NAME, "cert")) == sorted([NAME, "www." + NAME])
    assert certwright.lineages() == [NAME]
    make("certonly", "--standalone", "-d", NAME, "-d", "www." + NAME, "--keep")
    assert version(certwright) == 2


@pytest.mark.full
def test_a_name_that_clashes(certwright, turns):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME)
    other("certonly", "--standalone", "-d", NAME, "--duplicate")
    make("certonly", "--standalone", "-d", NAME, "--duplicate")
    assert certwright.lineages() == [NAME, f"{NAME}-0001", f"{NAME}-0002"]


def test_accounts(certwright, turns):
    make, other = turns
    make("register", "-m", "me@example.com", "--no-eff-email")
    assert "me@example.com" in other("show_account")
    other("update_account", "-m", "you@example.com", "--no-eff-email")
    assert "you@example.com" in make("show_account")
    other("certonly", "--standalone", "-d", NAME)
    assert len(certwright.account_files()) == 1
    other("unregister")
    assert certwright.account_files() == []


def test_dry_runs_leave_no_trace(certwright, turns):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME)
    # Certbot makes the empty folders for hooks whenever it renews.
    before = snapshot(certwright.config_dir, leave_out=("accounts", "renewal-hooks"))
    other("renew", "--dry-run", "--server", certwright.ca.directory)
    assert snapshot(certwright.config_dir, leave_out=("accounts", "renewal-hooks")) == before


EXTRA = """# a comment of the administrator's
mine = kept
"""
SECTION = """[acme_renewal_info]
# and why
note = kept too
"""


def test_what_is_not_theirs_stays_in_renewal_files(certwright, turns):
    make, other = turns
    make("certonly", "--standalone", "-d", NAME)
    path = certwright.renewal_file(NAME)
    # Not before the first key: there Certbot puts a comment of its own in place.
    text = read(path).replace("[renewalparams]", "# about the parameters\n[renewalparams]")
    text = text.replace("archive_dir", EXTRA + "archive_dir", 1)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text + SECTION)
    for turn in (other, make):
        turn("renew", "--force-renewal")
        now = read(path)
        assert EXTRA in now and SECTION in now
        assert "# about the parameters\n[renewalparams]" in now


def test_what_is_ours_survives_a_renewal_by_certbot(certwright, pebble):
    certwright.certonly(NAME, args=["--hook-timeout", "77", "--preferred-challenges",
                                    "http-01,tls-alpn-01"])
    own = read(certwright.renewal_file(NAME)).split("[certwright]", 1)[1]
    assert "hook_timeout = 77" in own and "tls-alpn-01" in own
    assert params(certwright)["pref_challs"] == "http-01,"
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert version(certwright) == 2
    assert read(certwright.renewal_file(NAME)).split("[certwright]", 1)[1] == own
    certwright.run("renew", "--force-renewal")
    assert read(certwright.renewal_file(NAME)).split("[certwright]", 1)[1] == own


def test_one_cli_ini_for_both(certwright, pebble, tmp_path):
    """The same file configures either, by -c."""
    ini = tmp_path / "cli.ini"
    ini.write_text("# for all certificates\n"
                   f"server = {pebble.directory}\nauthenticator = standalone\n"
                   f"http-01-port = {pebble.http_port}\nagree-tos = true\n"
                   "register-unsafely-without-email = True\nkey-type = rsa\nrsa-key-size = 3072\n"
                   "preconfigured-renewal = True\nmax-log-backups = 0\n"
                   f"deploy-hook = touch {tmp_path}/deployed\n")
    env = {"REQUESTS_CA_BUNDLE": pebble.ca_path}
    for number, program in enumerate(("certwright", "certbot")):
        name = f"ini{number}.example.test"
        argv = ["-c", str(ini), *certwright.directories(), "-n", "-d", name]
        first = certwright.program if program == "certwright" else "certbot"
        environment = certwright.environment(env) if program == "certwright" else env
        command(first, "certonly", *argv, env=environment)
        assert "3072 bit" in key_text(certwright.live(name, "privkey"))
    first, second = (params(certwright, f"ini{n}.example.test") for n in (0, 1))
    assert first == second


def test_each_renews_all_that_there_are(certwright, turns, web):
    make, other = turns
    for i in range(2):
        make("certonly", "--webroot", "-w", web(f"m{i}.example.test"), "-d", f"m{i}.example.test")
        other("certonly", "--webroot", "-w", web(f"o{i}.example.test"), "-d",
              f"o{i}.example.test")
    text = other("renew", "--force-renewal")
    for name in certwright.lineages():
        assert version(certwright, name) == 2
        assert certwright.live(name) in text
    assert len(certwright.lineages()) == 4
