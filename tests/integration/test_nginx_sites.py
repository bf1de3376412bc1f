"""A site that worked before goes on working: what https served for a name is what it serves after,
with the new certificate, and http does what it did."""

import os
import shutil
import socket
import ssl

import pytest

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from lib.issuer import Issuer
from lib.outcome import assert_failed
from lib.terminal import on_terminal
from test_nginx import MAIN, Nginx

pytestmark = [pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed"),
              pytest.mark.sample(2)]

NAME = "l.example.test"
WWW = f"www.{NAME}"
OLD = "ssl_certificate @folder@/old.pem; ssl_certificate_key @folder@/old.key;"


class Site:
    """An nginx that the CA reaches, and certwright to get certificates and install them."""

    def __init__(self, nginx, certwright):
        self.nginx, self.certwright = nginx, certwright

    def words(self, *names):
        return ["--nginx", "--nginx-server-root", self.nginx.root, "--https-port",
                self.nginx.https_port, *(word for name in names for word in ("-d", name))]

    def main(self, http):
        """nginx.conf with HTTP in its http block; the workers can read the test's folder."""
        user = "user root;\n" if os.getuid() == 0 else ""
        self.nginx.write("nginx.conf", user + MAIN.replace("{http}", http))

    def start(self, text):
        self.nginx.site(text)
        self.nginx.start()
        return self

    def run(self, *names, args=(), **options):
        return self.certwright.run("run", *self.words(*(names or [NAME])), *args, **options)

    def install(self, lineage, *names, args=(), **options):
        return self.certwright.run("install", "--cert-name", lineage, *self.words(*names), *args,
                                   **options)

    def enhance(self, lineage, *names, args=(), **options):
        return self.certwright.run("enhance", "--cert-name", lineage, *self.words(*names), *args,
                                   **options)

    def certificate(self, lineage=NAME):
        with open(self.certwright.live(lineage, "cert"), encoding="ascii") as stream:
            return ssl.PEM_cert_to_DER_cert(stream.read())

    def old(self, name="old"):
        with open(f"{self.nginx.folder}/{name}.pem", encoding="ascii") as stream:
            return ssl.PEM_cert_to_DER_cert(stream.read())

    def https(self, name=NAME, path="/", port=None, family=socket.AF_INET, proxy=False):
        """The certificate, the status, and where it leads or what it says."""
        context = ssl._create_unverified_context()
        address = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        where = port if family == socket.AF_UNIX else (address, port or self.nginx.https_port)
        with socket.socket(family) as plain:
            plain.settimeout(10)
            plain.connect(where)
            if proxy:
                plain.sendall(b"PROXY TCP4 127.0.0.1 127.0.0.1 9 9\r\n")
            with context.wrap_socket(plain, server_hostname=name) as secure:
                secure.sendall(f"GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
                answer = b""
                while part := secure.recv(4096):
                    answer += part
                head, _, body = answer.decode().partition("\r\n\r\n")
                places = [line[10:] for line in head.split("\r\n") if line.startswith("Location: ")]
                return (secure.getpeercert(True), int(head.split()[1]),
                        places[0] if places else body)

    def issued(self, file, name, key="ecdsa"):
        """Has FILE.pem and FILE.key be a certificate of some CA for NAME."""
        issuer = Issuer(self.nginx.folder)
        private = (rsa.generate_private_key(65537, 2048) if key == "rsa" else
                   ec.generate_private_key(ec.SECP256R1()))
        issuer.write(f"{file}.pem", issuer.issue(name, private.public_key(), -1, 30))
        issuer.write(f"{file}.key", private)

    def served(self, name, key):
        """The certificate that a client gets who takes only this kind of key."""
        context = ssl._create_unverified_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"ECDHE-{key.upper()}-AES128-GCM-SHA256")
        with socket.create_connection(("127.0.0.1", self.nginx.https_port), 10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return secure.getpeercert(True)

    def page(self, folder, words, name="index.html"):
        path = os.path.join(self.nginx.folder, folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(words)
        os.chmod(path, 0o644)

    def orders(self):
        """How many orders the CA was asked for."""
        return self.certwright.ca.requests("POST", "/order-plz")


@pytest.fixture
def site(certwright, pebble, start, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = Nginx(folder, pebble.http_port, start.ports.take(), start.ports.take())
    made = Site(server, certwright)
    made.main("")
    yield made
    server.stop()


# An existing TLS block has the name, whatever a plain block says.

PLAIN = {
    "redirect": f"server {{ listen @http@; server_name {NAME};\n"
                "  location / { return 301 https://$host$request_uri; } }\n",
    "challenges_only": f"server {{ listen @http@; server_name {NAME};\n"
                       "  location /.well-known/acme-challenge/ { root @folder@/www; }\n"
                       "  location / { return 404; } }\n",
}
TLS_NAMES = {
    "head": "*.example.test",
    "dotted": ".example.test",
    "tail": "l.example.*",
    "regex": "~^(.+)\\.example\\.test$",
    "named_regex": "~^(?<sub>[a-z]+)\\.example\\.test$",
    "catch_all": "_",
    "several": "other.test *.example.test",
    "exact": NAME,
    "capitals": "L.Example.test",
}


@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("names", TLS_NAMES)
@pytest.mark.parametrize("order", ("plain_first", "tls_first"))
def test_existing_tls_block_gets_the_certificate(site, plain, names, order):
    blocks = [PLAIN[plain], f"server {{\n  listen @https@ ssl;\n  server_name {TLS_NAMES[names]};\n"
              f"  {OLD}\n  location / {{ return 200 secure; }}\n}}\n"]
    site.start("".join(blocks if order == "plain_first" else reversed(blocks)))
    before = site.nginx.get(NAME, "/x")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "secure")
    assert site.nginx.get(NAME, "/x") == before
    other = "x.example.test"
    if names not in ("tail", "exact", "capitals"):
        assert site.https(other) == (site.old(), 200, "secure"), "others lost their certificate"
    installed = site.nginx.snapshot()
    site.run(args=["--no-redirect", "--keep"])
    assert site.nginx.snapshot() == installed


# A catch-all is no site of the name: see below.
@pytest.mark.parametrize("names", [names for names in TLS_NAMES if names != "catch_all"])
def test_plain_content_does_not_replace_what_https_serves(site, names):
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 plain; }} }}\n"
               f"server {{\n  listen @https@ ssl;\n  server_name {TLS_NAMES[names]};\n  {OLD}\n"
               "  location / { return 200 secure; }\n}\n")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "secure")
    assert site.nginx.get(NAME)[2] == "plain"


def test_catch_all_whose_certificate_has_the_name_is_the_site(site):
    site.issued("old", NAME)
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 plain; }} }}\n"
               f"server {{ listen @https@ ssl; server_name _; {OLD} return 200 secure; }}\n")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "secure")


@pytest.mark.parametrize("block", [
    f"server {{ listen @https@ ssl; server_name _; {OLD} return 444; }}",
    f"server {{ listen @https@ ssl default_server; server_name _; {OLD} return 404; }}",
    "server { listen @https@ ssl default_server; server_name _; ssl_reject_handshake on; }",
    f"server {{ listen @https@ ssl; server_name other.test; {OLD} return 200 other; }}",
    f"server {{ listen @https@ ssl; server_name _; {OLD} return 200 empty; }}",
])
def test_plain_site_beside_a_block_that_never_served_it_gets_tls(site, block):
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 site; }} }}\n"
               + block)
    site.run()
    assert site.https() == (site.certificate(), 200, "site")


def test_self_signed_certificate_makes_no_site_of_a_default_block(site):
    """As Debian's default site has it for the machine's own name."""
    site.nginx.make_certificate(NAME)
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 site; }} }}\n"
               f"server {{ listen @https@ ssl; server_name _; return 200 default;\n"
               f"  ssl_certificate @folder@/{NAME}.pem; ssl_certificate_key @folder@/{NAME}.key; }}\n")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "site")
    assert site.https("other.test")[1:] == (200, "default")


def test_wildcard_block_of_one_address_of_several(site):
    site.start(PLAIN["redirect"] +
               f"server {{ listen @https@ ssl; server_name *.example.test; {OLD} return 200 any; }}\n"
               f"server {{ listen 127.0.0.1:@https@ ssl; server_name *.example.test; {OLD}\n"
               "  return 200 one; }\n")
    site.run()
    assert site.https() == (site.certificate(), 200, "one")
    assert site.https("x.example.test") == (site.old(), 200, "one")


ADDRESSES = {
    "exact_and_head": (NAME, "*.example.test"),
    "head_and_exact": ("*.example.test", NAME),
    "head_and_tail": ("*.example.test", "l.example.*"),
    "long_and_short": (".example.test", "*.test"),
    "regex_and_exact": (r"~^(?<sub>.)\.example\.test$", NAME),
    "exact_and_exact": (NAME, f"{NAME} other.test"),
}


@pytest.mark.parametrize("port", ("https", "other"))
@pytest.mark.parametrize("case", ADDRESSES)
def test_each_address_that_serves_the_name_by_tls_gets_the_certificate(site, case, port):
    first, second = ADDRESSES[case]
    site.start(f"server {{ listen [::1]:@{port}@ ssl; server_name {first}; {OLD} return 200 v6; }}\n"
               f"server {{ listen @{port}@ ssl; server_name {second}; {OLD} return 200 v4; }}\n"
               + PLAIN["redirect"])
    site.run(args=["--no-redirect"])
    where = {"port": getattr(site.nginx, f"{port}_port")}
    assert site.https(family=socket.AF_INET6, **where) == (site.certificate(), 200, "v6")
    assert site.https(**where) == (site.certificate(), 200, "v4")
    installed = site.nginx.snapshot()
    site.run(args=["--no-redirect", "--keep"])
    assert site.nginx.snapshot() == installed
    site.enhance(NAME, args=["--hsts"])
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        assert stream.read().count("Strict-Transport-Security") == 2


def test_each_address_with_tls_is_redirected_to_it(site):
    site.start("".join(
        f"server {{ listen {address}@http@; listen {address}@https@ ssl; server_name {names};\n"
        f"  {OLD} location / {{ return 200 here; }} }}\n"
        for address, names in (("[::1]:", NAME), ("", "*.example.test"))))
    site.run(args=["--redirect"])
    for address in ("127.0.0.1", "::1"):
        assert site.nginx.get(NAME, "/x", address=address)[0] == 301
    assert site.nginx.get("x.example.test")[2] == "here"


def test_wildcard_block_with_both_kinds_of_listeners_stays_what_http_is(site):
    site.start(f"server {{\n  listen @http@;\n  listen @https@ ssl;\n  server_name *.example.test;\n"
               f"  {OLD}\n  return 200 $scheme;\n}}\n" + PLAIN["redirect"])
    before = site.nginx.get(NAME)
    site.run()
    assert site.https() == (site.certificate(), 200, "https")
    assert site.nginx.get(NAME) == before
    assert site.nginx.get("x.example.test")[2] == "http"


def test_two_names_of_a_wildcard_block_share_one_new_block(site):
    site.start(f"server {{\n  listen @https@ ssl;\n  server_name *.example.test;\n  {OLD}\n"
               "  return 200 secure;\n}\n"
               "server { listen @http@ default_server; return 404; }\n")
    site.run("a.example.test", "b.example.test")
    for name in ("a.example.test", "b.example.test"):
        assert site.https(name) == (site.certificate("a.example.test"), 200, "secure")
    assert site.https("c.example.test") == (site.old(), 200, "secure")
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        assert stream.read().count("server_name a.example.test b.example.test;") == 1


def test_block_that_certbot_chose_keeps_the_certificate(site):
    """Certbot puts the certificate of a name into a wildcard's block."""
    site.start(f"server {{\n  listen @https@ ssl;\n  server_name *.example.test;\n  {OLD}\n"
               "  location / { return 200 secure; }\n}\n"
               f"server {{\n  if ($host = {NAME}) {{\n    return 301 https://$host$request_uri;\n"
               f"  }} # managed by Certbot\n  listen @http@;\n  server_name {NAME};\n"
               "  return 404; # managed by Certbot\n}\n")
    site.certwright.run("certonly", "--nginx", "--nginx-server-root", site.nginx.root, "-d", NAME)
    path = os.path.join(site.nginx.root, "sites-enabled/site")
    with open(path, encoding="ascii") as stream:
        text = stream.read()
    for kind in ("pem", "key"):
        live = site.certwright.live(NAME, "fullchain" if kind == "pem" else "privkey")
        text = text.replace(f"{site.nginx.folder}/old.{kind}", live)
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
    before = site.nginx.snapshot()
    site.run(args=["--keep"])
    assert site.nginx.snapshot() == before


# A copy of a block keeps what the block's names say in it.

NAMED = {
    "named_capture": (r"~^(?<sub>.+)\.example\.test$", "$sub"),
    "numbered_capture": (r"~^(www\.)?(.+)\.example\.test$", "$2"),
    "quoted": (r'"~^(?<sub>[a-z]{1,9})\.example\.test$"', "$sub"),
    "capitals": (r"~^(?<sub>.+)\.EXAMPLE\.test$", "$sub"),
    "second_of_two": (r"~^(?<sub>x+)\.example\.test$ ~^(?<sub>.+)\.example\.test$", "$sub"),
    "both_match": (r"~^(l+)\.example ~^(.)", "$1"),
    "optional": (r"~^(?<sub>l)?(?<rest>.*)\.example\.test$", "$sub$rest"),
    "head": ("*.example.test", "$server_name"),
    "dotted": (".example.test", "$server_name"),
    "several": ("main.test *.example.test", "${server_name}"),
    "catch_all": ("_", "$server_name"),
    "server_name_of_regex": (r"~^(.+)\.example\.test$", "$server_name"),
}


@pytest.mark.parametrize("where", ("text", "set", "http"))
@pytest.mark.parametrize("case", NAMED)
def test_new_block_for_a_name_answers_what_the_shared_block_answered(site, case, where):
    """Made from a block with TLS, whose other names keep their certificate."""
    names, value = NAMED[case]
    if where == "http":
        site.main(f"map {value} $seen {{ volatile; default $said{value}; }} "
                  "map $host $said { default in-; }" if value[1] not in "012" else "")
    said = {"text": value, "set": "$seen", "http": "$seen" if value[1] not in "012" else value}[where]
    set_it = f"set $seen <{value}>;" if where == "set" else ""
    site.start(f"server {{\n  listen @https@ ssl;\n  server_name {names};\n  {OLD}\n  {set_it}\n"
               f"  location / {{ return 200 {said}; }}\n}}\n" + PLAIN["redirect"])
    before = site.https()
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), *before[1:])
    assert site.https("x.example.test")[0] == site.old()
    installed = site.nginx.snapshot()
    site.run(args=["--no-redirect", "--keep"])
    assert site.nginx.snapshot() == installed


@pytest.mark.parametrize("case", [case for case in NAMED if case != "catch_all"])
def test_https_of_a_redirecting_block_answers_what_it_says(site, case):
    """Made from a block that redirects plain requests: a folder after the name, say."""
    names, value = NAMED[case]
    site.start(f"server {{\n  listen @http@;\n  server_name {names};\n"
               f"  location /plain {{ return 200 {value}; }}\n"
               f"  location / {{ return 200 {value}; }}\n"
               "  if ($uri != /plain) { return 301 https://$host$request_uri; }\n}\n")
    said = site.nginx.get(NAME, "/plain")[2]
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, said)
    assert site.nginx.get(NAME)[0] == 301 and site.nginx.get(NAME, "/plain")[2] == said


def test_two_names_of_an_expression_keep_its_variables(site):
    site.page("srv/a", "of a")
    site.page("srv/b", "of b")
    site.start("server {\n  listen @http@;\n  server_name ~^(?<sub>.+)\\.example\\.test$;\n"
               "  root @folder@/srv/$sub;\n"
               "  if ($scheme = http) { return 301 https://$host$request_uri; }\n"
               "  rewrite ^ https://$host$request_uri? permanent;\n}\n")
    site.run("a.example.test", "b.example.test")
    for sub in "ab":
        assert site.https(f"{sub}.example.test") == (
            site.certificate("a.example.test"), 200, f"of {sub}")
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        assert stream.read().count("if ($host ~ ") == 1


def test_names_of_two_expressions_keep_the_variables_of_each(site):
    site.start("server {\n  listen @https@ ssl;\n  server_name ~^(?<a>a+)\\.example\\.test$\n"
               f"    ~^(?<b>b+)\\.example\\.test$;\n  {OLD}\n"
               "  location / { return 200 $a-$b-$1; }\n}\n"
               "server { listen @http@ default_server; return 404; }")
    names = ("aa.example.test", "bb.example.test")
    before = [site.https(name)[1:] for name in names]
    site.run(*names, args=["--no-redirect"])
    assert [site.https(name)[1:] for name in names] == before
    assert {site.https(name)[0] for name in names} == {site.certificate(names[0])}


SECURE_WWW = f"server {{ listen @https@ ssl; server_name {WWW}; {OLD} return 200 www; }}\n"


def test_server_name_that_another_block_has_by_https_is_told_before_the_ca_is_asked(site):
    site.start(f"server {{ listen @http@; server_name www.{NAME} {NAME};\n"
               "  location / { return 302 http://$server_name/home; } }\n" + SECURE_WWW)
    before, orders = site.nginx.snapshot(), site.orders()
    result = site.run(status=1, json=True)
    assert_failed(result, "$server_name", f"www.{NAME}", "sites-enabled/site:1")
    assert site.orders() == orders, "the CA was asked"
    assert site.nginx.snapshot() == before


def test_server_name_in_the_redirect_gives_the_copy_no_other_name(site):
    site.page("www", "home")
    site.start("server { listen @http@; server_name .example.test; root @folder@/www;\n"
               "  return 301 https://$server_name$request_uri; }\n")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "home")
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        assert f"server_name {NAME};" in stream.read()


def test_server_name_that_only_programs_are_given_stops_nothing(site):
    site.page("www", "home")
    site.start(f"server {{ listen @http@; server_name www.{NAME} {NAME}; root @folder@/www;\n"
               "  location /php { fastcgi_param SERVER_NAME $server_name;\n"
               "    fastcgi_pass 127.0.0.1:9; } }\n" + SECURE_WWW)
    site.run(args=["--no-redirect"])
    assert site.https()[1:] == (200, "home")
    assert site.https(f"www.{NAME}") == (site.old(), 200, "www")


def test_name_that_a_default_block_has_a_certificate_for_stays_there(site):
    other = "other.example.test"
    site.issued("old", other)
    site.start(f"server {{ listen @http@; server_name {NAME} {other};\n"
               "  location / { return 200 plain; } }\n"
               f"server {{ listen @https@ ssl; server_name _; {OLD} return 200 secure; }}\n")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "plain")
    assert site.https(other) == (site.old(), 200, "secure")


@pytest.mark.parametrize("together", (True, False), ids=("together", "one_by_one"))
@pytest.mark.parametrize("redirected", ([WWW], [WWW, NAME]), ids=len)
def test_redirect_of_one_name_beside_content_leaves_https_without_a_circle(
        site, redirected, together):
    """As Certbot leaves it: a condition for each name that it redirects."""
    site.page("www", "home")
    site.start("server {\n" + "".join(
        f"  if ($host = {name}) {{\n    return 301 https://$host$request_uri;\n"
        "  } # managed by Certbot\n" for name in redirected) +
        f"  listen @http@;\n  server_name {NAME} {WWW};\n  root @folder@/www;\n}}\n")
    before = [site.nginx.get(name) for name in (NAME, WWW)]
    for names in [(NAME, WWW)] if together else [(NAME,), (WWW,)]:
        site.run(*names, args=["--no-redirect"])
    for name in (NAME, WWW):
        assert site.https(name)[1:] == (200, "home")
    assert [site.nginx.get(name) for name in (NAME, WWW)] == before


# A block that only redirects.

REDIRECTS = {
    "location_return": "location / { return 301 https://$host$request_uri; }",
    "location_302": "location / { return 302 https://$server_name$request_uri; }",
    "location_url_only": "location / { return https://$host$request_uri; }",
    "location_regex": "location ~ ^/ { return 308 https://$host$request_uri; }",
    "location_nested": "location / { location ~ . { return 301 https://$host$request_uri; } "
                       "return 301 https://$host/; }",
    "location_rewrite": "location / { rewrite ^ https://$host$request_uri? permanent; }",
    "with_challenges": "location ^~ /.well-known/acme-challenge/ { root @folder@/www; }\n"
                       "  location / { return 301 https://$host$request_uri; }",
    "return": "return 301 https://$host$request_uri;",
    "return_host_and_port": "return 307 https://$http_host:@https@$request_uri;",
    "return_braces": "return 301 \"https://${host}${request_uri}\";",
    "return_name": f"return 301 https://{NAME}$request_uri;",
    "return_name_capitals": "return 301 https://L.Example.TEST$request_uri;",
    "return_top": "return 301 https://$host/;",
    "rewrite": "rewrite ^(/.*)$ https://$host$1 permanent;",
    "rewrite_all": "rewrite ^ https://$host$request_uri? redirect;",
    "rewrite_slash": "rewrite ^/?(.*)$ https://$host/$1 permanent;",
    "rewrite_name": f"rewrite .* https://{NAME}$request_uri?;",
    "rewrite_some": "rewrite ^/(.+)$ https://$host/$1 permanent; return 404;",
    "certbot": f"if ($host = {NAME}) {{ return 301 https://$host$request_uri; }} return 404;",
    "host_regex": "if ($host ~* ^l\\.) { return 301 https://$host$request_uri; } return 404;",
    "method": "if ($request_method ~ ^(GET|HEAD)$) { return 301 https://$host$request_uri; }\n"
              "  return 405;",
    "error_page": "error_page 404 = @s; location @s { return 301 https://$host$request_uri; }\n"
                  "  location / { return 404; }",
    "error_page_url": "error_page 403 =301 https://$host$request_uri; location / { return 403; }",
    "variable": "set $u https://$host$request_uri; return 301 $u;",
    "variables": "set $h $host; set $to https://$h; location / { return 301 $to$request_uri; }",
    "header": "if ($http_x_forwarded_proto != https) { return 301 https://$host$request_uri; }\n"
              "  return 404;",
    "map_host": "return 301 $to_host;",
    "map_scheme": "location / { return 301 $scheme_wanted://$host$request_uri; }",
    "map_of_map": "if ($plain_wanted) { return 301 $to_host; } return 404;",
    "map_names": "rewrite ^ $to_names permanent;",
    "map_unknown": "return 301 $to_unknown;",
    "rewrite_to_location": "rewrite ^(.*)$ /to-https$1 last;\n"
                           "  location ~ ^/to-https(?<rest>.*)$ { return 301 https://$host$rest; }",
    "rewrite_to_internal": "rewrite ^ /secure last;\n  location = /secure { internal;\n"
                           "    rewrite ^ https://$host$request_uri? permanent; }",
    "two_rewrites": "location / { rewrite ^/(.*)$ /r/$1 last; }\n"
                    "  location /r/ { rewrite ^/r/(.*)$ https://$host/$1 permanent; }",
    "three_rewrites": "rewrite ^/(?<all>.*)$ /one/$all;\n"
                      "  location /one/ { rewrite ^/one/(.*) /two/$1 last; }\n"
                      "  location ~ ^/two/(.*)$ { return 301 https://$host/$1; }",
    "try_files": "location / { try_files /not-there @s; }\n"
                 "  location @s { return 301 https://$host$request_uri; }",
    "try_files_included": "location / { try_files /not-there @s; }\n"
                          "  location @s { include snippets/redirect.conf; }",
    "try_files_path": "location / { try_files /not-there /secure; }\n"
                      "  location = /secure { return 301 https://$host$request_uri; }",
    "included": "include snippets/redirect.conf;",
    "included_in_location": "location / { include snippets/redirect.conf; }",
}


def test_try_files_of_a_root_for_all_sites_is_content(site):
    site.page("www", "page", "page")
    site.main("root @folder@/www;")
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ try_files $uri @s; }}\n"
               "  location @s { return 301 https://$host$request_uri; } }\n")
    site.run(args=["--no-redirect"])
    assert site.https(path="/page") == (site.certificate(), 200, "page")
    assert site.https(path="/none")[1] == 404


@pytest.mark.parametrize("plain", (
    "root @folder@/www; location / { return 301 https://$host$request_uri; }",
    "location /login { return 301 https://$host$request_uri; } location / { return 200 plain; }"))
def test_default_block_that_plain_requests_are_sent_to_is_the_site(site, plain):
    site.start(f"server {{ listen @http@; server_name {NAME}; {plain} }}\n"
               f"server {{ listen @https@ ssl; server_name _; {OLD}\n"
               "  location / { return 200 secure; } }\n")
    site.run(args=["--no-redirect"])
    assert site.https(path="/login") == (site.certificate(), 200, "secure")
    assert site.https("other.test")[0] == site.old()


def test_redirect_to_the_server_name_without_its_dot_is_none_for_it(site):
    site.start(f"server {{ listen @http@; server_name .{NAME}; location / {{ return 200 base; }}\n"
               "  if ($host != $server_name) { return 301 https://$server_name$request_uri; } }\n")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "base")
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        assert stream.read().count("server {") == 1, "a copy was not needed"


DEFAULTS = {
    "marked": "server {{ listen @http@ default_server; server_name main.test; {} }}",
    "nobodys": "server {{ listen @http@; server_name _; {} }}",
    "nameless": "server {{ listen @http@; {} }}",
}
OTHERS_TLS = (f"\nserver {{ listen @https@ ssl; server_name other.test; {OLD}\n"
              "  location / { return 200 other; } }\n")


@pytest.mark.parametrize("redirect", ("return", "location_rewrite", "certbot", "method", "variable"))
@pytest.mark.parametrize("default", DEFAULTS)
def test_name_that_only_a_redirecting_default_has_is_told_before_the_ca_is_asked(
        site, default, redirect):
    site.start(DEFAULTS[default].format(REDIRECTS[redirect]) + OTHERS_TLS)
    before, orders = site.nginx.snapshot(), site.orders()
    result = site.run(status=1, json=True)
    assert_failed(result, NAME, "only redirects it to https", "sites-enabled/site:1")
    assert site.orders() == orders, "the CA was asked"
    assert site.nginx.snapshot() == before
    assert not os.path.exists(site.certwright.live(NAME, "cert"))


def test_redirecting_default_with_content_is_copied_for_a_name(site):
    site.page("www", "home")
    site.start(DEFAULTS["marked"].format(
        "root @folder@/www; location /.well-known/ { return 404; } "
        "if ($scheme = http) { return 301 https://$host$request_uri; } "
        "return 301 https://$host$request_uri;") + OTHERS_TLS)
    before = site.nginx.get(NAME, "/x")
    site.run(args=["--no-redirect"])
    assert site.https() == (site.certificate(), 200, "home")
    assert site.nginx.get(NAME, "/x") == before
    site.certwright.run("renew", "--force-renewal")
    assert site.https()[0] == site.certificate()


def test_default_that_redirects_to_its_own_site_is_copied_for_a_name(site):
    site.start(DEFAULTS["marked"].format("return 301 https://main.test$request_uri;") + OTHERS_TLS)
    site.run(args=["--no-redirect"])
    assert site.https(path="/x") == (site.certificate(), 301, "https://main.test/x")


def test_only_blocks_that_serve_the_name_by_https_are_offered_for_it(site):
    site.start(f"server {{ listen @http@ default_server; {REDIRECTS['return']} }}" + OTHERS_TLS)
    terminal = on_terminal(site.certwright, "run", *site.words(NAME), "--no-redirect")
    terminal.answer("Which one do you want to copy.*\n.*1: other\\.test.*\n(?!.*2:)", "1")
    terminal.finish(status=0)
    assert site.https() == (site.certificate(), 200, "other")


MAPS = """
    map $host $to_host { other.test https://other.test; default https://$host$request_uri; }
    map $https $scheme_wanted { "" https; on "https"; }
    map $scheme $plain_wanted { ~^http 1; default 0; }
    map $host $to_names { hostnames; *.example.test https://$host$request_uri; default ""; }
    map $remote_addr $to_unknown { 192.0.2.1 ""; default https://$host$request_uri; }
    map $scheme $plain_only { http 1; }
    map $uri $moved { /old https://$host/new; }
"""


def write_snippet(nginx):
    nginx.write("snippets/redirect.conf", "# to https\nreturn 301 https://$host$request_uri;\n")


@pytest.mark.parametrize("case", REDIRECTS)
def test_redirect_without_content_is_told_before_the_ca_is_asked(site, case):
    write_snippet(site.nginx)
    site.main(MAPS)
    site.start(f"server {{\n  listen @http@;\n  server_name {NAME};\n  {REDIRECTS[case]}\n}}\n")
    before, orders = site.nginx.snapshot(), site.orders()
    result = site.run(status=1, json=True)
    assert_failed(result, "only redirects to https", "sites-enabled/site:1")
    assert site.orders() == orders, "the CA was asked"
    assert site.nginx.snapshot() == before
    assert not os.path.exists(site.certwright.live(NAME, "cert"))


@pytest.mark.sample(4)
@pytest.mark.parametrize("case", REDIRECTS)
def test_redirect_before_content_stays_on_http_only(site, case):
    write_snippet(site.nginx)
    site.main(MAPS)
    site.page("www", "content", "deep/page.html")
    site.page("www", "home")
    text = REDIRECTS[case]
    for gone in ("location / { return 404; }", "location / { return 403; }"):
        text = text.replace(gone, "location /no { return 404; }")
    site.start(f"server {{\n  listen @http@;\n  server_name {NAME};\n  root @folder@/www;\n"
               f"  location /.well-known/ {{ return 404; }}\n  {text}\n}}\n")
    paths = ("/", "/deep/page.html", "/no", "/none?a=b")
    before = [site.nginx.get(NAME, path) for path in paths]
    site.run()
    assert site.https(path="/deep/page.html") == (site.certificate(), 200, "content")
    assert site.https()[1:] == (200, "home")
    assert site.https(path="/none")[1] == 404
    assert [site.nginx.get(NAME, path) for path in paths] == before
    installed = site.nginx.snapshot()
    site.run(args=["--keep"])
    assert site.nginx.snapshot() == installed
    site.certwright.run("rollback", "--nginx", "--nginx-server-root", site.nginx.root)


CONTENTS = {
    "proxy": ("location / { return 301 https://$host$request_uri; }\n"
              "  location /app { proxy_pass http://127.0.0.1:@other@; }\n", "/app", "up"),
    "location_beside": ("location /login { return 301 https://$host$request_uri; }\n"
                        "  location / { proxy_pass http://127.0.0.1:@other@; }\n", "/login", "up"),
    "returned": ("if ($request_method = GET) { return 301 https://$host$request_uri; }\n"
                 "  return 200 text;\n", "/", "text"),
    "other_place": ("location = / { return 301 https://$host/start; }\n"
                    "  location /start { return 200 begin; }\n", "/start", "begin"),
    "old_paths": ("rewrite ^/old/(.*)$ https://$host/new/$1 permanent;\n"
                  "  location /new { return 200 moved; }\n", "/new/x", "moved"),
    "one_folder": ("rewrite ^(/shop/.*)$ https://$host$1 permanent;\n"
                   "  location / { return 200 all; }\n", "/shop/x", "all"),
    "try_files": ("root @folder@/www; location / { try_files $uri @s; }\n"
                  "  location @s { return 301 https://$host$request_uri; }\n", "/page", "page"),
    "try_files_without_root": ("location / { try_files $uri @s; }\n"
                               "  location @s { return 301 https://$host$request_uri; }\n"
                               "  location /own { return 200 own; }\n", "/own", "own"),
    "moved_by_map": ("if ($moved) { return 301 $moved; }\n"
                     "  location / { return 200 new; }\n", "/new", "new"),
    "by_map_of_scheme": ("if ($plain_only) { return 301 https://$host$request_uri; }\n"
                         "  location / { return 200 scheme; }\n", "/", "scheme"),
    "by_map_to_content": ("if ($to_host) { return 301 $to_host; }\n"
                          "  location / { return 200 text; }\n", "/", "text"),
    "front_controller": ("rewrite ^ /index.php last;\n  location = /index.php {\n"
                         "    if ($scheme = http) { return 301 https://$host$request_uri; }\n"
                         "    return 200 app; }\n", "/any", "app"),
    "rewrite_beside": ("rewrite ^/old$ /page last; root @folder@/www;\n"
                       "  location / { return 301 https://$host$request_uri; }\n",
                       "/old", "page"),
    "slash_added": ("rewrite /admin$ $scheme://$host$request_uri/ permanent;\n"
                    "  location /admin/ { return 200 admin; }\n", "/admin/", "admin"),
    "by_scheme": ("if ($scheme = http) { return 301 https://$host$request_uri; }\n"
                  "  location / { return 200 scheme; }\n", "/", "scheme"),
    "by_scheme_not": ("if ($scheme != https) { return 301 https://$host$request_uri; }\n"
                      "  location / { return 200 scheme; }\n", "/", "scheme"),
    "by_https": ("if ($https = \"\") { return 301 https://$host$request_uri; }\n"
                 "  location / { return 200 https; }\n", "/", "https"),
    "by_port": ("if ($server_port = @http@) { return 301 https://$host$request_uri; }\n"
                "  location / { return 200 port; }\n", "/", "port"),
}


# Blocks whose redirects do not lead back by https.
USED_AS_THEY_ARE = {"other_place", "old_paths", "slash_added", "by_scheme", "by_scheme_not",
                    "by_https", "by_port", "moved_by_map", "by_map_of_scheme", "front_controller"}


@pytest.mark.parametrize("case", CONTENTS)
def test_content_beside_a_redirect_is_served_by_https(site, case):
    text, path, words = CONTENTS[case]
    site.main(MAPS)
    site.page("www", "page", "page")
    site.start(f"server {{\n  listen @http@;\n  server_name {NAME};\n  {text}}}\n"
               "server { listen @other@; location / { return 200 up; } }\n")
    paths = (path, "/", "/old/x", "/login", "/none")
    before = [site.nginx.get(NAME, where) for where in paths]
    site.run(args=["--no-redirect"])
    assert site.https(path=path) == (site.certificate(), 200, words)
    assert [site.nginx.get(NAME, where) for where in paths] == before
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        copied = stream.read().count("server {") == 3
    assert copied != (case in USED_AS_THEY_ARE)


WITH_WWW = {
    "redirect to www": (f"server {{ listen @http@; server_name {NAME} {WWW}; "
                        f"return 301 https://{WWW}$request_uri; }}", (301, f"https://{WWW}/")),
    "redirect in a location": (f"server {{ listen @http@; server_name {NAME} {WWW}; "
                               f"location / {{ return 301 https://{WWW}$request_uri; }} }}",
                               (301, f"https://{WWW}/")),
    "content": (f"server {{ listen @http@; server_name {NAME} {WWW}; "
                "location / { return 200 plain; } }", (200, "plain")),
    "content behind a redirect": (f"server {{ listen @http@; server_name {NAME} {WWW}; "
                                  "if ($scheme = http) { return 301 https://$host$request_uri; } "
                                  "location / { return 200 plain; } }", (200, "plain")),
}


@pytest.mark.parametrize("names", [[NAME], [NAME, WWW]], ids=len)
@pytest.mark.parametrize("case", WITH_WWW)
def test_tls_block_of_another_name_of_a_plain_block_keeps_that_name(site, case, names):
    block, answer = WITH_WWW[case]
    site.start(block + f" server {{ listen @https@ ssl; server_name {WWW}; {OLD} "
               "location / { return 200 secure; } }")
    site.run(*names, args=["--no-redirect"])
    assert site.https() == (site.certificate(), *answer)
    kept = site.certificate() if WWW in names else site.old()
    assert site.https(WWW) == (kept, 200, "secure")
    site.run(*names, args=["--keep", "--no-redirect"])
    assert site.https(WWW) == (kept, 200, "secure")


def test_names_of_a_redirecting_block_share_one_new_block(site):
    site.page("www", "home")
    site.start("server {\n  listen @http@;\n  listen [::]:@http@;\n"
               f"  server_name {NAME} www.{NAME} unasked.test;\n"
               f"  root @folder@/www;\n  return 301 https://{NAME}$request_uri;\n}}\n")
    site.run(NAME, f"www.{NAME}")
    for name in (NAME, f"www.{NAME}"):
        assert site.https(name) == (site.certificate(), 200, "home")
        assert site.nginx.get(name)[0] == 301
    with open(os.path.join(site.nginx.root, "sites-enabled/site"), encoding="ascii") as stream:
        text = stream.read()
    assert text.count("server {") == 2
    assert text.count(f"server_name {NAME} www.{NAME};") == 1


def test_redirect_to_another_site_is_what_https_does_too(site):
    site.start(f"server {{ listen @http@; server_name www.{NAME};\n"
               f"  return 301 https://{NAME}$request_uri; }}\n")
    site.run(f"www.{NAME}")
    certificate, status, place = site.https(f"www.{NAME}", "/a")
    assert (certificate, status, place) == (site.certificate(f"www.{NAME}"), 301,
                                            f"https://{NAME}/a")


# TLS on any port.

TLS = {
    "port": ("listen @other@ ssl;", {}),
    "address": ("listen 127.0.0.1:@other@ ssl proxy_protocol;", {"proxy": True}),
    "unix": ("listen unix:@folder@/tls.sock ssl;", {"unix": True}),
}
BESIDE = {
    "redirect": f"server {{ listen @http@; server_name {NAME};\n"
                "  return 301 https://$host:@other@$request_uri; }\n",
    "content": f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 plain; }} }}\n",
    "another_site": "server { listen @http@; server_name other.test; return 200 other; }\n",
    "both_in_one": "",
}


def reach(site, how):
    if how.get("unix"):
        return {"family": socket.AF_UNIX, "port": f"{site.nginx.folder}/tls.sock"}
    return {"port": site.nginx.other_port, **how}


@pytest.mark.parametrize("listen", TLS)
@pytest.mark.parametrize("beside", BESIDE)
def test_tls_block_on_another_port_gets_the_certificate_and_nothing_else(site, listen, beside):
    words, how = TLS[listen]
    if beside == "both_in_one":
        words = "listen @http@; " + words
    site.start(BESIDE[beside] + f"server {{\n  {words}\n  server_name {NAME};\n  {OLD}\n"
               "  location / { return 200 secure; }\n}\n")
    path = os.path.join(site.nginx.root, "sites-enabled/site")
    with open(path, encoding="ascii") as stream:
        before = stream.read()
    plain = site.nginx.get(NAME, "/x")
    site.run()
    assert site.https(**reach(site, how)) == (site.certificate(), 200, "secure")
    assert site.nginx.get(NAME, "/x") == plain
    expected = before
    for kind, name in (("pem", "fullchain"), ("key", "privkey")):
        expected = expected.replace(f"{site.nginx.folder}/old.{kind}",
                                    site.certwright.live(NAME, name))
    with open(path, encoding="ascii") as stream:
        assert stream.read() == expected
    installed = site.nginx.snapshot()
    site.install(NAME)
    assert site.nginx.snapshot() == installed
    site.enhance(NAME, args=["--hsts"])
    with open(path, encoding="ascii") as stream:
        assert "Strict-Transport-Security" in stream.read()


def test_name_on_both_ports_gets_the_certificate_on_both(site):
    site.start("".join(f"server {{\n  listen {port} ssl;\n  server_name {NAME};\n  {OLD}\n"
                       f"  return 200 {port};\n}}\n" for port in ("@https@", "@other@")) +
               PLAIN["redirect"])
    site.run()
    for port in (site.nginx.https_port, site.nginx.other_port):
        assert site.https(port=port) == (site.certificate(), 200, str(port))


def test_redirect_to_tls_on_another_port_needs_that_port_to_be_named(site):
    site.start(BESIDE["content"] + f"server {{ listen @other@ ssl; server_name {NAME}; {OLD}\n"
               "  location / { return 200 secure; } }\n")
    result = site.run()
    assert f"--https-port {site.nginx.other_port}" in result.output
    site.certwright.run("enhance", "--cert-name", NAME, "--nginx", "--nginx-server-root",
                        site.nginx.root, "--https-port", site.nginx.other_port, "--redirect")
    assert site.nginx.get(NAME, "/x")[:2] == (301, f"https://{NAME}:{site.nginx.other_port}/x")


SECURE = f"server_name {NAME}; {OLD} location / {{ return 200 secure; }} }}\n"
NOTHING_TO_REDIRECT = {
    "on_another_port": (BESIDE["content"] + f"server {{ listen @other@ ssl; {SECURE}",
                        "--https-port"),
    "on_a_socket": (BESIDE["content"] + f"server {{ listen unix:@folder@/s.sock ssl; {SECURE}",
                    "unix socket"),
    "on_a_socket_and_a_port": (
        BESIDE["content"] + f"server {{ listen @other@ ssl; listen unix:@folder@/s.sock ssl; {SECURE}",
        "--https-port"),
    "no_plain_block": (f"server {{ listen @https@ ssl; {SECURE}", "nothing to redirect"),
    "plain_default_only": (f"server {{ listen @https@ ssl; {SECURE}"
                           "server { listen @http@ default_server; return 200 default; }",
                           "nothing to redirect"),
    "plain_socket": (f"server {{ listen unix:@folder@/p.sock; listen @https@ ssl; {SECURE}",
                     "nothing to redirect"),
    "redirects_already": (PLAIN["redirect"] + f"server {{ listen @https@ ssl; {SECURE}",
                          "redirected to https already"),
}


@pytest.mark.parametrize("verb", ("run", "enhance"))
@pytest.mark.parametrize("case", NOTHING_TO_REDIRECT)
def test_redirect_that_was_not_made_is_not_claimed(site, case, verb):
    text, why = NOTHING_TO_REDIRECT[case]
    site.start(text)
    site.run(args=["--no-redirect"])
    before = site.nginx.snapshot()

    def again(**options):
        if verb == "run":
            return site.run(args=["--keep", "--redirect"], **options)
        return site.enhance(NAME, args=["--redirect"], **options)

    output = again().output
    assert why in output and "Enhancements" not in output
    assert ("--https-port" in output) == (why == "--https-port")
    assert ("Configured with" in output) == (verb == "run")
    assert "No file was changed" in output
    installed = again(json=True).json["installed"]
    assert installed["enhancements"] == installed["failed_enhancements"] == []
    assert installed["unneeded_enhancements"] == ["redirect"]
    assert installed["names"] == ([NAME] if verb == "run" else [])
    assert site.nginx.snapshot() == before


def test_enhancements_are_claimed_when_they_are_added(site):
    site.start(BESIDE["content"])
    words = ["--redirect", "--hsts"]
    output = site.run(args=words).output
    assert "Enhancements: redirect, hsts\n" in output and "to https already" not in output
    output = site.enhance(NAME, args=[*words, "--uir"]).output
    assert "Enhancements: uir\n" in output
    installed = site.enhance(NAME, args=[*words, "--uir"], json=True).json["installed"]
    assert installed["unneeded_enhancements"] == ["redirect", "hsts", "uir"]
    assert installed["enhancements"] == [] and not installed["changed"]


# Blocks and certificates of several names.

SHARED = (f"server {{\n  listen @http@;\n  listen @https@ ssl;\n"
          f"  server_name photos.example.test blog.example.test;\n  {OLD}\n"
          "  location / { return 200 both; }\n}\n")


def test_certificate_of_another_name_of_the_block_is_not_replaced(site):
    site.start(SHARED)
    site.run("photos.example.test", args=["--no-redirect"])
    before, orders = site.nginx.snapshot(), site.orders()
    result = site.run("blog.example.test", args=["--no-redirect"], status=1, json=True)
    assert_failed(result, "photos.example.test", "sites-enabled/site:1", "one certificate",
                  "block of its own")
    assert site.orders() == orders, "the CA was asked"
    assert site.nginx.snapshot() == before
    assert site.https("photos.example.test")[0] == site.certificate("photos.example.test")
    both = ["--cert-name", "photos.example.test", "--expand", "--no-redirect"]
    site.run("photos.example.test", "blog.example.test", args=both)
    for name in ("photos.example.test", "blog.example.test"):
        assert site.https(name)[0] == site.certificate("photos.example.test")


@pytest.mark.parametrize("answer", "yn")
def test_certificate_of_another_name_of_the_block_is_asked_for(site, answer):
    site.start(SHARED)
    site.run("photos.example.test", args=["--no-redirect"])
    before = site.nginx.snapshot()
    terminal = on_terminal(site.certwright, "run", *site.words("blog.example.test"),
                           "--no-redirect")
    terminal.answer("photos.example.test.*\\?", answer)
    terminal.finish(status=0 if answer == "y" else 1)
    blog = site.certificate("blog.example.test")
    assert (site.https("photos.example.test")[0] == blog) == (answer == "y")
    assert (site.nginx.snapshot() == before) == (answer == "n")


def test_certificate_is_not_installed_for_a_name_that_it_lacks(site):
    site.start(SHARED)
    site.certwright.run("certonly", "--nginx", "--nginx-server-root", site.nginx.root, "-d",
                        "photos.example.test")
    before = site.nginx.snapshot()
    result = site.install("photos.example.test", "blog.example.test", status=1, json=True)
    assert_failed(result, "photos.example.test", "blog.example.test", "--expand")
    assert site.nginx.snapshot() == before


@pytest.mark.parametrize("answer", "yn")
def test_certificate_for_a_name_that_it_lacks_is_asked_for(site, answer):
    site.start(SHARED)
    site.certwright.run("certonly", "--nginx", "--nginx-server-root", site.nginx.root, "-d",
                        "photos.example.test")
    before = site.nginx.snapshot()
    terminal = on_terminal(site.certwright, "install", "--cert-name", "photos.example.test",
                           *site.words("blog.example.test"), "--no-redirect")
    terminal.answer("blog.example.test.*\\?", answer)
    terminal.finish(status=0 if answer == "y" else 1)
    assert (site.nginx.snapshot() == before) == (answer == "n")


@pytest.mark.parametrize("where", ("server", "http", "snippet"))
@pytest.mark.parametrize("first", ("rsa", "ecdsa"))
def test_two_kinds_of_keys_stay_two(site, where, first):
    site.issued("old-rsa", NAME, "rsa")
    site.issued("old-ecdsa", NAME)
    kinds = ("rsa", "ecdsa") if first == "rsa" else ("ecdsa", "rsa")
    pairs = "".join(f"ssl_certificate @folder@/old-{kind}.pem; "
                    f"ssl_certificate_key @folder@/old-{kind}.key;\n" for kind in kinds)
    if where == "http":
        site.main(pairs)
    site.nginx.write("snippets/tls.conf", pairs)
    inside = {"server": pairs, "http": "", "snippet": "include snippets/tls.conf;\n"}[where]
    site.start(f"server {{\n  listen @https@ ssl;\n  server_name {NAME};\n  {inside}"
               "  return 200 x;\n}\n"
               f"server {{\n  listen @https@ ssl;\n  server_name other.test;\n  {pairs}}}\n")

    def served(kind):
        return site.served(NAME, kind)

    site.run(args=["--key-type", "ecdsa", "--cert-name", "ec"])
    assert served("ecdsa") == site.certificate("ec")
    assert served("rsa") == site.old("old-rsa")
    site.run(args=["--key-type", "rsa", "--cert-name", "rsa"])
    assert served("ecdsa") == site.certificate("ec")
    assert served("rsa") == site.certificate("rsa")
    installed = site.nginx.snapshot()
    site.install("ec")
    site.install("rsa")
    assert site.nginx.snapshot() == installed
    assert site.nginx.served("other.test") in (site.old("old-rsa"), site.old("old-ecdsa"))


# nginx without its pid file, and a PATH without sbin.

@pytest.mark.parametrize("pid_file", ("missing", "stale", "empty"))
def test_running_nginx_is_found_without_its_pid_file(site, pid_file):
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 x; }} }}")
    master = site.nginx.pid()
    path = os.path.join(site.nginx.folder, "nginx.pid")
    os.unlink(path)
    if pid_file != "missing":
        with open(path, "w", encoding="ascii") as stream:
            stream.write("999999999\n" if pid_file == "stale" else "")
    try:
        result = site.run()
        assert "starting it" not in result.output
        assert site.https() == (site.certificate(), 200, "x")
    finally:
        with open(path, "w", encoding="ascii") as stream:
            stream.write(f"{master}\n")


def test_nginx_of_another_configuration_is_left_alone(site, start, tmp_path):
    """It has no pid file either, and is not taken for the one that does not run."""
    folder = tmp_path / "second"
    folder.mkdir()
    second = Nginx(folder, start.ports.take(), start.ports.take(), start.ports.take())
    second.site("server { listen @http@; return 200 second; }")
    second.start()
    master = second.pid()
    os.unlink(os.path.join(second.folder, "nginx.pid"))
    try:
        site.nginx.site(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 x; }} }}")
        assert "starting it" in site.run().output
        assert site.https() == (site.certificate(), 200, "x")
        assert second.get("x.test")[2] == "second"
    finally:
        with open(os.path.join(second.folder, "nginx.pid"), "w", encoding="ascii") as stream:
            stream.write(f"{master}\n")
        second.stop()


def test_nginx_is_found_in_sbin_with_the_path_of_cron(site):
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 x; }} }}")
    site.run(env={"PATH": "/usr/bin:/bin"})
    assert site.https() == (site.certificate(), 200, "x")
    site.certwright.run("renew", "--force-renewal", env={"PATH": "/usr/bin:/bin"})
    assert site.https()[0] == site.certificate()


def test_the_https_port_is_kept_with_the_certificate(site):
    site.start(f"server {{ listen @http@; server_name {NAME}; location / {{ return 200 plain; }} }}")
    site.certwright.run("certonly", *site.words(NAME))
    site.certwright.run("install", "--cert-name", NAME, "--nginx", "--nginx-server-root",
                        site.nginx.root, "-d", NAME, "--no-redirect")
    assert site.https() == (site.certificate(), 200, "plain")
