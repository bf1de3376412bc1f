"""Apache as installer: certificates into every kind of virtual host, and everything back again."""

import os
import socket
import ssl

import pytest

from lib.apache import USUAL, Apache
from lib.obtained import obtain_once
from lib.outcome import assert_failed
from lib.process import kill_all, wait_until
from test_apache import host

SERVES = "DocumentRoot @folder@/www\n<Location />\nRequire all granted\n</Location>"


class Site:
    """An Apache, a certificate under live/, and certwright to install it."""

    def __init__(self, apache, certwright):
        self.apache, self.certwright = apache, certwright
        self.names = []

    def obtain(self, *names, lineage="site"):
        """A certificate for NAMES, without touching Apache."""
        self.names = list(names)
        obtain_once(self.certwright, *names, lineage=lineage)
        return self

    def run(self, verb, *args, names=None, lineage="site", **options):
        words = [w for name in names or self.names for w in ("-d", name)]
        return self.certwright.run(
            verb, "--apache", "--apache-server-root", self.apache.root, "--cert-name", lineage,
            "--https-port", self.apache.https_port, *words, *args, **options)

    def install(self, *args, **options):
        # Else install redirects by itself.
        return self.run("install", *(args if "--redirect" in args else ("--no-redirect", *args)),
                        **options)

    def rollback(self, checkpoints=1):
        return self.certwright.run("rollback", "--apache", "--apache-server-root",
                                   self.apache.root, "--checkpoints", checkpoints)

    def certificate(self, lineage="site"):
        with open(self.certwright.live(lineage, "cert"), encoding="ascii") as stream:
            return ssl.PEM_cert_to_DER_cert(stream.read())

    def is_served(self, name, lineage="site", **options):
        return self.apache.served(name, **options) == self.certificate(lineage)


@pytest.fixture
def apache(start):
    # Not the CA's port: certificates are obtained without Apache here.
    server = Apache(start.ports.take(), start.ports.take(), start.ports.take())
    yield server
    server.stop()


@pytest.fixture
def site(apache, certwright):
    made = Site(apache, certwright)
    plain = certwright.arguments

    def arguments(verb, *args, **options):
        """The port that counts as plain is Apache's own in the verbs that install."""
        argv = plain(verb, *args, **options)
        if verb in ("install", "enhance", "rollback") and "--http-01-port" in argv:
            argv[argv.index("--http-01-port") + 1] = str(made.apache.http_port)
        return argv
    certwright.arguments = arguments
    return made


def tls(text=SERVES, address="*:@https@", name="a.test"):
    return host(f"SSLEngine on\n@old@\n{text}", address, name)


CASES = {
    "plain": (host(SERVES), ["a.test"]),
    "alias": (host("ServerAlias www.a.test\n" + SERVES), ["a.test", "www.a.test"]),
    "crlf": (host(SERVES).replace("\n", "\r\n"), ["a.test"]),
    "no_line_end": (host(SERVES).rstrip("\n"), ["a.test"]),
    "has_tls": (tls(), ["a.test"]),
    "has_both": (host(SERVES) + tls(), ["a.test"]),
    "redirect_and_tls": (host("Redirect permanent / https://a.test/") +
                         tls(address="_default_:@https@") + tls(name="other.test"), ["a.test"]),
    "twice_by_tls": (tls(address="127.0.0.1:@https@") + tls(address="127.0.0.2:@https@"),
                     ["a.test"]),
    "rewrites_that_would_loop": (
        host(SERVES + "\nRewriteEngine on\nRewriteCond %{SERVER_NAME} =a.test\n"
             "RewriteRule ^ https://%{SERVER_NAME}%{REQUEST_URI} [END,NE,R=permanent]"),
        ["a.test"]),
    "redirect_that_would_loop": (host(SERVES + "\nRedirect permanent / \\\n https://a.test/"),
                                 ["a.test"]),
    "name_with_port": ("<VirtualHost *:@http@>\nServerName http://a.test:@http@\n" + SERVES +
                       "\n</VirtualHost>\n", ["a.test"]),
    "addresses": (host(SERVES, address="127.0.0.1:@http@ [::1]:@http@"), ["a.test"]),
    "any_port_form": ("<VirtualHost *:@http@>\n\tServerName a.test\n" + SERVES +
                      "\n\tSSLEngine off\n</VirtualHost>\n", ["a.test"]),
    "two_hosts": (host(SERVES) + host(SERVES, name="b.test"), ["a.test", "b.test"]),
    "conditional": ("<IfModule mod_alias.c>\n" + host(SERVES) + "</IfModule>\n", ["a.test"]),
    "wildcard_alias": (host("ServerAlias *.w.test\n" + SERVES, name="w.test"), ["x.w.test"]),
    "chain_file": (tls("SSLCertificateChainFile @folder@/old.pem\n" + SERVES), ["a.test"]),
}


# Of these another case of the same kind is enough for every day.
VARIATIONS = ("alias", "crlf", "no_line_end", "has_both", "name_with_port", "any_port_form",
              "conditional")


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=[pytest.mark.full] if case in VARIATIONS else []) for case in CASES])
def test_certificate_is_served_and_rolled_back(site, apache, case):
    text, names = CASES[case]
    apache.site(text)
    apache.start()
    before = apache.snapshot()
    plain = {name: apache.get(name)[0] for name in names}
    site.obtain(*names).install()
    for name in names:
        assert site.is_served(name), name
        assert apache.get(name, tls=True)[2] == "the site\n"
    assert {name: apache.get(name)[0] for name in names} == plain
    after = apache.snapshot()
    site.install()
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


def test_redirects_of_the_copy_are_comments_with_a_reason(site, apache):
    apache.site(CASES["rewrites_that_would_loop"][0])
    apache.start()
    site.obtain("a.test").install()
    text = apache.read("sites-available/site-le-ssl.conf")
    assert "# Only for http" in text and "# RewriteCond" in text and "# RewriteRule" in text
    assert text.count("Only for http") == 1
    link = os.path.join(apache.root, "sites-enabled/site-le-ssl.conf")
    assert os.readlink(link) == "../sites-available/site-le-ssl.conf"


def test_mod_ssl_is_enabled_and_disabled_again(site, start, certwright):
    apache = Apache(start.ports.take(), start.ports.take(), start.ports.take(),
                    [m for m in USUAL if m not in ("ssl", "socache_shmcb")])
    apache.write("ports.conf", "Listen @http@\n")
    site.apache = apache
    try:
        apache.site(host(SERVES))
        apache.start()
        before = apache.snapshot()
        result = site.obtain("a.test").install("--apache-handle-modules", "False", status=1,
                                               json=True)
        assert_failed(result, "mod_ssl", "--apache-handle-modules")
        assert apache.snapshot() == before
        env = {"APACHE_STATE_DIRECTORY": os.path.join(apache.folder, "state")}
        site.install(env=env)
        assert site.is_served("a.test")
        site.rollback()
        assert apache.snapshot() == before
        assert "ssl" not in apache.ctl("-M").stdout
    finally:
        apache.stop()


def test_listens_where_it_did_not(site, apache):
    apache.write("ports.conf", "Listen 127.0.0.1:@http@\nListen [::1]:@http@\n")
    apache.site(host(SERVES))
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test").install()
    assert site.is_served("a.test") and site.is_served("a.test", address="::1")
    assert f"Listen [::1]:{apache.https_port} https" in apache.read("ports.conf")
    site.rollback()
    assert apache.snapshot() == before


def test_port_that_another_program_has_is_said(site, apache):
    apache.write("ports.conf", "Listen @http@\n")
    apache.site(host(SERVES))
    apache.start()
    before, pid = apache.snapshot(), apache.pid()
    site.obtain("a.test")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", apache.https_port))
        taken.listen()
        result = site.install(status=1, json=True)
    assert_failed(result, str(apache.https_port), "another program")
    assert apache.snapshot() == before and apache.pid() == pid


def test_reload_that_would_end_apache_is_not_begun(site, apache):
    """Somebody has added a port to the configuration that another program has."""
    apache.site(host(SERVES) + tls())
    apache.start()
    pid = apache.pid()
    apache.write("conf-enabled/more.conf", "Listen @other@\n")
    before = apache.snapshot()
    site.obtain("a.test")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", apache.other_port))
        taken.listen()
        result = site.install(status=1, json=True)
    assert_failed(result, str(apache.other_port), "Apache would end")
    assert apache.snapshot() == before and apache.pid() == pid
    assert apache.get("a.test")[2] == "the site\n"


@pytest.mark.parametrize("text", (
    pytest.param(host(SERVES), marks=pytest.mark.full),
    host(SERVES + "\nRewriteEngine on\nRewriteRule ^/index.html$ - [L]\nRewriteRule ^/old$ /x [R]"),
    pytest.param(host(SERVES + "\nRewriteRule ^ - [F]\nRewriteEngine off"), marks=pytest.mark.full),
    host("Redirect permanent / https://a.test:@https@/") + tls()), ids=range(4))
def test_redirect(site, apache, text):
    apache.site(text + host(SERVES, name="b.test"))
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test").install("--redirect")
    for path in ("/", "/index.html"):
        status, location, _ = apache.get("a.test", path)
        assert (status, location) == (301, f"https://a.test:{apache.https_port}{path}")
    assert apache.get("b.test")[2] == "the site\n"
    assert apache.get("a.test", tls=True)[2] == "the site\n"
    after = apache.snapshot()
    site.install("--redirect")
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


def test_module_is_not_enabled_for_a_redirect_that_is_there(site, start):
    server = Apache(start.ports.take(), start.ports.take(), start.ports.take(),
                    [m for m in USUAL if m != "rewrite"])
    site.apache = server
    try:
        server.site(host("Redirect permanent / https://a.test:@https@/") + tls())
        server.start()
        site.obtain("a.test").install()
        before = server.snapshot()
        result = site.run("enhance", "--redirect")
        assert "redirected to https already" in result.output
        assert server.snapshot() == before
    finally:
        server.stop()


def test_headers_and_stapling(site, apache):
    apache.site(host(SERVES))
    apache.start()
    site.obtain("a.test").install()
    before = apache.snapshot()
    site.run("enhance", "--hsts", "--uir", "--staple-ocsp")
    text = apache.read("sites-available/site-le-ssl.conf")
    assert "SSLUseStapling on" in text
    assert apache.header("a.test", "Strict-Transport-Security") == "max-age=31536000"
    assert apache.header("a.test", "Content-Security-Policy") == "upgrade-insecure-requests"
    after = apache.snapshot()
    site.run("enhance", "--hsts", "--uir", "--staple-ocsp")
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


def test_shared_file_of_certificates_stays_with_the_others(site, apache):
    apache.write("snippets/tls.conf", "SSLEngine on\n@old@\n")
    apache.site("".join(host("Include snippets/tls.conf\n" + SERVES, address="*:@https@", name=name)
                        for name in ("a.test", "b.test")))
    apache.start()
    old = apache.served("b.test")
    shared = apache.read("snippets/tls.conf")
    site.obtain("a.test").install()
    assert site.is_served("a.test")
    assert apache.served("b.test") == old and apache.read("snippets/tls.conf") == shared


def test_name_that_would_lose_its_certificate_is_said(site, apache, certwright):
    certwright.certonly("a.test", "b.test", args=("--cert-name", "both"))
    live = certwright.live("both", "fullchain"), certwright.live("both", "privkey")
    apache.site(host(f"ServerAlias b.test\nSSLEngine on\nSSLCertificateFile {live[0]}\n"
                     f"SSLCertificateKeyFile {live[1]}\n{SERVES}", address="*:@https@"))
    apache.start()
    before = apache.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "b.test", "site.conf:1")
    assert apache.snapshot() == before


def test_host_in_the_main_file_and_other_folders(site, apache):
    text = apache.read("apache2.conf")
    apache.write("apache2.conf", text + host(SERVES))
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test").install()
    assert site.is_served("a.test")
    site.rollback()
    assert apache.snapshot() == before
    site.install("--apache-vhost-root", os.path.join(apache.root, "conf-enabled"),
                 "--apache-le-vhost-ext=-tls.conf")
    assert site.is_served("a.test")
    assert "SSLEngine" in apache.read("conf-enabled/apache2-tls.conf")


def test_site_that_the_user_enables(site, apache):
    apache.site(host(SERVES))
    apache.start()
    before = apache.snapshot()
    result = site.obtain("a.test").install("--apache-handle-sites", "False")
    assert "--apache-handle-sites" in result.stderr and "site-le-ssl.conf" in result.stderr
    enabled = os.path.join(apache.root, "sites-enabled/site-le-ssl.conf")
    assert not os.path.lexists(enabled)
    os.symlink("../sites-available/site-le-ssl.conf", enabled)
    site.run("install", "--no-redirect", "--force-renewal")
    apache.ctl("-t")
    os.unlink(enabled)
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.parametrize("end", (lambda running: running.kill(), kill_all), ids=("one", "all"))
def test_killed_installation_is_undone_or_complete(site, apache, end):
    apache.site(host(SERVES))
    apache.start()
    site.obtain("a.test")
    before = apache.snapshot()
    running = site.certwright.start(
        "install", "--apache", "--apache-server-root", apache.root, "--cert-name", "site",
        "--https-port", apache.https_port, "-d", "a.test", "--no-redirect")
    wait_until(lambda: apache.snapshot() != before or running.process.poll() is not None,
               what="the installation")
    end(running)
    site.certwright.run("renew", "--lock-timeout", "20")
    if apache.snapshot() == before:
        site.install()
    assert site.is_served("a.test")
    site.rollback()
    assert apache.snapshot() == before
    with pytest.raises((OSError, ssl.SSLError)):
        apache.served("a.test")


BAD = {
    "no_host": (host(SERVES, name="b.test"), ["a.test", "no virtual host"]),
    "only_a_redirect": (host("Redirect / https://a.test/"), ["only redirects", "site.conf:1"]),
    "macro": ("<Macro M $name>\n" + host(SERVES, name="$name") + "</Macro>\nUse M a.test\n",
              ["macro", "site.conf:10"]),
    "breaks": (host(SERVES) + "Nonsense on\n", ["Nonsense"]),
}


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=[] if case == "breaks" else [pytest.mark.full]) for case in BAD])
def test_what_cannot_be_done_is_said_and_nothing_changes(site, apache, case):
    text, words = BAD[case]
    apache.site(text)
    before = apache.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, *words)
    assert apache.snapshot() == before


def test_run_and_renew(apache, start, pebble, certwright):
    """Both roles in one run; a renewal reloads."""
    server = Apache(pebble.http_port, start.ports.take(), start.ports.take())
    try:
        server.site(host(SERVES))
        server.start()
        certwright.run("run", "--apache", "--apache-server-root", server.root, "-d", "a.test",
                       "--https-port", server.https_port, "--redirect")
        site = Site(server, certwright)
        assert site.is_served("a.test", "a.test")
        old = site.certificate("a.test")
        certwright.run("renew", "--force-renewal")
        assert site.certificate("a.test") != old
        assert site.is_served("a.test", "a.test")
        assert server.get("a.test")[0] == 301
    finally:
        server.stop()
