"""What this command obeys: files that other users could change are named in a warning, and refused
under --strict-permissions; logs and locks are no way to another's files; the environment counts for
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
