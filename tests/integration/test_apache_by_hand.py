"""Apache as installer: what administrators do by hand before, between and after installations."""

import os

import pytest

from lib.apache import Apache
from lib.outcome import assert_failed
from test_apache_install import SERVES, Site, apache, host, site, tls  # noqa: F401  (fixtures)


@pytest.fixture
def issued(certwright, pebble, start):
    """A site with a certificate from Apache's own authenticator."""
    server = Apache(pebble.http_port, start.ports.take(), start.ports.take())
    server.site(host(SERVES, name="b.test"), "b.conf")
    server.site(host(SERVES), "a.conf")
    server.start()
    certwright.run("run", "--apache", "--apache-server-root", server.root, "-d", "a.test",
                   "--https-port", server.https_port, "--redirect", "--cert-name", "site")
    made = Site(server, certwright)
    made.names = ["a.test"]
    yield made
    server.stop()


def remove_site(server):
    for folder in ("sites-enabled", "sites-available"):
        for name in ("a.conf", "a-le-ssl.conf"):
            os.unlink(os.path.join(server.root, folder, name))


def remove_copy(server):
    for folder in ("sites-enabled", "sites-available"):
        os.unlink(os.path.join(server.root, folder, "a-le-ssl.conf"))


def rename_host(server):
    for name in ("a.conf", "a-le-ssl.conf"):
        text = server.read(f"sites-available/{name}")
        server.write(f"sites-available/{name}", text.replace("ServerName a.test",
                                                             "ServerName c.test"))


def other_certificate(server):
    text = server.read("sites-available/a-le-ssl.conf").splitlines(True)
    server.write("sites-available/a-le-ssl.conf", "".join(
        line for line in text if "SSLCertificate" not in line).replace(
            "SSLEngine on", server.fill("SSLEngine on\n@old@")))


@pytest.mark.parametrize("change", [
    remove_site, *(pytest.param(change, marks=pytest.mark.full)
                   for change in (remove_copy, rename_host, other_certificate))])
def test_renewal_goes_on_after_the_site_was_changed(issued, change):
    server, old = issued.apache, issued.certificate()
    change(server)
    before, pid = server.snapshot(), server.pid()
    issued.certwright.run("renew", "--force-renewal")
    assert issued.certificate() != old
    assert server.snapshot() == before and server.pid() == pid
    assert server.get("b.test")[2] == "the site\n"
    issued.certwright.run("renew", "--force-renewal", "--dry-run", "--server",
                          issued.certwright.ca.directory)
    assert server.snapshot() == before


@pytest.mark.full
def test_renewal_with_a_site_that_apache_refuses(issued):
    server, old = issued.apache, issued.certificate()
    server.write("sites-available/a.conf", server.read("sites-available/a.conf") + "Nonsense on\n")
    before = server.snapshot()
    result = issued.certwright.run("renew", "--force-renewal", status=1, json=True)
    assert "Nonsense" in result.stdout
    assert server.snapshot() == before and issued.certificate() == old
    assert server.get("b.test")[2] == "the site\n"


@pytest.mark.full
def test_rollbacks_one_by_one_after_two_installations(site, apache):  # noqa: F811
    apache.site(host(SERVES) + host(SERVES, name="b.test"))
    apache.start()
    states = [apache.snapshot()]
    for name in ("a.test", "b.test"):
        site.obtain(name, lineage=name).install("--redirect", lineage=name)
        states.append(apache.snapshot())
    site.rollback()
    assert apache.snapshot() == states[1] and site.is_served("a.test", "a.test")
    site.rollback()
    assert apache.snapshot() == states[0]
    result = site.certwright.json("rollback", "--apache", "--apache-server-root", apache.root,
                                  status=1)
    assert_failed(result, "nothing to undo")
    assert apache.snapshot() == states[0]


@pytest.mark.full
@pytest.mark.parametrize("verb", ["delete", "revoke"])
def test_certificate_that_a_site_still_uses_is_deleted(issued, verb):
    """Which file needs it is said, and afterwards what Apache says of it."""
    server = issued.apache
    before = server.snapshot()
    more = ("--delete-after-revoke",) if verb == "revoke" else ()
    result = issued.certwright.run(verb, "--cert-name", "site", *more)
    assert "sites-available/a-le-ssl.conf" in result.stderr and "by hand" in result.stderr
    assert server.get("b.test")[2] == "the site\n" and server.get("a.test", tls=True)[0] == 200
    failed = issued.certwright.json("run", "--apache", "--apache-server-root", server.root, "-d",
                                    "b.test", "--https-port", server.https_port, status=1)
    assert_failed(failed, "a-le-ssl.conf", "fullchain.pem", "does not exist")
    assert server.snapshot() == before


def absolute(server, text):
    path = server.write("sites-available/site.conf", text)
    os.symlink(path, f"{server.root}/sites-enabled/site.conf")


def plain_file(server, text):
    server.write("sites-enabled/site.conf", text)


def link_to_link(server, text):
    server.write("elsewhere/real.conf", text)
    os.symlink("../elsewhere/real.conf", f"{server.root}/sites-available/site.conf")
    os.symlink("../sites-available/site.conf", f"{server.root}/sites-enabled/site.conf")


def folder_link(server, text):
    server.write("sites-available/site.conf", text)
    os.rmdir(f"{server.root}/sites-enabled")
    os.symlink("sites-available", f"{server.root}/sites-enabled")


def other_name(server, text):
    server.write("sites-available/a.test", text)
    os.symlink("../sites-available/a.test", f"{server.root}/sites-enabled/000-a.conf")


def outside(server, text):
    os.mkdir(f"{server.folder}/vhosts")
    with open(f"{server.folder}/vhosts/my site.conf", "w", encoding="ascii") as stream:
        stream.write(server.fill(text))
    server.write("conf-enabled/more.conf", f'Include "{server.folder}/vhosts/my site.conf"\n')


def broken_beside(server, text):
    plain_file(server, text)
    os.symlink("../sites-available/gone.conf", f"{server.root}/sites-enabled/aaa.conf")


def listen_in_conditions(server, text):
    server.write("ports.conf", "Listen @http@\n\n<IfModule ssl_module>\n\t# nothing\n</IfModule>\n\n"
                 "<IfModule mod_gnutls.c>\n\tListen @https@\n</IfModule>")
    plain_file(server, text.rstrip("\n"))


def listen_without_line_end(server, text):
    server.write("ports.conf", "# ports\r\nListen @http@")
    plain_file(server, text.replace("\n", "\r\n").rstrip("\r\n"))


def with_mod_md(server, text):
    server.enable("md")
    server.write("conf-enabled/md.conf", "MDomain md.test\nMDStoreDir @folder@/state/md\n"
                 "MDCertificateAgreement accepted\n")
    plain_file(server, text)


def prefork(server, text):
    os.unlink(os.path.join(server.root, "mods-enabled/mpm_event.load"))
    server.enable("mpm_prefork")
    plain_file(server, text)


def two_names_for_one_file(server, text):
    server.write("sites-available/site.conf", text)
    for name in ("a.conf", "b.conf"):
        os.symlink("../sites-available/site.conf", f"{server.root}/sites-enabled/{name}")


def folder_without_endings(server, text):
    main = server.read("apache2.conf").replace("sites-enabled/*.conf", "sites-enabled/")
    server.write("apache2.conf", main)
    server.write("sites-available/default", text)
    os.symlink("../sites-available/default", f"{server.root}/sites-enabled/000-default")


def pattern_that_finds_no_copy(server, text):
    main = server.read("apache2.conf").replace("sites-enabled/*.conf", "sites-enabled/*.vhost")
    server.write("apache2.conf", main)
    server.write("sites-available/a.vhost", text)
    os.symlink("../sites-available/a.vhost", f"{server.root}/sites-enabled/a.vhost")


TREES = (folder_without_endings, pattern_that_finds_no_copy, absolute, plain_file, link_to_link,
         folder_link, other_name, outside, broken_beside, listen_in_conditions,
         listen_without_line_end, with_mod_md, prefork, two_names_for_one_file)


@pytest.mark.parametrize("make", [
    pytest.param(make, marks=[] if make in (link_to_link, folder_without_endings) else [pytest.mark.full])
    for make in TREES])
def test_site_is_enabled_in_every_way(site, apache, make):  # noqa: F811
    make(apache, host(SERVES))
    apache.start()
    before, pid = apache.snapshot(), apache.pid()
    site.obtain("a.test").install("--redirect")
    assert site.is_served("a.test") and apache.get("a.test", tls=True)[2] == "the site\n"
    assert apache.get("a.test")[0] == 301
    after = apache.snapshot()
    site.install("--redirect")
    assert apache.snapshot() == after
    site.certwright.run("renew", "--force-renewal")
    assert site.is_served("a.test") and apache.snapshot() == after and apache.pid() == pid
    site.rollback()
    assert apache.snapshot() == before


RULES = "RewriteEngine on\nRewriteRule ^ https://%{SERVER_NAME}%{REQUEST_URI} [R=301,L]\n"


def one_snippet(server):
    server.write("snippets/force.conf", RULES)
    return "Include snippets/force.conf\n"


def one_of_several(server):
    server.write("snippets/a.conf", "# more\n<IfModule mod_alias.c>\n"
                 "Redirect permanent / https://a.test/\n</IfModule>")
    server.write("snippets/b.conf", "Alias /b @folder@/www")
    return "IncludeOptional snippets/*.conf\n"


def nested_snippet(server):
    server.write("snippets/inner.conf", RULES)
    server.write("snippets/force.conf", "Include snippets/inner.conf")
    server.write("snippets/alias.conf", "Alias /b @folder@/www\n")
    return "Include snippets/force.conf\nInclude snippets/alias.conf\n"


@pytest.mark.parametrize("make", [one_snippet, *(
    pytest.param(make, marks=pytest.mark.full) for make in (one_of_several, nested_snippet))])
def test_redirect_in_an_included_file_does_not_lead_to_itself(site, apache, make):  # noqa: F811
    """The copy has the file's text in place of the Include; the file stays."""
    apache.site(host(make(apache) + SERVES) + host(make(apache) + SERVES, name="b.test"))
    apache.start()
    before = apache.snapshot()
    plain = apache.get("a.test")[:2]
    site.obtain("a.test").install()
    assert site.is_served("a.test") and apache.get("a.test", tls=True)[2] == "the site\n"
    if make is not one_snippet:
        assert apache.get("a.test", "/b/index.html", tls=True)[2] == "the site\n"
    assert apache.get("a.test")[:2] == plain and plain[0] == 301
    text = apache.read("sites-available/site-le-ssl.conf")
    assert text.count("Only for http") == 1
    assert ("Include snippets/alias.conf" in text) == (make is nested_snippet)
    after = apache.snapshot()
    site.install()
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.full
def test_host_that_only_includes_a_redirect(site, apache):  # noqa: F811
    apache.site(host(one_snippet(apache)))
    before = apache.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "only redirects", "site.conf:1")
    assert apache.snapshot() == before


@pytest.mark.parametrize("with_tls", [False, pytest.param(True, marks=pytest.mark.full)])
def test_host_without_a_name_has_that_of_the_main_server(site, apache, with_tls):  # noqa: F811
    """As Debian's 000-default.conf and default-ssl.conf with a ServerName of the server."""
    apache.write("apache2.conf", apache.read("apache2.conf").replace("main.test", "a.test"))
    nameless = f"<VirtualHost *:@http@>\n\t#ServerName x.test\n{SERVES}\n</VirtualHost>\n"
    apache.site(nameless, "000-default.conf")
    apache.site(host("Redirect 410 /\n", name="b.test") + tls("Redirect 410 /\n", name="b.test"))
    if with_tls:
        apache.site(nameless.replace("@http@", "@https@").replace(
            ">\n", ">\nSSLEngine on\n@old@\n", 1), "000-ssl.conf")
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test").install("--redirect")
    assert site.is_served("a.test") and apache.get("a.test", tls=True)[2] == "the site\n"
    assert apache.get("a.test")[0] == 301 and apache.get("b.test")[0] == 410
    assert apache.get("b.test", tls=True)[0] == 410
    if not with_tls:
        assert "ServerName a.test" in apache.read("sites-available/000-default-le-ssl.conf")
    after = apache.snapshot()
    site.install("--redirect")
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before
