"""Renewal information (RFC 9773) and OCSP: when the CA wants certificates to be renewed.

Pebble 2.4 has no renewal information, later ones have their own. The reverse proxy of lib.rogue_ca
stands before it, sets the entry in the directory and answers the queries; everything else is
Pebble's own doing.
"""

import base64
import datetime
import json
import os
import re

import pytest
from cryptography import x509

from lib.account import challenge_again
from lib.issuer import Issuer, Responder, load, replace_certificate
from lib.rogue_ca import alter, answer, close_before_answer, html_error, problem
from lib.terminal import on_terminal
from lib.tools import certbot, read, snapshot

HOUR = datetime.timedelta(hours=1)


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def window(begin, end, explanation=None):
    """A suggested window, in hours from now."""
    now = datetime.datetime.utcnow()
    document = {"suggestedWindow": {"start": stamp(now + begin * HOUR),
                                    "end": stamp(now + end * HOUR)}}
    if explanation:
        document["explanationURL"] = explanation
    return json.dumps(document)


def advise(rogue, action):
    """From now on the CA has renewal information, which ACTION answers."""
    rogue.behave()

    def add(given):
        directory = given.json()
        directory["renewalInfo"] = rogue.directory.replace("/dir", "/renewal-info")
        given.set_json(directory)
    rogue.on("directory", alter(add))
    rogue.on("other", action)


def asked(rogue):
    return [r.path for r in rogue.requests if r.path.startswith("/renewal-info/")]


def ari_id(path):
    """RFC 9773 section 4.1."""
    certificate = load(path)
    key = certificate.extensions.get_extension_for_class(
        x509.AuthorityKeyIdentifier).value.key_identifier
    number = certificate.serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")

    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return f"{encode(key)}.{encode(serial)}"


def retry_after(certwright, name):
    found = re.search(r"^\[acme_renewal_info\]\nari_retry_after = (.*)$",
                      read(certwright.renewal_file(name)), re.M)
    return found and datetime.datetime.fromisoformat(found.group(1))


@pytest.fixture
def lineage(rogue_certwright):
    """A certificate "ari.example.test" that is fresh."""
    rogue_certwright.certonly("ari.example.test")
    # The CA gets renewal information after this; a directory is kept for a day.
    rogue_certwright.forget_cas()
    return "ari.example.test"


def action_of(certwright, name, *args):
    return certwright.json("renew", *args).certificates[name]["action"]


def test_a_window_that_has_passed_makes_it_due(rogue, rogue_certwright, lineage):
    old = ari_id(rogue_certwright.live(lineage, "cert"))
    advise(rogue, answer(200, window(-48, -24)))
    assert action_of(rogue_certwright, lineage) == "renewed"
    assert asked(rogue) == [f"/renewal-info/{old}"]
    orders = [r.payload for r in rogue.requests if r.kind == "new-order"]
    assert [o.get("replaces") for o in orders] == [None, old]


def test_a_window_to_come_keeps_it(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48), {"Retry-After": "7200"}))
    before = datetime.datetime.now().replace(microsecond=0)
    assert action_of(rogue_certwright, lineage) == "kept"
    when = retry_after(rogue_certwright, lineage)
    assert when.tzinfo is None and when.microsecond == 0
    assert datetime.timedelta(seconds=7199) <= when - before <= datetime.timedelta(seconds=7320)


def test_the_ca_is_not_asked_before_its_retry_after(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48), {"Retry-After": "7200"}))
    for _ in range(3):
        assert action_of(rogue_certwright, lineage) == "kept"
    assert len(asked(rogue)) == 1


def test_a_retry_after_that_has_passed_or_is_nonsense_is_not_heeded(rogue, rogue_certwright,
                                                                     lineage):
    advise(rogue, answer(200, window(24, 48)))
    path = rogue_certwright.renewal_file(lineage)
    text = read(path)
    for value in ("2020-01-01T00:00:00", "2999-01-01T00:00:00", "tomorrow", ""):
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text + f"[acme_renewal_info]\nari_retry_after = {value}\n")
        rogue.requests.clear()
        assert action_of(rogue_certwright, lineage) == "kept"
        assert len(asked(rogue)) == 1, value


def test_the_instant_is_chosen_at_random_inside_the_window(rogue, rogue_certwright):
    """Of twelve certificates in the midst of a window some are renewed and some are not: the odds
    of another outcome are 1 in 2048."""
    names = [f"w{i}.example.test" for i in range(12)]
    for name in names:
        rogue_certwright.certonly(name)
    advise(rogue, answer(200, window(-24, 24)))
    done = rogue_certwright.json("renew", "--jobs", "4").certificates
    assert {done[n]["action"] for n in names} == {"renewed", "kept"}


def test_the_explanation_is_shown(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48, "https://ca.example/incident-7")))
    assert "https://ca.example/incident-7" in rogue_certwright.run("renew").output


@pytest.mark.parametrize("action", [
    html_error(500), answer(200, "{}"), answer(200, "no json"), problem("malformed", "no", 404),
    answer(200, window(48, 24)), close_before_answer,
    answer(200, '{"suggestedWindow": {"start": "yesterday", "end": "today"}}')])
def test_without_an_answer_the_lifetime_counts(rogue, rogue_certwright, lineage, action):
    advise(rogue, action)
    assert action_of(rogue_certwright, lineage) == "kept"
    assert retry_after(rogue_certwright, lineage) is None


def test_without_an_answer_the_lifetime_counts_when_it_is_over(rogue, rogue_certwright, lineage):
    replace_certificate(rogue_certwright, lineage, begin=-80, end=10)
    advise(rogue, html_error(500))
    assert action_of(rogue_certwright, lineage) == "renewed"


def test_the_window_counts_more_than_the_lifetime(rogue, rogue_certwright, lineage):
    replace_certificate(rogue_certwright, lineage, begin=-80, end=10)
    advise(rogue, answer(200, window(24, 48)))
    assert action_of(rogue_certwright, lineage) == "kept"


def test_renew_before_expiry_counts_beside_the_window(rogue, rogue_certwright, lineage):
    path = rogue_certwright.renewal_file(lineage)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("renew_before_expiry = 20000 days\n" + text)
    advise(rogue, answer(200, window(24, 48)))
    assert action_of(rogue_certwright, lineage) == "renewed"


def test_autorenew_false_leaves_it_alone(rogue, rogue_certwright):
    rogue_certwright.certonly("manual.example.test", args=["--no-autorenew"])
    assert "autorenew = False" in read(rogue_certwright.renewal_file("manual.example.test"))
    advise(rogue, answer(200, window(-48, -24)))
    assert action_of(rogue_certwright, "manual.example.test") == "kept"
    assert asked(rogue) == []
    assert action_of(rogue_certwright, "manual.example.test", "--force-renewal") == "renewed"


@pytest.mark.parametrize("word", ["False", "FALSE", "no", "off", "0"])
def test_each_spelling_of_false_leaves_it_alone(rogue_certwright, word):
    """Those that Certbot takes; an expired certificate would be due."""
    rogue_certwright.certonly("manual.example.test")
    replace_certificate(rogue_certwright, "manual.example.test", begin=-91, end=-1)
    path = rogue_certwright.renewal_file("manual.example.test")
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(f"autorenew = {word}\n")
    assert action_of(rogue_certwright, "manual.example.test") == "kept"


def test_forcing_and_rehearsing_ask_nobody(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48)))
    assert action_of(rogue_certwright, lineage, "--dry-run", "--server",
                     rogue.directory) == "simulated"
    assert action_of(rogue_certwright, lineage, "--force-renewal") == "renewed"
    assert asked(rogue) == []


@pytest.mark.parametrize("name, status, refusals", [
    ("alreadyReplaced", 409, 1), ("malformed", 404, 1), ("serverInternal", 500, 2)])
def test_a_server_that_refuses_replaces_gets_the_order_without(
        rogue, rogue_certwright, lineage, name, status, refusals):
    advise(rogue, answer(200, window(-48, -24)))
    rogue.on("new-order", problem(name, "cannot place it", status), times=refusals)
    assert action_of(rogue_certwright, lineage) == "renewed"
    assert ["replaces" in r.payload for r in rogue.requests if r.kind == "new-order"] == [
        False, *[True] * refusals, False]


def test_many_are_asked_about_over_few_connections(rogue, rogue_certwright):
    names = [f"many{i}.example.test" for i in range(5)]
    for name in names:
        rogue_certwright.certonly(name)
    rogue_certwright.forget_cas()
    rogue.requests.clear()
    advise(rogue, answer(200, window(24, 48), {"Retry-After": "3600"}))
    done = rogue_certwright.json("renew").certificates
    assert {c["action"] for c in done.values()} == {"kept"}
    assert len(asked(rogue)) == 5
    assert all(retry_after(rogue_certwright, name) for name in names)
    assert not [n for n in os.listdir(os.path.join(rogue_certwright.config_dir, "renewal"))
                if n.startswith(".")]


def test_certbot_reads_what_was_written(rogue, rogue_certwright, lineage):
    path = rogue_certwright.renewal_file(lineage)
    os.chmod(path, 0o640)
    with open(path, "a", encoding="utf-8") as stream:
        stream.write("[inventory]\n# mine\nowner = web team\n")
    advise(rogue, answer(200, window(24, 48)))
    assert action_of(rogue_certwright, lineage) == "kept"
    assert os.stat(path).st_mode & 0o7777 == 0o640
    assert "[inventory]\n# mine\nowner = web team\n" in read(path)
    assert lineage in certbot(rogue_certwright, "certificates").stdout
    certbot(rogue_certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert retry_after(rogue_certwright, lineage)


def test_in_text_those_that_are_kept_are_listed(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48)))
    text = rogue_certwright.run("renew").stdout
    assert re.search(rf"{lineage}/fullchain.pem expires on \d{{4}}-\d\d-\d\d \(skipped\)", text)


def orders(rogue):
    """What replaces said in each new order, None where it was not there."""
    return [r.payload.get("replaces") for r in rogue.requests if r.kind == "new-order"]


def again(certwright, *names, args=()):
    """certonly for names that a lineage has: what came of it."""
    [certificate] = certwright.certonly(*names, args=args, json=True).json["certificates"]
    return certificate["action"]


def test_asking_again_renews_when_the_window_has_passed(rogue, rogue_certwright, lineage):
    old = ari_id(rogue_certwright.live(lineage, "cert"))
    advise(rogue, answer(200, window(-48, -24)))
    assert again(rogue_certwright, lineage) == "renewed"
    assert asked(rogue) == [f"/renewal-info/{old}"]
    assert orders(rogue) == [None, old]


def test_asking_again_keeps_it_while_the_window_is_to_come(rogue, rogue_certwright, lineage):
    replace_certificate(rogue_certwright, lineage, begin=-80, end=10)
    advise(rogue, answer(200, window(24, 48), {"Retry-After": "7200"}))
    assert again(rogue_certwright, lineage) == "kept"
    assert retry_after(rogue_certwright, lineage)
    assert again(rogue_certwright, lineage) == "kept"
    assert action_of(rogue_certwright, lineage) == "kept"
    assert len(asked(rogue)) == 1


def test_asking_again_and_cancelling_changes_nothing(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48), {"Retry-After": "7200"}))
    before = snapshot(rogue_certwright.config_dir)
    terminal = on_terminal(rogue_certwright, "certonly", "--standalone", "-d", lineage)
    terminal.answer("Number, or c to cancel: ", "c")
    terminal.finish(1)
    assert len(asked(rogue)) == 1
    assert snapshot(rogue_certwright.config_dir) == before


def test_asking_again_without_an_answer_goes_by_the_lifetime(rogue, rogue_certwright, lineage):
    advise(rogue, html_error(500))
    assert again(rogue_certwright, lineage) == "kept"
    replace_certificate(rogue_certwright, lineage, begin=-80, end=10)
    assert again(rogue_certwright, lineage) == "renewed"


def test_asking_again_heeds_renew_before_expiry(rogue, rogue_certwright, lineage):
    path = rogue_certwright.renewal_file(lineage)
    text = read(path)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("renew_before_expiry = 20000 days\n" + text)
    advise(rogue, answer(200, window(24, 48)))
    assert again(rogue_certwright, lineage) == "renewed"


def test_asking_again_does_not_need_what_the_renewal_file_says(rogue, rogue_certwright):
    """It says not to renew it, and names no authenticator; but somebody asks for it."""
    rogue_certwright.certonly("hand.example.test", args=["--no-autorenew"])
    path = rogue_certwright.renewal_file("hand.example.test")
    text = re.sub("^authenticator = .*\n", "", read(path), flags=re.M)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    advise(rogue, answer(200, window(24, 48)))
    assert again(rogue_certwright, "hand.example.test") == "kept"
    rogue.behave()
    advise(rogue, answer(200, window(-48, -24)))
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    assert again(rogue_certwright, "hand.example.test") == "renewed"


def test_more_names_replace_the_old_certificate_and_others_do_not(rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48)))
    first = ari_id(rogue_certwright.live(lineage, "cert"))
    assert again(rogue_certwright, lineage, "more.example.test", args=["--expand"]) == "renewed"
    again(rogue_certwright, "other.example.test",
          args=["--cert-name", lineage, "--renew-with-new-domains"])
    again(rogue_certwright, "new.example.test")
    assert orders(rogue) == [None, first, None, None]


def test_a_forced_renewal_and_run_name_what_they_replace_and_a_rehearsal_does_not(
        rogue, rogue_certwright, lineage):
    advise(rogue, answer(200, window(24, 48)))
    first = ari_id(rogue_certwright.live(lineage, "cert"))
    again(rogue_certwright, lineage, args=["--force-renewal"])
    second = ari_id(rogue_certwright.live(lineage, "cert"))
    # A rehearsal deactivates an authorization that was valid, and orders once more.
    rogue.behave()
    challenge_again(rogue_certwright)
    again(rogue_certwright, lineage, args=["--dry-run"])
    rogue_certwright.run("run", "-a", "standalone", "-i", "null", "-d", lineage, "--force-renewal")
    assert orders(rogue) == [None, first, None, second]
    assert asked(rogue) == []


@pytest.fixture
def revocable(start, pebble, tmp_path):
    """(certwright, name, issuer, responder): a fresh certificate that names the responder."""
    certwright = start.certwright(pebble)
    certwright.certonly("ocsp.example.test")
    issuer = Issuer(tmp_path)
    return certwright, "ocsp.example.test", issuer


@pytest.mark.parametrize("delegated", [False, True])
@pytest.mark.parametrize("revoked", [False, True])
def test_a_revoked_certificate_is_due(start, revocable, revoked, delegated):
    certwright, name, issuer = revocable
    responder = Responder(start, issuer, delegated)
    leaf = replace_certificate(certwright, name, -1, 89, issuer, responder.url)
    responder.serve(leaf, revoked)
    assert action_of(certwright, name) == ("renewed" if revoked else "kept")
    assert "cannot find out whether" not in certwright.log_text()


@pytest.mark.parametrize("revoked", [False, True])
def test_asking_again_renews_what_is_revoked(start, revocable, revoked):
    certwright, name, issuer = revocable
    responder = Responder(start, issuer)
    leaf = replace_certificate(certwright, name, -1, 89, issuer, responder.url)
    responder.serve(leaf, revoked)
    assert again(certwright, name) == ("renewed" if revoked else "kept")


def test_an_answer_of_another_signer_is_not_believed(start, revocable, tmp_path):
    certwright, name, issuer = revocable
    responder = Responder(start, issuer)
    leaf = replace_certificate(certwright, name, -1, 89, issuer, responder.url)
    other = tmp_path / "other"
    other.mkdir()
    impostor = Issuer(other)
    impostor.certificate, impostor.folder = issuer.certificate, issuer.folder
    impostor_certificate = Issuer(other).certificate
    responder.issuer = impostor
    issuer.certificate = impostor_certificate
    # The index and the requests are about the true issuer; the signature is another's.
    signer = Issuer(other)
    responder.issuer.key = signer.key
    responder.delegated = True
    responder.serve(leaf, revoked=True)
    assert action_of(certwright, name) == "kept"
    assert "is not signed by" in certwright.log_text()


def test_a_responder_that_is_down_changes_nothing(start, revocable):
    certwright, name, issuer = revocable
    replace_certificate(certwright, name, -1, 89, issuer,
                        f"http://127.0.0.1:{start.ports.take()}")
    assert action_of(certwright, name) == "kept"


def test_an_expired_certificate_is_due_and_nobody_is_asked(start, revocable):
    certwright, name, issuer = revocable
    replace_certificate(certwright, name, -91, -1, issuer,
                        f"http://127.0.0.1:{start.ports.take()}")
    assert action_of(certwright, name) == "renewed"
