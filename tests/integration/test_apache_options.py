"""Apache as installer: options."""

import hashlib
import os
import shutil

import pytest

from lib.apache import USUAL, Apache
from lib.outcome import assert_failed
from lib.tools import read
from test_apache_install import SERVES, apache, host, site, tls  # noqa: F401  (fixtures)


def script(server, name):
    """A program NAME that notes its arguments and does what Debian's does."""
    path = os.path.join(server.folder, name)
    with open(path, "w", encoding="ascii") as stream:
        stream.write(f"#!/bin/sh\necho {name} \"$@\" >> '{server.folder}/calls'\n"
                     f"exec a2{name} \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def test_modules_are_enabled_and_disabled_with_the_programs_given(site, start):  # noqa: F811
    server = Apache(start.ports.take(), start.ports.take(), start.ports.take(),
                    [m for m in USUAL if m != "ssl"])
    site.apache = server
    try:
        server.site(host(SERVES))
        server.start()
        before = server.snapshot()
        site.obtain("a.test").install("--apache-enmod", script(server, "enmod"),
                                      "--apache-dismod", script(server, "dismod"),
                                      env={"APACHE_STATE_DIRECTORY": server.folder + "/state"})
        assert site.is_served("a.test")
        with open(f"{server.folder}/calls", encoding="ascii") as stream:
            assert stream.read() == "enmod ssl\n"
        # The option need not be given again.
        site.rollback()
        with open(f"{server.folder}/calls", encoding="ascii") as stream:
            assert stream.read().splitlines()[1:] == ["dismod -f -q ssl"]
        assert server.snapshot() == before
    finally:
        server.stop()


@pytest.mark.full
def test_logs_stay_where_the_site_has_them(site, apache):  # noqa: F811
    logs = "CustomLog @folder@/log/a.log \"%h\"\nErrorLog @folder@/log/a-error.log"
    apache.site(host(f"{logs}\n{SERVES}"))
    apache.start()
    folder = os.path.join(apache.folder, "logs-root")
    os.mkdir(folder)
    site.obtain("a.test").install("--apache-logs-root", folder)
    assert site.is_served("a.test") and apache.get("a.test", tls=True)[2] == "the site\n"
    copy = apache.read("sites-available/site-le-ssl.conf")
    assert apache.fill(logs) in copy and copy.count("Log ") == 2
    assert not os.listdir(folder)


@pytest.mark.parametrize("name", ["handle-sites",
                                  pytest.param("handle-modules", marks=pytest.mark.full)])
def test_boolean_that_is_none_is_said(site, apache, name):  # noqa: F811
    apache.site(host(SERVES))
    before = apache.snapshot()
    result = site.obtain("a.test").install(f"--apache-{name}", "no", status=1, json=True)
    assert_failed(result, f"--apache-{name}", '"no"', "True or False")
    assert apache.snapshot() == before


def test_copies_of_hosts_of_one_file_are_in_one_that_is_not_enabled(site, apache):  # noqa: F811
    apache.site(host(SERVES) + host(SERVES, name="b.test"))
    apache.start()
    result = site.obtain("a.test", "b.test").install("--apache-handle-sites", "False")
    assert "until you enable it" in result.stderr
    copies = apache.read("sites-available/site-le-ssl.conf")
    assert [copies.count(f"ServerName {name}.test\n") for name in "ab"] == [1, 1]


def test_tls_parameters_are_kept_up_to_date_unless_they_are_edited(site, apache):  # noqa: F811
    apache.site(host(SERVES) + host(SERVES, name="b.test") + host(SERVES, name="c.test"))
    apache.start()
    path = os.path.join(site.certwright.config_dir, "options-ssl-apache.conf")
    digest = os.path.join(site.certwright.config_dir, ".updated-options-ssl-apache-conf-digest.txt")
    site.obtain("a.test", "b.test", "c.test").install(names=["a.test"])
    newest = read(path)
    assert "TLSv1.3" in newest and "TLSv1.1" not in newest
    old = "SSLEngine on\nSSLProtocol all -SSLv3\n"
    for name in (path, digest):
        with open(name, "w", encoding="ascii") as stream:
            stream.write(old if name == path else hashlib.sha256(old.encode()).hexdigest())
    site.install(names=["b.test"])
    assert read(path) == newest
    with open(path, "a", encoding="ascii") as stream:
        stream.write("# mine\n")
    site.install(names=["c.test"])
    assert read(path) == newest + "# mine\n"


WAYS = {
    "rule": "RewriteEngine on\nRewriteRule ^ https://%{SERVER_NAME}%{REQUEST_URI} [END,NE,R=permanent]",
    "http_host": "RewriteEngine on\nRewriteRule ^(.*)$ https://%{HTTP_HOST}$1 [R=301,L]",
    "unless_https": "RewriteEngine on\nRewriteCond %{HTTPS} !=on\n"
                    "RewriteRule ^/?(.*) https://%{SERVER_NAME}/$1 [R,L]",
    "directive": "Redirect permanent / https://a.test/",
    "status": "Redirect 308 / https://a.test/",
    "match": "RedirectMatch permanent ^/(.*)$ https://a.test/$1",
    "included": "Include redirect.conf",
}


@pytest.mark.parametrize("way", [
    pytest.param(way, marks=[] if way == "http_host" else [pytest.mark.full]) for way in WAYS])
def test_redirect_that_is_there_is_recognised(site, apache, way):  # noqa: F811
    apache.write("redirect.conf", WAYS["directive"] + "\n")
    apache.site(host(WAYS[way]) + tls())
    apache.start()
    site.obtain("a.test").install()
    before = apache.snapshot()
    result = site.run("enhance", "--redirect")
    assert "redirected to https already" in result.output
    assert apache.snapshot() == before


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="it takes root")
def test_file_that_only_the_user_of_apache_may_read(certwright, apache):  # noqa: F811
    apache.site(host(SERVES))
    path = apache.write("conf-enabled/secret.conf", "# theirs alone\n")
    os.chmod(path, 0o600)
    shutil.chown(path, "www-data", "www-data")
    apache.make_certificate("a.test")
    certificate, key = (f"{apache.folder}/a.test.{end}" for end in ("pem", "key"))
    before = apache.snapshot()
    for verb in ("install", "certonly"):
        more = () if verb == "certonly" else (
            "--cert-path", certificate, "--fullchain-path", certificate, "--key-path", key)
        result = certwright.run(
            verb, "--apache", "--apache-server-root", apache.root, "-d", "a.test", *more, status=1,
            json=True,
            wrap=[shutil.which("setpriv"), "--bounding-set=-dac_override,-dac_read_search"])
        assert_failed(result, "secret.conf", "Permission denied")
        assert "\n" not in result.json["error"]["message"]
        assert apache.snapshot() == before
