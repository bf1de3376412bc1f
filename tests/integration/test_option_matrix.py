"""Every option of Certbot, one by one: on the command line, in cli.ini and in a renewal file.

What was understood is read in the debug lines, which tell each value with the place that it came from.
Those that are kept for renewals must be found in the renewal file, with the same words, from
whichever of the three places they came, and no others; what has no business in a renewal file does no
harm there, and is not heeded.
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
    "apache_server_root": "/tmp/apache",
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


# Certbot's name for two options that are one to it.
INTERNAL = {"--authenticators": "authenticators", "--installers": "installers"}


def understood(option, value="True"):
    """How the debug lines tell the option's value."""
    value = value_of(option) or value
    if "sets it false" in option.takes:
        value = "False"
    elif "counted" in option.takes:
        value = "1"
    elif option.internal == "webroot_map":
        value = f"{NAME}=/tmp"
    elif option.internal == "eab_hmac_key":
        value = "[secret]"
    return f"{INTERNAL.get(option.long[0], option.internal)} = {value}"


def check(result, option, place, value="True"):
    """It was understood as what it is. Only what does nothing may say that it does nothing."""
    assert "Traceback" not in result.output
    if option.is_ignored:
        assert f"{option.long[0][2:]}\" does nothing" in result.stderr
    elif option.internal == "quiet":
        assert result.output == ""
    else:
        assert f"{place}: {understood(option, value)}" in result.output.splitlines()


def verb_for(option):
    """One that reads only, and that the option does not choose anything for."""
    return "plugins" if option.internal == "certname" else "certificates"


def half_of(options):
    """One half of OPTIONS for every day, the other one for --full."""
    return [pytest.param(option, id=repr(option), marks=[pytest.mark.full] if i % 2 else [])
            for i, option in enumerate(options)]


@pytest.mark.parametrize("option", OPTIONS, ids=repr)
def test_on_the_command_line(certwright, tmp_path, option):
    if option.internal in PLACES:
        path = tmp_path / "given"
        if option.internal == "config_file":
            path.write_text("")
        for name in option.names:
            result = certwright.run("certificates", name, path, "-n", "--debug", defaults=False)
            assert f"command line: {option.internal} = {path}" in result.output.splitlines()
        return
    for words in spellings(option):
        if option.internal in HELP:
            result = certwright.run("certificates", *words, defaults=False)
            assert "certwright" in result.stdout
            continue
        more = [] if option.internal == "force_interactive" else ["-n"]
        result = certwright.run(verb_for(option), *words, *certwright.directories(), *more,
                                "--debug", defaults=False)
        check(result, option, "command line")


@pytest.mark.parametrize("option", half_of([o for o in OPTIONS if o.internal not in HELP | PLACES]))
def test_in_cli_ini(certwright, tmp_path, option):
    ini = tmp_path / "cli.ini"
    verbosely = "-v" if option.internal == "debug" else "--debug"
    for name in option.long:
        value = value_of(option)
        lines = [f"{name[2:]} = {value}"] if value is not None else \
            [f"{name[2:]} = {word}" for word in ("True", "true", "1")]
        for line in lines:
            ini.write_text(f"# a comment\n{line}\n")
            check(certwright.run(verb_for(option), "-c", ini, *certwright.directories(), verbosely,
                                 defaults=False), option, "configuration file")
    if option.is_flag and "counted" not in option.takes:
        ini.write_text(f"{option.long[0][2:]} = False\n")
        result = certwright.run("certificates", "-c", ini, *certwright.directories(), verbosely,
                                defaults=False)
        assert f"configuration file: {understood(option)}" not in result.output.splitlines()


@pytest.mark.parametrize("option", half_of([o for o in OPTIONS if value_of(o) and o.internal not in
                                            HELP | PLACES | {"domains", "certname"}]))
def test_the_command_line_wins_over_cli_ini(certwright, tmp_path, option):
    value = value_of(option)
    other = {"webroot_map": f'{{"{NAME}": "/"}}', "pref_challs": "dns-01"}.get(
        option.internal, option.choices[0] if option.choices else
        str(int(value) + 1) if value.isdigit() else value + "x")
    ini = tmp_path / "cli.ini"
    ini.write_text(f"{option.long[0][2:]} = {other}\n")
    result = certwright.run("certificates", "-c", ini, f"{option.long[0]}={value}",
                            *certwright.directories(), "--debug", defaults=False)
    check(result, option, "command line")
    assert f"configuration file: {option.internal} = " not in result.output


# What [renewalparams] may have, as reference/on-disk.md lists it, beside the plugins' own options.
PARAMETERS = {"account", "server", "key_type", "config_dir", "logs_dir", "work_dir", "user_agent",
              "authenticator", "installer", "deploy_hook", "pre_hook", "post_hook",
              "http01_address", "preferred_chain", "elliptic_curve", "preferred_profile",
              "required_profile", "rsa_key_size", "http01_port", "must_staple",
              "allow_subset_of_names", "reuse_key", "autorenew", "pref_challs"}
# What Certbot does not keep, and an installation that is owed needs: in [certwright].
OWN = {"https_port"}
PLUGINS = ("webroot", "manual", "dns-rfc2136", "nginx", "apache")


def plugin_of(option):
    """The plugin whose option it is, as against the one that it selects; None: none's."""
    for name in PLUGINS:
        if option.internal.startswith(name.replace("-", "_") + "_"):
            return name
    return None


@pytest.fixture(scope="module")
def lineage(module_start, pebble):
    certwright = module_start.certwright(pebble, "matrix")
    certwright.certonly(NAME)
    modules = {p["name"] for p in certwright.json("plugins").json["plugins"]}
    return certwright, read(certwright.renewal_file(NAME)), modules


def lines_for(option, value):
    """What the renewal file has for it."""
    if option.internal == "webroot_map":
        return f"[[webroot_map]]\n{NAME} = /tmp\n"
    key = "renew_hook" if option.internal == "deploy_hook" else option.internal
    return f"{key} = {value if value is not None else 'True'}\n"


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.internal not in HELP], ids=repr)
def test_in_a_renewal_file(lineage, option):
    """A renewal heeds what belongs there, whatever comes of it, and nothing else."""
    certwright, text, modules = lineage
    path = certwright.renewal_file(NAME)
    value = "https://127.0.0.1:1/dir" if option.internal == "server" else value_of(option)
    plugin = plugin_of(option)
    if option.internal in PLACES:
        value = str(certwright.config_dir)
    if plugin:
        text = text.replace("authenticator = standalone", f"authenticator = {plugin}")
    kept = "".join(part for part in text.splitlines(True)
                   if not part.startswith(f"{option.internal} = "))
    if plugin in ("nginx", "apache") and option.internal != f"{plugin}_server_root":
        # Not the machine's own server.
        kept += f"{plugin}_server_root = /nonexistent\n"
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(kept + lines_for(option, value))
    if plugin in modules or plugin is None:
        certwright.run("renew", "--cert-name", NAME)
    certwright.run("certificates")
    result = certwright.run("renew", "--cert-name", NAME, "--force-renewal", "--debug", status=None)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    told = [line for line in result.output.splitlines()
            if line.startswith(f"{path}: {INTERNAL.get(option.long[0], option.internal)} = ")]
    # The directories are given on the command line.
    if plugin in modules or option.internal in PARAMETERS - PLACES:
        expected = understood(option) if option.internal == "webroot_map" else \
            f"{option.internal} = {value if value is not None else 'True'}"
        assert told == [f"{path}: {expected}"]
    else:
        assert told == []


# Value on the command line and in cli.ini, line of [renewalparams], words that it needs beside it.
KEPT = {
    "rsa-key-size": ("3072", "rsa_key_size = 3072", "--key-type", "rsa"),
    "authenticator": ("standalone", "authenticator = standalone"),
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
    value, line, *more = KEPT[name]
    if place == "command line":
        more += [f"--{name}"] + ([value] if value is not None else [])
    elif place == "cli.ini":
        ini = tmp_path / "cli.ini"
        ini.write_text(f"{name} = {value if value is not None else 'True'}\n")
        more += ["-c", str(ini)]
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


def parameters(certwright, name=NAME):
    text = read(certwright.renewal_file(name)).split("[renewalparams]", 1)[1]
    return {part.split(" = ")[0] for part in text.splitlines() if " = " in part}


def test_directories_that_are_given_are_kept(certwright):
    certwright.certonly(NAME)
    text = read(certwright.renewal_file(NAME))
    for key, path in (("config_dir", certwright.config_dir), ("work_dir", certwright.work_dir),
                      ("logs_dir", certwright.logs_dir)):
        assert f"\n{key} = {path}\n" in text


# They end the run, or choose what it is about, or are another plugin's.
OTHER_RUNS = HELP | PLACES | {"csr", "dry_run", "certname", "domains", "ip_addresses", "account",
                              "configurator", "apache", "nginx", "standalone", "manual", "webroot",
                              "dns_rfc2136", "quiet", "eab_kid", "eab_hmac_key", "eab_hmac_alg",
                              "auto_hsts", "hsts", "staging", "duplicate",
                              "force_interactive"}


def test_nothing_else_is_kept(certwright, pebble):
    """All options that do not belong into a renewal file, in one run."""
    words = []
    for option in OPTIONS:
        if option.internal not in OTHER_RUNS | PARAMETERS and not plugin_of(option):
            value = value_of(option)
            words += [option.long[0]] if value is None else [f"{option.long[0]}={value}"]
    assert len(words) > 50
    certwright.certonly(NAME, args=words)
    assert parameters(certwright) <= PARAMETERS | OWN
