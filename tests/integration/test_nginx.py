"""nginx as authenticator: challenges through Debian's nginx, in every kind of server block."""

import hashlib
import http.client
import os
import re
import shutil
import signal
import ssl
import socket
import stat
import subprocess
import time

import pytest

from lib.outcome import assert_failed, identifiers
from lib.process import children, port_answers, wait_until
from lib.tools import names_of
from lib.trace import strace

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

MAIN = """\
# a configuration of the tests
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{
    worker_connections 64;
}}
http {{
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    {http}
    include sites-enabled/*;
}}
"""


class Nginx:
    """A configuration folder of its own, and the nginx that runs with it."""

    def __init__(self, folder, http_port, https_port, other_port):
        self.folder = str(folder)
        self.root = os.path.join(self.folder, "etc")
        self.http_port, self.https_port, self.other_port = http_port, https_port, other_port
        for name in ("etc/sites-enabled", "etc/sites-available", "etc/snippets", "temp", "www"):
            os.makedirs(os.path.join(self.folder, name))
        os.chmod(self.folder, 0o755)
        self.write("nginx.conf", MAIN.replace("{http}", ""))
        self.make_certificate("old")

    def fill(self, text):
        """TEXT with @http@, @https@, @other@ and @folder@ replaced."""
        for name, value in (("http", self.http_port), ("https", self.https_port),
                            ("other", self.other_port), ("folder", self.folder)):
            text = text.replace(f"@{name}@", str(value))
        return text

    def write(self, name, text, fill=True):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if name == "nginx.conf":
            text = text.replace("{folder}", self.folder).replace("{{", "{").replace("}}", "}")
        data = self.fill(text) if fill else text
        with open(path, "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
        return path

    def site(self, text, name="site"):
        return self.write(f"sites-enabled/{name}", text)

    def http(self, text):
        """The configuration's http block with TEXT in it."""
        self.write("nginx.conf", MAIN.replace("{http}", text))

    def make_certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                        "-keyout", f"{self.folder}/{name}.key", "-out", f"{self.folder}/{name}.pem"],
                       check=True, stderr=subprocess.DEVNULL)

    @property
    def configuration(self):
        return os.path.join(self.root, "nginx.conf")

    def pid(self):
        try:
            with open(os.path.join(self.folder, "nginx.pid"), encoding="ascii") as stream:
                return int(stream.read())
        except (OSError, ValueError):
            return None

    def start(self):
        subprocess.run(["nginx", "-c", self.configuration], check=True, stderr=subprocess.DEVNULL)
        # Until it has blocked signals, which it does before it starts workers, one may be lost.
        wait_until(lambda: self.pid() and children(self.pid()), what="nginx's workers")
        return self

    def stop(self):
        pid = self.pid()
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        wait_until(lambda: self.pid() is None or not os.path.exists(f"/proc/{pid}"),
                   what="nginx to end")

    def snapshot(self):
        """Everything below the configuration folder: contents, modes, links, owners, inodes' links.
        """
        found = {}
        for where, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(where, name)
                status = os.lstat(path)
                if name == ".certbot.lock":
                    continue
                what = os.readlink(path) if stat.S_ISLNK(status.st_mode) else None
                if stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as stream:
                        what = hashlib.sha256(stream.read()).hexdigest()
                found[os.path.relpath(path, self.root)] = (
                    what, status.st_mode, status.st_uid, status.st_gid,
                    status.st_nlink if stat.S_ISREG(status.st_mode) else 0)
        return found

    def get(self, host, path="/", port=None, address="127.0.0.1"):
        connection = http.client.HTTPConnection(address, port or self.http_port, timeout=10)
        connection.request("GET", path, headers={"Host": host})
        try:
            answer = connection.getresponse()
        except http.client.RemoteDisconnected:
            return 444, None, ""  # nginx's own status for closing without an answer
        body = answer.read().decode()
        connection.close()
        return answer.status, answer.getheader("Location"), body

    def headers(self, host, path="/"):
        """What is sent by TLS before the body."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=10,
                                                 context=ssl._create_unverified_context())
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        connection.close()
        return answer.headers

    def served(self, name, address="127.0.0.1", port=None):
        """The certificate, in DER, that a TLS client that asks for NAME gets."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((address, port or self.https_port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return secure.getpeercert(True)

    def log_tail(self, lines=40):
        path = os.path.join(self.folder, "error.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as stream:
            return "\n".join(stream.read().splitlines()[-lines:])


@pytest.fixture
def nginx(start, pebble, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = Nginx(folder, pebble.http_port, start.ports.take(), start.ports.take())
    yield server
    server.stop()


def obtain(certwright, nginx, *names, args=(), **options):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", "--nginx", "--nginx-server-root", nginx.root,
                          *domains, *args, **options)


CASES = {
    "exact_name": ("server { listen @http@; server_name a.test; root @folder@/www; }", ["a.test"]),
    "one_line_file_without_end": ("server{listen @http@;server_name a.test;return 404;}",
                                  ["a.test"]),
    "leading_wildcard": ("server { listen @http@ default_server; return 404; }\n"
                         "server { listen @http@; server_name *.w.test; }", ["x.w.test"]),
    "trailing_wildcard": ("server { listen @http@ default_server; return 404; }\n"
                          "server { listen @http@; server_name mail.*; }", ["mail.test"]),
    "dotted": ("server { listen @http@ default_server; return 404; }\n"
               "server { listen @http@; server_name .d.test; }", ["d.test", "x.d.test"]),
    "regex": ("server { listen @http@ default_server; return 404; }\n"
              "server { listen @http@; server_name ~^(?<user>.+)\\.r\\.test$; return 444; }",
              ["u.r.test"]),
    "returns_first": ("server {\n  listen @http@;\n  server_name a.test;\n"
                      "  return 301 https://$host$request_uri;\n}", ["a.test"]),
    "rewrites_first": ("server {\n\tlisten @http@;\n\tserver_name a.test;\n"
                       "\trewrite ^ https://elsewhere.test$request_uri? permanent;\n}", ["a.test"]),
    "if_returns": ("server {\n  listen @http@;\n  server_name a.test b.test;\n"
                   "  if ($host = a.test) {\n    return 301 https://$host$request_uri;\n  }\n"
                   "  return 404;\n}", ["a.test", "b.test"]),
    "conflicting_location": ("server {\n    listen @http@;\n    server_name a.test;\n"
                             "    location ^~ /.well-known/ { deny all; }\n"
                             "    location ~ /\\. { deny all; return 403; }\n"
                             "    location = /.well-known/acme-challenge/ { return 404; }\n}",
                             ["a.test"]),
    "password": ("server {\n    listen @http@;\n    server_name a.test;\n    deny all;\n"
                 "    auth_basic closed;\n    auth_basic_user_file @folder@/none;\n}", ["a.test"]),
    "limits": ("limit_req_zone $server_name zone=slow:64k rate=1r/m;\n"
               "limit_conn_zone $server_name zone=few:64k;\n"
               "server {\n    listen @http@;\n    server_name a.test;\n    limit_req zone=slow;\n"
               "    limit_conn few 1;\n    limit_rate 1;\n    return 200 x;\n}", ["a.test"]),
    "subrequests": ("server {\n    listen @http@;\n    server_name a.test;\n"
                    "    auth_request /no;\n    mirror /no;\n    satisfy all;\n"
                    "    location = /no { internal; return 403; }\n"
                    "    location / { try_files $uri =404; }\n}", ["a.test"]),
    "pages_of_errors": ("server {\n    listen @http@;\n    server_name a.test;\n"
                        "    error_page 403 404 =301 https://elsewhere.test/;\n"
                        "    recursive_error_pages on;\n    try_files /none =404;\n"
                        "    location ~ . { internal; }\n}", ["a.test"]),
    "rewritten_in_turns": ("server {\n    listen @http@;\n    server_name a.test;\n"
                           "    if ($scheme = http) { rewrite ^(.*)$ /x$1 last; }\n"
                           "    if ($request_uri ~ well-known) { return 444; }\n"
                           "    set $gone 1;\n    if ($gone) { return 410; }\n    break;\n}",
                           ["a.test"]),
    "filtered_types": ("server {\n    listen @http@;\n    server_name a.test;\n    ssi on;\n"
                       "    ssi_types *;\n    charset koi8-r;\n    gzip on;\n    gzip_types *;\n"
                       "    add_before_body /before;\n    addition_types *;\n"
                       "    location /before { return 200 before; }\n}", ["a.test"]),
    "proxied": ("server {\n    listen @http@;\n    server_name a.test;\n"
                "    location / { proxy_pass http://127.0.0.1:9; }\n}", ["a.test"]),
    "body_filters": ("server {\n    listen @http@;\n    server_name a.test;\n"
                     "    default_type text/html;\n    sub_filter . X;\n    sub_filter_types *;\n"
                     "    gzip on;\n    gzip_min_length 1;\n    location / { return 200 x; }\n}",
                     ["a.test"]),
    "other_ports_only": ("server { listen @other@; server_name a.test; }", ["a.test"]),
    "tls_only_and_another_site": (
        "server { listen @http@; server_name other.test; return 403; }\n"
        "server { listen @https@ ssl; server_name a.test; ssl_certificate @folder@/old.pem;\n"
        "  ssl_certificate_key @folder@/old.key; }", ["a.test"]),
    "default_server": ("server { listen @http@; server_name x.test; return 404; }\n"
                       "server { listen @http@ default_server; server_name _; return 444; }",
                       ["a.test"]),
    "first_is_default": ("server { listen @http@; server_name x.test; return 404; }\n"
                         "server { listen @http@; server_name y.test; return 404; }", ["a.test"]),
    "two_blocks": ("server { listen @http@; server_name a.test; return 404; }\n"
                   "server { listen @http@; server_name b.test; return 301 http://a.test; }",
                   ["a.test", "b.test"]),
    "same_name_twice": ("server { listen @http@; server_name a.test; return 404; }\n"
                        "server { listen @http@; server_name a.test; return 403; }", ["a.test"]),
    "address_beats_any": ("server { listen @http@; server_name a.test; return 404; }\n"
                          "server { listen 127.0.0.1:@http@; server_name x.test; return 403; }",
                          ["a.test"]),
    "capitals": ("server { listen @http@; server_name A.Test; return 404; }", ["a.test"]),
    "crlf": ("server {\r\n\tlisten @http@;\r\n\tserver_name a.test; # the site\r\n"
             "\treturn 404;\r\n}\r\n", ["a.test"]),
    "quoted_words": ("\"server\" { 'listen' \"@http@\"; server_name 'a.test'; return 404; }",
                     ["a.test"]),
    "no_server_at_all": ("# nothing here\n", ["a.test"]),
    "latin1": ("server { listen @http@; server_name a.test; # caf\xe9\n return 404; }", ["a.test"]),
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("case", CASES)
def test_challenge_is_served_and_files_are_restored(certwright, nginx, case):
    text, names = CASES[case]
    nginx.write("sites-enabled/site", nginx.fill(text).encode("latin-1"), fill=False)
    nginx.start()
    before = nginx.snapshot()
    obtain(certwright, nginx, *names)
    assert nginx.snapshot() == before
    assert sorted(names_of(certwright.live(names[0], "cert"))) == sorted(names)


MODULES = "/usr/lib/nginx/modules"
LUA = {
    "rewrite": "rewrite_by_lua_block { return ngx.exit(403) }",
    "access": "access_by_lua_block { return ngx.exit(403) }",
    "content": "location / { content_by_lua_block { ngx.say(\"}\") } }",
    "header_filter": "header_filter_by_lua_block { ngx.status = 403 }",
    "body_filter": "body_filter_by_lua_block { ngx.arg[1] = \"changed\" }",
}


needs_lua = pytest.mark.skipif(not os.path.exists(f"{MODULES}/ngx_http_lua_module.so"),
                               reason="nginx has no Lua")


def lua_site(nginx, http="", server=""):
    nginx.write("nginx.conf", f"load_module {MODULES}/ndk_http_module.so;\n"
                f"load_module {MODULES}/ngx_http_lua_module.so;\n" + MAIN.replace("{http}", http))
    nginx.site(f"server {{\n    listen @http@;\n    server_name a.test;\n    {server}\n}}\n")
    nginx.start()


@needs_lua
@pytest.mark.parametrize("level", ("server", "http"))
@pytest.mark.parametrize("case", LUA)
def test_lua_does_not_get_in_the_way(certwright, nginx, case, level):
    text = LUA[case]
    if case == "content":
        level = "server"
    lua_site(nginx, **{level: text})
    before = nginx.snapshot()
    obtain(certwright, nginx, "a.test")
    assert nginx.snapshot() == before


@needs_lua
@pytest.mark.parametrize("level", ("server", "http"))
def test_lua_that_comes_first_is_told_of(certwright, nginx, level):
    """It cannot be kept from the CA's request; what it lets pass is answered."""
    lua_site(nginx, **{level: "server_rewrite_by_lua_block { if ngx.var.uri == \"/closed\" then "
                              "return ngx.exit(403) end }"})
    result = obtain(certwright, nginx, "a.test")
    place = "sites-enabled/site:4" if level == "server" else "nginx.conf:"
    assert re.search(f"the Lua code at \"\\S*/{place}", result.output), result.output
    assert nginx.get("a.test", "/closed")[0] == 403


def test_ipv6_has_its_own_server(certwright, nginx, pebble):
    nginx.site("server { listen @http@; server_name a.test; return 404; }\n"
               "server { listen [::]:@http@; server_name six.test; return 403; }\n")
    nginx.start()
    pebble.dns.add_aaaa("only6.test", "::1")
    pebble.dns.clear_a("only6.test")
    before = nginx.snapshot()
    obtain(certwright, nginx, "only6.test", "a.test")
    assert nginx.snapshot() == before


def test_nginx_that_does_not_run_is_started(certwright, nginx):
    nginx.site("server { listen @http@; server_name a.test; return 404; }")
    obtain(certwright, nginx, "a.test")
    assert nginx.get("a.test")[0] == 404


def test_nginx_that_something_else_starts_is_left_alone(certwright, nginx):
    nginx.write("nginx.conf", "daemon off;\n" + MAIN.replace("{http}", ""))
    nginx.site("server { listen @http@; server_name a.test; return 404; }")
    before = nginx.snapshot()
    result = obtain(certwright, nginx, "a.test", status=1, json=True)
    assert_failed(result, "is not running", "daemon off")
    assert nginx.snapshot() == before


def test_included_files_links_and_modes_stay_as_they_are(certwright, nginx):
    nginx.write("snippets/name.conf", "server_name a.test;\n")
    real = nginx.write("sites-available/a", "server {\n  listen @http@;\n"
                       "  include snippets/name.conf;\n  return 404;\n}\n")
    os.chmod(real, 0o640)
    os.symlink("../sites-available/a", os.path.join(nginx.root, "sites-enabled/a"))
    hard = nginx.write("sites-available/b", "server {\n  listen @http@;\n  server_name b.test;\n}\n")
    os.link(hard, os.path.join(nginx.root, "sites-enabled/b"))
    nginx.start()
    before = nginx.snapshot()
    obtain(certwright, nginx, "a.test", "b.test")
    assert nginx.snapshot() == before


def test_syntax_error_is_named_with_its_place(certwright, nginx):
    nginx.site("server {\n    listen @http@;\n    server_name a.test\n}\n")
    before = nginx.snapshot()
    result = obtain(certwright, nginx, "a.test", status=1, json=True)
    assert_failed(result, "sites-enabled/site:4:1", "expected")
    assert nginx.snapshot() == before


def test_what_nginx_refuses_is_said_in_its_words(certwright, nginx):
    nginx.site("server {\n    listen @http@;\n    server_name a.test;\n    nonsense on;\n}\n")
    before = nginx.snapshot()
    result = obtain(certwright, nginx, "a.test", status=1, json=True)
    assert_failed(result, 'unknown directive', "nonsense", "site:4")
    assert nginx.snapshot() == before


def test_missing_include_is_said(certwright, nginx):
    nginx.site("server {\n    listen @http@;\n    include none.conf;\n}\n")
    result = obtain(certwright, nginx, "a.test", status=1, json=True)
    assert_failed(result, "none.conf", "site:3")


def test_include_that_leads_back_is_said(certwright, nginx):
    nginx.site("include sites-enabled/*;\n")
    result = obtain(certwright, nginx, "a.test", status=1, json=True)
    assert_failed(result, "includes itself", "site:1")


def test_missing_program_is_said(certwright, nginx):
    nginx.site("server { listen @http@; server_name a.test; }")
    result = obtain(certwright, nginx, "a.test", status=1, json=True,
                    args=("--nginx-ctl", "/nowhere/nginx"))
    assert_failed(result, "/nowhere/nginx")


def test_missing_server_root_is_said(certwright, nginx):
    result = certwright.run("certonly", "--nginx", "--nginx-server-root", "/nowhere", "-d",
                            "a.test", status=1, json=True)
    assert_failed(result, "/nowhere")


def test_port_that_is_taken_rolls_back(certwright, nginx, start):
    """nginx -t does not see it; only the reload fails, and nginx goes on."""
    nginx.site("server { listen @other@; server_name a.test; return 200 up; }")
    nginx.start()
    before = nginx.snapshot()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", nginx.http_port))
        taken.listen()
        result = obtain(certwright, nginx, "a.test", status=1, json=True)
    assert_failed(result, "bind()", str(nginx.http_port))
    assert nginx.snapshot() == before
    assert nginx.get("a.test", port=nginx.other_port)[2] == "up"


def test_connections_are_served_all_the_time(certwright, nginx):
    """A reload drops nobody: a client that asks again and again is always answered."""
    nginx.site("server { listen @http@; server_name a.test; location / { return 200 up; } }")
    nginx.start()
    running = certwright.start("certonly", "--nginx", "--nginx-server-root", nginx.root,
                               "-d", "a.test")
    while running.process.poll() is None:
        assert nginx.get("a.test")[2] == "up"
    assert running.finish().status == 0


def can_hide_processes():
    done = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/proc"],
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


@pytest.mark.skipif(not can_hide_processes(), reason="no mount namespace can be made")
def test_reload_is_waited_for_where_processes_cannot_be_seen(certwright, nginx):
    nginx.site("server { listen @http@; server_name a.test; return 404; }")
    nginx.start()
    before = nginx.snapshot()
    begin = time.monotonic()
    obtain(certwright, nginx, "a.test", args=("--nginx-sleep-seconds", "2"), wrap=[
        "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"])
    # Once for the challenge, once when it is gone.
    assert time.monotonic() - begin >= 4
    assert nginx.snapshot() == before


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_reload_that_another_program_began_before_is_not_taken_for_ours(certwright, nginx):
    """nginx has read the site and is held up, with it in its old form, when the challenge is written.
    """
    nginx.site("server { listen @http@; server_name a.test; return 404; }")
    last = nginx.site("# the last file\n", "zz")
    nginx.start()
    with strace(nginx.pid(), nginx.folder, "-P", last, "-e", "trace=openat", "-e",
                "inject=openat:delay_enter=2000000:when=1"):
        os.kill(nginx.pid(), signal.SIGHUP)
        wait_until(lambda: _status(nginx.pid(), "SigBlk") & 1, what="nginx to be at work")
        before = nginx.snapshot()
        obtain(certwright, nginx, "a.test")
        assert nginx.snapshot() == before


def _status(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as stream:
        [line] = [line for line in stream if line.startswith(field + ":")]
    return int(line.split()[1], 16)


def test_killed_run_is_made_good_by_the_next(certwright, nginx, pebble):
    nginx.site("server { listen @http@; server_name a.test; return 404; }")
    nginx.start()
    before = nginx.snapshot()
    running = certwright.start("certonly", "--nginx", "--nginx-server-root", nginx.root,
                               "-d", "a.test")
    wait_until(lambda: nginx.snapshot() != before or running.process.poll() is not None,
               what="the challenge to be written")
    running.kill()
    obtain(certwright, nginx, "a.test", args=("--lock-timeout", "20"))
    assert nginx.snapshot() == before
    assert nginx.get("a.test", "/.well-known/acme-challenge/x")[0] == 404
