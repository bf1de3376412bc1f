"""Every option of Certbot, one by one: on the command line, in cli.ini and in a renewal file.

Those that are kept for renewals must be found in the renewal file, with the same words, from
whichever of the three places they came; the others must be accepted in the first two, and do no harm
in the third.
"""

import os

import pytest

from lib.certwright import top_folder
from lib.tools import read

NAME = "matrix.example.test"


class Option:
    def __init__(self, line):
        flags, takes, self.internal, self.default, choices = (line.split("\t") + [""] * 4)[:5]
        self.names = flags.split()
        self.long = [n for n in self.names if n.startswith("--")]
        self.takes = takes
        self.choices = choices.split(",") if choices else []

    @property
    def is_flag(self):
        return "flag" in self.takes

    @property
    def is_ignored(self):
        return self.takes.startswith("accepted")

    def __repr__(self):
        return self.long[0].lstrip("-")


def options():
    path = os.path.join(top_folder(), "tests", "unit", "fixtures", "cli-options.tsv")
    with open(path, encoding="utf-8") as stream:
        lines = [line.rstrip("\n") for line in stream if line.strip() and line[0] != "#"]
    assert lines[0].startswith("flags\ttakes")
    return [Option(line) for line in lines[1:]]


OPTIONS = options()

# A value for each that takes one and has no choices.
VALUES = {
    "verbose_level": "1", "max_log_backups": "3", "ip_addresses": "127.0.0.1",
    "domains": NAME, "eab_kid": "kid", "eab_hmac_key": "c2VjcmV0", "eab_hmac_alg": "HS512",
    "certname": NAME, "email": "me@example.com", "account": "0123", "http01_port": "8080",
    "http01_address": "127.0.0.1", "https_port": "8443", "rsa_key_size": "3072",
    "required_profile": "default", "preferred_profile": "a-profile", "preferred_chain": "A Root",
    "pref_challs": "http-01", "issuance_timeout": "60", "pre_hook": "true 1", "post_hook": "true 2",
    "deploy_hook": "true 3", "user_agent": "a client/1", "user_agent_comment": "a comment",
    "csr": "/a.csr", "checkpoints": "2", "cert_path": "/c.pem", "key_path": "/k.pem",
    "fullchain_path": "/f.pem", "chain_path": "/ch.pem", "configurator": "null",
    "server": "https://ca.example/dir", "authenticator": "standalone", "installer": "null",
    "webroot_path": "/tmp", "webroot_map": f'{{"{NAME}": "/tmp"}}', "manual_auth_hook": "true 4",
    "manual_cleanup_hook": "true 5", "nginx_server_root": "/tmp/nginx", "nginx_ctl": "nginx",
    "nginx_sleep_seconds": "2", "dns_rfc2136_credentials": "/tmp/credentials",
    "dns_rfc2136_propagation_seconds": "3", "apache_vhost_root": "/tmp", "apache_bin": "/bin/true",
}
# Only about the run itself: they end it, or say where it finds its files.
HELP = {"help", "version"}
PLACES = {"config_file", "config_dir", "work_dir", "logs_dir"}


def value_of(option):
    if option.is_flag or option.is_ignored:
        return None
    if option.choices:
        return option.choices[-1]
    return VALUES.get(option.internal, option.default)


def spellings(option):
    """Each of its names as words of a command line."""
    value = value_of(option)
    for name in option.names:
        if value is None:
            yield [name]
        else:
            # A value that looks like an option can only be joined to it, with Certbot too.
            if not value.startswith("-"):
                yield [name, value]
            if name.startswith("--"):
                yield [f"{name}={value}"]


def check(result, option):
    """It was understood. Only what does nothing may say that it does nothing."""
    assert "Traceback" not in result.output
    if option.is_ignored:
        assert option.long[0][2:] in result.stderr


def verb_for(option):
    """One that reads only, and that the option does not choose anything for."""
    return "plugins" if option.internal == "certname" else "certificates"


@pytest.mark.parametrize("option", OPTIONS, ids=repr)
def test_on_the_command_line(certwright, tmp_path, option):
    if option.internal in PLACES:
        path = tmp_path / "given"
        if option.internal == "config_file":
            path.write_text("")
        for name in option.names:
            check(certwright.run("certificates", name, path, "-n", defaults=False), option)
        return
    for words in spellings(option):
        if option.internal in HELP:
            result = certwright.run("certificates", *words, defaults=False)
            assert "certwright" in result.stdout
        else:
            result = certwright.run(verb_for(option), *words, *certwright.directories(), "-n",
                                    defaults=False)
        check(result, option)


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.internal not in HELP | PLACES],
                         ids=repr)
def test_in_cli_ini(certwright, tmp_path, option):
    ini = tmp_path / "cli.ini"
    for name in option.long:
        value = value_of(option)
        lines = [f"{name[2:]} = {value}"] if value is not None else \
            [f"{name[2:]} = {word}" for word in ("True", "true", "1")]
        for line in lines:
            ini.write_text(f"# a comment\n{line}\n")
            check(certwright.run(verb_for(option), "-c", ini, *certwright.directories(),
                                 defaults=False), option)
    if option.is_flag and "counted" not in option.takes:
        ini.write_text(f"{option.long[0][2:]} = False\n")
        certwright.run("certificates", "-c", ini, *certwright.directories(), defaults=False)


@pytest.fixture(scope="module")
def lineage(module_start, pebble):
    certwright = module_start.certwright(pebble, "matrix")
    certwright.certonly(NAME)
    return certwright, read(certwright.renewal_file(NAME))


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.internal not in HELP], ids=repr)
def test_in_a_renewal_file(lineage, option):
    """Also those that have no business there: a renewal that is not due goes by."""
    certwright, text = lineage
    value = value_of(option)
    line = f"{option.internal} = {value if value is not None else 'True'}\n"
    kept = "".join(part for part in text.splitlines(True)
                   if not part.startswith(f"{option.internal} = "))
    with open(certwright.renewal_file(NAME), "w", encoding="utf-8") as stream:
        stream.write(kept + line)
    certwright.run("renew")
    certwright.run("certificates")


# ---------------------------------------------------------------- kept for renewals

# Words on the command line, the line in cli.ini, the lines of [renewalparams].
KEPT = {
    "user-agent": ("a client/1", "user_agent = a client/1"),
    "deploy-hook": ("true 3", "renew_hook = true 3"),
    "renew-hook": ("true 3", "renew_hook = true 3"),
    "pre-hook": ("true 1", "pre_hook = true 1"),
    "post-hook": ("true 2", "post_hook = true 2"),
    "http-01-address": ("127.0.0.1", "http01_address = 127.0.0.1"),
    "preferred-chain": ("A Root", "preferred_chain = A Root"),
    "elliptic-curve": ("secp384r1", "elliptic_curve = secp384r1"),
    "key-type": ("ecdsa", "key_type = ecdsa"),
    "preferred-profile": ("a-profile", "preferred_profile = a-profile"),
    "must-staple": (None, "must_staple = True"),
    "allow-subset-of-names": (None, "allow_subset_of_names = True"),
    "reuse-key": (None, "reuse_key = True"),
    "no-reuse-key": (None, "reuse_key = False"),
    "no-autorenew": (None, "autorenew = False"),
    "preferred-challenges": ("http-01", "pref_challs = http-01,"),
    "installer": ("null", "installer = null"),
}


@pytest.mark.parametrize("place", ["command line", "cli.ini", "renewal file"])
@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_is_kept_for_renewals(certwright, tmp_path, name, place):
    value, line = KEPT[name]
    more = []
    if place == "command line":
        more = [f"--{name}"] + ([value] if value is not None else [])
    elif place == "cli.ini":
        ini = tmp_path / "cli.ini"
        ini.write_text(f"{name} = {value if value is not None else 'True'}\n")
        more = ["-c", str(ini)]
    certwright.certonly(NAME, args=more)
    path = certwright.renewal_file(NAME)
    if place == "renewal file":
        key = line.split(" = ")[0]
        text = "".join(part for part in read(path).splitlines(True)
                       if not part.startswith(f"{key} = "))
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(f"{text}{line}\n")
    assert f"\n{line}\n" in read(path)
    # Named: --no-autorenew is for "renew" without a name, --force-renewal for all.
    certwright.run("renew", "--force-renewal", "--cert-name", NAME)
    assert os.readlink(certwright.live(NAME, "cert")).endswith("cert2.pem")
    assert f"\n{line}\n" in read(path)
