"""What this command obeys: files that other users could change or replace are named in a warning, and
refused under --strict-permissions; logs and locks are no way to another's files; the environment counts for
less where the program has other rights than who started it."""

import os
import shutil
import stat
import subprocess
import tempfile

import pytest

from lib.certwright import plugin_path, program_path
from lib.outcome import assert_failed
from lib.tools import read, script

NAME = "change.example.test"
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="has to act as two users")
WAYS = [0o664, 0o646, pytest.param("owner", marks=needs_root)]


def give_away(path, way):
    """Lets others change PATH, in one of WAYS."""
    if way == "owner":
        os.chown(path, NOBODY, -1)
    else:
        os.chmod(path, way | (os.stat(path).st_mode & 0o111))


@pytest.fixture
def made(certwright):
    certwright.certonly(NAME)
    return certwright


def is_told_or_refused(certwright, path, way, *args, refused=1):
    give_away(path, way)
    result = certwright.json("renew", "--force-renewal", *args)
    assert "warning:" in result.stderr and path in result.stderr
    assert result.stderr.count(f'"{path}"') == 1
    result = certwright.json("renew", "--force-renewal", "--strict-permissions", *args,
                             status=refused)
    if refused:
        assert_failed(result, path)
    else:
        assert path in result.stderr
    return result


@pytest.mark.parametrize("way", WAYS)
def test_a_renewal_file(made, way):
    is_told_or_refused(made, made.renewal_file(NAME), way)


@pytest.mark.parametrize("way", WAYS)
def test_a_configuration_file(made, tmp_path, way):
    path = tmp_path / "cli.ini"
    path.write_text("key-type = rsa\n")
    is_told_or_refused(made, str(path), way, "--config", path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hook", ["--pre-hook", "--deploy-hook", "--post-hook"])
def test_a_hook_by_its_path(made, tmp_path, hook, way):
    path = script(tmp_path / "hook", "exit 0")
    is_told_or_refused(made, str(path), way, hook, f"{path} and arguments")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["pre", "deploy", "post"])
def test_a_hook_of_the_folder_is_not_run(made, tmp_path, kind, way):
    path = os.path.join(made.config_dir, "renewal-hooks", kind, "hook")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    ran = tmp_path / "ran"
    script(path, f"echo x >> {ran}")
    is_told_or_refused(made, path, way, refused=0)
    assert ran.read_text() == "x\n"


def test_what_only_we_can_change_is_not_mentioned(made, tmp_path):
    hook = script(tmp_path / "hook", "exit 0")
    result = made.json("renew", "--force-renewal", "--strict-permissions", "--pre-hook", hook)
    assert "warning" not in result.stderr


@needs_root
def test_a_plugin_folder_below_one_that_others_can_change(certwright):
    parent = tempfile.mkdtemp(prefix="certwright-parent-")
    folder = os.path.join(parent, "middle", "plugins")
    try:
        shutil.copytree(plugin_path(program_path()), folder)
        environment = {"CERTWRIGHT_PLUGIN_PATH": folder}
        names = [p["name"] for p in certwright.json("plugins", env=environment).json["plugins"]]
        assert "webroot" in names
        for path, mode in ((parent, 0o777), (parent, 0o770), (f"{parent}/middle", 0o777)):
            before = stat.S_IMODE(os.stat(path).st_mode)
            os.chmod(path, mode)
            result = certwright.json("plugins", env=environment)
            assert "webroot" not in [p["name"] for p in result.json["plugins"]]
            assert f'"{path}"' in result.stderr
            os.chmod(path, before)
        os.chown(f"{parent}/middle", NOBODY, -1)
        result = certwright.json("plugins", env=environment)
        assert "webroot" not in [p["name"] for p in result.json["plugins"]]
    finally:
        shutil.rmtree(parent)


@pytest.fixture
def outside():
    """A folder whose parents are root's, other than pytest's own."""
    folder = tempfile.mkdtemp(prefix="certwright-outside-")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


FOLDER_WAYS = [0o775, 0o757, pytest.param("owner", marks=needs_root)]
DEPTHS = ["", "middle"]


@pytest.mark.parametrize("way", FOLDER_WAYS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_a_hook_that_a_folder_lets_others_replace(made, outside, depth, way):
    inner = os.path.join(outside, "middle", "inner")
    os.makedirs(inner, mode=0o755)
    hook = script(os.path.join(inner, "hook"), "exit 0")
    folder = os.path.normpath(os.path.join(outside, depth))
    result = is_told_or_refused(made, folder, way, "--deploy-hook", hook)
    assert str(hook) in result.json["error"]["message"] + result.stderr


def test_a_hook_found_through_path_or_relative_to_the_folder(made, outside):
    script(os.path.join(outside, "our-hook"), "exit 0")
    os.chmod(outside, 0o777)
    for hook, env in (("our-hook now", {"PATH": f"{outside}:/usr/bin:/bin"}),
                      (f"{os.path.relpath(outside)}/our-hook", {})):
        result = made.json("renew", "--force-renewal", "--pre-hook", hook, env=env)
        assert result.stderr.count(f'"{outside}"') == 1
        result = made.json("renew", "--force-renewal", "--strict-permissions", "--pre-hook", hook,
                           env=env, status=1)
        assert_failed(result, f'"{outside}"', "our-hook")


def test_a_hook_in_a_sticky_folder_is_safe(made, outside):
    os.chmod(outside, 0o1777)
    hook = script(os.path.join(outside, "hook"), "exit 0")
    result = made.json("renew", "--force-renewal", "--strict-permissions", "--pre-hook", hook)
    assert "warning" not in result.stderr


@needs_root
def test_a_link_of_another_user_in_a_sticky_folder_is_not(made, outside, tmp_path):
    os.chmod(outside, 0o1777)
    hook = script(tmp_path / "hook", "exit 0")
    link = os.path.join(outside, "hook")
    os.symlink(hook, link)
    made.json("renew", "--force-renewal", "--strict-permissions", "--pre-hook", link)
    os.lchown(link, NOBODY, -1)
    result = made.json("renew", "--force-renewal", "--strict-permissions", "--pre-hook", link,
                       status=1)
    assert_failed(result, link)


@pytest.mark.parametrize("way", FOLDER_WAYS)
@pytest.mark.parametrize("kind", ["pre", "deploy", "post"])
@pytest.mark.parametrize("depth", ["", "kind"])
def test_a_hook_folder_that_others_can_change(made, kind, depth, way):
    folder = os.path.join(made.config_dir, "renewal-hooks")
    os.makedirs(os.path.join(folder, kind), exist_ok=True)
    script(os.path.join(folder, kind, "hook"), "exit 0")
    is_told_or_refused(made, os.path.join(folder, kind) if depth else folder, way)


@pytest.mark.parametrize("way", FOLDER_WAYS)
def test_a_configuration_file_in_a_folder_that_others_can_change(made, outside, way):
    path = os.path.join(outside, "cli.ini")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("key-type = rsa\n")
    is_told_or_refused(made, outside, way, "--config", path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("linked", [False, True])
def test_a_renewal_file_that_is_not_due(made, tmp_path, way, linked):
    """One of two; the other is renewed all the same, and nothing of it is warned of."""
    other = "other.example.test"
    made.certonly(other)
    path = made.renewal_file(NAME)
    if linked:
        target = tmp_path / "renewal.conf"
        shutil.move(path, target)
        os.symlink(target, path)
        path = str(target)
    give_away(path, way)
    for verb in ("renew", "certonly"):
        words = [verb] if verb == "renew" else [verb, "--keep", "-a", "standalone", "-d", NAME]
        result = made.json(*words)
        assert result.stderr.count(f"go-w '{path}'" if way != "owner" else f"root '{path}'") == 1
        assert made.renewal_file(other) not in result.stderr
    result = made.json("renew", "--strict-permissions", status=1)
    assert_failed(result, path)
    assert result.certificates[NAME]["action"] == "failed"
    assert result.certificates[other]["action"] == "kept"


@pytest.mark.parametrize("way", FOLDER_WAYS)
@pytest.mark.parametrize("which", ["renewal", "etc"])
def test_the_folder_of_renewal_files_that_others_can_change(made, which, way):
    made.certonly("other.example.test")
    folder = made.config_dir if which == "etc" else os.path.join(made.config_dir, "renewal")
    give_away(folder, way)
    result = made.json("renew")
    assert result.stderr.count(f'"{folder}"') == 1
    result = made.json("renew", "--strict-permissions", status=1)
    assert_failed(result, folder)


@pytest.mark.parametrize("way", [0o777, pytest.param("owner", marks=needs_root)])
def test_credentials_that_a_folder_lets_others_replace(certwright, outside, way):
    path = os.path.join(outside, "rfc2136.ini")
    with open(path, "w", encoding="ascii") as stream:
        stream.write("dns_rfc2136_server = 127.0.0.1\ndns_rfc2136_port = 9\n"
                     "dns_rfc2136_name = key.\ndns_rfc2136_secret = c2VjcmV0c2VjcmV0\n")
    os.chmod(path, 0o600)
    give_away(outside, way)
    args = ("certonly", "-d", NAME, "-a", "dns-rfc2136", "--dns-rfc2136-credentials", path,
            "--dns-rfc2136-propagation-seconds", "0")
    result = certwright.json(*args, status=1)
    assert f'"{outside}"' in result.stderr and "replace the credentials file" in result.stderr
    result = certwright.json(*args, "--strict-permissions", status=1)
    assert_failed(result, outside, "replace the credentials file", path)


@needs_root
@pytest.mark.parametrize("words, option", [
    (["-w", "/srv"], "-w"), (["--webroot-path=/srv"], "--webroot-path"),
    (["-a", "standalone", "--standalone-port", "80"], "--standalone-port"), (["--nginx-ctl", "x"], "--nginx-ctl"),
    (["-a", "webroot"], None)])
@pytest.mark.parametrize("way", [0o777, 0o1777, "owner"])
def test_a_plugin_in_a_refused_folder_is_not_unknown(certwright, words, option, way):
    parent = tempfile.mkdtemp(prefix="certwright-parent-")
    folder = os.path.join(parent, "plugins")
    try:
        shutil.copytree(plugin_path(program_path()), folder)
        give_away(folder, way)
        result = certwright.json("certonly", "-d", NAME, *words, status=None,
                                 env={"CERTWRIGHT_PLUGIN_PATH": folder})
        assert result.status != 0
        message = result.json["error"]["message"]
        assert "there is no" not in message and "was not loaded" in message
        assert f'"{folder}"' in message and "refused" in message
        assert option is None or f'"{option}"' in message
        assert message.count("was not loaded") == 1
        # Unknown names stay unknown.
        result = certwright.json("certonly", "-d", NAME, "--nothing-such", status=2,
                                 env={"CERTWRIGHT_PLUGIN_PATH": folder})
        assert_failed(result, 'there is no option "--nothing-such"')
    finally:
        shutil.rmtree(parent)


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("backups", ["0", "5"])
def test_a_log_that_is_a_link_is_not_written_through(certwright, tmp_path, link, backups):
    target = tmp_path / "precious"
    target.write_text("precious")
    os.makedirs(certwright.logs_dir, mode=0o700)
    link(str(target), os.path.join(certwright.logs_dir, "letsencrypt.log"))
    result = certwright.certonly(NAME, args=("--max-log-backups", backups), json=True,
                                 status=1 if backups == "0" else 0)
    if backups == "0":
        assert_failed(result, "letsencrypt.log", "link")
    assert target.read_text() == "precious"


@pytest.mark.parametrize("folder", ["config_dir", "work_dir", "logs_dir"])
def test_a_lock_file_that_is_a_hard_link_is_not_truncated(certwright, tmp_path, folder):
    target = tmp_path / "precious"
    target.write_text("precious")
    os.makedirs(getattr(certwright, folder))
    os.link(str(target), os.path.join(getattr(certwright, folder), ".certbot.lock"))
    certwright.certonly(NAME)
    assert target.read_text() == "precious"


def test_what_the_environment_loads_is_in_the_log(certwright, tmp_path):
    config = tmp_path / "openssl.cnf"
    config.write_text("")
    keys = tmp_path / "keys"
    certwright.run("register", env={"OPENSSL_CONF": str(config), "SSLKEYLOGFILE": str(keys)})
    log = certwright.log_text()
    for name in (f"OPENSSL_CONF={config}", f"SSLKEYLOGFILE={keys}", "CERTWRIGHT_PLUGIN_PATH="):
        assert name in log


@needs_root
def test_the_environment_does_not_count_for_a_program_with_other_rights(certwright, pebble):
    folder = tempfile.mkdtemp(prefix="certwright-setuid-")
    try:
        os.chmod(folder, 0o755)
        program = os.path.join(folder, "certwright")
        shutil.copy(certwright.program, program)
        os.chmod(program, 0o4755)
        keys = os.path.join(folder, "keys")
        argv = certwright.arguments("register")[1:]
        done = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program, *argv],
            env={"SSL_CERT_FILE": pebble.ca_path, "SSLKEYLOGFILE": keys, "OPENSSL_CONF": "/dev/null",
                 "CERTWRIGHT_PLUGIN_PATH": folder}, capture_output=True, text=True, check=False)
        for name in ("SSLKEYLOGFILE", "OPENSSL_CONF", "CERTWRIGHT_PLUGIN_PATH"):
            assert f"ignoring {name}" in done.stderr, done.stderr
        assert not os.path.exists(keys)
        assert "ignoring SSLKEYLOGFILE" in read(os.path.join(certwright.logs_dir, "letsencrypt.log"))
    finally:
        shutil.rmtree(folder)
