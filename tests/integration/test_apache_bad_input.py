"""What Apache's plugin cannot work with: one sentence, and the configuration stays as it was. The CA is
not asked for a certificate that could not be installed."""

import os
import shutil
import subprocess
import tempfile

import pytest

from lib.apache import USUAL, Apache
from lib.outcome import assert_failed
from test_apache import host
from test_apache_hosts import TOOL
from test_apache_install import SERVES, apache, site, tls  # noqa: F401  (fixtures)


def run(certwright, server, *args, verb="run", **options):
    return certwright.run(verb, "--apache", "--apache-server-root", server.root, "--https-port",
                          server.https_port, "-d", "a.test", *args, **options)


def cycle(server):
    server.site(host(SERVES) + "Include one.conf\n")
    server.write("one.conf", "Include two.conf\n")
    server.write("two.conf", "Include one.conf\n")


def broken_link(server):
    server.site(host(SERVES) + "Include b.conf\n")
    os.symlink("/nowhere/b.conf", os.path.join(server.root, "b.conf"))


def script(server, text):
    path = os.path.join(server.folder, "program")
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
    os.chmod(path, 0o755)
    server.site(host(SERVES))
    return path


def old(server):
    return ["--apache-ctl", script(server, "#!/bin/sh\necho 'Server version: Apache/2.2.34 (Unix)'\n")]


def other_program(server):
    return ["--apache-ctl", script(server, "#!/bin/sh\necho 'nginx version: nginx/1.22.1'\n")]


def no_reason(server):
    return ["--apache-ctl", script(server, "#!/bin/sh\n[ \"$1\" = -v ] && exec apache2ctl -v\n"
                                           "exit 1\n")]


CASES = {
    "syntax_error": (lambda server: server.site(host("Nonsense on")), "Invalid command 'Nonsense'"),
    "unbalanced": (lambda server: server.site(host(SERVES).replace("</VirtualHost>", "")),
                   "was not closed"),
    "closed_twice": (lambda server: server.site(host(SERVES) + "</VirtualHost>\n"),
                     "without matching"),
    "cycle": (cycle, "files that lead back to it"),
    "broken_link": (broken_link, "b.conf"),
    "missing_file": (lambda server: server.site(host(SERVES) + "Include nowhere.conf\n"),
                     "nowhere.conf"),
    "undefined_macro": (lambda server: server.site(host(SERVES) + "Use Nothing\n"),
                        "no macro defined before Use"),
    "no_program": (lambda server: ["--apache-ctl", "/nowhere/apache2ctl"], "/nowhere/apache2ctl"),
    "old": (old, "2.4 or later"),
    "other_program": (other_program, "is not Apache's"),
    "no_reason": (no_reason, "no reason"),
    "macro": (lambda server: server.site("<Macro M $name>\n" + host(SERVES, name="$name") +
                                         "</Macro>\nUse M a.test\n"), "made by a macro"),
    "macro_with_tls": (lambda server: server.site("<Macro M $name>\n" + tls(name="$name") +
                                                  "</Macro>\nUse M a.test\n"), "made by a macro"),
    "nested_macros": (lambda server: server.site(
        "<Macro M $name>\n" + host(SERVES, name="$name") + "</Macro>\n<Macro N $x>\nUse M $x.test\n"
        "</Macro>\nUse N a\n"), "made by a macro"),
    "no_host": (lambda server: server.site(host(SERVES, name="b.test")), "no virtual host"),
    "not_enabled": (lambda server: server.write("sites-available/off.conf", host(SERVES)),
                    "no virtual host"),
    "port_without_tls": (lambda server: server.site(host(SERVES, address="*:@https@")),
                         "has no TLS"),
    "port_without_tls_in_front": (lambda server: (server.site(
        host(SERVES, "*:@https@", "b.test"), "a.conf"), server.site(host(SERVES))),
        "a.conf:1 is on port"),
    "port_without_tls_before_mod_ssl": (lambda server: (server.site(
        host(SERVES, "*:@https@", "b.test"), "a.conf"), server.site(host(SERVES)), os.unlink(
            f"{server.root}/mods-enabled/ssl.load")), "a.conf:1 is on port"),
    "only_a_redirect": (lambda server: server.site(host("Redirect / https://a.test/")),
                        "only redirects"),
    "copy_is_there": (lambda server: (server.site(host(SERVES)), server.write(
        "sites-available/site-le-ssl.conf", "# somebody's\n"))[:0], "does not read it"),
    "no_folder": (lambda server: (server.site(host(SERVES)), [
        "--apache-vhost-root", "/nowhere/sites"])[1], "/nowhere/sites"),
}
EVERYDAY = ("cycle", "old", "macro", "copy_is_there", "port_without_tls_in_front")


@pytest.mark.parametrize("case", [pytest.param(case, marks=[] if case in EVERYDAY else
                                               [pytest.mark.full]) for case in CASES])
def test_one_sentence_and_nothing_changes(certwright, apache, case):  # noqa: F811
    make, words = CASES[case]
    made = make(apache)
    args = made if isinstance(made, list) else []
    before = apache.snapshot()
    result = run(certwright, apache, "--http-01-port", apache.http_port, *args, status=1, json=True)
    assert_failed(result, words)
    assert "\n" not in result.json["error"]["message"]
    assert apache.snapshot() == before
    # The CA was not asked.
    assert not os.path.exists(os.path.join(certwright.config_dir, "live/a.test"))
    assert not os.path.exists(os.path.join(certwright.config_dir, "accounts"))


@pytest.mark.full
@pytest.mark.parametrize("case", ["syntax_error", "cycle", "broken_link", "no_program", "old"])
def test_authenticator_says_the_same(certwright, apache, case):  # noqa: F811
    make, words = CASES[case]
    made = make(apache)
    before = apache.snapshot()
    result = run(certwright, apache, *(made if isinstance(made, list) else []), verb="certonly",
                 status=1, json=True)
    assert_failed(result, words)
    assert apache.snapshot() == before


def test_broken_link_of_a_site_is_no_obstacle(site, apache):  # noqa: F811
    apache.site(host(SERVES))
    os.symlink("/nowhere/b.conf", os.path.join(apache.root, "sites-enabled/b.conf"))
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test").install()
    assert site.is_served("a.test")
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.parametrize("args, words", (
    (["--apache-enmod", "/nowhere/a2enmod"], "/nowhere/a2enmod"),
    pytest.param(["--apache-handle-modules", "False"], "--apache-handle-modules",
                 marks=pytest.mark.full)))
def test_module_that_cannot_be_enabled(certwright, start, args, words):
    server = Apache(start.ports.take(), start.ports.take(), start.ports.take(),
                    [name for name in USUAL if name != "ssl"])
    try:
        server.site(host(SERVES))
        server.start()
        before = server.snapshot()
        result = run(certwright, server, "--http-01-port", server.http_port, *args, status=1,
                     json=True)
        assert_failed(result, words, "mod_ssl")
        assert server.snapshot() == before
        assert not os.path.exists(os.path.join(certwright.config_dir, "live/a.test"))
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_configuration_that_this_user_may_not_read(apache):  # noqa: F811
    apache.site(host(SERVES))
    apache.write("conf-enabled/secret.conf", "# only for root\n")
    folder = tempfile.mkdtemp(prefix="certwright-nobody-")
    try:
        os.chmod(f"{apache.root}/conf-enabled/secret.conf", 0o600)
        os.chmod(folder, 0o755)
        before = apache.snapshot()
        tool = shutil.copy(TOOL, folder)
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", tool, apache.root],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "secret.conf" in done.stderr
        assert len(done.stderr.splitlines()) == 1 and apache.snapshot() == before
    finally:
        shutil.rmtree(folder)
