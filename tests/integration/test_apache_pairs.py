"""Apache as installer: a host with several certificates, by Apache's directives or by OpenSSL's
commands. A new one replaces that with the same type of key."""

import itertools
import os
import re
import ssl
import subprocess

import pytest

from lib.outcome import assert_failed
from test_apache_install import SERVES, apache, host, site  # noqa: F401  (fixtures)

ALGORITHMS = {"rsa": "RSA-PSS+SHA256", "ecdsa": "ECDSA+SHA256"}
KEYS = {"rsa": ["rsa:2048"], "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}
FILES = "SSLCertificateFile {0}.pem\nSSLCertificateKeyFile {0}.key\n"
COMMANDS = "SSLOpenSSLConfCmd Certificate {0}.pem\nSSLOpenSSLConfCmd PrivateKey {0}.key\n"


@pytest.fixture
def certified(apache):  # noqa: F811
    """Makes a certificate and its key, and returns the path of both without their endings."""
    def make(name, kind, names="DNS:a.test"):
        path = os.path.join(apache.folder, name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", *KEYS[kind], "-nodes", "-days", "30",
                        "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
                        "-keyout", f"{path}.key", "-out", f"{path}.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        return path
    return make


def first_certificate(text):
    found = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
    return ssl.PEM_cert_to_DER_cert(found.group()) if found else None


def certificate(path):
    with open(f"{path}.pem", encoding="ascii") as stream:
        return first_certificate(stream.read())


def served(server, kind):
    """What a client gets that knows one type of keys."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.https_port}",
                           "-servername", "a.test", "-sigalgs", ALGORITHMS[kind]],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return first_certificate(done.stdout)


def install(site, path, **options):  # noqa: F811
    return site.certwright.run(
        "install", "--apache", "--apache-server-root", site.apache.root, "--https-port",
        site.apache.https_port, "-d", "a.test", "--no-redirect", "--cert-path", f"{path}.pem",
        "--fullchain-path", f"{path}.pem", "--key-path", f"{path}.key", **options)


WAYS = {"files": (FILES, FILES), "rsa_by_command": (COMMANDS, FILES),
        "ecdsa_by_command": (FILES, COMMANDS), "commands": (COMMANDS, COMMANDS)}
# Which of the two the main server has: mod_ssl merges them into the host by their number.
INHERITED = {"": (), "both": ("rsa", "ecdsa"), "rsa": ("rsa",), "ecdsa": ("ecdsa",)}
EVERYDAY = (("files", "rsa", ""), ("ecdsa_by_command", "ecdsa", ""), ("commands", "ecdsa", ""),
            ("files", "ecdsa", "both"), ("commands", "rsa", "both"),
            ("ecdsa_by_command", "ecdsa", "ecdsa"))


@pytest.mark.parametrize("ways, new, inherited", [
    pytest.param(*case, marks=[] if case in EVERYDAY else [pytest.mark.full])
    for case in itertools.product(WAYS, KEYS, INHERITED)
    # The host's only certificate would be in place of the main server's.
    if case[2] not in KEYS or case[0].endswith("command")])
def test_certificate_of_the_other_type_stays(site, apache, certified, ways, new,  # noqa: F811
                                             inherited):
    old = {kind: certified(f"old-{kind}", kind) for kind in KEYS}
    lines = {kind: way.format(old[kind]) for kind, way in zip(old, WAYS[ways])}
    of_main = INHERITED[inherited]
    apache.write("conf-enabled/certificates.conf", "".join(lines[kind] for kind in of_main))
    own = "".join(line for kind, line in lines.items() if kind not in of_main)
    apache.site(host(f"SSLEngine on\n{own}{SERVES}", "*:@https@"))
    apache.start()
    for kind in KEYS:
        assert served(apache, kind) == certificate(old[kind]), kind
    before = apache.snapshot()
    path = certified("new", new)
    install(site, path)
    for kind in KEYS:
        assert served(apache, kind) == certificate(path if kind == new else old[kind]), kind
    after = apache.snapshot()
    install(site, path)
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before


SINGLE = {
    "first_of_another_type": ("rsa", FILES, "ecdsa"),
    "first_of_another_type_by_command": ("rsa", COMMANDS, "ecdsa"),
    # The last of two wins, and a command over both.
    "two_of_one_type": ("rsa", "SSLCertificateFile @folder@/older.pem\n"
                        "SSLCertificateKeyFile @folder@/older.key\n" + FILES, "rsa"),
    "by_both_ways": ("ecdsa", FILES + COMMANDS, "ecdsa"),
}


@pytest.mark.full
@pytest.mark.parametrize("case", SINGLE)
def test_certificate_is_the_only_one_afterwards(site, apache, certified, case):  # noqa: F811
    """If the host has certificates of one type alone, the new one replaces it."""
    kind, lines, new = SINGLE[case]
    certified("older", kind)
    old = certified("old", kind)
    apache.site(host(f"SSLEngine on\n{lines.format(old)}{SERVES}", "*:@https@"))
    apache.start()
    before = apache.snapshot()
    path = certified("new", new)
    install(site, path)
    assert served(apache, new) == certificate(path)
    assert "old.pem" not in apache.read("sites-available/site.conf")
    site.rollback()
    assert apache.snapshot() == before


@pytest.mark.full
@pytest.mark.parametrize("order", [("rsa", "ecdsa"), ("ecdsa", "rsa")], ids="-".join)
def test_certificates_with_their_keys_in_one_file(site, apache, certified, order):  # noqa: F811
    """The new key must not become that of another certificate."""
    old = {kind: certified(f"old-{kind}", kind) for kind in order}
    for path in old.values():
        with open(f"{path}.pem", "a", encoding="ascii") as stream, \
                open(f"{path}.key", encoding="ascii") as key:
            stream.write(key.read())
    lines = "".join(f"SSLCertificateFile {path}.pem\n" for path in old.values())
    apache.site(host(f"SSLEngine on\n{lines}{SERVES}", "*:@https@"))
    apache.start()
    path = certified("new", "ecdsa")
    install(site, path)
    assert served(apache, "ecdsa") == certificate(path)
    assert served(apache, "rsa") == certificate(old["rsa"])


@pytest.mark.full
def test_chain_of_the_certificate_that_stays(site, apache, certified):  # noqa: F811
    """Its intermediate is in a file of its own."""
    old = {kind: certified(f"old-{kind}", kind) for kind in KEYS}
    lines = "".join(FILES.format(path) for path in old.values())
    apache.site(host(f"SSLEngine on\n{lines}SSLCertificateChainFile {old['ecdsa']}.pem\n{SERVES}",
                     "*:@https@"))
    apache.start()
    install(site, certified("new", "ecdsa"))
    assert "SSLCertificateChainFile" in apache.read("sites-available/site.conf")
    assert served(apache, "rsa") == certificate(old["rsa"])


@pytest.mark.full
def test_name_that_a_command_of_openssl_has_a_certificate_for_is_said(site, apache,  # noqa: F811
                                                                      certwright):
    certwright.certonly("a.test", "b.test", args=("--cert-name", "both"))
    live = certwright.live("both", "fullchain"), certwright.live("both", "privkey")
    apache.site(host(f"ServerAlias b.test\nSSLEngine on\n"
                     f"SSLOpenSSLConfCmd Certificate {live[0]}\n"
                     f"SSLOpenSSLConfCmd PrivateKey {live[1]}\n{SERVES}", "*:@https@"))
    apache.start()
    before = apache.snapshot()
    result = site.obtain("a.test").install(status=1, json=True)
    assert_failed(result, "b.test", "site.conf:1")
    assert apache.snapshot() == before


def test_name_that_one_of_two_certificates_is_for_is_said_before_the_ca_is_asked(
        site, apache, certwright):  # noqa: F811
    certwright.certonly("a.test", "b.test", args=("--cert-name", "both", "--key-type", "rsa"))
    certwright.certonly("a.test", args=("--cert-name", "one"))
    lines = "".join(f"SSLCertificateFile {certwright.live(name, 'fullchain')}\n"
                    f"SSLCertificateKeyFile {certwright.live(name, 'privkey')}\n"
                    for name in ("one", "both"))
    apache.site(host(f"ServerAlias b.test\nSSLEngine on\n{lines}{SERVES}", "*:@https@"))
    apache.start()
    before = apache.snapshot()
    result = certwright.json("run", "-a", "standalone", "-i", "apache", "--apache-server-root",
                             apache.root, "--https-port", apache.https_port, "--key-type", "rsa",
                             "--cert-name", "new", "-d", "a.test", status=1)
    assert_failed(result, "b.test", "site.conf:1")
    assert sorted(certwright.lineages()) == ["both", "one"] and apache.snapshot() == before


def commands(separator=" ", quote=""):
    return "".join(f"SSLOpenSSLConfCmd{separator}{quote}{name}{quote}{separator}"
                   f"{quote}@folder@/old.{end}{quote}\n"
                   for name, end in (("Certificate", "pem"), ("PrivateKey", "key")))


@pytest.mark.parametrize("lines", [
    pytest.param(commands(), id="alone", marks=pytest.mark.full),
    pytest.param("@old@\n" + commands("\t", '"'), id="beside"),
    pytest.param("@old@\n" + commands().lower().replace("sslopensslconfcmd", "sslOpenSSLConfCMD"),
                 id="letter_case", marks=pytest.mark.full),
    pytest.param("@old@\nSSLOpenSSLConfCmd \\\n  Certificate \\\n @folder@/old.pem\n"
                 "SSLOpenSSLConfCmd PrivateKey @folder@/old.key\n", id="continued",
                 marks=pytest.mark.full)])
def test_certificate_by_commands_of_openssl_is_replaced(site, apache, lines):  # noqa: F811
    """They would win over the new certificate; other commands stay."""
    apache.site(host(f"SSLEngine on\n{lines}SSLOpenSSLConfCmd Curves P-256\n{SERVES}",
                     "*:@https@"))
    apache.start()
    before = apache.snapshot()
    site.obtain("a.test").install()
    assert site.is_served("a.test")
    text = apache.read("sites-available/site.conf")
    assert text.count("OpenSSLConfCmd") == 1 and "SSLOpenSSLConfCmd Curves P-256" in text
    after = apache.snapshot()
    site.install()
    assert apache.snapshot() == after
    site.rollback()
    assert apache.snapshot() == before
