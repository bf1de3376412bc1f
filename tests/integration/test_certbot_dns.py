"""certbot-dns: Certbot's own DNS plugins in Python, unchanged."""

import importlib.metadata
import os
import signal

import pytest

from lib.account import challenge_again
from lib.dns_providers import Providers
from lib.plugins import without_plugin
from lib.process import wait_until
from lib.tools import certbot, names_of, read

ZONES = {"example.test": [], "other.test": []}


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


@pytest.fixture
def without_ours(tmp_path):
    """Without our dns-rfc2136 Certbot's is used."""
    return without_plugin("dns-rfc2136", tmp_path / "plugins")


def rfc2136(bind, folder, *more):
    path = bind.credentials(os.path.join(folder, "rfc2136.ini"))
    return ["--dns-rfc2136", "--dns-rfc2136-credentials", path, "--dns-resolver", bind.resolver,
            *more]


def obtain(certwright, bind, *names, more=(), **kwargs):
    domains = [word for name in names for word in ("-d", name)]
    return certwright.run("certonly", *rfc2136(bind, certwright.folder, *more), *domains, **kwargs)


def test_a_name_and_its_wildcard_and_their_renewal(certwright, bind, without_ours):
    names = ["*.example.test", "example.test", "www.other.test"]
    obtain(certwright, bind, *names, env=without_ours)
    assert names_of(certwright.live("example.test", "cert")) == names
    certwright.run("renew", "--force-renewal", env=without_ours)
    for zone in ZONES:
        assert bind.challenge_records(zone) == []
    assert bind.key.secret not in certwright.log_text() + read(certwright.renewal_file(names[1]))
    assert "authenticator = dns-rfc2136\n" in read(certwright.renewal_file("example.test"))


# Providers: their documented APIs, by Debian's packages.

CREDENTIALS = {
    "dns-cloudflare": {"dns_cloudflare_api_token": "cf-token-0123456789-0123456789-0123456789"},
    "dns-digitalocean": {"dns_digitalocean_token": "do-token-0123456789"},
    "dns-gandi": {"dns_gandi_api_key": "gandi-key-0123456789"},
    "dns-ovh": {"dns_ovh_endpoint": "ovh-eu", "dns_ovh_application_key": "ovh-app-0123456789",
                "dns_ovh_application_secret": "ovh-secret-0123456789",
                "dns_ovh_consumer_key": "ovh-consumer-0123456789"},
}
AWS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE0123456789", "AWS_SECRET_ACCESS_KEY": "aws-secret-0123456789"}


@pytest.fixture
def providers(authority, bind):
    made = Providers(authority, bind)
    yield made
    made.stop()


class Provider:
    """certwright with one provider's plugin."""

    def __init__(self, certwright, providers, name):
        self.certwright, self.providers, self.name = certwright, providers, name
        self.path = os.path.join(certwright.folder, f"{name}.ini")
        self.env = {**providers.environment(providers.ca_path), **AWS}
        self.write(CREDENTIALS.get(name, {}))

    def write(self, values, mode=0o600):
        with open(self.path, "w", encoding="ascii") as stream:
            stream.writelines(f"{key} = {value}\n" for key, value in values.items())
        os.chmod(self.path, mode)

    def options(self):
        return [f"--{self.name}", "--dns-resolver", self.providers.bind.resolver] + (
            [f"--{self.name}-credentials", self.path] if self.name in CREDENTIALS else [])

    def obtain(self, *names, more=(), env=None, **kwargs):
        domains = [word for name in names for word in ("-d", name)]
        return self.certwright.run("certonly", *self.options(), *domains, *more,
                                   env={**self.env, **(env or {})}, **kwargs)


@pytest.fixture
def provider(certwright, providers, authority):
    providers.ca_path = authority.ca_path
    return lambda name="dns-cloudflare": Provider(certwright, providers, name)


def needs(name):
    """The mark of a test that needs a plugin of Certbot, which this Debian release may lack."""
    found = any(entry.name == name
                for entry in importlib.metadata.entry_points(group="certbot.plugins"))
    return pytest.mark.skipif(not found, reason=f"this Debian release has no plugin {name}")


# Each takes the time that Python needs for its libraries.
EVERY_DAY = ["dns-cloudflare", "dns-route53"]


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[needs(name)] + ([] if name in EVERY_DAY else [pytest.mark.full]))
    for name in [*CREDENTIALS, "dns-route53"]])
def test_a_provider(provider, certwright, bind, name):
    names = ["*.example.test", "example.test", "www.other.test"]
    used = provider(name)
    done = used.obtain(*names)
    assert "warning" not in done.stderr
    assert names_of(certwright.live("example.test", "cert")) == names
    if name == "dns-route53":  # as older versions of Certbot spelled it
        path = certwright.renewal_file("example.test")
        text = read(path).replace("= dns-route53\n", "= certbot-route53:auth\n")
        with open(path, "w", encoding="ascii") as stream:
            stream.write(text)
    if name in EVERY_DAY:
        certwright.run("renew", "--force-renewal", env=used.env)
    for zone in ZONES:
        assert bind.challenge_records(zone) == []
    known = certwright.log_text() + read(certwright.renewal_file("example.test"))
    for secret in [*CREDENTIALS.get(name, {}).values(), AWS["AWS_SECRET_ACCESS_KEY"]]:
        if secret != "ovh-eu":
            assert secret not in known


def test_names_are_set_side_by_side(provider, providers, certwright):
    names = [f"n{i}.example.test" for i in range(24)]
    provider().obtain(*names)
    assert len(names_of(certwright.live(names[0], "cert"))) == 24
    assert providers.most_busy > 1


def test_other_spellings_of_the_name(provider, certwright):
    used = provider()
    used.options = lambda: ["-a", "certbot-dns-cloudflare:dns-cloudflare", "--dns-resolver",
                            used.providers.bind.resolver]
    folder = os.path.join(certwright.folder, "xdg", "letsencrypt")
    os.makedirs(folder)
    with open(os.path.join(folder, "cli.ini"), "w", encoding="ascii") as stream:
        stream.write(f"dns-cloudflare-credentials = {used.path}\n")
    used.obtain("spelled.example.test")
    text = read(certwright.renewal_file("spelled.example.test"))
    assert f"dns_cloudflare_credentials = {used.path}\n" in text


def test_what_certbot_obtained_is_renewed_as_it_is(certwright, bind, ca, without_ours):
    certbot(certwright, "certonly", *rfc2136(bind, certwright.folder)[:3],
            "--dns-rfc2136-propagation-seconds", "0", "-d", "moved.example.test", "--server",
            ca.directory, "--agree-tos", "--register-unsafely-without-email")
    before = read(certwright.live("moved.example.test"))
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver,
                   "--dns-rfc2136-propagation-seconds", "10", env=without_ours)
    assert read(certwright.live("moved.example.test")) != before
    assert bind.challenge_records("example.test") == []


class OwnDns:
    """Where a plugin that is a name server itself will answer."""

    def __init__(self, port):
        self.resolver = f"127.0.0.1:{port}"


@needs("dns-standalone")
def test_a_plugin_that_is_a_name_server(start):
    port = start.ports.take()
    certwright = start.certwright(start.pebble(dns=OwnDns(port)))
    certwright.run("certonly", "--dns-standalone", "--dns-standalone-address", "127.0.0.1",
                   "--dns-standalone-ipv6-address", "::1", "--dns-standalone-port", port,
                   "-d", "alone.example.test", "-d", "*.alone.example.test")
    assert len(names_of(certwright.live("alone.example.test", "cert"))) == 2


# What goes wrong.

@pytest.mark.parametrize("status, body, said", [
    (403, {"success": False, "errors": [{"code": 9109, "message": "Invalid access token"}]},
     "Invalid access token"),
    (429, {"success": False, "errors": [{"code": 10000, "message": "Rate limited"}]},
     "Rate limited"),
    (502, "<html><body>Bad Gateway</body></html>", ""),
])
def test_a_provider_that_refuses(provider, providers, certwright, status, body, said):
    providers.fail(status, body)
    done = provider().obtain("refused.example.test", status=1)
    assert said in done.stderr
    assert done.stderr.count("Certbot's plugin") == 1
    assert "Traceback" not in done.output
    assert certwright.lineages() == []


def test_one_name_that_fails_does_not_cost_the_others(provider, providers, certwright, bind):
    names = ["good.example.test", "bad.unknown.test", "also.other.test"]
    done = provider().obtain(*names, more=["--allow-subset-of-names"])
    assert "bad.unknown.test" in done.output
    assert names_of(certwright.live(names[0], "cert")) == sorted([names[0], names[2]])
    assert bind.challenge_records("example.test") + bind.challenge_records("other.test") == []


def test_a_record_with_another_value_is_no_harm_and_stays(provider, certwright, bind):
    bind.update('add _acme-challenge.stale.example.test. 60 TXT "an-older-value"')
    provider().obtain("stale.example.test")
    assert bind.texts("_acme-challenge.stale.example.test") == ["an-older-value"]
    bind.update("delete _acme-challenge.stale.example.test. TXT")


def test_a_credentials_file_that_is_missing_or_lacks_the_key(provider, providers, certwright):
    used = provider()
    os.remove(used.path)
    done = used.obtain("a.example.test", status=1)
    assert used.path in done.stderr and done.stderr.count(used.path) == 1
    used.write({"dns_cloudflare_something": "x"})
    done = used.obtain("a.example.test", status=1)
    assert "dns_cloudflare_api_token" in done.stderr
    used.options = lambda: ["--dns-cloudflare"]
    done = used.obtain("a.example.test", status=1)
    assert "credentials" in done.stderr
    assert certwright.lineages() == [] and providers.requests == []


def test_credentials_that_others_can_read(provider, certwright):
    used = provider()
    used.write(CREDENTIALS["dns-cloudflare"], mode=0o644)
    done = used.obtain("read.example.test")
    assert done.stderr.count("can read the credentials file") == 1
    used.write(CREDENTIALS["dns-cloudflare"], mode=0o666)
    used.obtain("written.example.test", status=1)
    assert certwright.lineages() == ["read.example.test"]


def test_a_provider_that_never_answers(provider, providers, bind):
    used = provider()
    providers.answering.clear()
    done = used.obtain("hung.example.test", more=["--plugin-timeout", "2"], status=1)
    assert "plugin \"dns-cloudflare\" did not answer within 2 seconds" in done.stderr
    providers.answering.set()
    wait_until(lambda: not bind.challenge_records("example.test"), 60, "the record to be removed")


def test_a_signal_while_records_are_set(provider, providers, certwright, bind):
    """They are gone when certwright is."""
    used = provider()
    names = [word for i in range(10) for word in ("-d", f"s{i}.example.test")]
    providers.added = lambda: running.process.send_signal(signal.SIGINT)
    running = certwright.start("certonly", *used.options(), *names, env=used.env)
    running.process.wait(60)
    assert bind.challenge_records("example.test") == []
    assert "interrupted" in running.stderr_so_far()


@pytest.mark.full
def test_a_signal_while_the_provider_hangs(provider, providers, certwright):
    used = provider()
    providers.answering.clear()
    running = certwright.start("certonly", *used.options(), "-d", "h.example.test", env=used.env)
    wait_until(lambda: providers.requests, 60, "the first request")
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(60)  # the plugin may take 300 s


def test_every_lineage_uses_its_own_credentials(provider, providers, certwright, bind):
    used = provider()
    used.obtain("one.example.test")
    token = CREDENTIALS["dns-cloudflare"]["dns_cloudflare_api_token"]
    used.path = os.path.join(certwright.folder, "second.ini")
    used.write({"dns_cloudflare_api_token": "second-" + token})
    used.obtain("two.example.test")
    challenge_again(certwright)
    providers.requests.clear()
    providers.headers.clear()
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver, env=used.env)
    assert sorted(headers["Authorization"] for (_, method, _), headers
                  in zip(providers.requests, providers.headers) if method == "POST") \
        == [f"Bearer {token}", f"Bearer second-{token}"]


def test_certwright_is_killed_while_records_are_there(provider, providers, certwright, bind, ca):
    used = provider()
    providers.added = lambda: running.kill()
    running = certwright.start("certonly", *used.options(), "-d", "killed.example.test",
                               env=used.env)
    running.process.wait(60)
    assert bind.added("_acme-challenge.killed.example.test") == 1
    assert running.process.returncode == -9
    wait_until(lambda: not bind.challenge_records("example.test"), 60, "the record to be removed")


def test_a_plugin_that_is_not_installed(certwright):
    for args in (["--dns-linode"], ["-a", "dns-linode"],
                 ["--dns-linode", "--dns-linode-credentials", "/nowhere"]):
        done = certwright.run("certonly", *args, "-d", "l.example.test", status=None)
        assert done.status != 0 and "python3-certbot-dns-linode" in done.stderr


def test_a_renewal_without_its_plugin_names_the_package_first(certwright, provider):
    provider().obtain("lacks.example.test")
    path = certwright.renewal_file("lacks.example.test")
    text = read(path).replace("dns-cloudflare", "dns-linode").replace("dns_cloudflare", "dns_linode")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    done = certwright.run("renew", "--force-renewal", status=1)
    assert "hint: install the package python3-certbot-dns-linode" in done.stderr
    assert read(path) == text


def test_without_python(certwright, tmp_path):
    env = {"PATH": str(tmp_path), "CERTWRIGHT_CACHE_DIR": str(tmp_path / "cache")}
    done = certwright.run("certonly", "--dns-cloudflare", "-d", "n.example.test", env=env,
                          status=None)
    assert done.status != 0 and "python3-certbot-dns-cloudflare" in done.stderr


def test_python_runs_only_when_it_is_needed(start, pebble, tmp_path):
    """A python3 that leaves a mark runs in nobody's way."""
    certwright = start.certwright(pebble)
    mark = tmp_path / "mark"
    program = tmp_path / "bin" / "python3"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {mark}\nexec /usr/bin/python3 \"$@\"\n")
    program.chmod(0o755)
    env = {"PATH": f"{program.parent}:{os.environ['PATH']}",
           "CERTWRIGHT_CACHE_DIR": str(tmp_path / "cache")}
    certwright.certonly("quiet.example.test", env=env)
    certwright.run("--version", env=env, defaults=False)
    certwright.run("renew", env=env)
    certwright.run("certificates", env=env)
    certwright.run("certonly", "--webroot", "-w", tmp_path, "-d", "w.example.test", env=env,
                   status=1)
    certwright.run("help", "dns-rfc2136", env=env, defaults=False)
    assert not mark.exists()
    certwright.run("help", "dns-cloudflare", env=env, defaults=False)
    assert mark.exists()
    mark.unlink()
    certwright.run("help", "dns-cloudflare", env=env, defaults=False)
    certwright.run("plugins", env=env)
    assert not mark.exists()
