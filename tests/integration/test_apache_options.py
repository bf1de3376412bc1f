"""Apache as installer: options."""

import os
import shutil

import pytest

from lib.apache import USUAL, Apache
from lib.outcome import assert_failed
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
