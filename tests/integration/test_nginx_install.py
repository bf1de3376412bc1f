"""nginx as installer: certificates into every kind of server block, and everything back again."""

import hashlib
import os
import shutil
import socket
import ssl
import subprocess

import pytest

from lib.outcome import assert_failed
from test_nginx import MAIN, Nginx

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


class Site:
    """An nginx, a certificate under live/, and certwright to install it."""

    def __init__(self, nginx, certwright):
        self.nginx, self.certwright = nginx, certwright
        self.names = []

    def obtain(self, *names):
        """A certificate for NAMES, without touching nginx."""
        self.names = list(names)
        self.certwright.certonly(*names, args=("--cert-name", "site"))
        return self

    def obtain_wildcard(self, name):
        """A certificate for NAME, "*.x", by DNS."""
        dns = self.certwright.ca.dns
        hook = (f"curl -sf --noproxy '*' -d '{{\"host\": \"_acme-challenge.'$CERTBOT_DOMAIN'.\", "
                f"\"value\": \"'$CERTBOT_VALIDATION'\"}}' "
                f"http://127.0.0.1:{dns.management_port}/set-txt")
        self.names = [name]
        self.certwright.run("certonly", "--manual", "--preferred-challenges", "dns",
                            "--manual-auth-hook", hook, "-d", name, "--cert-name", "site")
        return self

    def install(self, *args, names=None, status=0, **options):
        words = [w for name in names or self.names for w in ("-d", name)]
        return self.certwright.run(
            "install", "--nginx", "--nginx-server-root", self.nginx.root, "--cert-name", "site",
            "--https-port", self.nginx.https_port, *words,
            # Else install redirects by itself.
            *(args if "--redirect" in args else ["--no-redirect", *args]), status=status, **options)

    def enhance(self, *args, names=None, **options):
        words = [w for name in names or self.names for w in ("-d", name)]
        return self.certwright.run(
            "enhance", "--nginx", "--nginx-server-root", self.nginx.root, "--cert-name", "site",
            "--https-port", self.nginx.https_port, *words, *args, **options)

    def rollback(self, checkpoints=1):
        return self.certwright.run("rollback", "--nginx", "--nginx-server-root", self.nginx.root,
                                   "--checkpoints", checkpoints)

    def certificate(self):
        with open(self.certwright.live("site", "cert"), encoding="ascii") as stream:
            return ssl.PEM_cert_to_DER_cert(stream.read())

    def is_served(self, name, address="127.0.0.1"):
        return self.nginx.served(name, address) == self.certificate()

    def text(self, name="sites-enabled/site"):
        with open(os.path.join(self.nginx.root, name), "rb") as stream:
            return stream.read().decode("latin-1")


@pytest.fixture
def nginx(start, pebble, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    # Not the CA's port: certificates are obtained without nginx here.
    server = Nginx(folder, start.ports.take(), start.ports.take(), start.ports.take())
    yield server
    server.stop()


@pytest.fixture
def site(nginx, certwright):
    made = Site(nginx, certwright)
    plain = certwright.arguments

    def arguments(verb, *args, **options):
        """The port that counts as plain is nginx's own in the verbs that install."""
        argv = plain(verb, *args, **options)
        if verb in ("install", "enhance", "rollback") and "--http-01-port" in argv:
            argv[argv.index("--http-01-port") + 1] = str(nginx.http_port)
        return argv
    certwright.arguments = arguments
    return made


OLD = "ssl_certificate @folder@/old.pem; ssl_certificate_key @folder@/old.key;"
CASES = {
    "plain": ("server {\n    listen @http@;\n    server_name a.test;\n    return 200 site;\n}\n",
              ["a.test"]),
    "one_line": ("server{listen @http@;server_name a.test;return 200 site;}", ["a.test"]),
    "crlf": ("server {\r\n\tlisten @http@;\r\n\tserver_name a.test;\r\n\treturn 200 site;\r\n}\r\n",
             ["a.test"]),
    "dual_stack": ("server {\n  listen @http@;\n  listen [::]:@http@;\n  server_name a.test;\n"
                   "  return 200 site;\n}\n", ["a.test"]),
    "one_ipv6_listener_for_both": ("server {\n  listen [::]:@http@ ipv6only=off;\n"
                                   "  server_name a.test;\n  return 200 site;\n}\n", ["a.test"]),
    "has_tls": ("server {\n  listen @https@ ssl;\n  server_name a.test;\n  " + OLD +
                "\n  return 200 site;\n}\n", ["a.test"]),
    "redirect_and_tls": ("server { listen @http@; server_name a.test;\n"
                         "  return 301 https://$host$request_uri; }\n"
                         "server {\n  listen @https@ ssl;\n  server_name a.test;\n"
                         "  ssl_certificate @folder@/old.pem;\n"
                         "  ssl_certificate_key @folder@/old.key;\n  return 200 site;\n}\n",
                         ["a.test"]),
    "certificate_of_the_http_block": (OLD + "\nserver {\n  listen @https@ ssl;\n"
                                      "  server_name a.test;\n  return 200 site;\n}\n"
                                      "server { listen @https@ ssl; server_name b.test; }",
                                      ["a.test"]),
    "tls_port_without_tls": ("server {\n  listen @https@;\n  server_name a.test;\n"
                             "  return 200 site;\n}\n", ["a.test"]),
    "wildcard": ("server {\n  listen @http@;\n  server_name *.w.test;\n  return 200 site;\n}\n",
                 ["x.w.test"]),
    "exact_beside_wildcard_with_tls": (
        "server {\n  listen @http@;\n  server_name a.w.test;\n  return 200 site;\n}\n"
        "server {\n  listen @https@ ssl;\n  server_name *.w.test;\n  " + OLD + "\n}\n",
        ["a.w.test"]),
    "regex": ("server {\n  listen @http@;\n  server_name ~^(x|y)\\.r\\.test$;\n"
              "  return 200 site;\n}\n", ["x.r.test", "y.r.test"]),
    "two_blocks": ("server {\n  listen @http@;\n  server_name a.test;\n  return 200 site;\n}\n"
                   "server {\n  listen @http@;\n  server_name b.test;\n  return 200 site;\n}\n",
                   ["a.test", "b.test"]),
    "several_names": ("server {\n  listen @http@;\n  server_name a.test\n              b.test;\n"
                      "  return 200 site;\n}\n", ["a.test", "b.test"]),
    "only_a_default": ("server {\n  listen @http@ default_server backlog=64;\n"
                       "  listen [::]:@http@ default_server ipv6only=on;\n  server_name _;\n"
                       "  return 200 site;\n}\n", ["a.test", "b.test"]),
    "default_with_tls": ("server {\n  listen @http@ default_server;\n"
                         "  listen @https@ ssl default_server;\n  " + OLD +
                         "\n  server_name _;\n  return 200 site;\n}\n", ["a.test"]),
    "unnamed": ("server {\n  listen @http@;\n  return 200 site;\n}\n", ["a.test"]),
    "shared_snippet": ("server {\n  listen @https@ ssl;\n  server_name a.test;\n"
                       "  include snippets/tls.conf;\n  return 200 site;\n}\n"
                       "server {\n  listen @https@ ssl;\n  server_name b.test;\n"
                       "  include snippets/tls.conf;\n}\n", ["a.test"]),
    "own_parameters": ("server {\n  listen @http@;\n  server_name a.test;\n"
                       "  ssl_protocols TLSv1.2;\n  return 200 site;\n}\n", ["a.test"]),
    "two_kinds_of_key": ("server {\n  listen @https@ ssl;\n  server_name a.test;\n"
                         "  ssl_certificate @folder@/old.pem;\n"
                         "  ssl_certificate_key @folder@/old.key;\n"
                         "  ssl_certificate @folder@/rsa.pem;\n"
                         "  ssl_certificate_key @folder@/rsa.key;\n  return 200 site;\n}\n",
                         ["a.test"]),
}


def prepare(nginx, case):
    text, names = CASES[case]
    nginx.write("snippets/tls.conf", "# shared\nssl_certificate @folder@/old.pem;\n"
                                     "ssl_certificate_key @folder@/old.key;\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                    "-subj", "/CN=rsa", "-keyout", f"{nginx.folder}/rsa.key", "-out",
                    f"{nginx.folder}/rsa.pem"], check=True, stderr=subprocess.DEVNULL)
    nginx.site(text)
    nginx.start()
    return names


@pytest.mark.sample(2)
@pytest.mark.parametrize("case", CASES)
def test_certificate_is_installed_and_rolled_back(site, nginx, case):
    names = prepare(nginx, case)
    before = nginx.snapshot()
    site.obtain(*names).install()
    for name in names:
        assert site.is_served(name)
    installed = nginx.snapshot()
    site.install()
    assert nginx.snapshot() == installed, "installing twice changes something"
    site.rollback()
    assert nginx.snapshot() == before


@pytest.mark.sample(2)
@pytest.mark.parametrize("case", ["plain", "one_line", "dual_stack", "crlf", "redirect_and_tls",
                                  "only_a_default", "several_names", "regex", "two_blocks"])
def test_redirect_leads_to_the_site(site, nginx, case):
    names = prepare(nginx, case)
    before = nginx.snapshot()
    site.obtain(*names).install("--redirect")
    for name in names:
        status, location, _ = nginx.get(name, "/path?query")
        assert (status, location) == (301, f"https://{name}:{nginx.https_port}/path?query") or \
            case == "redirect_and_tls" and location == f"https://{name}/path?query"
        assert site.is_served(name)
    installed = nginx.snapshot()
    site.install("--redirect")
    assert nginx.snapshot() == installed
    while nginx.snapshot() != before:
        site.rollback()


def test_other_sites_keep_their_certificates_and_answers(site, nginx):
    nginx.site("server {\n  listen @http@;\n  server_name a.test;\n  return 200 a;\n}\n"
               "server {\n  listen @http@;\n  listen @https@ ssl;\n  server_name b.test;\n  " + OLD +
               "\n  return 200 b;\n}\n")
    nginx.start()
    old = nginx.served("b.test")
    site.obtain("a.test").install("--redirect")
    assert site.is_served("a.test")
    assert nginx.served("b.test") == old
    assert nginx.served("unknown.test") == old, "another server became the default"
    assert nginx.get("b.test")[2] == "b"


def test_headers_and_stapling(site, nginx):
    nginx.http("add_header X-Mine yes;")
    nginx.site("server {\n    listen @http@;\n    server_name a.test;\n    return 200 a;\n}\n")
    nginx.start()
    site.obtain("a.test").install("--redirect", "--hsts", "--uir", "--staple-ocsp")
    answer = subprocess.run(
        ["curl", "-sik", "--noproxy", "*", "--resolve", f"a.test:{nginx.https_port}:127.0.0.1",
         f"https://a.test:{nginx.https_port}/"], capture_output=True, text=True, check=True).stdout
    lines = answer.lower().splitlines()
    assert "strict-transport-security: max-age=31536000" in lines
    assert "content-security-policy: upgrade-insecure-requests" in lines
    assert "x-mine: yes" in lines, "a header of the http block was lost"
    text = site.text()
    assert "ssl_stapling on;" in text and "ssl_trusted_certificate" in text
    once = nginx.snapshot()
    site.enhance("--hsts", "--uir", "--staple-ocsp", "--redirect")
    assert nginx.snapshot() == once


def test_headers_are_sent_by_locations_with_headers_of_their_own(site, nginx):
    """nginx takes none from the server block there."""
    nginx.write("snippets/own.conf", "location /shared { add_header X-Own shared; return 200 x; }\n")
    nginx.write("snippets/header.conf", "add_header X-Own included;\n")
    nginx.site("server {\n  listen @https@ ssl;\n  server_name a.test;\n  " + OLD + """
  location / {
    add_header X-Own root;
    location /deep { add_header X-Own deep; return 200 x; }
    if ($arg_i) { add_header X-Own if always; return 404; }
    return 200 x;
  }
  location /plain { return 404; }
  location /included { include snippets/header.conf; return 200 x; }
  location /set { add_header Strict-Transport-Security max-age=1; return 200 x; }
  include snippets/own.conf;
}
server { listen @other@; include snippets/own.conf; include snippets/header.conf; }
""")
    site.obtain("a.test")
    nginx.start()
    site.install()
    result = site.enhance("--hsts")
    expected = {"/": "root", "/deep": "deep", "/?i=1": "if", "/plain": None,
                "/included": "included", "/set": None}
    for path, own in expected.items():
        headers = nginx.headers("a.test", path)
        assert headers["X-Own"] == own
        assert headers.get_all("Strict-Transport-Security") == [
            "max-age=1" if path == "/set" else "max-age=31536000"]
    assert nginx.headers("a.test", "/shared")["Strict-Transport-Security"] is None
    assert "own.conf:1" in result.stderr and "do not get" in result.stderr
    once = nginx.snapshot()
    site.enhance("--hsts")
    assert nginx.snapshot() == once
    site.rollback(2)


def test_name_without_any_server_is_said(site, nginx):
    nginx.write("nginx.conf", MAIN.replace("include sites-enabled/*;", "").replace("{http}", ""))
    nginx.start()
    before = nginx.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "no server block", "a.test")
    assert nginx.snapshot() == before


def test_block_that_only_redirects_is_no_site(site, nginx):
    nginx.site("server { listen @http@; server_name a.test; return 301 https://$host$request_uri; }")
    nginx.start()
    before = nginx.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "a.test", "https")
    assert nginx.snapshot() == before


@pytest.mark.parametrize("first", ("a.test", "b.test"))
def test_plain_blocks_of_the_tls_port_get_tls_all_or_none(site, nginx, first):
    """nginx has TLS for an address, not for a server."""
    block = "server {\n  listen @https@;\n  server_name %s;\n  return 200 %s;\n}\n"
    names = sorted(("a.test", "b.test"), key=lambda name: name != first)
    nginx.site("".join(block % (name, name) for name in names))
    site.obtain("a.test", "b.test")
    nginx.start()
    before = nginx.snapshot()
    result = site.install(names=["a.test"], status=1, json=True)
    assert_failed(result, "sites-enabled/site:", "all blocks or for none", "same run")
    assert nginx.snapshot() == before
    assert nginx.get("b.test", port=nginx.https_port)[2] == "b.test"
    site.install()
    assert site.is_served("a.test") and site.is_served("b.test")
    site.rollback()
    assert nginx.snapshot() == before


def test_what_nginx_refuses_is_rolled_back(site, nginx):
    """The certificate's key is of no use to nginx: it cannot be read."""
    nginx.site("server {\n  listen @http@;\n  server_name a.test;\n  ssl_dhparam /nowhere;\n}\n")
    before = nginx.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "/nowhere")
    assert nginx.snapshot() == before


def test_edited_parameters_stay(site, nginx):
    nginx.site("server {\n  listen @http@;\n  server_name a.test;\n  return 200 a;\n}\n")
    site.obtain("a.test").install()
    path = os.path.join(site.certwright.config_dir, "options-ssl-nginx.conf")
    with open(path, "ab") as stream:
        stream.write(b"# mine\n")
    with open(path, "rb") as stream:
        mine = hashlib.sha256(stream.read()).hexdigest()
    site.rollback()
    site.install()
    with open(path, "rb") as stream:
        assert hashlib.sha256(stream.read()).hexdigest() == mine


def test_parameters_of_an_earlier_release_are_brought_up_to_date(site, nginx):
    nginx.site("server {\n  listen @http@;\n  server_name a.test;\n  return 200 a;\n}\n")
    site.obtain("a.test").install()
    path = os.path.join(site.certwright.config_dir, "options-ssl-nginx.conf")
    note = os.path.join(site.certwright.config_dir, ".updated-options-ssl-nginx-conf-digest.txt")
    with open(path, "rb") as stream:
        newest = stream.read()
    earlier = b"ssl_protocols TLSv1.2;\n"

    def install_over(text):
        site.rollback()
        with open(path, "wb") as stream:
            stream.write(text)
        with open(note, "w", encoding="ascii") as stream:
            stream.write(hashlib.sha256(earlier).hexdigest())
        result = site.install()
        with open(path, "rb") as stream:
            return stream.read(), "newer TLS parameters" in result.stderr

    assert install_over(earlier) == (newest, False)
    assert install_over(earlier + b"# mine\n") == (earlier + b"# mine\n", True)
    site.rollback()
    assert "newer TLS parameters" not in site.install().stderr, "once is enough"


def test_links_modes_and_owners_outlive_an_installation(site, nginx):
    block = "server {\n  listen @http@;\n  server_name %s;\n  return 200 x;\n}\n"
    linked = nginx.write("sites-available/a", block % "a.test")
    os.chmod(linked, 0o640)
    if os.getuid() == 0:
        os.chown(linked, 65534, 65534)
    os.symlink("../sites-available/a", os.path.join(nginx.root, "sites-enabled/a"))
    hard = nginx.write("sites-available/b", block % "b.test")
    os.chmod(hard, 0o604)
    os.link(hard, os.path.join(nginx.root, "sites-enabled/b"))
    site.obtain("a.test", "b.test")
    nginx.start()
    before = nginx.snapshot()
    site.install("--redirect")
    assert site.is_served("a.test") and site.is_served("b.test")
    after = nginx.snapshot()
    # All that is known of a file but what it says.
    assert {n: v[1:] for n, v in after.items()} == {n: v[1:] for n, v in before.items()}
    assert after["sites-enabled/a"] == before["sites-enabled/a"]
    assert after["sites-available/a"] != before["sites-available/a"]
    assert after["sites-available/b"] == after["sites-enabled/b"] != before["sites-enabled/b"]
    site.rollback()
    assert nginx.snapshot() == before


def test_wildcard_certificate_goes_to_every_name_it_stands_for(site, nginx):
    nginx.site("server {\n  listen @http@;\n  server_name a.w.test;\n  return 200 a;\n}\n"
               "server {\n  listen @http@;\n  server_name b.w.test;\n  return 200 b;\n}\n"
               "server {\n  listen @http@;\n  server_name a.b.w.test;\n  return 200 c;\n}\n")
    nginx.start()
    site.obtain_wildcard("*.w.test").install()
    assert site.is_served("a.w.test")
    assert site.is_served("b.w.test")
    assert "server_name a.b.w.test" in site.text().split("ssl_dhparam")[-1]


def test_reload_that_fails_puts_everything_back(site, nginx):
    """nginx -t takes it, but the port is another program's."""
    nginx.site("server {\n  listen @http@;\n  server_name a.test;\n  return 200 a;\n}\n")
    nginx.start()
    before = nginx.snapshot()
    site.obtain("a.test")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", nginx.https_port))
        taken.listen()
        result = site.install(status=1, json=True)
    assert_failed(result, "bind()", str(nginx.https_port))
    assert nginx.snapshot() == before
    assert nginx.get("a.test")[2] == "a"
    site.install()
    assert site.is_served("a.test")


def test_run_obtains_and_installs_through_nginx(certwright, pebble, start, tmp_path):
    """One command, one nginx for both."""
    folder = tmp_path / "both"
    folder.mkdir()
    nginx = Nginx(folder, pebble.http_port, start.ports.take(), start.ports.take())
    try:
        nginx.site("server {\n  listen @http@;\n  server_name a.test www.a.test;\n"
                   "  return 200 a;\n}\n")
        nginx.start()
        certwright.run("run", "--nginx", "--nginx-server-root", nginx.root, "--https-port",
                       nginx.https_port, "-d", "a.test", "-d", "www.a.test", "--redirect")
        with open(certwright.live("a.test", "cert"), encoding="ascii") as stream:
            wanted = ssl.PEM_cert_to_DER_cert(stream.read())
        assert nginx.served("www.a.test") == wanted
        assert nginx.get("www.a.test")[0] == 301
        installed = nginx.snapshot()
        certwright.run("renew", "--force-renewal")
        with open(certwright.live("a.test", "cert"), encoding="ascii") as stream:
            renewed = ssl.PEM_cert_to_DER_cert(stream.read())
        assert renewed != wanted
        assert nginx.served("a.test") == renewed, "nginx was not reloaded after the renewal"
        assert nginx.snapshot() == installed
    finally:
        nginx.stop()
