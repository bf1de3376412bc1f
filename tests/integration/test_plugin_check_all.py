"""plugin check on every plugin of ours, with the real servers of Debian."""

import os

import pytest

from lib.dovecot import Dovecot
from lib.external import Talker
from lib.haproxy import Haproxy
from lib.icecast import Icecast
from lib.postfix import Postfix
from lib.tools import script
from lib.varnish import Varnish

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start this server")

EVERY = ("description", "no options", "output", "secrets")
AUTHENTICATOR = ("challenge types", "one challenge", "many challenges", "failure in open",
                 "failure in perform", "failure in cleanup", "kill -9 in perform",
                 "kill -9 in cleanup")
INSTALLER = ("install and roll back", "failure in renewed", "failure in reload",
             "kill -9 in renewed", "kill -9 in reload", "damaged certificate files",
             "missing certificate files")


class NoCa:
    ca_path = "/nonexistent"


@pytest.fixture
def check(start, installed):
    """Checks an installed plugin: nothing is wrong with it, and what it has to pass it passes."""
    certwright = start.certwright(NoCa(), installed=installed)

    def check_plugin(name, options, passes, seconds=20):
        result = certwright.run("plugin", "check", name, "--seconds", seconds, "--json", "--",
                                *options, status=None, defaults=False, timeout=500)
        findings = {one["check"]: one for one in result.json["checked"]["findings"]}
        wrong = [one for one in findings.values() if one["result"] == "wrong"]
        assert not wrong, wrong
        assert {n: findings.get(n) for n in passes
                if findings.get(n, {}).get("result") != "ok"} == {}
        assert result.status == 0
        return findings

    check_plugin.certwright = certwright
    return check_plugin


@pytest.fixture
def removed(request):
    """Has a server removed at the end."""
    def note(server):
        request.addfinalizer(getattr(server, "remove", None) or server.stop)
        return server
    return note


def test_manual(check, tmp_path):
    hook = script(str(tmp_path / "hook"), "exit 0\n")
    check("manual", ["--manual-auth-hook", hook, "--manual-cleanup-hook", hook],
          EVERY + AUTHENTICATOR)


def test_dns_exec(check, tmp_path):
    program = script(str(tmp_path / "program"), "exit 0\n")
    check("dns-exec", ["--dns-exec-program", program, "--dns-exec-style", "lego",
                       "--dns-exec-propagation-seconds", "0"], EVERY)


def test_dns_rfc2136_without_a_network(check, tmp_path):
    credentials = tmp_path / "rfc2136.ini"
    credentials.write_text(
        "dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = key.\n"
        "dns_rfc2136_secret = c2VjcmV0LW9mLXRoZS1jaGVjaw==\ndns_rfc2136_algorithm = HMAC-SHA256\n",
        encoding="ascii")
    credentials.chmod(0o600)
    check("dns-rfc2136", ["--dns-rfc2136-credentials", credentials],
          EVERY + ("failure in perform", "kill -9 in perform"))


def test_webroot(check, tmp_path):
    root = tmp_path / "www"
    root.mkdir()
    check("webroot", ["--webroot-path", root], EVERY + AUTHENTICATOR)


def test_standalone(check):
    check("standalone", [], EVERY + AUTHENTICATOR)


def test_external(check, tmp_path):
    program = Talker(tmp_path, test={"answer": '{"challenge_types": ["http-01"], "names": []}'})
    check("external", ["--external-program", program.path],
          EVERY + AUTHENTICATOR)


def test_django_without_a_network(check, tmp_path):
    """It makes a key for each name on first use, and keeps it."""
    options = ["--django-username", "somebody", "--django-public-ip-logging-ok",
               "--django-key-directory", tmp_path / "keys"]
    check.certwright.run("plugin", "check", "django", "--", *options, status=1, defaults=False)
    check("django", options, EVERY + ("failure in perform", "kill -9 in perform"))


def test_haproxy(check, start, removed):
    haproxy = removed(Haproxy(start, start.ports.take(), crt_list=True))
    check("haproxy", haproxy.options, EVERY + AUTHENTICATOR + INSTALLER)


# These servers start anew in seconds, in each of hundreds of calls.
@pytest.mark.full
@needs_root
def test_postfix(check, start, removed):
    postfix = removed(Postfix(start))
    check("postfix", postfix.options, EVERY + INSTALLER)


@pytest.mark.full
@needs_root
def test_dovecot(check, start, removed):
    dovecot = removed(Dovecot(start))
    check("dovecot", dovecot.options, EVERY + INSTALLER)


@pytest.mark.full
@needs_root
def test_icecast(check, start, removed):
    icecast = removed(Icecast(start))
    check("icecast", icecast.options, EVERY + INSTALLER)


@pytest.mark.full
@needs_root
def test_varnish(check, start, removed):
    varnish = removed(Varnish(start.ports.take()))
    check("varnish", varnish.options, EVERY + AUTHENTICATOR)
