"""Names of one certificate that are validated by different means."""

import fcntl
import os
import re
import shutil
import socket

import pytest

from lib.outcome import assert_failed, errors_of, identifiers
from lib.process import port_answers
from lib.tools import certbot, command, names_of, read, script, verify_chain
from test_nginx import Nginx

ZONE = "example.test"
# Where standalone listens when a web server has the port of 127.0.0.1.
OTHER_ADDRESS = "127.0.0.2"
# The zone's "*" is not for a name that a record is below.
NAMES = ["one", "flags", "www.flags", "certbots", "www.certbots", "lacking", "www.lacking", "grows",
         "more.grows", "once", "www.once", "alpn", "request", "gone", "www.gone", "served"]
ZONES = {ZONE: [f"{name} IN A 127.0.0.1" for name in NAMES]}


@pytest.fixture
def certwright(start, ca):
    return start.certwright(ca)


class Program:
    """A lego-style program that updates BIND, and the calls it got."""

    def __init__(self, folder, bind, failing=False):
        self.log = os.path.join(str(folder), "calls")
        commands = bind.nsupdate_commands().replace("\n", "\\n")
        self.path = script(os.path.join(str(folder), "program"), f"""set -e
echo "$*" >> {self.log}
{"test $1 = cleanup" if failing else ""}
case $1 in present) line="add $2 60 TXT $3" ;; cleanup) line="delete $2 TXT $3" ;; esac
printf '{commands}update %s\\nsend\\n' "$line" | nsupdate -v
""")

    @property
    def options(self):
        return ["--dns-exec-program", self.path]

    def calls(self):
        """[("present", name), ...]"""
        if not os.path.exists(self.log):
            return []
        return [tuple(line.split()[:2]) for line in read(self.log).splitlines()]


@pytest.fixture
def program(tmp_path, bind):
    return Program(tmp_path, bind)


def mixed(certwright, bind, *args, **kwargs):
    return certwright.run("certonly", "--dns-resolver", bind.resolver, *args, **kwargs)


def version(certwright, name):
    return int(re.search(r"cert(\d+)\.pem$", os.readlink(certwright.live(name, "cert"))).group(1))


def sections(certwright, name):
    """The renewal file's lines by section, the nested ones by their own names."""
    found, section = {}, ""
    for line in read(certwright.renewal_file(name)).splitlines():
        header = re.fullmatch(r"\[+(\w+)\]+", line)
        section = header.group(1) if header else section
        if " = " in line and line[0] != "#":
            found.setdefault(section, {}).update([line.split(" = ", 1)])
    return found


def is_tidy(bind, ca):
    """No record is left, and nobody listens any more."""
    return bind.challenge_records(ZONE) == [] and not port_answers(ca.http_port)


@pytest.mark.smoke
def test_standalone_for_a_name_and_a_program_for_its_wildcard(certwright, bind, ca, program):
    name = "one.example.test"
    mixed(certwright, bind, *program.options, "-a", "standalone", "-d", name, "-a", "dns-exec",
          "-d", "*." + name)
    verify_chain(os.path.dirname(certwright.live(name)), ca.root())
    assert names_of(certwright.live(name, "cert")) == ["*." + name, name]
    record = f"_acme-challenge.{name}."
    # The name itself was not the program's.
    assert program.calls() == [("present", record), ("cleanup", record)]
    saved = sections(certwright, name)
    assert saved["renewalparams"]["authenticator"] == "standalone"
    assert "dns_exec_program" not in saved["renewalparams"]
    assert saved["certwright"]["dns_exec_program"] == program.path
    assert saved["authenticator_map"] == {name: "standalone", "*." + name: "dns-exec"}
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)
    assert version(certwright, name) == 2
    assert sections(certwright, name) == saved
    certwright.run("renew", "--dry-run", "--server", ca.directory, "--dns-resolver", bind.resolver)
    assert program.calls()[2:].count(("present", record)) == \
        program.calls()[2:].count(("cleanup", record)) > 0
    assert sections(certwright, name) == saved
    assert is_tidy(bind, ca)


def test_flags_go_by_position_too(certwright, bind, ca):
    name = "flags.example.test"
    credentials = bind.credentials(os.path.join(certwright.folder, "rfc2136.ini"))
    mixed(certwright, bind, "--dns-rfc2136", "--dns-rfc2136-credentials", credentials, "-d",
          "*." + name, "--standalone", "-d", name, "-d", "www." + name)
    saved = sections(certwright, "flags.example.test")
    assert saved["renewalparams"]["authenticator"] == "dns-rfc2136"
    assert saved["authenticator_map"] == {"*." + name: "dns-rfc2136", name: "standalone",
                                          "www." + name: "standalone"}
    assert bind.added(f"_acme-challenge.{name}") == 1
    assert bind.added(f"_acme-challenge.www.{name}") == 0
    assert is_tidy(bind, ca)


def test_one_authenticator_is_for_all_wherever_it_stands(certwright, bind, program):
    mixed(certwright, bind, "-d", "all.example.test", "-a", "dns-exec", *program.options,
          "-d", "*.all.example.test")
    assert len(program.calls()) == 4
    saved = sections(certwright, "all.example.test")
    assert "authenticator_map" not in saved
    # Nor is there a map when the one given last is the only one in use.
    mixed(certwright, bind, "-a", "standalone", "-a", "dns-exec", *program.options,
          "-d", "last.example.test")
    saved = sections(certwright, "last.example.test")
    assert saved["renewalparams"]["authenticator"] == "dns-exec"
    assert "authenticator_map" not in saved


@pytest.fixture
def site(start, ca, bind, tmp_path):
    """A web server on 127.0.0.1, and a name that is elsewhere."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = start.web(ca.http_port, lambda host: str(folder))
    server.root = str(folder)
    return server


def test_certbot_still_lists_and_renews_a_mixed_certificate(certwright, bind, ca, site, tmp_path):
    web, elsewhere = "web.example.test", "elsewhere.example.test"
    bind.update(f"add {elsewhere}. 60 A {OTHER_ADDRESS}")
    mixed(certwright, bind, "-a", "webroot", "-w", site.root, "-d", web, "-a", "standalone",
          "--http-01-address", OTHER_ADDRESS, "-d", elsewhere)
    assert {host for host, _ in site.seen} == {web}
    saved = sections(certwright, web)
    assert saved["authenticator_map"] == {web: "webroot", elsewhere: "standalone"}
    listed = certbot(certwright, "certificates").stdout
    assert f"Certificate Name: {web}" in listed and "invalid" not in listed
    # Certbot knows one way for all: there the web server has to have all names.
    bind.update(f"delete {elsewhere}. A", f"add {elsewhere}. 60 A 127.0.0.1")
    certbot(certwright, "renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert version(certwright, web) == 2
    assert sections(certwright, web)["authenticator_map"] == saved["authenticator_map"]
    # And we still know both.
    bind.update(f"delete {elsewhere}. A", f"add {elsewhere}. 60 A {OTHER_ADDRESS}")
    site.seen.clear()
    certwright.run("renew", "--force-renewal")
    assert version(certwright, web) == 3
    assert elsewhere not in {host for host, _ in site.seen}


def test_an_authenticator_that_certbot_put_in_counts_for_all(certwright, bind, ca, program):
    name = "certbots.example.test"
    mixed(certwright, bind, *program.options, "-a", "standalone", "-d", name, "-a", "dns-exec",
          "-d", "www." + name)
    path = bind.credentials(os.path.join(certwright.folder, "rfc2136.ini"))
    certbot(certwright, "certonly", "--cert-name", name, "-d", name, "-d", "www." + name,
            "--force-renewal", "--dns-rfc2136", "--dns-rfc2136-credentials", path,
            "--dns-rfc2136-propagation-seconds", "1", "--server", ca.directory)
    assert "authenticator_map" in sections(certwright, name)
    calls = len(program.calls())
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)
    assert len(program.calls()) == calls
    assert "authenticator_map" not in sections(certwright, name)
    assert "dns_exec_program" not in read(certwright.renewal_file(name))


def test_a_name_that_the_map_lacks_is_for_the_first_one(certwright, bind, program):
    name = "lacking.example.test"
    mixed(certwright, bind, *program.options, "-a", "standalone", "-d", name, "-a", "dns-exec",
          "-d", "*." + name, "-d", "www." + name)
    path = certwright.renewal_file(name)
    lines = read(path).splitlines(keepends=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(line for line in lines if line != f"www.{name} = dns-exec\n")
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)
    assert sections(certwright, name)["authenticator_map"] == {
        name: "standalone", "*." + name: "dns-exec", "www." + name: "standalone"}


def test_names_are_added_to_a_mixed_certificate(certwright, bind, program):
    name = "grows.example.test"
    first = [*program.options, "-a", "standalone", "-d", name, "-a", "dns-exec", "-d", "*." + name]
    mixed(certwright, bind, *first)
    mixed(certwright, bind, *first, "-a", "standalone", "-d", "more." + name, "--expand")
    assert certwright.lineages() == [name]
    assert sections(certwright, name)["authenticator_map"] == {
        name: "standalone", "*." + name: "dns-exec", "more." + name: "standalone"}
    certificate = certwright.json("certificates").certificates[name]
    assert sorted(certificate["domains"]) == sorted([name, "*." + name, "more." + name])


def test_reconfigure_makes_a_certificate_mixed_and_plain_again(certwright, bind, program):
    name, other = "changes.example.test", "other.example.test"
    certwright.certonly(name, other)
    change = ["--cert-name", name, "--dns-resolver", bind.resolver]
    result = certwright.json("reconfigure", *change, *program.options, "--authenticator-map",
                             f'{{"{other}": "dns-exec"}}')
    assert {"key": other, "before": None, "after": "dns-exec"} in \
        result.json["reconfigured"]["changes"]
    saved = sections(certwright, name)
    assert saved["renewalparams"]["authenticator"] == "standalone"
    assert saved["authenticator_map"] == {name: "standalone", other: "dns-exec"}
    assert program.calls() == [("present", f"_acme-challenge.{other}."),
                               ("cleanup", f"_acme-challenge.{other}.")]
    certwright.run("reconfigure", *change, "-a", "standalone")
    assert "authenticator_map" not in sections(certwright, name)
    assert "dns_exec_program" not in read(certwright.renewal_file(name))
    assert len(program.calls()) == 2


def test_a_renewal_may_name_one_for_all(certwright, bind, program):
    name = "once.example.test"
    mixed(certwright, bind, *program.options, "-a", "standalone", "-d", name, "-a", "dns-exec",
          "-d", "www." + name)
    calls = len(program.calls())
    certwright.run("renew", "--force-renewal", "--cert-name", name, "-a", "standalone")
    assert len(program.calls()) == calls
    assert "authenticator_map" not in sections(certwright, name)


def test_preferred_challenges_are_judged_for_each_plugin(certwright, bind, ca, program):
    name = "alpn.example.test"
    with socket.socket() as taken:
        # Were it http-01, standalone could not have its port.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", ca.http_port))
        taken.listen()
        mixed(certwright, bind, *program.options, "--preferred-challenges", "tls-alpn-01",
              "--tls-alpn-01-port", ca.tls_port, "-a", "standalone", "-d", name,
              "-a", "dns-exec", "-d", "*." + name)
    assert names_of(certwright.live(name, "cert")) == ["*." + name, name]


def test_hooks_are_told_of_their_own_names_alone(certwright, bind, ca, tmp_path):
    bind.update(f"add hooked.example.test. 60 A {OTHER_ADDRESS}")
    commands = bind.nsupdate_commands().replace("\n", "\\n")
    hook = script(tmp_path / "hook", f"""
echo "$CERTBOT_DOMAIN $CERTBOT_REMAINING_CHALLENGES $CERTBOT_ALL_DOMAINS" >> {tmp_path}/told
printf '{commands}update add _acme-challenge.%s. 60 TXT %s\\nsend\\n' "$CERTBOT_DOMAIN" \\
    "$CERTBOT_VALIDATION" | nsupdate -v
""")
    mixed(certwright, bind, "-a", "standalone", "-d", "plain.example.test", "-a", "manual",
          "--manual-auth-hook", hook, "--preferred-challenges", "dns",
          "-d", "x.hooked.example.test", "-d", "*.hooked.example.test")
    assert sorted(read(tmp_path / "told").splitlines()) in (
        ["hooked.example.test 0 x.hooked.example.test,hooked.example.test",
         "x.hooked.example.test 1 x.hooked.example.test,hooked.example.test"],
        ["hooked.example.test 1 hooked.example.test,x.hooked.example.test",
         "x.hooked.example.test 0 hooked.example.test,x.hooked.example.test"])
    bind.update(*(f"delete _acme-challenge.{name} TXT"
                  for name in ("hooked.example.test.", "x.hooked.example.test.")))


def test_a_request_for_a_certificate_may_be_mixed(certwright, bind, program, tmp_path):
    name = "request.example.test"
    request = str(tmp_path / "request.pem")
    command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", str(tmp_path / "key.pem"), "-out", request, "-subj", "/",
            "-addext", f"subjectAltName=DNS:{name},DNS:*.{name}")
    mixed(certwright, bind, *program.options, "--csr", request, "-a", "standalone",
          "--authenticator-map", f'{{"*.{name}": "dns-exec"}}', "--fullchain-path",
          tmp_path / "full.pem", "--cert-path", tmp_path / "cert.pem", "--chain-path",
          tmp_path / "chain.pem")
    assert names_of(str(tmp_path / "cert.pem")) == ["*." + name, name]
    assert len(program.calls()) == 2



@pytest.fixture
def nginx(start, ca, tmp_path):
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = Nginx(folder, ca.http_port, start.ports.take(), start.ports.take())
    server.site("server { listen 127.0.0.1:@http@;"
                " server_name served.example.test *.served.example.test; }\n")
    yield server
    server.stop()


def test_nginx_for_a_name_it_serves_and_a_program_for_the_wildcard(certwright, bind, program,
                                                                   nginx):
    name = "served.example.test"
    nginx.start()
    certwright.run("run", "--dns-resolver", bind.resolver, *program.options, "--nginx",
                   "--nginx-server-root", nginx.root, "--https-port", nginx.https_port,
                   "--no-redirect", "-d", name, "-a", "dns-exec", "-d", "*." + name)
    assert {call for call in program.calls()} == {
        (action, f"_acme-challenge.{name}.") for action in ("present", "cleanup")}
    saved = sections(certwright, name)
    assert saved["renewalparams"]["authenticator"] == "nginx"
    assert saved["renewalparams"]["installer"] == "nginx"
    assert saved["authenticator_map"] == {name: "nginx", "*." + name: "dns-exec"}
    # It has been installed, too.
    assert certwright.live(name) in read(os.path.join(nginx.root, "sites-enabled", "site"))
    certwright.run("renew", "--force-renewal", "--dns-resolver", bind.resolver)
    assert version(certwright, name) == 2


def test_the_lock_of_one_plugin_keeps_the_run_from_the_ca(certwright, bind, ca, nginx):
    orders = ca.requests("POST", "/order-plz")
    with open(os.path.join(nginx.root, ".certbot.lock"), "w", encoding="ascii") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        result = mixed(certwright, bind, "-a", "standalone", "-d", "a.example.test", "-a", "nginx",
                       "--nginx-server-root", nginx.root, "-d", "served.example.test", json=True,
                       status=1)
        assert_failed(result, '"nginx"', "cannot be used now")
        assert ca.requests("POST", "/order-plz") == orders
        # Of names that can be done without, the others are not kept waiting.
        mixed(certwright, bind, "--allow-subset-of-names", "-a", "standalone", "-d",
              "a.example.test", "-a", "nginx", "--nginx-server-root", nginx.root, "-d",
              "served.example.test")
    assert names_of(certwright.live("a.example.test", "cert")) == ["a.example.test"]



def test_a_plugin_that_fails_fails_its_own_names(certwright, bind, ca, tmp_path):
    failing = Program(tmp_path, bind, failing=True)
    result = mixed(certwright, bind, *failing.options, "-a", "standalone", "-d",
                   "well.example.test", "-a", "dns-exec", "-d", "ill.example.test", json=True,
                   status=1)
    assert identifiers(result.json) == {"ill.example.test"}
    assert certwright.lineages() == []
    assert is_tidy(bind, ca)
    # Both had their cleanup.
    assert [call for call, _ in failing.calls()] == ["present", "cleanup"]


@pytest.mark.parametrize("when", ["perform", "prepare"])
def test_the_others_go_on_without_its_names(certwright, bind, ca, tmp_path, when):
    failing = Program(tmp_path, bind, failing=True)
    # Without a program it is not even ready.
    options = failing.options if when == "perform" else []
    name = f"well-{when}.example.test"
    result = mixed(certwright, bind, *options, "--allow-subset-of-names", "-a", "standalone",
                   "-d", name, "-a", "dns-exec", "-d", f"ill-{when}.example.test")
    assert names_of(certwright.live(name, "cert")) == [name]
    assert f"ill-{when}.example.test" in result.output
    saved = sections(certwright, name)
    assert saved["renewalparams"]["authenticator"] == "standalone"
    assert "authenticator_map" not in saved
    certwright.run("renew", "--force-renewal")
    assert is_tidy(bind, ca)


def test_a_plugin_that_is_not_ready_costs_no_order(certwright, bind, ca):
    orders = ca.requests("POST", "/order-plz")
    result = mixed(certwright, bind, "-a", "standalone", "-d", "a.example.test", "-a", "dns-exec",
                   "-d", "*.a.example.test", json=True, status=None)
    assert result.status in (1, 2)
    assert_failed(result, "--dns-exec-program")
    assert ca.requests("POST", "/order-plz") == orders


def test_a_wildcard_for_standalone_says_how_to_give_it_another(certwright, bind, program):
    result = mixed(certwright, bind, *program.options, "-a", "dns-exec", "-d", "a.example.test",
                   "-a", "standalone", "-d", "*.b.example.test", json=True, status=1)
    assert_failed(result, '"*.b.example.test"', '"standalone"', "-a dns-exec -d '*.b.example.test'")
    assert identifiers(result.json) == {"b.example.test"}
    assert {error["identifier"] for error in errors_of(result.json)} == {None, "b.example.test"}
    # Nothing is published for an order that cannot be.
    assert program.calls() == []


@pytest.mark.parametrize("args", [
    ["-a", "standalone", "-d", "a.example.test", "-a", "nonsense", "-d", "b.example.test"],
    ["-a", "standalone", "-d", "a.example.test", "--authenticator-map",
     '{"b.example.test": "nonsense"}']])
def test_an_unknown_plugin_is_one_sentence(certwright, bind, ca, args):
    requests = ca.requests("POST", "/")
    result = mixed(certwright, bind, *args, json=True, status=None)
    assert result.status in (1, 2)
    assert_failed(result, '"nonsense"', '"b.example.test"')
    assert ca.requests("POST", "/") == requests


def test_an_installer_is_no_authenticator_for_a_name(certwright, bind):
    result = mixed(certwright, bind, "-a", "standalone", "-d", "a.example.test", "-a", "null",
                   "-d", "b.example.test", json=True, status=None)
    assert result.status in (1, 2)
    assert_failed(result, '"null" is not an authenticator', '"b.example.test"')


def test_a_plugin_that_is_gone_is_named_at_renewal(certwright, bind, program):
    name = "gone.example.test"
    mixed(certwright, bind, *program.options, "-a", "standalone", "-d", name, "-a", "dns-exec",
          "-d", "www." + name)
    path = certwright.renewal_file(name)
    text = read(path).replace("= dns-exec\n", "= dns-gone\n")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    result = certwright.json("renew", "--force-renewal", status=1)
    assert_failed(result, '"dns-gone"', "not installed")
    assert read(path) == text
