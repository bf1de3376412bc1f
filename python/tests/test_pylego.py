"""The call of pylego."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import certwright
from certwright import _lego
from certwright.pylego import LEGOError, run_lego_command
from lib.dns_providers import Providers
from lib.process import wait_until
from lib.tools import command, script

ZONES = {"example.test": [], "example.org": []}  # lexicon knows the ends of real names


def make_csr(folder, *names, common_name=None):
    """A request as a Vault- or Ansible-like flow makes it: key and CSR by openssl, in PEM."""
    path = folder / "request.csr"
    command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", folder / "request.key",
            "-subj", f"/CN={common_name}" if common_name else "/",
            "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
            "-out", path)
    return path.read_text()


def new_key():
    return command("openssl", "genrsa", "-traditional", "2048").stdout


@pytest.fixture
def trust(with_pebble, pebble, monkeypatch):
    """What env has to have, as this process does not."""
    monkeypatch.delenv("SSL_CERT_FILE")
    return {"SSL_CERT_FILE": pebble.ca_path, "HTTP01_PORT": str(pebble.http_port),
            "TLSALPN01_PORT": str(pebble.tls_port)}


def check(response, folder, ca, domain):
    assert response.metadata.domain == domain
    assert response.metadata.url == response.metadata.stable_url != ""
    assert response.private_key == ""
    assert response.certificate.count("BEGIN CERTIFICATE") == 2
    assert response.certificate.endswith(response.issuer_certificate)
    path, chain = folder / "got.pem", folder / "issuer.pem"
    path.write_text(response.certificate)
    chain.write_text(response.issuer_certificate)
    command("openssl", "verify", "-CAfile", ca.root(), "-untrusted", chain, path)
    assert command("openssl", "x509", "-in", path, "-noout", "-pubkey").stdout == \
        command("openssl", "pkey", "-in", folder / "request.key", "-pubout").stdout


def test_http_in_both_orders_of_arguments_and_with_an_account(trust, pebble, tmp_path):
    csr = make_csr(tmp_path, "b.example.test", "c.example.test", common_name="c.example.test")
    before = dict(os.environ)
    response = run_lego_command("a@example.test", pebble.directory, csr.encode(), trust)
    check(response, tmp_path, pebble, "c.example.test")
    assert response.csr == csr
    key = new_key()
    response = run_lego_command("a@example.test", pebble.directory, csr, "http",
                                {**trust, "HTTP01_IFACE": "localhost"}, key)
    check(response, tmp_path, pebble, "c.example.test")
    assert dict(os.environ) == before
    with certwright.Client() as client:
        account = certwright.Account.find(client, key, pebble.directory, environment=trust)
        assert account.contact == ("a@example.test",)


def test_tls_alpn_alone(trust, pebble, tmp_path):
    csr = make_csr(tmp_path, "t.example.test")
    response = run_lego_command(email="", server=pebble.directory, csr=csr, plugin="tls",
                                env={**trust, "TLSALPN01_IFACE": "127.0.0.1",
                                     "HTTP01_PORT": "1"})
    check(response, tmp_path, pebble, "t.example.test")


@pytest.fixture
def dns_trust(with_ca, ca, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    return {"SSL_CERT_FILE": ca.ca_path}


def rfc2136(bind):
    return {"RFC2136_NAMESERVER": f"localhost:{bind.dns_port}", "RFC2136_TSIG_KEY": bind.key.name,
            "RFC2136_TSIG_SECRET": bind.key.secret,
            "RFC2136_TSIG_ALGORITHM": f"{bind.key.algorithm}."}


def folders_left(bind):
    """The folders that still have the key of this BIND in a credentials file."""
    done = subprocess.run(["grep", "-rlsF", bind.key.secret, "/dev/shm"], stdout=subprocess.PIPE,
                          text=True, check=False)
    return [os.path.dirname(path) for path in done.stdout.split()]


def test_rfc2136_and_no_secret_stays(dns_trust, ca, bind, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text(bind.key.secret + "\n")
    env = {**dns_trust, **rfc2136(bind), "RFC2136_PROPAGATION_TIMEOUT": "30",
           "RFC2136_TSIG_SECRET": "", "RFC2136_TSIG_SECRET_FILE": str(secret)}
    csr = make_csr(tmp_path, "*.example.test", "example.test")
    response = run_lego_command("a@example.test", ca.directory, csr, env, "rfc2136",
                                dns_nameservers=[bind.resolver])
    check(response, tmp_path, ca, "*.example.test")
    assert bind.challenge_records("example.test") == []
    assert folders_left(bind) == []


def updating(bind, path, arguments):
    """A program that updates BIND; ARGUMENTS: shell words for action, name and value."""
    action, name, value = arguments
    return script(path, f"""
case {action} in present|create) what=add ;; *) what=delete ;; esac
nsupdate -v <<END
{bind.nsupdate_commands()}update $what {name} 60 TXT "{value}"
send
END
""")


def test_exec(dns_trust, ca, bind, tmp_path):
    program = updating(bind, tmp_path / "update", ("$1", "$2", "$3"))
    csr = make_csr(tmp_path, "e.example.test")
    response = run_lego_command("a@example.test", ca.directory, csr,
                                {**dns_trust, "EXEC_PATH": program}, "exec",
                                dns_propagation_wait=30, dns_nameservers=[bind.resolver])
    check(response, tmp_path, ca, "e.example.test")
    assert bind.challenge_records("example.test") == []


@pytest.mark.skipif(not shutil.which("lexicon"), reason="this Debian release has no lexicon")
def test_a_provider_of_lexicon_gets_its_variables(dns_trust, ca, bind, tmp_path):
    """The program stands in for lexicon's HTTP API: it writes what lexicon is called with into BIND."""
    updating(bind, tmp_path / "bin" / "update", ("$1", "$2", "$3"))
    script(tmp_path / "bin" / "lexicon", f"""
[ "$LEXICON_HETZNER_AUTH_TOKEN" = token-1 ] || exit 1
for word; do
	[ "$word" != hetzner ] || provider=yes
	case $word in --content=*) value=${{word#*=}} ;; create|delete) action=$word ;; esac
	[ "$last" != --name ] || name=$word
	last=$word
done
[ "$provider" ] && exec {tmp_path}/bin/update "$action" "$name" "$value"
""")
    csr = make_csr(tmp_path, "l.example.test")
    env = {**dns_trust, "HETZNER_API_KEY": "token-1",
           "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    response = run_lego_command("a@example.test", ca.directory, csr, env, "hetzner",
                                dns_propagation_wait=30, dns_nameservers=[bind.resolver])
    check(response, tmp_path, ca, "l.example.test")


SERVICES = {
    "cloudflare": {"CLOUDFLARE_DNS_API_TOKEN": "cf-token-0123456789-0123456789-0123456789"},
    "digitalocean": {"DO_AUTH_TOKEN": "do-token-0123456789"},
    "gandiv5": {"GANDIV5_API_KEY": "gandi-key-0123456789"},
    "ovh": {"OVH_ENDPOINT": "ovh-eu", "OVH_APPLICATION_KEY": "ovh-app-0123456789",
            "OVH_APPLICATION_SECRET": "ovh-secret-0123456789",
            "OVH_CONSUMER_KEY": "ovh-consumer-0123456789"},
    "route53": {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE0123456789",
                "AWS_SECRET_ACCESS_KEY": "aws-secret-0123456789"},
}


@pytest.fixture
def providers(authority, bind):
    made = Providers(authority, bind)
    yield made
    made.stop()


@pytest.mark.full
@pytest.mark.parametrize("lexicon", [True, False])
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_services_through_lexicon_or_plugins_of_certbot(
        dns_trust, ca, bind, providers, tmp_path, monkeypatch, service, lexicon):
    if not lexicon:
        monkeypatch.setattr(_lego.Lexicon, "missing", lambda self, variables: "lexicon")
    csr = make_csr(tmp_path, f"{service}.example.org")
    env = {**dns_trust, **providers.environment(ca.ca_path), **SERVICES[service]}
    response = run_lego_command("a@example.test", ca.directory, csr, env, service,
                                dns_nameservers=[bind.resolver])
    check(response, tmp_path, ca, f"{service}.example.org")
    assert providers.requests and bind.challenge_records("example.org") == []


def refused(*arguments, **named):
    with pytest.raises(LEGOError) as caught:
        run_lego_command(*arguments, **named)
    error = caught.value
    assert str(error) == f"error: {error.detail}" and error.detail
    assert error.info["code"] == error.code and error.status is None
    return error


@pytest.mark.parametrize("named, code, words", [
    ({"csr": b"not a request"}, "invalid_csr", "csr"),
    ({"csr": 5}, "invalid_csr", "csr"),
    ({"csr": "-----BEGIN CERTIFICATE REQUEST-----\nAAAAA\n-----END CERTIFICATE REQUEST-----"},
     "invalid_csr", "damaged"),
    ({"private_key": "no key"}, "invalid_private_key", "private_key"),
    ({"env": {"A": 1}}, "invalid_environment", "env"),
    ({"env": {"A=B": "1"}}, "invalid_environment", "A=B"),
    ({"env": {"HTTP01_PORT": "many"}}, "invalid_environment", "HTTP01_PORT"),
    ({"plugin": "nobody"}, "dns_provider_failed", "rfc2136"),
    ({"plugin": "exec"}, "dns_provider_failed", "EXEC_PATH"),
    ({"plugin": "rfc2136", "env": {"RFC2136_NAMESERVER": "127.0.0.1"}}, "dns_provider_failed",
     "RFC2136_TSIG_KEY"),
    ({"plugin": "cloudflare"}, "dns_provider_failed", "CF_API_EMAIL and CF_API_KEY"),
    ({"plugin": "hetzner", "env": {"HETZNER_API_KEY": "x", "PATH": "/nonexistent"}},
     "dns_provider_failed", "lexicon"),
    ({"plugin": "exec", "env": {"EXEC_PATH": "/bin/true", "EXEC_PROPAGATION_TIMEOUT": "soon"}},
     "dns_provider_failed", "EXEC_PROPAGATION_TIMEOUT"),
])
def test_bad_input_is_refused_before_anything_is_asked(named, code, words):
    csr = "-----BEGIN CERTIFICATE REQUEST-----\nMAAA\n-----END CERTIFICATE REQUEST-----\n"
    error = refused(**{"email": "", "server": "https://localhost:1/dir", "csr": csr, "env": {},
                       **named})
    assert error.code == code and words in error.detail and error.type == "lego"


def test_what_the_ca_and_the_network_refuse(trust, pebble, tmp_path):
    csr = make_csr(tmp_path, "a.example.test")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = refused("", f"https://localhost:{closed.getsockname()[1]}/dir", csr, trust)
        assert error.code == "network_error" and error.type == "lego"
    error = refused("", pebble.directory, csr, {**trust, "HTTP01_PORT": str(pebble.port)})
    assert str(pebble.port) in error.detail
    damaged = csr.replace("A", "B")
    assert refused("", pebble.directory, damaged, trust).detail
    error = refused("not-an-address", pebble.directory, csr, trust)
    assert "not-an-address" in error.detail
    pebble.dns.add_a("b.example.test", "127.0.0.9")
    error = refused("", pebble.directory, make_csr(tmp_path, "b.example.test"),
                    {**trust, "HTTP01_IFACE": "127.0.0.1"})
    assert error.type == "acme" and error.code == error.acme_type.rpartition(":")[2] != ""


def test_a_negative_wait_is_a_value_error():
    with pytest.raises(ValueError, match="dns_propagation_wait"):
        run_lego_command("", "https://localhost:1/dir", "", {}, dns_propagation_wait=-1)


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("lego"), reason="needs lego")
@pytest.mark.parametrize("provider", sorted(set(_lego.PROVIDERS) - {"exec", "dnsupdate"}))
def test_the_table_has_the_variables_of_lego_and_the_options_of_lexicon(provider):
    told = command("lego", "dnshelp", "-c", provider).stdout
    ways = _lego.PROVIDERS[provider]
    prefix = _lego._PREFIXES.get(provider, provider.upper())
    assert f'"{prefix}_PROPAGATION_TIMEOUT"' in told
    for way in ways:
        for name in set(way.variables) - {"RFC2136_TSIG_FILE"}:  # of newer releases
            assert f'"{name}"' in told
        if isinstance(way, _lego.Lexicon) and not way.missing(_lego.Variables({})):
            module = importlib.util.find_spec(f"lexicon.providers.{way.name}")
            source = Path(module.origin).read_text(encoding="utf-8")
            for option in [*way.variables.values(), *way.always]:
                assert f'"--{option.replace("_", "-")}"' in source


def test_a_tsig_key_file(tmp_path):
    path = tmp_path / "update.key"
    path.write_text('key "update-key" {\n\talgorithm hmac-sha256;\n\tsecret "c2VjcmV0";\n};\n')
    variables = _lego.Variables({"RFC2136_NAMESERVER": "127.0.0.1", "RFC2136_TSIG_FILE": str(path)})
    setup = _lego.dns_setup("rfc2136", variables, str(tmp_path))
    written = tmp_path / "credentials.ini"
    assert setup.options == {"dns-rfc2136-credentials": str(written)}
    assert written.stat().st_mode & 0o777 == 0o600
    assert "HMAC-SHA256" in written.read_text() and "c2VjcmV0" in written.read_text()
    path.write_text("nothing")
    with pytest.raises(_lego.Refusal, match="tsig-keygen"):
        _lego.dns_setup("rfc2136", variables, str(tmp_path))


@pytest.mark.parametrize("text, server", [
    ("192.0.2.1", ("192.0.2.1", "53")), ("192.0.2.1:54", ("192.0.2.1", "54")),
    ("2001:db8::1", ("2001:db8::1", "53")), ("[2001:db8::1]", ("2001:db8::1", "53")),
    ("[2001:db8::1]:54", ("2001:db8::1", "54"))])
def test_name_servers_as_lego_reads_them(text, server):
    assert _lego._server_of(text) == server


INTERRUPTED = """
import sys
from certwright.pylego import run_lego_command
server, request, resolver, *words = sys.argv[1:]
run_lego_command("", server, open(request).read(), dict(zip(words[::2], words[1::2])), "rfc2136",
                 dns_nameservers=[resolver])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_process_leaves_no_records(start, dns_trust, bind, tmp_path, number):
    slow = start.pebble(mode="unkind", dns=bind)
    request = tmp_path / "request.csr"
    make_csr(tmp_path, "stop.example.test")
    env = {"SSL_CERT_FILE": slow.ca_path, **rfc2136(bind)}
    with subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, slow.directory, request,
             bind.resolver, *(word for pair in env.items() for word in pair)],
            env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(
                certwright.__file__))}) as host:
        wait_until(lambda: bind.texts("_acme-challenge.stop.example.test"), 60, "the record")
        host.send_signal(number)
        host.wait(30)
    wait_until(lambda: not bind.texts("_acme-challenge.stop.example.test"), 30, "the removal")
    left = folders_left(bind)
    for folder in left:
        shutil.rmtree(folder)
    assert len(left) == (1 if number == signal.SIGKILL else 0)
