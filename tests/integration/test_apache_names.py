"""Apache as installer: which host gets a name, beside others that have names of their own."""

import os
import shutil
import socket
import ssl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lib.apache import Apache
from lib.issuer import Issuer
from lib.terminal import on_terminal
from lib.tools import read
from test_apache_install import SERVES, apache, host, site, tls  # noqa: F401  (fixtures)


@pytest.fixture
def certified(apache):  # noqa: F811
    """Lines for a certificate of the given names, which is not self-signed."""
    issuer = Issuer(apache.folder)

    def make(*names):
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = issuer.issue(names[0], key.public_key(), -1, 10, names=names)
        return (f"SSLEngine on\nSSLCertificateFile {issuer.write('own.pem', leaf)}\n"
                f"SSLCertificateKeyFile {issuer.write('own.key', key)}\n")
    return make


def served_to_nobody(server, address="127.0.0.1"):
    """The certificate for a client that asks for no name."""
    context = ssl._create_unverified_context()
    with socket.create_connection((address, server.https_port), timeout=10) as plain:
        with context.wrap_socket(plain) as secure:
            return secure.getpeercert(True)


def wildcard(certified, aliases="ServerAlias *.w.test", extra=""):  # noqa: F811
    return host(f"{aliases}\n{certified('w.test', '*.w.test')}{extra}{SERVES}",
                address="*:@https@", name="w.test")


SPLIT = {
    "first": "",
    "second": tls(name="other.test"),
    "pattern_among_names": "",
    "two_patterns": "",
    "crlf": "",
    "two_types_of_keys": "",
    "shared_certificate": "",
    "everything": "",
}


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=[] if case == "first" else [pytest.mark.full])
    for case in SPLIT])
def test_name_of_a_pattern_gets_a_host_of_its_own(site, apache, certified, certwright,  # noqa: F811
                                                  case):
    """The other names keep their certificate, and so do clients that ask for none."""
    aliases = {"pattern_among_names": "ServerAlias www.w.test *.w.test\nServerAlias v.w.test",
               "two_patterns": "ServerAlias ?.w.test\nServerAlias *.w.test a?.w.test",
               "everything": "ServerAlias *"}.get(case, "ServerAlias *.w.test")
    extra = ""
    if case == "two_types_of_keys":
        certwright.certonly("w.test", args=("--cert-name", "rsa", "--key-type", "rsa"))
        extra = (f"SSLCertificateFile {certwright.live('rsa', 'fullchain')}\n"
                 f"SSLCertificateKeyFile {certwright.live('rsa', 'privkey')}\n")
    text = SPLIT[case] + wildcard(certified, aliases, extra)
    if case == "shared_certificate":
        lines = certified("w.test", "*.w.test")
        apache.write("snippets/own.conf", lines)
        text = text.replace(lines, "Include snippets/own.conf\n")
    apache.site(text.replace("\n", "\r\n") if case == "crlf" else text)
    apache.start()
    others = ("w.test", "y.w.test", "v.w.test", "nobody.test")
    before, old = apache.snapshot(), {name: apache.served(name) for name in others}
    first = served_to_nobody(apache)
    site.obtain("x.w.test").install()
    assert site.is_served("x.w.test")
    assert {name: apache.served(name) for name in others} == old
    assert served_to_nobody(apache) == first
    assert all(apache.get(name, tls=True)[2] == "the site\n" for name in (*others, "x.w.test"))
    if case == "crlf":
        text = apache.read("sites-available/site.conf")
        assert text.count("\n") == text.count("\r\n")
    installed = apache.snapshot()
    site.install()
    assert apache.snapshot() == installed
    site.obtain("z.w.test", lineage="z").install(lineage="z")
    assert site.is_served("x.w.test") and site.is_served("z.w.test", "z")
    assert {name: apache.served(name) for name in others} == old
    site.rollback(2)
    assert apache.snapshot() == before


@pytest.mark.full
def test_certificate_for_all_that_a_pattern_serves_replaces_the_old_one(site, apache,  # noqa: F811
                                                                        certified):
    apache.site(host(f"ServerAlias *.test\n{certified('a.test')}{SERVES}", address="*:@https@"))
    apache.start()
    site.obtain("a.test").install()
    assert apache.read("sites-available/site.conf").count("<VirtualHost") == 1
    assert site.is_served("a.test")


TAKEN = {
    "alias": (host("ServerAlias b.test\n" + SERVES), "b.test", ["ServerName a.test"]),
    "name": (host("ServerAlias a.test\n" + SERVES, name="b.test"), "b.test",
             ["ServerName a.test"]),
    "pattern": (host("ServerAlias *.test c.example\n" + SERVES, name="a.example"), "b.test",
                ["ServerName a.example", "ServerAlias c.example"]),
}


@pytest.mark.parametrize("case", [pytest.param(case, marks=[] if case == "name" else
                                               [pytest.mark.full]) for case in TAKEN])
def test_names_that_another_host_serves_by_tls_stay_with_it(site, apache, case):  # noqa: F811
    """Even where Apache reads the copy first."""
    plain, other, lines = TAKEN[case]
    apache.site(plain, "a.conf")
    apache.site(tls("Redirect 410 /\n", name=other), "b.conf")
    apache.start()
    before, old = apache.snapshot(), apache.served(other)
    name = lines[0].split()[1]
    site.obtain(name).install()
    assert site.is_served(name) and apache.get(name, tls=True)[2] == "the site\n"
    assert apache.served(other) == old and apache.get(other, tls=True)[0] == 410
    text = apache.read("sites-available/a-le-ssl.conf")
    assert [line.strip() for line in text.splitlines() if "ServerName" in line or
            "ServerAlias" in line] == lines
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.full
def test_copy_for_one_address_leaves_the_hosts_for_all_addresses_reachable(site, apache):  # noqa: F811
    apache.site(host(SERVES, address="127.0.0.1:@http@") + tls("Redirect 410 /\n", name="b.test"))
    apache.start()
    old = apache.served("b.test")
    site.obtain("a.test").install()
    assert site.is_served("a.test") and apache.served("b.test") == old
    assert f"<VirtualHost *:{apache.https_port}>" in apache.read("sites-available/site-le-ssl.conf")


def install(site, *words):  # noqa: F811
    return on_terminal(site.certwright, "install", "--apache", "--apache-server-root",
                       site.apache.root, "--cert-name", "site", "--https-port",
                       site.apache.https_port, *words)


@pytest.mark.parametrize("kind", ("http", pytest.param("https", marks=pytest.mark.full)))
def test_user_says_which_host_is_to_have_the_name(site, apache, kind):  # noqa: F811
    apache.site(host(SERVES) + (tls() if kind == "https" else "") + host(SERVES, name="b.test"))
    apache.start()
    before = apache.snapshot()
    site.obtain("new.test")
    terminal = install(site, "-d", "new.test", "--no-redirect")
    listed = terminal.expect("new.test(.*?)Number, or c to cancel").group(1)
    [number] = [line.split(":")[0] for line in listed.splitlines()
                if f", {kind}: a.test" in line]
    terminal.type(number)
    terminal.finish()
    assert site.is_served("new.test") and apache.get("new.test", tls=True)[2] == "the site\n"
    assert apache.get("b.test")[2] == "the site\n"
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.full
def test_run_asks_too_and_redirects_what_was_chosen(certwright, pebble, start):
    server = Apache(pebble.http_port, start.ports.take(), start.ports.take())
    try:
        server.site(host(SERVES) + host(SERVES, name="b.test"))
        server.start()
        terminal = on_terminal(certwright, "run", "--apache", "--apache-server-root", server.root,
                               "--https-port", server.https_port, "--redirect", "-d", "new.test")
        listed = terminal.expect("new.test. Which(.*?)Number, or c to cancel").group(1)
        [number] = [line.split(":")[0] for line in listed.splitlines() if "http: b.test" in line]
        terminal.type(number)
        terminal.finish()
        assert server.get("new.test")[0] == 301 and server.get("b.test")[0] == 200
        assert server.get("new.test", tls=True)[2] == "the site\n"
    finally:
        server.stop()


@pytest.mark.full
def test_choice_may_be_cancelled(site, apache):  # noqa: F811
    apache.site(host(SERVES))
    apache.start()
    before = apache.snapshot()
    site.obtain("new.test")
    terminal = install(site, "-d", "new.test", "--no-redirect")
    terminal.answer("Number, or c to cancel", "c")
    terminal.finish(status=1)
    assert apache.snapshot() == before


def test_hosts_for_a_wildcard_are_asked_for_one_by_one(site, apache):  # noqa: F811
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    apache.site("".join(host(SERVES, name=f"{x}.w.test") for x in "abc"))
    apache.start()
    hook = (f"curl -sf --noproxy '*' -d '{{\"host\": \"_acme-challenge.'$CERTBOT_DOMAIN'.\", "
            f"\"value\": \"'$CERTBOT_VALIDATION'\"}}' "
            f"http://127.0.0.1:{site.certwright.ca.dns.management_port}/set-txt")
    site.certwright.run("certonly", "--manual", "--preferred-challenges", "dns",
                        "--manual-auth-hook", hook, "-d", "*.w.test", "--cert-name", "site")
    terminal = install(site, "-d", "*.w.test", "--redirect")
    for name, answer in (("a", "y"), ("b", "n"), ("c", "")):
        terminal.answer(rf"certificate of \*\.w\.test for {name}\.w\.test \(\S*/site.conf:\d+\)\?",
                        answer)
    terminal.finish()
    text = read(os.path.join(apache.root, "sites-available/site-le-ssl.conf"))
    assert [f"ServerName {x}.w.test" in text for x in "abc"] == [True, False, True]
    assert [apache.get(f"{x}.w.test")[0] for x in "abc"] == [301, 200, 301]


@pytest.mark.parametrize("names", [
    ("a.test", "b.test"),
    pytest.param(("b.test", "a.test"), marks=pytest.mark.full),
    pytest.param(("a.test", "www.a.test"), marks=pytest.mark.full)], ids="-".join)
@pytest.mark.parametrize("options", [
    ("--redirect",), pytest.param((), marks=pytest.mark.full)], ids=str)
def test_plain_hosts_of_one_file_get_certificates_one_after_the_other(site, apache, names,  # noqa: F811
                                                                      options):
    """Each gets its own TLS host, without the other's name, and stays where it is."""
    apache.site(host(SERVES, name=names[0]) + "# between\n" + host(SERVES, name=names[1]))
    apache.start()
    plain = apache.read("sites-available/site.conf")
    before = apache.snapshot()
    for name in names:
        site.obtain(name, lineage=name).install(*options, lineage=name)
        assert site.is_served(name, name)
    assert site.is_served(names[0], names[0])
    sections = apache.read("sites-available/site-le-ssl.conf").split("</VirtualHost>")
    assert len(sections) == 3
    for name, section in zip(names, sections):
        assert f"ServerName {name}\n" in section and "ServerAlias" not in section
        assert f"/live/{name}/fullchain.pem" in section
    lines = apache.read("sites-available/site.conf").splitlines(True)
    added = [line for line in lines if "Rewrite" in line]
    assert "".join(line for line in lines if line not in added) == plain
    assert bool(added) == bool(options)
    assert [apache.get(name)[0] for name in names] == ([301, 301] if options else [200, 200])
    site.rollback(2)
    assert apache.snapshot() == before


REDIRECTS = {
    "redirect": "Redirect permanent / https://a.test/",
    "rewrite": "RewriteEngine on\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]",
    "match": "RedirectMatch 301 ^/(.*) https://a.test/$1",
}


@pytest.mark.parametrize("address, redirect, files", [
    ("_default_:@https@", "redirect", "ab"), *(pytest.param(*case, marks=pytest.mark.full) for case in (
        ("_default_:@https@", "rewrite", "ba"), ("*:@https@", "match", "ab"),
        ("127.0.0.1:@https@", "redirect", "ba"), ("*", "rewrite", "ab")))])
def test_redirect_beside_a_tls_host_in_another_file(site, apache, address, redirect,  # noqa: F811
                                                    files):
    """The TLS host that is there gets the certificate, and no second one is made."""
    apache.site(host(REDIRECTS[redirect]), f"{files[0]}.conf")
    apache.site(tls("ServerAlias www.a.test\n" + SERVES, address=address), f"{files[1]}.conf")
    # Beside this one Apache would not take a host for any port.
    apache.site(tls(name="c.test", address=address), "c.conf")
    apache.start()
    before, plain = apache.snapshot(), apache.read(f"sites-available/{files[0]}.conf")
    site.obtain("a.test", "www.a.test").install()
    assert site.is_served("a.test") and site.is_served("www.a.test")
    assert apache.read(f"sites-available/{files[0]}.conf") == plain
    assert set(apache.snapshot()) == set(before)
    site.rollback()
    assert apache.snapshot() == before


def test_redirect_to_a_tls_host_without_a_name(site, apache):  # noqa: F811
    """As Debian's default-ssl.conf is. Each name gets its own copy of what it serves."""
    apache.site("".join(host(f"Redirect permanent / https://{name}:@https@/", name=name)
                        for name in ("a.test", "b.test")))
    apache.site("<VirtualHost _default_:@https@>\nSSLEngine on\n@old@\n" + SERVES +
                "\n</VirtualHost>\n", "default-ssl.conf")
    apache.start()
    before, first = apache.snapshot(), served_to_nobody(apache)
    for name in ("a.test", "b.test"):
        site.obtain(name, lineage=name).install(lineage=name)
    for name in ("a.test", "b.test"):
        assert site.is_served(name, name) and apache.get(name, tls=True)[2] == "the site\n"
    assert served_to_nobody(apache) == first and apache.served("nobody.test") == first
    assert apache.read("sites-available/default-ssl.conf").count("<VirtualHost") == 3
    assert set(apache.snapshot()) == set(before)
    site.rollback(2)
    assert apache.snapshot() == before


@pytest.mark.parametrize("order", ["exact_first", pytest.param("pattern_first",
                                                               marks=pytest.mark.full)])
def test_redirect_beside_a_wildcard_alias(site, apache, order):  # noqa: F811
    """The host with the exact name gets it, and requests are redirected whichever Apache takes."""
    exact, pattern = host(SERVES, name="x.w.test"), host("ServerAlias *.w.test\n" + SERVES,
                                                         name="w.test")
    apache.site(exact + pattern if order == "exact_first" else pattern + exact)
    apache.start()
    before = apache.snapshot()
    site.obtain("x.w.test").install("--redirect")
    assert apache.get("x.w.test")[0] == 301 and apache.get("y.w.test")[0] == 200
    assert site.is_served("x.w.test")
    sections = apache.read("sites-available/site.conf").split("</VirtualHost>")
    assert all("RewriteRule" in section for section in sections
               if "ServerName x.w.test" in section)
    copies = apache.read("sites-available/site-le-ssl.conf")
    assert copies.count("<VirtualHost") == 1 and "*.w.test" not in copies
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.parametrize("where", ["available", *(
    pytest.param(where, marks=pytest.mark.full) for where in ("commented", "ifdef"))])
def test_same_name_that_is_not_in_effect(site, apache, where):  # noqa: F811
    text = host("Redirect 410 /\n")
    if where == "available":
        apache.write("sites-available/off.conf", text)
    elif where == "commented":
        apache.site("".join(f"# {line}" for line in text.splitlines(True)), "off.conf")
    else:
        apache.site(f"<IfDefine NEVER>\n{text}</IfDefine>\n", "off.conf")
    apache.site(host(SERVES))
    apache.start()
    off = apache.read("sites-available/off.conf")
    site.obtain("a.test").install()
    assert site.is_served("a.test") and apache.get("a.test", tls=True)[2] == "the site\n"
    assert apache.read("sites-available/off.conf") == off
    assert not os.path.exists(os.path.join(apache.root, "sites-available/off-le-ssl.conf"))
