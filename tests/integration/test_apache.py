"""Apache as authenticator: challenges through Debian's Apache, in every kind of virtual host."""

import os
import signal
import socket

import pytest

from lib.account import challenge_again
from lib.apache import Apache
from lib.outcome import assert_failed
from lib.process import wait_until
from lib.tools import names_of
from lib.trace import strace


@pytest.fixture
def apache(start, pebble):
    server = Apache(pebble.http_port, start.ports.take(), start.ports.take())
    yield server
    server.stop()


def obtain(certwright, apache, *names, args=(), **options):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", "--apache", "--apache-server-root", apache.root,
                          *domains, *args, **options)


def host(text, address="*:@http@", name="a.test"):
    return f"<VirtualHost {address}>\n\tServerName {name}\n{text}\n</VirtualHost>\n"


CASES = {
    "exact_name": (host("DocumentRoot @folder@/www"), ["a.test"]),
    "empty_host": ("<VirtualHost *:@http@>\n</VirtualHost>", ["a.test"]),
    "no_line_end": ("<VirtualHost *:@http@>\nServerName a.test\n</VirtualHost>", ["a.test"]),
    "wildcard": (host("", name="x.test") + host("ServerAlias *.w.test", name="w.test"),
                 ["y.w.test", "w.test"]),
    "first_wildcard_wins": (host("ServerAlias *.w.test", name="w.test") +
                            host("Redirect / http://127.0.0.1:9/", name="y.w.test"), ["y.w.test"]),
    "redirected": (host("Redirect permanent / https://a.test/"), ["a.test"]),
    "redirected_by_pattern": (host("RedirectMatch ^/(.*)$ https://a.test/$1"), ["a.test"]),
    "rewritten": (host("RewriteEngine On\nRewriteRule ^ https://a.test%{REQUEST_URI} [R=301,L,NE]"),
                  ["a.test"]),
    "rewritten_to_forbidden": (host("RewriteEngine On\nRewriteRule .* - [F]"), ["a.test"]),
    "rewrites_off": (host("RewriteEngine On\nRewriteRule ^/old$ /new [R]\nRewriteEngine off"),
                     ["a.test"]),
    "rewrites_of_the_main_server": (
        "RewriteEngine on\nRewriteOptions InheritDownBefore\nRewriteRule ^ - [F]\n" + host(""),
        ["a.test"]),
    "proxied": (host("ProxyPass / http://127.0.0.1:9/\nProxyPassReverse / http://127.0.0.1:9/"),
                ["a.test"]),
    "proxied_location": (host("<Location />\nProxyPass http://127.0.0.1:9/\n</Location>"),
                         ["a.test"]),
    "proxied_by_handler": (host("<FilesMatch .>\nSetHandler proxy:fcgi://127.0.0.1:9\n</FilesMatch>"
                                "\n<Location />\nSetHandler proxy:http://127.0.0.1:9/\n</Location>"),
                           ["a.test"]),
    "denied": (host("<Location />\nRequire all denied\n</Location>\n"
                    "<LocationMatch \\.>\nRequire all denied\n</LocationMatch>\n"
                    "<If \"true\">\nRequire all denied\n</If>"), ["a.test"]),
    "denied_the_old_way": (host("<Location />\nOrder deny,allow\nDeny from all\n</Location>"),
                           ["a.test"]),
    "password": (host("<Location />\nAuthType Basic\nAuthName x\nAuthUserFile /nonexistent\n"
                      "Require valid-user\n</Location>"), ["a.test"]),
    "maintenance": (host("DocumentRoot @folder@/www\nErrorDocument 503 /maintenance.html\n"
                         "RewriteEngine on\nRewriteCond %{REQUEST_URI} !=/maintenance.html\n"
                         "RewriteRule ^ - [R=503,L]"), ["a.test"]),
    "alias_of_the_folder": (host("Alias /.well-known /nonexistent\n"
                                 "<Location /.well-known>\nSetHandler server-status\n</Location>"),
                            ["a.test"]),
    "status_page": (host("<Location />\nSetHandler server-status\nRequire all granted\n</Location>"
                         "\nErrorDocument 200 wrong"), ["a.test"]),
    "filtered": (host("<Location />\nSetOutputFilter SUBSTITUTE;DEFLATE\n"
                      "Substitute s/./x/\nAddOutputFilterByType DEFLATE text/html\n</Location>"),
                 ["a.test"]),
    "mass_hosting": (host("VirtualDocumentRoot /nonexistent/%0\nServerAlias *.m.test"),
                     ["x.m.test"]),
    "other_port_only": (host("", address="*:@other@"), ["a.test"]),
    "address": (host("Redirect / https://x.test/", address="127.0.0.1:@http@", name="x.test") +
                host("Redirect / https://x.test/"), ["a.test"]),
    "address_of_another_host": (host("Redirect / http://127.0.0.1:9/", address="127.0.0.2:@http@") +
                                host("Redirect / https://x.test/", name="x.test"), ["a.test"]),
    "address_only": (host("", address="127.0.0.2:@http@", name="x.test"), ["a.test"]),
    "any_port": (host("Redirect / https://x.test/", address="*"), ["a.test"]),
    "two_hosts": (host("Redirect / https://a.test/") +
                  host("Redirect / https://b.test/", name="b.test"), ["a.test", "b.test"]),
    "same_name_twice": (host("Redirect / http://127.0.0.1:9/") * 2, ["a.test"]),
    "capitals": ("<virtualHOST *:@http@>\nservername A.Test\nREDIRECT / https://a.test/\n"
                 "</VIRTUALhost>\n", ["a.test"]),
    "crlf": (host("ServerAlias b.test \\\n c.test").replace("\n", "\r\n"), ["b.test", "c.test"]),
    "continued": ("<VirtualHost \\\n  *:@http@>\nServerName \\\n a.test\nRedirect / \\\n"
                  " https://a.test/\n</VirtualHost>", ["a.test"]),
    "macro": ("<Macro Site $name>\n" + host("Redirect / https://x.test/", name="$name") +
              "</Macro>\nUse Site a.test\nUse Site b.test\nUndefMacro Site\n", ["a.test", "b.test"]),
    "conditions": ("<IfModule mod_rewrite.c>\n<IfDefine !NONE>\n" +
                   host("<IfModule mod_alias.c>\nRedirect / https://a.test/\n</IfModule>") +
                   "</IfDefine>\n</IfModule>\n", ["a.test"]),
    "main_server_only": ("Redirect / https://x.test/\nRewriteEngine on\nRewriteRule ^ - [F]\n"
                         "<Location />\nRequire all denied\n</Location>\n", ["a.test"]),
    "latin1": (host("# caf\xe9"), ["a.test"]),
}


# Of these another case of the same kind is enough for every day.
VARIATIONS = ("no_line_end", "redirected_by_pattern", "rewritten_to_forbidden", "proxied_by_handler",
              "denied_the_old_way", "alias_of_the_folder", "status_page", "any_port",
              "same_name_twice", "capitals", "continued", "latin1", "address_only")


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=[pytest.mark.full] if case in VARIATIONS else []) for case in CASES])
def test_challenge_is_served_and_files_are_restored(certwright, apache, case):
    text, names = CASES[case]
    apache.site(apache.fill(text).encode("latin-1"))
    apache.start()
    before = apache.snapshot()
    obtain(certwright, apache, *names)
    assert apache.snapshot() == before
    assert sorted(names_of(certwright.live(names[0], "cert"))) == sorted(names)


@pytest.mark.parametrize("modules", (["mpm_event"], ["mpm_event", "authz_core", "alias"]))
def test_mod_rewrite_is_loaded_only_for_the_challenge(certwright, apache, start, pebble, modules):
    other = Apache(apache.http_port, apache.https_port, apache.other_port, modules)
    try:
        text = other.read("apache2.conf")
        other.write("apache2.conf", text.replace("Require all denied", ""))
        other.site(host(""))
        other.start()
        before = other.snapshot()
        obtain(certwright, other, "a.test")
        assert other.snapshot() == before
        assert "rewrite" not in other.ctl("-M").stdout
    finally:
        other.stop()


def test_prefork_too(certwright, apache):
    os.unlink(os.path.join(apache.root, "mods-enabled/mpm_event.load"))
    apache.enable("mpm_prefork")
    apache.site(host("Redirect / https://a.test/"))
    apache.start()
    before = apache.snapshot()
    obtain(certwright, apache, "a.test", "b.test")
    assert apache.snapshot() == before


def test_port_where_nothing_listens(certwright, apache):
    apache.write("ports.conf", "Listen @other@\n")
    apache.site(host("", address="*:@other@"))
    apache.start()
    before = apache.snapshot()
    obtain(certwright, apache, "a.test")
    assert apache.snapshot() == before
    with pytest.raises(ConnectionRefusedError):
        apache.get("a.test")


def test_port_that_another_program_has_is_said_before_apache_is_told(certwright, apache):
    """Apache would end."""
    apache.write("ports.conf", "Listen @other@\n")
    apache.start()
    before, pid = apache.snapshot(), apache.pid()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", apache.http_port))
        taken.listen()
        result = obtain(certwright, apache, "a.test", status=1, json=True)
    assert_failed(result, str(apache.http_port), "another program")
    assert apache.snapshot() == before
    assert apache.pid() == pid and apache.get("x", port=apache.other_port)[0]


def test_files_of_the_challenge_are_where_they_should_be(certwright, apache):
    folder = os.path.join(apache.folder, "some where")
    os.mkdir(folder)
    apache.site(host(""))
    apache.start()
    obtain(certwright, apache, "a.test", args=("--apache-challenge-location", folder))
    assert os.listdir(folder) == []
    challenge_again(certwright)
    result = obtain(certwright, apache, "a.test", status=1, json=True,
                    args=("--apache-challenge-location", "/nonexistent", "--force-renewal"))
    assert_failed(result, "/nonexistent")


def test_apache_that_does_not_run_is_started(certwright, apache):
    apache.site(host("DocumentRoot @folder@/www\n<Location />\nRequire all granted\n</Location>"))
    obtain(certwright, apache, "a.test")
    assert apache.get("a.test")[2] == "the site\n"


def test_what_apache_refuses_is_said_in_its_words(certwright, apache):
    apache.site(host("Nonsense on"))
    before = apache.snapshot()
    result = obtain(certwright, apache, "a.test", status=1, json=True)
    assert_failed(result, "Invalid command 'Nonsense'", "site.conf")
    assert apache.snapshot() == before


def test_missing_program_is_said(certwright, apache):
    apache.site(host(""))
    result = obtain(certwright, apache, "a.test", status=1, json=True,
                    args=("--apache-ctl", "/nowhere/apache2ctl"))
    assert_failed(result, "/nowhere/apache2ctl")


def test_missing_server_root_is_said(certwright, apache):
    result = certwright.run("certonly", "--apache", "--apache-server-root", "/nowhere", "-d",
                            "a.test", status=1, json=True)
    assert_failed(result, "/nowhere")


@pytest.mark.parametrize("rules", ("", "RewriteRule ^ - [F]\n", "RewriteEngine off\n"
                                   "RewriteRule ^ - [F]\n"))
def test_connections_are_served_all_the_time(certwright, apache, rules):
    """A reload drops nobody: a client that asks again and again is always answered. Rules that are off
    stay off."""
    apache.site(host(rules + "DocumentRoot @folder@/www\n<Location />\nRequire all granted\n"
                     "</Location>"))
    apache.start()
    running = certwright.start("certonly", "--apache", "--apache-server-root", apache.root,
                               "-d", "a.test")
    while running.process.poll() is None:
        assert apache.get("a.test")[2] == "the site\n"
    assert running.finish().status == 0


def test_killed_run_is_made_good_by_the_next(certwright, apache):
    apache.site(host("Redirect / https://a.test/"))
    apache.start()
    before = apache.snapshot()
    running = certwright.start("certonly", "--apache", "--apache-server-root", apache.root,
                               "-d", "a.test")
    wait_until(lambda: apache.snapshot() != before or running.process.poll() is not None,
               what="the challenge to be written")
    running.kill()
    obtain(certwright, apache, "a.test", args=("--lock-timeout", "20"))
    assert apache.snapshot() == before
    assert apache.get("a.test", "/.well-known/acme-challenge/x")[0] == 302


def test_reload_that_another_program_began_before_is_not_taken_for_ours(certwright, apache):
    """Apache has read the site and is held up, with it in its old form, when the challenge is written. So
    it is in each reload: what comes too early is not the challenge.
    """
    apache.site(host("Redirect / https://a.test/"))
    apache.site("# the last file\n", "zz.conf")
    apache.start()
    with strace(apache.pid(), apache.folder, "-P",
                os.path.join(apache.root, "sites-enabled/zz.conf"), "-e", "trace=openat", "-e",
                "inject=openat:delay_enter=1500000"):
        began = os.stat(os.path.join(apache.folder, "run/apache2.pid")).st_ino
        os.kill(apache.pid(), signal.SIGUSR1)
        wait_until(lambda: "State:\tS" not in _status(apache), what="Apache to be at work")
        assert os.stat(os.path.join(apache.folder, "run/apache2.pid")).st_ino == began
        before = apache.snapshot()
        obtain(certwright, apache, "a.test")
        assert apache.snapshot() == before


def _status(apache):
    with open(f"/proc/{apache.pid()}/status", encoding="ascii") as stream:
        return stream.read()
