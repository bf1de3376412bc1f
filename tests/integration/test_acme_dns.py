"""The example program for acme-dns, with a server that answers as acme-dns documents."""

import concurrent.futures
import http.server
import json
import os
import stat
import threading

import pytest

from lib.certwright import top_folder
from lib.outcome import assert_failed, identifiers
from lib.tools import command, names_of, read

ZONES = {"example.test": [], "auth.test": []}
PROGRAM = os.path.join(top_folder(), "docs", "examples", "acme-dns.sh")


class AcmeDns:
    """Keeps the last two values of each record in a BIND. allowed: whether updates are."""

    def __init__(self, bind):
        self.bind, self.allowed, self.accounts, self.values = bind, True, {}, {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def register(self):
        number = len(self.accounts) + 1
        account = {"username": f"user-{number}", "password": f"password '\"\\{number}",
                   "fulldomain": f"d420c923-{number}.auth.test", "subdomain": f"d420c923-{number}",
                   "allowfrom": []}
        self.accounts[account["subdomain"]] = account
        return 201, account

    def update(self, body, headers):
        account = self.accounts.get(body["subdomain"])
        if not self.allowed or not account or len(body["txt"]) != 43 or (
                headers["X-Api-User"], headers["X-Api-Key"]) != (account["username"],
                                                                account["password"]):
            return 401, {"error": "forbidden"}
        name = account["fulldomain"]
        values = [*self.values.get(name, []), body["txt"]][-2:]
        self.bind.update(f"delete {name}. TXT", *(f'add {name}. 1 TXT "{value}"' for value in values))
        self.values[name] = values
        return 200, {"txt": body["txt"]}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = server.register() if self.path == "/register" else \
                server.update(json.loads(body), self.headers)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


@pytest.fixture(scope="module")
def bind(module_start):
    return module_start.bind(ZONES, recursion=True)


@pytest.fixture
def acme_dns(bind):
    made = AcmeDns(bind)
    yield made
    made.stop()


def test_a_name_is_registered_once_and_then_needs_no_change(start, ca, bind, acme_dns, tmp_path):
    certwright = start.certwright(ca)
    env = {"ACME_DNS_ACCOUNTS": str(tmp_path / "acmedns.json")}
    line = command(PROGRAM, "register", "a.example.test", acme_dns.url, env=env).stdout
    assert line == "_acme-challenge.a.example.test. IN CNAME d420c923-1.auth.test.\n"
    assert stat.S_IMODE(os.stat(env["ACME_DNS_ACCOUNTS"]).st_mode) == 0o600
    bind.update("add " + line.replace(". IN ", ". 60 "))
    options = ["--dns-exec", "--dns-exec-program", PROGRAM, "--dns-resolver", bind.resolver]
    names = ["*.a.example.test", "a.example.test"]
    certwright.run("certonly", *options, "-d", names[0], "-d", names[1], env=env)
    assert names_of(certwright.live("a.example.test", "cert")) == names
    certwright.run("renew", "--force-renewal", env=env)
    # Where the alias cannot be seen.
    certwright.run("certonly", *options, "--dns-exec-follow-cname", "no", "--dns-alias",
                   "a.example.test=d420c923-1.auth.test", "-d", "a.example.test", env=env)
    assert "password" not in certwright.log_text()
    # Others and their failures.
    again = command(PROGRAM, "register", "a.example.test", acme_dns.url, env=env, status=1)
    assert "already has an account" in again.stderr
    other = certwright.json("certonly", *options, "-d", "b.example.test", env=env, status=1)
    assert_failed(other, "has no account for the record _acme-challenge.b.example.test")
    acme_dns.allowed = False
    bind.update("add _acme-challenge.c.example.test. 60 CNAME d420c923-1.auth.test.")
    refused = certwright.json("certonly", *options, "-d", "c.example.test", env=env, status=1)
    assert_failed(refused, "does not set the record", "forbidden")
    assert identifiers(refused.json) == {"c.example.test"}


def test_accounts_of_several_at_once_and_damaged_ones_are_kept(acme_dns, tmp_path):
    path = tmp_path / "acmedns.json"
    env = {"ACME_DNS_ACCOUNTS": str(path)}
    names = {f"n{number}.example.test" for number in range(6)}
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: command(PROGRAM, "register", name, acme_dns.url, env=env), names))
    assert set(json.loads(path.read_text())) == names
    path.write_text('{"a.example.test": ')
    for words in (("register", "b.example.test", acme_dns.url), ("present", "x.auth.test.", "x")):
        assert "is damaged" in command(PROGRAM, *words, env=env, status=1).stderr
    assert path.read_text() == '{"a.example.test": '
    alone = command(PROGRAM, "cleanup", env={**env, "PATH": "/nonexistent"}, status=1)
    assert "needs the program curl" in alone.stderr
