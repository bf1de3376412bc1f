"""certbot-dns: authenticators of others that are not like Certbot's own DNS plugins."""

import json
import os
import shutil
import tempfile

import pytest

from lib.certbot_packages import FOLDER, JSON_CREDENTIALS, Packages
from lib.certwright import plugin_path, program_path
from lib.tools import command, names_of, read


@pytest.fixture
def packages(tmp_path):
    return Packages(tmp_path)


@pytest.fixture
def folder(start, pebble, tmp_path):
    """What the web server of every name serves."""
    path = tmp_path / "web"
    path.mkdir()
    start.web(pebble.http_port, lambda host: str(path / host))
    return path


def files_in(folder):
    return [name for _, _, names in os.walk(folder) for name in names]


def test_an_http_authenticator_performs_and_cleans_up(certwright, packages, folder):
    packages.add("http-folder", FOLDER)
    text = certwright.run("help", "http-folder", env=packages.env, defaults=False).stdout
    assert "--http-folder-web-root" in text
    names = ["a.example.test", "b.example.test"]
    certwright.run("certonly", "-a", "http-folder", "--http-folder-web-root", folder, "-d", names[0],
                   "-d", names[1], env=packages.env)
    assert names_of(certwright.live(names[0], "cert")) == names
    certwright.run("renew", "--force-renewal", env=packages.env)
    assert files_in(folder) == []


@pytest.mark.full
def test_a_renewal_file_with_capital_letters(certwright, packages, folder):
    """As Certbot writes it, which has to find it again."""
    packages.add("http-folder", FOLDER)
    certwright.run("certonly", "-a", "http-folder", "--http-folder-web-root", folder, "-d",
                   "c.example.test", env=packages.env)
    path = certwright.renewal_file("c.example.test")
    text = read(path)
    assert f"http_folder_web_root = {folder}\n" in text
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace("http_folder_web_root", "http_folder_Web_Root"))
    certwright.run("renew", "--force-renewal", env=packages.env)
    assert f"http_folder_Web_Root = {folder}\n" in read(path)
    assert "http_folder_web_root" not in read(path)


def test_secrets_in_json_credentials_are_not_shown(certwright, packages, tmp_path):
    packages.add("dns-json", JSON_CREDENTIALS)
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----END"]
    path = tmp_path / "account.json"
    path.write_text(json.dumps({"type": "service_account", "private_key": "\n".join(lines)}))
    path.chmod(0o600)
    done = certwright.run("certonly", "-a", "dns-json", "--dns-json-credentials", path, "-d",
                          "j.example.test", env=packages.env, status=1)
    assert "refused with '[secret]'" in done.stderr
    assert lines[1] not in certwright.log_text() + done.output


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="it takes root")
def test_a_user_without_rights(start, pebble, packages, folder):
    """All that such a user has is what it may read and its own directories."""
    packages.add("http-folder", FOLDER)
    with tempfile.TemporaryDirectory(prefix="certwright-user-") as home:
        shutil.copytree(plugin_path(program_path()), f"{home}/plugins")
        shutil.copytree(packages.folder, f"{home}/packages")
        shutil.copy(pebble.ca_path, f"{home}/ca.pem")
        os.makedirs(f"{home}/run/web")
        command("chmod", "-R", "a+rX", home)
        command("chown", "-R", "65534:65534", f"{home}/run")
        certwright = start.certwright(pebble)
        for name in ("config", "work", "logs"):
            setattr(certwright, f"{name}_dir", f"{home}/run/{name}")
        env = {"SSL_CERT_FILE": f"{home}/ca.pem", "CERTWRIGHT_PLUGIN_PATH": f"{home}/plugins",
               "PYTHONPATH": f"{home}/packages", "CERTWRIGHT_CACHE_DIR": None,
               "XDG_CACHE_HOME": f"{home}/run/cache", "XDG_CONFIG_HOME": f"{home}/run/xdg",
               "HOME": f"{home}/run"}
        os.symlink(f"{home}/run/web/d.example.test", folder / "d.example.test")
        wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        for verb, more in (("certonly", ["-a", "http-folder", "--http-folder-web-root",
                                         f"{home}/run/web", "-d", "d.example.test"]),
                           ("renew", ["--force-renewal"])):
            certwright.start(verb, *more, env=env, wrap=wrap).finish()
        assert names_of(certwright.live("d.example.test", "cert")) == ["d.example.test"]
        assert os.path.exists(f"{home}/run/cache/certwright/certbot-plugins.json")
        assert files_in(f"{home}/run/web") == []
