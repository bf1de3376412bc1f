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


TREES = (absolute, plain_file, link_to_link, folder_link, other_name, outside, broken_beside,
         listen_in_conditions, listen_without_line_end, with_mod_md, prefork,
         two_names_for_one_file)


@pytest.mark.parametrize("make", [
    pytest.param(make, marks=[] if make in (link_to_link,) else [pytest.mark.full])
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
