"""A CA that breaks the rules, is overloaded or says no: one sentence, or patience where that helps."""

import email.utils
import json
import time

import pytest

from lib import rogue_ca
from lib.outcome import assert_failed, errors_of, identifiers, problem_types
from lib.rogue_ca import alter, answer, close_after_forward, close_before_answer, close_mid_answer
from lib.rogue_ca import html_error, huge, problem
from lib.tools import snapshot, verify_chain

POSTS = ["new-account", "new-order", "authorization", "challenge", "finalize", "certificate"]


def obtain(certwright, **options):
    return certwright.certonly("rogue.example.test", json=True, **options)


def fails(certwright, *words, status=1):
    """The run fails with WORDS in its errors, and changes no file of what was there."""
    certwright.run("register", status=None)
    before = snapshot(certwright.config_dir, leave_out=("accounts",))
    result = obtain(certwright, status=status)
    assert_failed(result, *words)
    assert snapshot(certwright.config_dir, leave_out=("accounts",)) == before
    return result


def seconds_between_first_two(rogue, kind):
    times = [r.time for r in rogue.requests if r.kind == kind]
    return times[1] - times[0]


@pytest.mark.parametrize("body, content_type", [
    ("<html>hello</html>", "text/html"), ("", "application/json"), ("{", "application/json"),
    ("[]", "application/json"), ("{}", "application/json"), ("null", "application/json"),
    ('{"newNonce": 5, "newAccount": [], "newOrder": {}}', "application/json"),
    ('{"newNonce": "ftp://x/", "newAccount": "no url", "newOrder": ""}', "application/json"),
    (b"\xff\xfe\x00", "application/json"), ("[" * 100000, "application/json"),
])
def test_a_directory_that_is_none(rogue_certwright, rogue, body, content_type):
    rogue.on("directory", answer(200, body, content_type=content_type))
    result = obtain(rogue_certwright, status=1)
    assert_failed(result, rogue.directory)
    assert rogue_certwright.account_files() == []


@pytest.mark.parametrize("status", [301, 403, 404, 410])
def test_a_directory_with_an_error_status(rogue_certwright, rogue, status):
    rogue.on("directory", html_error(status))
    assert_failed(obtain(rogue_certwright, status=1), rogue.directory, status)


def test_an_endless_directory_is_cut_off(rogue_certwright, rogue):
    rogue.on("directory", huge(500))
    result = obtain(rogue_certwright, status=1)
    assert_failed(result, "localhost")
    assert rogue.sent_bytes < 64 << 20


def test_a_directory_without_meta_is_fine(rogue_certwright, rogue):
    def strip(given):
        document = given.json()
        document.pop("meta", None)
        given.set_json(document)
    rogue.on("directory", alter(strip))
    obtain(rogue_certwright)


@pytest.mark.parametrize("kind", ["directory", "new-nonce"] + POSTS)
def test_a_passing_server_error_is_survived(rogue_certwright, rogue, kind):
    rogue.on(kind, html_error(503), times=2)
    obtain(rogue_certwright)
    verify_chain(rogue_certwright.live("rogue.example.test").rsplit("/", 1)[0], rogue.root())


@pytest.mark.parametrize("break_off", [close_before_answer, close_after_forward, close_mid_answer])
@pytest.mark.parametrize("kind", ["directory"] + POSTS)
def test_a_broken_connection_is_survived(rogue_certwright, rogue, kind, break_off):
    rogue.on(kind, break_off, times=1)
    obtain(rogue_certwright)
    assert len(rogue_certwright.account_files()) == 1


@pytest.mark.sample(3)
@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("kind", ["new-order", "finalize"])
def test_retry_after_is_honoured(rogue_certwright, rogue, kind, form):
    def busy(exchange):
        value = "2" if form == "seconds" else email.utils.formatdate(time.time() + 3, usegmt=True)
        html_error(503, {"Retry-After": value})(exchange)
    rogue.on(kind, busy, times=1)
    obtain(rogue_certwright)
    assert 1.8 <= seconds_between_first_two(rogue, kind) < 10


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_while_polling(rogue_certwright, rogue, form):
    def processing(given):
        order = given.json()
        order["status"] = "processing"
        order.pop("certificate", None)
        given.set_json(order)
        given.drop("Retry-After")
        given.headers.append(("Retry-After", "2" if form == "seconds" else
                              email.utils.formatdate(time.time() + 3, usegmt=True)))
    rogue.on("finalize", alter(processing), times=1)
    obtain(rogue_certwright)
    finalized = next(r.time for r in rogue.requests if r.kind == "finalize")
    polled = next(r.time for r in rogue.requests if r.kind == "order" and r.time > finalized)
    assert 1.8 <= polled - finalized < 10


def test_a_server_that_stays_broken_is_given_up(rogue_certwright, rogue):
    rogue.on("new-order", html_error(500))
    begin = time.monotonic()
    result = obtain(rogue_certwright, status=1)
    assert_failed(result, "localhost", "500")
    assert time.monotonic() - begin < 100
    assert 2 <= rogue.count("new-order") < 60


def test_nonces_that_are_always_bad_are_given_up(rogue_certwright, rogue):
    rogue.on("new-account", problem("badNonce", "never good enough"))
    result = obtain(rogue_certwright, status=1)
    assert "badNonce" in problem_types(result.json)
    assert rogue.count("new-account") < 30


@pytest.mark.parametrize("kind", POSTS)
def test_a_bad_nonce_is_retried(rogue_certwright, rogue, kind):
    rogue.on(kind, problem("badNonce", "try again"), times=3)
    obtain(rogue_certwright)


@pytest.mark.parametrize("kind", POSTS)
def test_answers_without_a_nonce_are_survived(rogue_certwright, rogue, kind):
    rogue.on(kind, alter(lambda given: given.drop("Replay-Nonce")))
    obtain(rogue_certwright)


def test_no_nonce_anywhere_is_said(rogue_certwright, rogue):
    rogue.on("new-nonce", alter(lambda given: given.drop("Replay-Nonce")))
    assert_failed(obtain(rogue_certwright, status=1), "nonce")


def test_a_rate_limit_is_reported_and_not_sat_out(rogue_certwright, rogue):
    rogue.on("new-order", problem("rateLimited", "too many certificates already issued", 429,
                                  {"Retry-After": "86400"}))
    begin = time.monotonic()
    result = fails(rogue_certwright, "too many certificates already issued")
    assert time.monotonic() - begin < 30
    assert "rateLimited" in problem_types(result.json)
    assert rogue.count("new-order") == 1


def test_a_short_rate_limit_is_waited_for(rogue_certwright, rogue):
    rogue.on("new-order", problem("rateLimited", "slow down", 429, {"Retry-After": "1"}), times=1)
    obtain(rogue_certwright)


def test_subproblems_are_attributed_to_their_names(rogue_certwright, rogue):
    rogue.on("new-order", problem(
        "rejectedIdentifier", "some names are not allowed", 403, subproblems=[
            ("s1.example.test", "rejectedIdentifier", "is on the list"),
            ("s3.example.test", "caa", "CAA forbids it")]))
    result = rogue_certwright.certonly("s1.example.test", "s2.example.test", "s3.example.test",
                                       json=True, status=1)
    assert_failed(result, "some names are not allowed", "is on the list", "CAA forbids it")
    assert identifiers(result.json) == {"s1.example.test", "s3.example.test"}
    assert {"rejectedIdentifier", "caa"} <= problem_types(result.json)
    parts = {e["identifier"]: e for e in errors_of(result.json) if e.get("identifier")}
    assert "CAA forbids it" in json.dumps(parts["s3.example.test"])


def test_a_person_sees_subproblems_too(rogue_certwright, rogue):
    rogue.on("new-order", problem(
        "rejectedIdentifier", "some names are not allowed", 403, subproblems=[
            ("s1.example.test", "rejectedIdentifier", "is on the list")]))
    result = rogue_certwright.certonly("s1.example.test", "s2.example.test", status=1)
    assert "s1.example.test" in result.stderr
    assert "is on the list" in result.stderr


def test_a_problem_with_control_characters_cannot_reach_the_terminal(rogue_certwright, rogue):
    rogue.on("new-order", problem("malformed", "bad \x1b[31mname\x07\r\nand more", 400))
    result = rogue_certwright.certonly("esc.example.test", status=1)
    assert "\x1b" not in result.output and "\x07" not in result.output


# What commands a terminal, turns a text around, forges a line or hides, as JSON may hold it.
EVIL = ["\x1b[2J", "\x9b31m", "\u202e", "\u2066", "\u200f", "\r\nerror: forged", "\u2028", "\x07",
        "\x7f", "\ufeff"]


def assert_harmless(certwright, *results):
    for text in [r.output for r in results] + [certwright.log_text()]:
        assert not [evil for evil in EVIL if evil in text], repr(text)
        assert not [c for c in text if ord(c) < 32 and c not in "\n"], repr(text)
        assert "\nerror: forged" not in text


@pytest.mark.sample(4)
@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_a_ca_says_commands_the_terminal(rogue_certwright, rogue, evil):
    text = f"<{evil}>"

    def account(given):
        document = given.json()
        document["contact"] = [f"mailto:{text}@example.test", text]
        given.set_json(document)

    def state(given):
        document = given.json()
        document["status"] = text
        given.set_json(document)

    def directory(given):
        document = given.json()
        document["meta"]["profiles"] = {text: text}
        document["meta"]["termsOfService"] = f"https://example.test/{text}"
        given.set_json(document)
    rogue.on("directory", alter(directory))
    results = [rogue_certwright.run("register")]
    rogue.on("account", alter(account), times=1)
    results.append(rogue_certwright.run("show_account", status=None))
    rogue.on("account", alter(state), times=1)
    results.append(rogue_certwright.run("show_account", status=None))
    results.append(rogue_certwright.certonly("p.example.test", args=("--preferred-profile", "x"),
                                             status=None))
    results.append(rogue_certwright.certonly("p.example.test", args=("--required-profile", "x"),
                                             status=None))
    for kind in ("new-order", "authorization", "order", "finalize"):
        rogue.behave()
        rogue.on("directory", alter(directory))
        rogue.on(kind, problem(text, text, subproblems=[(text, text, text)]))
        results.append(rogue_certwright.certonly("d.example.test", status=1))
        rogue.behave()
        rogue.on(kind, alter(state))
        results.append(rogue_certwright.certonly("s.example.test", status=None))
        rogue.behave()
        rogue.on(kind, answer(403, f"<html>{text}</html>".encode(), content_type="text/html"))
        results.append(rogue_certwright.certonly("h.example.test", status=None))
    assert_harmless(rogue_certwright, *results)


def test_json_is_escaped_as_json_and_as_nothing_else(rogue_certwright, rogue):
    def account(given):
        document = given.json()
        document["contact"] = ["mailto:\u202e\x1b@example.test"]
        given.set_json(document)
    rogue_certwright.run("register")
    rogue.on("account", alter(account))
    result = rogue_certwright.json("show_account")
    assert "\u202e\x1b@example.test" in result.json["account"]["contact"][0]
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("body", ["", "no", "[]", "{}", '{"type": 4, "detail": []}',
                                  '{"type": "urn:ietf:params:acme:error:caa", "subproblems": 7}'])
def test_a_malformed_problem_is_still_a_sentence(rogue_certwright, rogue, body):
    rogue.on("new-order", answer(403, body, content_type="application/problem+json"))
    fails(rogue_certwright, "caa" if "caa" in body else "403")


def test_terms_that_changed_are_named_with_where_to_read_them(rogue_certwright, rogue):
    rogue.on("new-order", problem("userActionRequired", "terms of service have changed", 403, {
        "Link": '<https://ca.example/terms/9>;rel="terms-of-service"'}))
    fails(rogue_certwright, "terms of service have changed")


@pytest.mark.parametrize("kind", ["new-account", "new-order"])
def test_a_missing_location_is_said(rogue_certwright, rogue, kind):
    rogue.on(kind, alter(lambda given: given.drop("Location")))
    result = obtain(rogue_certwright, status=1)
    assert_failed(result)


ORDER_NONSENSE = [
    lambda o: o.update(status="surprising"), lambda o: o.pop("status"),
    lambda o: o.update(authorizations="none"), lambda o: o.pop("authorizations"),
    lambda o: o.update(authorizations=[]), lambda o: o.update(authorizations=[7]),
    lambda o: o.update(authorizations=["http://127.0.0.1:1/plain"]),
    lambda o: o.pop("finalize"), lambda o: o.update(finalize="not a url"),
]


@pytest.mark.parametrize("change", ORDER_NONSENSE)
def test_an_order_of_nonsense_is_refused(rogue_certwright, rogue, change):
    def nonsense(given):
        order = given.json()
        change(order)
        given.set_json(order)
    rogue.on("new-order", alter(nonsense))
    rogue.on("order", alter(nonsense))
    rogue_certwright.run("register")
    result = obtain(rogue_certwright, status=1)
    assert_failed(result)
    assert rogue_certwright.lineages() == []


AUTHORIZATION_NONSENSE = [
    lambda a: a.update(challenges=[]), lambda a: a.pop("challenges"),
    lambda a: a.update(challenges=[{"type": "http-01"}]),
    lambda a: a.update(challenges=[{"type": "http-01", "url": a["challenges"][0]["url"],
                                    "token": "../../../../etc/passwd"}]),
    lambda a: a.update(challenges=[{"type": "http-01", "url": a["challenges"][0]["url"],
                                    "token": "x" * 5000}]),
    lambda a: a.update(challenges=[dict(a["challenges"][0], type="telepathy-01")]),
    lambda a: a.update(identifier={"type": "dns", "value": "other.example.test"}),
    lambda a: a.pop("identifier"),
]


@pytest.mark.parametrize("change", AUTHORIZATION_NONSENSE)
def test_an_authorization_of_nonsense_is_refused(rogue_certwright, rogue, tmp_path, change):
    def nonsense(given):
        authorization = given.json()
        change(authorization)
        given.set_json(authorization)
    rogue.on("authorization", alter(nonsense))
    root = tmp_path / "root"
    root.mkdir()
    result = rogue_certwright.json("certonly", "--webroot", "-w", str(root),
                                   "-d", "rogue.example.test", status=1)
    assert_failed(result)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("body", [
    "", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_certificate_that_is_none_is_refused(rogue_certwright, rogue, body):
    def nonsense(given):
        given.body = body.encode()
    rogue.on("certificate", alter(nonsense))
    fails(rogue_certwright, "certificate")


def test_a_certificate_for_another_key_is_refused(rogue_certwright, rogue):
    obtain(rogue_certwright)
    other = rogue_certwright.live("rogue.example.test")
    with open(other, "rb") as stream:
        pem = stream.read()

    def swap(given):
        given.body = pem
    rogue.on("certificate", alter(swap))
    before = snapshot(rogue_certwright.config_dir)
    result = rogue_certwright.json("renew", "--force-renewal", status=1)
    assert_failed(result, "key")
    assert snapshot(rogue_certwright.config_dir) == before


@pytest.mark.parametrize("link", [
    "<", "<>", "<https://localhost/>", "no brackets; rel=alternate", ";rel=\"alternate\"",
    "<relative>;rel=\"alternate\"", "<https://localhost:1/x>;rel=\"alternate\"",
    "<https://localhost/>; rel", "<" + "x" * 9000 + ">;rel=\"alternate\"", ",,,;;;\"\"",
])
def test_malformed_links_are_survived(rogue_certwright, rogue, link):
    rogue.on("certificate", alter(lambda given: given.headers.append(("Link", link))))
    rogue.on("directory", alter(lambda given: given.headers.append(("Link", link))))
    result = obtain(rogue_certwright)
    assert result.json["ok"] is True


def test_a_huge_answer_is_cut_off(rogue_certwright, rogue):
    rogue.on("order", huge(300))
    rogue.on("new-order", huge(300))
    result = obtain(rogue_certwright, status=1)
    assert_failed(result, "localhost")
    assert rogue.sent_bytes < 64 << 20


def test_an_order_that_never_ends_is_given_up(rogue_certwright, rogue):
    def processing(given):
        order = given.json()
        order["status"] = "processing"
        order.pop("certificate", None)
        given.set_json(order)
    rogue.on("finalize", alter(processing))
    rogue.on("order", alter(processing))
    begin = time.monotonic()
    result = obtain(rogue_certwright, status=1, args=["--issuance-timeout", "3"])
    assert_failed(result, "--issuance-timeout")
    assert time.monotonic() - begin < 30


def test_an_order_that_turns_invalid_gives_the_reason(rogue_certwright, rogue):
    def invalid(given):
        order = given.json()
        order["status"] = "invalid"
        order["error"] = {"type": "urn:ietf:params:acme:error:caa",
                          "detail": "CAA changed its mind"}
        given.set_json(order)
    rogue.on("finalize", alter(invalid))
    rogue.on("order", alter(invalid), skip=0)
    fails(rogue_certwright, "CAA changed its mind")


def test_the_rogue_itself_passes_everything_on(rogue_certwright, rogue):
    obtain(rogue_certwright)
    assert {r.kind for r in rogue.requests} >= set(POSTS) | {"directory"}
    assert rogue_ca.kind_of("/elsewhere") == "other"
