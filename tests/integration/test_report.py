"""report: the status document from the files alone, and what is made from it."""

import os
import re
import shutil

import pytest

from lib.store import Store
from lib.terminal import Terminal
from lib.tools import promtool, read, snapshot


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def by_name(document):
    return {certificate["name"]: certificate for certificate in document["certificates"]}


def states(document):
    return {name: (c["origin"], c["state"]) for name, c in by_name(document).items()}


def fill(store):
    """A certificate in each state."""
    store.acme("valid.example.test", names=["valid.example.test", "www.example.test"])
    store.acme("due.example.test", -70, 20)
    store.acme("failing.example.test", -70, 20)
    store.fail("failing.example.test", "the CA refuses the order", problem="rateLimited",
               hint="try again tomorrow")
    store.acme("expired.example.test", -90, -1)
    store.acme("broken.example.test")
    with open(store.renewal_file("broken.example.test"), "w", encoding="utf-8") as stream:
        stream.write("cert = /nowhere\n")
    store.acme("missing.example.test")
    shutil.rmtree(os.path.join(store.config_dir, "archive", "missing.example.test"))
    store.provide("provided.example.test", store.pem("provided.example.test", -1, 89))
    store.self_sign("self.example.test", -1, 9)


@pytest.mark.smoke
def test_every_certificate_has_its_state(store):
    fill(store)
    document = store.report()
    assert states(document) == {
        "valid.example.test": ("acme", "valid"),
        "due.example.test": ("acme", "due"),
        "failing.example.test": ("acme", "failing"),
        "expired.example.test": ("acme", "expired"),
        "broken.example.test": ("acme", "broken"),
        "missing.example.test": ("none", "missing"),
        "provided.example.test": ("provided", "valid"),
        "self.example.test": ("self-signed", "self-signed"),
    }
    found = by_name(document)
    assert found["valid.example.test"]["domains"] == ["valid.example.test", "www.example.test"]
    assert found["valid.example.test"]["issuer"] == "issuer"
    failure = found["failing.example.test"]["last_failure"]
    assert (failure["kind"], failure["message"], failure["hint"]) == (
        "rate-limit", "the CA refuses the order", "try again tomorrow")
    for name in ("broken", "missing"):
        [problem] = found[f"{name}.example.test"]["problems"]
        assert problem["message"] and problem["hint"]


def test_a_provided_certificate_that_is_wrong_is_told(store):
    whole = store.pem("a.example.test", -1, 89)
    store.provide("right.example.test", whole)
    store.provide("keyless.example.test", {k: v for k, v in whole.items() if k != "privkey"})
    store.provide("mixed.example.test", dict(whole, privkey=Store(store.folder).pem(
        "b.example.test", -1, 89)["privkey"]))
    store.provide("turned.example.test", dict(whole, fullchain=whole["chain"] + whole["cert"]))
    store.provide("future.example.test", store.pem("c.example.test", 1, 89))
    store.provide("damaged.example.test", dict(whole, fullchain=b"damaged\n"))
    words = {"right": (), "keyless": ("no key",), "mixed": ("does not belong",),
             "turned": ("does not belong", "not a chain"), "future": ("not valid before",),
             "damaged": ("not a certificate in PEM",)}
    found = by_name(store.report())
    for name, expected in words.items():
        problems = found[f"{name}.example.test"]["problems"]
        assert len(problems) == len(expected)
        for problem, word in zip(problems, expected):
            assert word in problem["message"] and problem["hint"]
    # What no server can use is critical; the rest is a warning.
    assert {name: found[f"{name}.example.test"]["health"] for name in words} == {
        "right": "ok", "keyless": "critical", "mixed": "critical", "turned": "critical",
        "future": "warning", "damaged": "critical"}
    assert found["keyless.example.test"]["state"] == "broken"
    result = plain(store, "--nagios", status=None)
    assert result.status == 2 and "CRITICAL keyless.example.test: there is a certificate but no " \
        "key" in result.stdout


def test_what_would_stand_in_the_way_of_a_renewal_is_told(store):
    store.acme("off.example.test", autorenew="False")
    store.acme("plugin.example.test", authenticator="no-such-plugin")
    store.acme("test.example.test",
               server="https://acme-staging-v02.api.letsencrypt.org/directory")
    found = by_name(store.report())
    assert [(c["name"], [p["kind"] for p in c["problems"]]) for c in found.values()] == [
        ("off.example.test", ["autorenew"]), ("plugin.example.test", ["renewal"]),
        ("test.example.test", ["test"])]
    assert found["off.example.test"]["next"] is None
    # No option switches it on again.
    assert found["off.example.test"]["problems"][0]["hint"] == (
        'to switch it on, remove the line "autorenew = False" from renewal/off.example.test.conf')
    assert found["test.example.test"]["next"]["action"] == "renew"


def test_no_certificates_make_an_empty_report(store):
    assert store.report()["certificates"] == []


def plain(store, *args, **options):
    """report as a person runs it."""
    return store.run("report", *args, *store.directories(), defaults=False, **options)


def test_the_table_tells_what_needs_attention_and_why(store):
    fill(store)
    lines = plain(store, env={"LC_ALL": "C"}).stdout.splitlines()
    assert lines[0] == "8 certificates; 5 need attention"
    rows = [line for line in lines[2:] if line and not line.startswith("    ")]
    assert [row.split()[:2] for row in rows] == [
        ["!", "missing.example.test"], ["!", "expired.example.test"],
        ["!", "self.example.test"], ["!", "broken.example.test"],
        ["!", "failing.example.test"], ["due.example.test", "due"],
        ["valid.example.test", "valid"], ["provided.example.test", "valid"]]
    assert "    the CA refuses the order" in lines and "    -> try again tomorrow" in lines
    assert "\033" not in "".join(lines)


def test_a_terminal_gets_colour_and_bars(store):
    store.acme("valid.example.test", -45, 45)

    def shown(**env):
        terminal = Terminal(store.arguments("report", *store.directories(), defaults=False),
                            store.environment({"TERM": "xterm", "NO_COLOR": None, **env}), 120)
        terminal.finish()
        return terminal.text
    text = shown(LC_ALL="C.UTF-8")
    assert "\033[32m  valid.example.test" in text and "█" * 10 + "░" * 3 + "▒" * 7 in text
    text = shown(LC_ALL="C.UTF-8", NO_COLOR="1")
    assert "\033" not in text and "█" in text
    text = shown(LC_ALL="C", TERM="dumb")
    assert "\033" not in text and "=" * 10 + "-" * 3 + "~" * 7 in text


def test_a_page_and_metrics_are_written_whole_for_everybody(store, tmp_path):
    fill(store)
    page, metrics = tmp_path / "page.html", tmp_path / "certwright.prom"
    result = store.json("report", "--html", page, "--textfile", metrics, *store.directories(),
                        defaults=False)
    assert result.json["health"] == "critical"
    assert result.json["written"] == [str(page), str(metrics)]
    assert "8 certificates; <strong>5 need attention</strong>" in read(page)
    text = read(metrics)
    assert promtool(text) == "" and "# EOF" not in text
    assert 'certwright_certificate_health{name="valid.example.test"} 0\n' in text
    assert (page.stat().st_mode & 0o7777, metrics.stat().st_mode & 0o7777) == (0o644, 0o644)
    # What is there keeps its mode, and a reader of the old one keeps that.
    page.chmod(0o640)
    with open(page, encoding="utf-8") as reader:
        assert plain(store, "--html", page).output == ""
        assert reader.read(15) == "<!doctype html>"
    assert page.stat().st_mode & 0o7777 == 0o640
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
    assert plain(store, "--textfile", "-").stdout.splitlines()[0] == text.splitlines()[0]


def test_nagios_gets_its_exit_status_and_performance_data(store):
    result = plain(store, "--nagios", status=3)
    assert result.stdout.startswith("CERTWRIGHT UNKNOWN - No certificates | certificates=0 ")
    store.acme("a.example.test", -10, 80)
    result = plain(store, "--nagios")
    first = "CERTWRIGHT OK - 1 certificate; none needs attention | certificates=1 warning=0 critical=0"
    assert re.fullmatch(re.escape(first) + r" next_expiry=\d+s\n", result.stdout)
    result = plain(store, "--nagios", "--warning-days", "90", status=1)
    assert result.stdout.splitlines()[1].startswith("WARNING a.example.test: it expires in ")
    plain(store, "--nagios", "--warning-days", "90", "--critical-days", "85", status=2)
    result = plain(store, "--nagios", "--warning-days", "9", "--critical-days", "10", status=3)
    assert "--critical-days cannot be more than --warning-days" in result.output


def test_a_store_that_cannot_be_read_is_unknown(store):
    os.rmdir(store.config_dir)
    with open(store.config_dir, "w", encoding="ascii"):
        pass
    result = plain(store, "--nagios", status=3)
    assert result.stdout.startswith("CERTWRIGHT UNKNOWN - cannot ")
    assert plain(store, status=1).stdout == ""


@pytest.mark.parametrize("args, word", [
    (["--html", "-", "--textfile", "-"], "can have only one"),
    (["--html", "-", "--json"], "can have only one"),
    (["--html", ""], "is not a file"),
    (["--html", "/tmp/"], "is not a file"),
    (["--critical-days", "8", "--warning-days", "7"], "cannot be more"),
])
def test_what_cannot_be_together_is_refused(store, args, word):
    result = store.run("report", *args, *store.directories(), defaults=False, status=2)
    assert word in result.output


def test_a_file_that_cannot_be_written_is_told(store):
    result = plain(store, "--html", os.path.join(store.folder, "none", "page.html"), status=1)
    assert '/none"' in result.stderr and result.stdout == ""


def test_nothing_is_changed_and_no_secret_is_shown(store, tmp_path):
    fill(store)
    before = snapshot(store.config_dir)
    page = tmp_path / "page.html"
    text = plain(store, "--html", page).output + plain(store).output + read(page)
    text += str(store.report())
    assert "PRIVATE" not in text
    assert "0123456789abcdef0123456789abcdef" not in text  # the account
    assert snapshot(store.config_dir) == before
