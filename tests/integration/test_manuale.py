"""manuale: from the account to the revocation, by hand, interrupted, and with the original's files."""

import json
import os
import re
import shutil
import signal
import threading

import pytest

from lib.certwright import Certwright
from lib.manuale import READY, Manuale, guides_hash, originals_hash
from lib.rogue_ca import alter, html_error
from lib.tools import command, names_of, public_key, snapshot

SMALL = ("--key-size", "2048")


@pytest.fixture(scope="module")
def account(module_start, pebble):
    """An account file that tests of other commands start with."""
    manuale = Manuale(module_start.folder / "account", pebble)
    manuale.register()
    yield manuale.path("account.json")
    manuale.stop()


@pytest.fixture
def newcomer(pebble, tmp_path):
    """manuale without an account."""
    manuale = Manuale(tmp_path / "work", pebble)
    yield manuale
    manuale.stop()


@pytest.fixture
def manuale(newcomer, account):
    shutil.copy(account, newcomer.folder)
    return newcomer


@pytest.fixture
def web(module_start, pebble, manuale):
    """Serves the files for the CA from the working directory, as an upload would."""
    def folder_of(_host):
        return os.path.join(manuale.folder, "served")
    os.makedirs(manuale.path("served", ".well-known"))
    os.symlink(manuale.folder, manuale.path("served", ".well-known", "acme-challenge"))
    server = module_start.web(pebble.http_port, folder_of)
    yield server
    server.stop()


def check_files(manuale, name, domains, folder=".", key=True):
    """The files of a certificate are as they should be, and belong together."""
    leaf, chain, rest = (manuale.read(folder, name + suffix)
                         for suffix in (".crt", ".chain.crt", ".intermediate.crt"))
    assert chain == leaf + rest and leaf.count("BEGIN CERTIFICATE") == 1
    command("openssl", "verify", "-CAfile", manuale.ca.root(), "-untrusted",
            manuale.path(folder, name + ".intermediate.crt"), manuale.path(folder, name + ".crt"))
    assert names_of(manuale.path(folder, name + ".crt")) == sorted(domains)
    assert os.path.exists(manuale.path(folder, name + ".pem")) == key
    if key:
        assert manuale.mode(folder, name + ".pem") == 0o600
        assert public_key("pkey", "-in", manuale.path(folder, name + ".pem"), "-pubout") == \
            public_key("x509", "-in", manuale.path(folder, name + ".crt"), "-noout", "-pubkey")
    return leaf


def test_the_whole_workflow_on_a_terminal(newcomer):
    names = ["t1.example.test", "t2.example.test"]
    terminal = newcomer.on_terminal("register", "me@example.test")
    terminal.answer(r"Register an account for me@example.test at \S+\? \[y/N\] ", "y")
    terminal.answer(r"terms of service are at .*Do you agree\? \[y/N\] ", "yes")
    terminal.finish()
    assert newcomer.mode("account.json") == 0o600
    account = newcomer.json("account.json")
    assert sorted(account) == ["key", "uri"] and "PRIVATE KEY" in account["key"]
    info = newcomer.run("info")
    assert account["uri"] in info and "me@example.test" in info and "warning" not in info

    terminal = newcomer.on_terminal("authorize", *names)
    terminal.expect(re.escape(READY))
    records = newcomer.publish(terminal.text)
    assert records == [f"_acme-challenge.{name}" for name in names]
    check_records(newcomer, names)
    terminal.type("")
    assert f"run \"manuale issue {' '.join(names)}\"" in terminal.finish()
    folder = guides_hash(*names)
    assert sorted(os.listdir(newcomer.path("orders", folder))) == ["order.json"]
    assert newcomer.order(*names)["contents"]["status"] == "ready"

    terminal = newcomer.on_terminal("issue", *names, *SMALL)
    text = terminal.finish()
    leaf = check_files(newcomer, names[0], names)
    order = newcomer.order(*names)
    assert order["key"] == newcomer.read("t1.example.test.pem")
    assert order["certificate_uri"] == order["contents"]["certificate"]
    [fingerprint] = re.findall(r"SHA256: +(\S+)", text)
    printed = command("openssl", "x509", "-in", newcomer.path("t1.example.test.crt"), "-noout",
                      "-fingerprint", "-sha256", "-enddate", "-dateopt", "iso_8601").stdout
    assert fingerprint.upper() in printed.replace(":", "")
    assert re.search(r"Expires: (\S+)", text)[1] in printed

    # Again: the same certificate.
    newcomer.run("issue", *names)
    assert newcomer.read("t1.example.test.crt") == leaf
    assert "is valid: run \"manuale issue" in newcomer.run("authorize", *names)
    assert "is revoked" in newcomer.run("revoke", "t1.example.test.crt")
    assert "had been revoked before" in newcomer.run("revoke", "t1.example.test.crt")


def check_records(manuale, names):
    """The files of an order that waits for Enter, held against the original's formats."""
    folder = guides_hash(*names)
    assert manuale.mode("orders") == manuale.mode("orders", folder) == 0o770
    order = manuale.order(*names)
    assert sorted(order) == ["certificate_uri", "contents", "key", "type", "uri"]
    assert order["certificate_uri"] is None and order["key"] is None and order["type"] == "dns"
    assert order["contents"]["status"] == "pending" and "uri" not in order["contents"]
    assert sorted(i["value"] for i in order["contents"]["identifiers"]) == sorted(names)
    assert order["uri"].startswith("https://") and manuale.mode("orders", folder, "order.json") == 0o600
    for name in names:
        challenge = manuale.json("orders", folder, f"{name}_challenge.json")
        assert sorted(challenge) == ["contents", "domain", "expires", "key", "status", "type"]
        assert challenge["domain"] == name and challenge["type"] == "dns"
        assert challenge["status"] == "pending" and challenge["expires"]
        assert set(challenge["contents"]) == {"type", "url", "token", "status"}
        assert challenge["contents"]["type"] == "dns-01" and len(challenge["key"]) == 43


def make_request(manuale, request, key, *names):
    command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", manuale.path(key), "-out", manuale.path(request), "-subj", "/",
            "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names))


def test_http_by_pipes_with_files_of_the_users_own(manuale, web):
    names = ["h1.example.test", "h2.example.test"]
    session = manuale.start("authorize", *names, "--method", "http")
    text = session.expect(READY)
    tokens = re.findall(r"^  http://(\S+?)/\.well-known/acme-challenge/(\S+)$", text, re.M)
    assert [host for host, _ in tokens] == names
    for host, token in tokens:
        challenge = manuale.json("orders", guides_hash(*names), f"{host}_challenge.json")
        assert manuale.read(token) == challenge["key"] and challenge["key"].startswith(token + ".")
        assert challenge["type"] == "http"
    session.finish("\n")
    assert not [token for _, token in tokens if os.path.exists(manuale.path(token))]
    assert {path.rpartition("/")[2] for _, path in web.seen} == {token for _, token in tokens}

    os.mkdir(manuale.path("out"))
    make_request(manuale, "own.csr", "own.key", *names)
    text = manuale.run("issue", *names, "--csr-file", "own.csr", "-o", "out",
                       "--output-filename", "site")
    assert "there is no .pem" in text
    check_files(manuale, "site", names, "out", key=False)
    # The key can be given later, and another one is refused.
    with open(manuale.path("other.key"), "w", encoding="utf-8") as stream:
        stream.write(manuale.json("account.json")["key"])
    assert "is not that of the certificate" in manuale.run("issue", *names, "-k", "other.key",
                                                           status=1)
    manuale.run("issue", *names, "-k", "own.key", "-o", "out", "--output-filename", "site")
    check_files(manuale, "site", names, "out")
    # What is for a certificate that is to be made is refused now.
    before = snapshot(manuale.path("out"))
    make_request(manuale, "late.csr", "late.key", *names)
    make_request(manuale, "wrong.csr", "late.key", "h1.example.test", "evil.example.test")
    for words, said in ((["--csr-file", "late.csr"], "run the command without --csr-file"),
                        (["--csr-file", "wrong.csr"], "names that are not in the order: evil."),
                        (["--ocsp-must-staple"], "run the command without --ocsp-must-staple"),
                        (["--key-size", "2048"], "run the command without --key-size")):
        assert said in manuale.run("issue", *names, *words, "-o", "out", "--output-filename",
                                   "site", status=1)
    manuale.run("issue", *names, "--csr-file", "own.csr", "-o", "out", "--output-filename", "site")
    assert snapshot(manuale.path("out")) == before
    assert manuale.order(*names)["key"] is None


def test_a_wildcard_and_its_domain_have_a_record_each(manuale):
    names = ["*.w.example.test", "w.example.test"]
    session = manuale.start("authorize", *names)
    session.expect(READY)
    assert sorted(os.listdir(manuale.path("orders", guides_hash(*names)))) == \
        [f"{names[0]}_challenge.json", "order.json", f"{names[1]}_challenge.json"]
    session.interrupt(signal.SIGINT)
    assert "give --method dns" in manuale.run("authorize", *names, "-m", "http", status=1)


def test_a_run_goes_on_where_another_was_interrupted(manuale):
    names = ["i1.example.test", "i2.example.test"]
    session = manuale.start("authorize", *names)
    first = session.expect(READY)
    session.interrupt(signal.SIGINT)
    uri = manuale.order(*names)["uri"]

    # One domain is validated; the other is not in place, and the order is lost with it.
    session = manuale.start("authorize", *names)
    assert session.expect(READY)[first.index("The CA will"):] == first[first.index("The CA will"):]
    manuale.publish("\n".join(line for line in session.text.splitlines() if "i1." in line))
    text = session.finish("\n", status=1)
    assert "i1.example.test is authorized" in text
    assert re.search(r"manuale: i2.example.test is not authorized: .*TXT", text)
    text = manuale.authorize(*names)
    assert "The order from before is invalid: making a new one." in text
    assert manuale.order(*names)["uri"] != uri

    # Interrupted while the CA makes the certificate: the key is kept.
    session = manuale.start("issue", *names, *SMALL)
    session.expect("Asking the CA")
    session.interrupt(signal.SIGINT)
    key = manuale.order(*names)["key"]
    assert key
    manuale.run("issue", *names)
    check_files(manuale, names[0], names)
    assert manuale.read("i1.example.test.pem") == key


def test_one_interrupted_while_the_ca_checks(module_start, pebble, manuale):
    """The next run does not ask the CA to check again."""
    asked, go_on = threading.Event(), threading.Event()

    def hold(_host):
        asked.set()
        go_on.wait(30)
        return manuale.path("served")

    os.makedirs(manuale.path("served", ".well-known"))
    os.symlink(manuale.folder, manuale.path("served", ".well-known", "acme-challenge"))
    server = module_start.web(pebble.http_port, hold)
    try:
        session = manuale.start("authorize", "c.example.test", "--method", "http")
        session.expect(READY)
        session.process.stdin.write(b"\n")
        session.process.stdin.flush()
        assert asked.wait(30)
        checked = list(server.seen)
        session.interrupt(signal.SIGTERM)
        session = manuale.start("authorize", "c.example.test", "--method", "http")
        session.expect(READY)
        go_on.set()
        text = session.finish("\n")
        assert "c.example.test is authorized." in text
        assert "run \"manuale issue c.example.test\"" in text
        assert {path for _, path in server.seen} == {path for _, path in checked}
    finally:
        go_on.set()
        server.stop()


def test_a_domain_that_is_authorized_is_not_asked_for_again(start, tmp_path):
    manuale = Manuale(tmp_path / "work", start.pebble(env={"PEBBLE_AUTHZREUSE": "100"}))
    manuale.register()
    manuale.authorize("v1.example.test")
    session = manuale.start("authorize", "v1.example.test", "v2.example.test")
    manuale.publish(session.expect(READY))
    assert "v1.example.test is authorized already until" in session.text
    assert "_acme-challenge.v2" in session.text and "_acme-challenge.v1" not in session.text
    session.finish("\n")
    assert "All domains are authorized" in manuale.run("authorize", "v2.example.test")
    manuale.stop()


def as_the_original(manuale, *names):
    """What this program wrote, in the words of the original: json.dumps, and its own hash."""
    here = manuale.path("orders", guides_hash(*names))
    there = manuale.path("orders", originals_hash(*names))
    os.rename(here, there)
    for path in [manuale.path("account.json")] + [os.path.join(there, n) for n in os.listdir(there)]:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(document, stream)
    return there


def test_a_pending_order_of_the_original_is_continued(manuale):
    names = ["o1.example.test", "o2.example.test"]
    session = manuale.start("authorize", *names)
    session.expect(READY)
    session.interrupt(signal.SIGINT)
    uri = manuale.order(*names)["uri"]
    folder = as_the_original(manuale, *names)
    manuale.authorize(*names)
    manuale.run("issue", *names, *SMALL)
    check_files(manuale, names[0], names)
    assert os.listdir(manuale.path("orders")) == [os.path.basename(folder)]
    assert manuale.json(folder, "order.json")["uri"] == uri


def rewrite(manuale, names, **changes):
    with open(manuale.path("orders", guides_hash(*names), "order.json"), "w",
              encoding="utf-8") as stream:
        json.dump({**manuale.order_before, **changes}, stream)


def test_records_that_cannot_go_on(manuale):
    name = "r.example.test"
    session = manuale.start("authorize", name)
    session.expect(READY)
    session.interrupt(signal.SIGINT)
    manuale.order_before = manuale.order(name)
    uri = manuale.order_before["uri"]
    for changed, said in ((uri + "0", "is unknown to the CA"),
                          ("https://elsewhere.example/1", "is of another server")):
        rewrite(manuale, [name], uri=changed)
        if "elsewhere" in changed:
            assert said in manuale.run("issue", name, status=1)
        session = manuale.start("authorize", name)
        session.expect(READY)
        assert f"The order from before {said}: making a new one." in session.text
        session.interrupt(signal.SIGINT)
        assert manuale.order(name)["uri"] not in (uri, changed)
    rewrite(manuale, [name], contents=None)
    before = snapshot(manuale.folder)
    assert "is broken: restore it from a backup" in manuale.run("authorize", name, status=1)
    rewrite(manuale, [name], key="x")
    assert "is not a private key" in manuale.run("issue", name, status=1)
    assert len(snapshot(manuale.folder)) == len(before)


def set_token(token):
    def change(given):
        document = given.json()
        for challenge in document.get("challenges", []):
            challenge["token"] = token
        given.set_json(document)
    return alter(change)


def test_a_token_of_the_ca_replaces_no_file(rogue, tmp_path):
    """One that is not base64url, or the name of a file that is there."""
    manuale = Manuale(tmp_path / "work", rogue)
    manuale.register()
    mine = "my-own-notes-of-all-these-years"
    for name in (mine, "notes-of-last-year.txt"):
        with open(manuale.path(name), "w", encoding="ascii") as stream:
            stream.write("mine\n")
    rogue.on("authorization", set_token("notes-of-last-year.txt"), times=1)
    rogue.on("authorization", set_token(mine))
    assert "does not check \"t.example.test\" with the method http" in \
        manuale.run("authorize", "t.example.test", "--method", "http", status=1)
    assert f'there is a file "{mine}" already' in \
        manuale.run("authorize", "t.example.test", "--method", "http", status=1)
    assert manuale.read(mine) == manuale.read("notes-of-last-year.txt") == "mine\n"
    manuale.stop()


def test_a_ca_that_binds_accounts_or_wants_to_be_left_alone(rogue, tmp_path):
    def bind(given):
        directory = given.json()
        directory["meta"]["externalAccountRequired"] = True
        given.set_json(directory)

    def later(given):
        document = given.json()
        document["status"] = "pending"
        given.set_json(document)
        given.headers.append(("Retry-After", "4000"))

    manuale = Manuale(tmp_path / "work", rogue)
    rogue.on("directory", alter(bind), times=1)
    assert "certwright register" in manuale.run("register", "a@example.test", answer="y\ny\n",
                                                status=1)
    manuale.register()
    rogue.on("authorization", alter(later), skip=1)
    assert "is not checked yet: the CA takes long" in manuale.authorize("w.example.test", status=1)
    manuale.stop()


def test_an_order_that_is_gone_is_made_anew(rogue, tmp_path):
    manuale = Manuale(tmp_path / "work", rogue)
    manuale.register()
    session = manuale.start("authorize", "g.example.test")
    session.expect(READY)
    session.interrupt(signal.SIGINT)
    rogue.on("order", html_error(410), times=1)
    session = manuale.start("authorize", "g.example.test")
    session.expect(READY)
    assert "The order from before is unknown to the CA: making a new one." in session.text
    session.interrupt(signal.SIGINT)
    manuale.stop()


@pytest.mark.full
def test_an_expired_order_is_made_anew(rogue, tmp_path):
    manuale = Manuale(tmp_path / "work", rogue)
    manuale.register()
    session = manuale.start("authorize", "e.example.test")
    session.expect(READY)
    session.interrupt(signal.SIGINT)

    def expire(given):
        order = given.json()
        order["expires"] = "2020-01-01T00:00:00Z"
        given.set_json(order)
    rogue.on("order", alter(expire), times=1)
    session = manuale.start("authorize", "e.example.test")
    session.expect(READY)
    assert "The order from before has expired: making a new one." in session.text
    manuale.stop()


def test_a_certificate_request_that_does_not_fit_costs_nothing(manuale):
    name = "b.example.test"
    manuale.authorize(name)
    make_request(manuale, "other.csr", "own.key", "other.example.test")
    said = manuale.run("issue", name, "--csr-file", "other.csr", status=1)
    assert "does not have these names: b.example.test" in said
    assert "names that are not in the order: other.example.test" in said
    make_request(manuale, "own.csr", "other.key", "B.example.test")
    make_request(manuale, "other.csr", "own.key", name)
    assert '"own.key" is not that of the certificate request' in manuale.run(
        "issue", name, "--csr-file", "own.csr", "-k", "own.key", status=1)
    assert '"own.key" is not a certificate request' in manuale.run(
        "issue", name, "--csr-file", "own.key", status=1)
    assert manuale.order(name)["contents"]["status"] == "ready"
    manuale.run("issue", name, "-k", "own.key")
    check_files(manuale, name, [name])
    assert manuale.read(f"{name}.pem") == manuale.read("own.key")


def test_what_cannot_be_reached(manuale):
    before = snapshot(manuale.folder)
    assert "localhost:1" in manuale.run("info", server="https://localhost:1/dir", status=1)
    manuale.env["CERTWRIGHT_PROGRAM"] = "/nonexistent"
    assert "/nonexistent" in manuale.run("info", status=1)
    assert snapshot(manuale.folder) == before


def test_revoke_refuses_what_is_no_certificate(manuale):
    assert '"account.json" is not a certificate' in manuale.run("revoke", "account.json", status=1)


def test_verbose_shows_what_is_done_and_no_secret(manuale):
    text = manuale.run("--verbose", "info")
    assert len(text.splitlines()) > 3
    assert not any(line in text for line in manuale.json("account.json")["key"].splitlines())


def test_issue_says_what_is_missing(manuale):
    assert "run \"manuale authorize m.example.test\"" in manuale.run("issue", "m.example.test",
                                                                     status=1)
    session = manuale.start("authorize", "m1.example.test", "m2.example.test")
    session.expect(READY)
    busy = manuale.run("issue", "m1.example.test", "m2.example.test", status=1)
    assert "another manuale works on this order" in busy
    session.interrupt(signal.SIGINT)
    other = manuale.run("issue", "m2.example.test", "m1.example.test", status=1)
    assert "were authorized in another order" in other
    early = manuale.run("issue", "m1.example.test", "m2.example.test", status=1)
    assert "are not authorized yet: run \"manuale authorize m1" in early


def edited(**changes):
    def edit(account):
        return json.dumps({**account, **changes})
    return edit


@pytest.mark.parametrize("edit, said", [
    (lambda account: json.dumps(account)[:-9], "is not a JSON object"),
    (lambda account: "[]", "is not a JSON object"),
    (lambda account: json.dumps({"uri": account["uri"]}), 'has no "key"'),
    (edited(uri=7), 'the "uri" in the account file "account.json" is not a text'),
    (edited(key="-----BEGIN X-----"), "is not a private key in PEM"),
    (edited(uri="https://acme-v01.api.letsencrypt.org/acme/reg/7"), 'run "manuale upgrade"'),
    (edited(uri="https://elsewhere.example/acct/7"), "is of another server"),
])
def test_account_files_that_are_none(manuale, edit, said):
    text = edit(manuale.json("account.json"))
    with open(manuale.path("account.json"), "w", encoding="utf-8") as stream:
        stream.write(text)
    before = snapshot(manuale.folder)
    assert said in manuale.run("authorize", "a.example.test", status=1)
    assert snapshot(manuale.folder) == before


def test_an_account_file_with_the_key_of_another_account(manuale):
    wrong = manuale.json("account.json")
    command("openssl", "genrsa", "-out", manuale.path("other.key"), "2048")
    wrong["key"] = manuale.read("other.key")
    with open(manuale.path("account.json"), "w", encoding="utf-8") as stream:
        json.dump(wrong, stream)
    before = snapshot(manuale.folder)
    text = manuale.run("authorize", "a.example.test", status=1)
    assert 'the CA has no account with the key in "account.json"' in text
    manuale.run("info", status=1)
    assert snapshot(manuale.folder) == before
    right = wrong["uri"]
    Manuale(manuale.folder, manuale.ca).run("--account", "other.json", "register", "-k", "other.key",
                                            "b@example.test", answer="y\ny\n")
    assert manuale.json("other.json")["key"] == wrong["key"]  # the user's own
    uri = manuale.json("other.json")["uri"]
    text = manuale.run("authorize", "a.example.test", status=1)
    assert f'is that of the account {uri}, not of {right}' in text


def test_questions_that_are_not_answered_with_yes(newcomer, account):
    assert "no account was registered" in newcomer.run("register", "a@example.test", answer="n\n",
                                                       status=1)
    assert "the input ended" in newcomer.run("register", "a@example.test", status=1)
    assert "agree to its terms" in newcomer.run("register", "a@example.test", answer="y\n\n",
                                                status=1)
    session = newcomer.start("register", "a@example.test")
    session.expect("[y/N] ")
    session.interrupt(signal.SIGINT)
    assert os.listdir(newcomer.folder) == []
    shutil.copy(account, newcomer.folder)
    before = snapshot(newcomer.folder)
    assert "was left as it is" in newcomer.run("register", "a@example.test", answer="n\n", status=1)
    # The CA refuses the new one: the old one stays.
    newcomer.run("register", "nonsense", answer="y\ny\ny\n", status=1)
    assert snapshot(newcomer.folder) == before


def test_upgrade_changes_the_url_of_the_first_api_alone(manuale):
    document = manuale.json("account.json")
    assert "nothing to upgrade" in manuale.run("upgrade")
    document["uri"] = "https://acme-v01.api.letsencrypt.org/acme/reg/4711"
    with open(manuale.path("account.json"), "w", encoding="utf-8") as stream:
        json.dump(document, stream)
    manuale.run("upgrade")
    document["uri"] = "https://acme-v02.api.letsencrypt.org/acme/acct/4711"
    assert manuale.json("account.json") == document
    assert manuale.mode("account.json") == 0o600


def test_migrate_takes_over_an_account_of_certbot(newcomer, pebble, tmp_path):
    certwright = Certwright(tmp_path / "certbot", pebble)
    assert "Certbot has no account" in newcomer.run("migrate", "-c", certwright.config_dir, status=1)
    certwright.run("register")
    second = Certwright(tmp_path / "second", pebble)
    second.run("register")
    uri = second.json("show_account").json["account"]["uri"]
    one, two = certwright.take_account_of(second)
    before = snapshot(certwright.config_dir)
    # All are shown before the first question.
    text = newcomer.run("migrate", "-c", certwright.config_dir,
                        answer="y\n" if two < one else "n\ny\n")
    shown = text[:text.index("Take over")]
    assert one in shown and f"{two}  {uri}\n" in shown and "has 2 accounts" in shown
    assert snapshot(certwright.config_dir) == before
    assert newcomer.json("account.json")["uri"] == uri
    assert newcomer.mode("account.json") == 0o600
    assert uri in newcomer.run("info")


def test_nothing_is_written_elsewhere(manuale):
    log = manuale.path("..", "trace")
    session = manuale.start("authorize", "n.example.test", wrap=[
        "strace", "-f", "-qq", "-o", log, "-e", "trace=%file", "-e", "signal=none"])
    session.expect(READY)
    session.finish("\n", status=1)
    with open(log, encoding="utf-8", errors="replace") as stream:
        lines = [line for line in stream if re.search(
            r"O_CREAT|O_WRONLY|O_RDWR|\b(mkdir|rename|unlink|symlink|link|chmod)\w*\(", line)
            and " = -1 " not in line]
    paths = {path for line in lines for path in re.findall(r'"([^"]*)"', line)}
    elsewhere = {path for path in paths if not path.startswith(("orders", "/dev/", "/proc/"))}
    assert len(paths) > 3 and not elsewhere


@pytest.mark.parametrize("words, said", [
    (["frobnicate"], 'there is no command "frobnicate"'),
    (["--nonsense", "info"], 'there is no option "--nonsense" here'),
    (["info", "-m", "dns"], 'there is no option "-m" here'),
    (["info", "more"], 'has no use for "more"'),
    (["authorize"], 'the command "authorize" needs DOMAIN...'),
    (["authorize", "a.test", "--method", "smoke"], 'there is no method "smoke"'),
    (["authorize", "a.test", "a.test"], 'the domain "a.test" is given twice'),
    (["authorize", "../a.test"], '"../a.test" is not a domain name'),
    (["authorize", ""], "is empty"),
    (["issue", "a.test", "--key-size", "17"], '"17" is not a key size'),
    (["issue", "a.test", "--key-file"], 'the option "--key-file" needs a value'),
    (["issue", "a.test", "--output-filename", "a/b"], '"a/b" is not a name for files'),
])
def test_mistakes_on_the_command_line(newcomer, words, said):
    assert said in newcomer.run(*words, status=2)
    assert os.listdir(newcomer.folder) == []


@pytest.mark.parametrize("words, said", [
    (["info"], 'there is no account file "account.json"'),
    (["revoke", "no.crt"], 'there is no certificate "no.crt"'),
    (["issue", "a.test", "-o", "nowhere"], 'cannot write to the folder "nowhere"'),
    (["issue", "a.test", "-k", "no.key"], 'there is no file "no.key"'),
    (["--account", "nowhere/account.json", "register", "a@b.test"], "nowhere"),
])
def test_files_that_are_not_there(newcomer, words, said):
    assert said in newcomer.run(*words, status=1)
    assert os.listdir(newcomer.folder) == []


def test_help_and_version(newcomer):
    assert re.match(r"manuale \d", newcomer.run("version"))
    text = newcomer.run("-h")
    assert text == newcomer.run()
    for verb in re.findall(r"^  ([a-z]+) ", text, re.M):
        assert f"usage: manuale [OPTION...] {verb}" in newcomer.run(verb, "-h")
