"""lego's DNS providers and their environment variables, as options of certwright."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import os
import re
import shutil
import socket
import tempfile
from typing import Any, Iterator, Mapping, Sequence


class Refusal(Exception):
    """Why a provider cannot be used. code: as pylego classifies it."""

    def __init__(self, detail: str, code: str = "dns_provider_failed") -> None:
        super().__init__(detail)
        self.code = code


class Variables(Mapping[str, str]):
    """lego's variables: those of one call, and below them those of this process. NAME_FILE has the
    path of a file with the value of NAME. Empty ones are not set."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._all = {name: value for name, value in {**os.environ, **given}.items() if value}

    def __getitem__(self, name: str) -> str:
        for alias in (name, *_ALIASES.get(name, ())):
            if alias in self._all:
                return self._all[alias]
            if f"{alias}_FILE" in self._all:
                return _value_in(self._all[f"{alias}_FILE"], f"{alias}_FILE")
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def seconds(self, name: str) -> int | None:
        """A number of seconds, or None."""
        text = self.get(name)
        if text is not None and not text.isdigit():
            raise Refusal(f'{name} is "{text}", which is not a number of seconds')
        return None if text is None else int(text)


def _value_in(path: str, name: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"cannot read the file of {name}: {error}") from error


@dataclasses.dataclass
class Setup:
    """What a call needs: options, and variables besides those that were given."""

    plugin: str
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


class Way:
    """How a provider is reached, with lego's variables and what they are here.

    always: what is also set here.
    """

    def __init__(self, name: str, always: Mapping[str, str] | None = None,
                 **variables: str) -> None:
        self.name = name
        self.always = dict(always or {})
        self.variables = variables

    def fits(self, variables: Variables) -> bool:
        """Whether all variables are set."""
        return all(name in variables for name in self.variables)

    def values(self, variables: Variables) -> dict[str, str]:
        """The values, by what they are called here."""
        return {**self.always,
                **{here: variables[name] for name, here in self.variables.items()}}

    def missing(self, variables: Variables) -> str | None:
        """What has to be installed, or None."""
        return None

    def setup(self, variables: Variables, folder: str) -> Setup:
        """The options; files with secrets go into FOLDER, which is removed after the call."""
        raise NotImplementedError


class Lexicon(Way):
    """lexicon(1): the variables are options of its provider NAME."""

    def missing(self, variables: Variables) -> str | None:
        return None if shutil.which("lexicon", path=variables.get("PATH")) else "lexicon"

    def setup(self, variables: Variables, folder: str) -> Setup:
        prefix = f"LEXICON_{self.name}_".upper()
        return Setup("dns-exec", {"dns-exec-provider": self.name},
                     {prefix + option.upper(): value
                      for option, value in self.values(variables).items()})


class CertbotPlugin(Way):
    """A DNS plugin of Certbot: the variables are keys of its credentials file. The program says
    which package has it, if it is not installed."""

    def setup(self, variables: Variables, folder: str) -> Setup:
        values = self.values(variables)
        return Setup(self.name, _credentials(self.name, values, folder) if values else {})


class Program(Way):
    """dns-exec, which calls programs as lego does."""

    def setup(self, variables: Variables, folder: str) -> Setup:
        raw = variables.get("EXEC_MODE", "").upper() == "RAW"
        return Setup("dns-exec", {**self.values(variables),
                                  "dns-exec-style": "lego-raw" if raw else "lego"})


class Updates(Way):
    """dns-rfc2136. The value called "file" is the path of a key file, as tsig-keygen writes it."""

    def setup(self, variables: Variables, folder: str) -> Setup:
        values = self.values(variables)
        values["server"], values["port"] = _server_of(values["server"])
        prefix = next(iter(self.variables)).partition("_")[0]
        values["algorithm"] = variables.get(f"{prefix}_TSIG_ALGORITHM", "hmac-sha1")
        if "file" in values:
            values.update(_tsig_key_in(values.pop("file")))
        algorithm = values["algorithm"].lower().rstrip(".")
        values["algorithm"] = algorithm.replace(".sig-alg.reg.int", "").upper()
        return Setup(self.name, _credentials(self.name, values, folder))


def _tsig_key_in(path: str) -> dict[str, str]:
    text = _value_in(path, "the TSIG key")
    patterns = {"name": r'key\s+"?([^\s"{]+)', "algorithm": r'algorithm\s+"?([^\s";]+)',
                "secret": r'secret\s+"([^"]+)"'}
    found = {name: re.search(pattern, text) for name, pattern in patterns.items()}
    values = {name: match.group(1) for name, match in found.items() if match}
    if len(values) < len(patterns):
        raise Refusal(f"the file {path} has no TSIG key as tsig-keygen writes it")
    return values


def _server_of(text: str) -> tuple[str, str]:
    """The address and port of "host", "host:port" or "[address]:port"."""
    host, port = text, "53"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    return address_of(host), port


def address_of(host: str) -> str:
    """The IP address of a host."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise Refusal(f'cannot find the address of "{host}": {error}') from error


def _credentials(plugin: str, values: Mapping[str, str], folder: str) -> dict[str, str]:
    """Writes the credentials file of a plugin; its option."""
    path = os.path.join(folder, "credentials.ini")
    prefix = plugin.replace("-", "_")
    for name, value in values.items():
        if not value.isprintable():
            raise Refusal(f"the value for {name} of {plugin} has more than one line, or a control "
                          "character")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        for name, value in values.items():
            quote = "'" if '"' in value else '"'
            stream.write(f"{prefix}_{name} = {quote}{value}{quote}\n")
    return {f"{plugin}-credentials": path}


@contextlib.contextmanager
def secret_folder() -> Iterator[str]:
    """A private folder, in memory if there is one, that is removed afterwards."""
    memory = "/dev/shm"
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="certwright-", dir=where) as folder:
        yield folder


# Other names of lego's for the same variable.
_ALIASES = {
    "CF_API_EMAIL": ("CLOUDFLARE_EMAIL",),
    "CF_API_KEY": ("CLOUDFLARE_API_KEY",),
    "CF_DNS_API_TOKEN": ("CLOUDFLARE_DNS_API_TOKEN",),
}

# The table: lego's provider, and the ways to reach it, the better ones first. A way is taken if all
# of its variables are set, and if it is installed.
PROVIDERS: Mapping[str, Sequence[Way]] = {
    "exec": [Program("dns-exec", EXEC_PATH="dns-exec-program")],
    "rfc2136": [Updates("dns-rfc2136", RFC2136_NAMESERVER="server", RFC2136_TSIG_KEY="name",
                        RFC2136_TSIG_SECRET="secret"),
                Updates("dns-rfc2136", RFC2136_NAMESERVER="server", RFC2136_TSIG_FILE="file")],
    "dnsupdate": [Updates("dns-rfc2136", DNSUPDATE_NAMESERVER="server",
                          DNSUPDATE_TSIG_KEY="name", DNSUPDATE_TSIG_SECRET="secret"),
                  Updates("dns-rfc2136", DNSUPDATE_NAMESERVER="server",
                          DNSUPDATE_TSIG_FILE="file")],
    "alidns": [Lexicon("aliyun", ALICLOUD_ACCESS_KEY="auth_key_id",
                       ALICLOUD_SECRET_KEY="auth_secret")],
    "cloudflare": [
        Lexicon("cloudflare", CF_DNS_API_TOKEN="auth_token"),
        Lexicon("cloudflare", CF_API_EMAIL="auth_username", CF_API_KEY="auth_token"),
        CertbotPlugin("dns-cloudflare", CF_DNS_API_TOKEN="api_token"),
        CertbotPlugin("dns-cloudflare", CF_API_EMAIL="email", CF_API_KEY="api_key")],
    "cloudns": [Lexicon("cloudns", CLOUDNS_AUTH_ID="auth_id",
                        CLOUDNS_AUTH_PASSWORD="auth_password")],
    "conoha": [Lexicon("conoha", CONOHA_API_USERNAME="auth_username",
                       CONOHA_API_PASSWORD="auth_password", CONOHA_TENANT_ID="auth_tenant_id")],
    "constellix": [Lexicon("constellix", CONSTELLIX_API_KEY="auth_username",
                           CONSTELLIX_SECRET_KEY="auth_token")],
    "digitalocean": [Lexicon("digitalocean", DO_AUTH_TOKEN="auth_token"),
                     CertbotPlugin("dns-digitalocean", DO_AUTH_TOKEN="token")],
    "dnsimple": [Lexicon("dnsimple", DNSIMPLE_OAUTH_TOKEN="auth_token"),
                 CertbotPlugin("dns-dnsimple", DNSIMPLE_OAUTH_TOKEN="token")],
    "dnsmadeeasy": [Lexicon("dnsmadeeasy", DNSMADEEASY_API_KEY="auth_username",
                            DNSMADEEASY_API_SECRET="auth_token"),
                    CertbotPlugin("dns-dnsmadeeasy", DNSMADEEASY_API_KEY="api_key",
                                  DNSMADEEASY_API_SECRET="secret_key")],
    "dreamhost": [Lexicon("dreamhost", DREAMHOST_API_KEY="auth_token")],
    "dynu": [Lexicon("dynu", DYNU_API_KEY="auth_token")],
    "easydns": [Lexicon("easydns", EASYDNS_TOKEN="auth_username", EASYDNS_KEY="auth_token")],
    "exoscale": [Lexicon("exoscale", EXOSCALE_API_KEY="auth_key",
                         EXOSCALE_API_SECRET="auth_secret")],
    "gandi": [Lexicon("gandi", GANDI_API_KEY="auth_token")],
    "gandiv5": [Lexicon("gandi", {"api_protocol": "rest"}, GANDIV5_API_KEY="auth_token"),
                CertbotPlugin("dns-gandi", GANDIV5_API_KEY="api_key")],
    "glesys": [Lexicon("glesys", GLESYS_API_USER="auth_username", GLESYS_API_KEY="auth_token")],
    "godaddy": [Lexicon("godaddy", GODADDY_API_KEY="auth_key", GODADDY_API_SECRET="auth_secret")],
    "hetzner": [Lexicon("hetzner", HETZNER_API_KEY="auth_token")],
    "hostingde": [Lexicon("hostingde", HOSTINGDE_API_KEY="auth_token")],
    "infomaniak": [Lexicon("infomaniak", INFOMANIAK_ACCESS_TOKEN="auth_token")],
    "internetbs": [Lexicon("internetbs", INTERNET_BS_API_KEY="auth_key",
                           INTERNET_BS_PASSWORD="auth_password")],
    "inwx": [Lexicon("inwx", INWX_USERNAME="auth_username", INWX_PASSWORD="auth_password")],
    "joker": [Lexicon("joker", JOKER_API_KEY="auth_token")],
    "linode": [Lexicon("linode4", LINODE_TOKEN="auth_token"),
               CertbotPlugin("dns-linode", LINODE_TOKEN="key")],
    "luadns": [Lexicon("luadns", LUADNS_API_USERNAME="auth_username",
                       LUADNS_API_TOKEN="auth_token"),
               CertbotPlugin("dns-luadns", LUADNS_API_USERNAME="email",
                             LUADNS_API_TOKEN="token")],
    "mythicbeasts": [Lexicon("mythicbeasts", MYTHICBEASTS_USERNAME="auth_username",
                             MYTHICBEASTS_PASSWORD="auth_password")],
    "namecheap": [Lexicon("namecheap", NAMECHEAP_API_USER="auth_username",
                          NAMECHEAP_API_KEY="auth_token")],
    "namedotcom": [Lexicon("namecom", NAMECOM_USERNAME="auth_username",
                           NAMECOM_API_TOKEN="auth_token")],
    "namesilo": [Lexicon("namesilo", NAMESILO_API_KEY="auth_token")],
    "nearlyfreespeech": [Lexicon("nfsn", NEARLYFREESPEECH_LOGIN="auth_username",
                                 NEARLYFREESPEECH_API_KEY="auth_token")],
    "netcup": [Lexicon("netcup", NETCUP_CUSTOMER_NUMBER="auth_customer_id",
                       NETCUP_API_KEY="auth_api_key", NETCUP_API_PASSWORD="auth_api_password")],
    "njalla": [Lexicon("njalla", NJALLA_TOKEN="auth_token")],
    "ns1": [Lexicon("nsone", NS1_API_KEY="auth_token"),
            CertbotPlugin("dns-nsone", NS1_API_KEY="api_key")],
    "ovh": [Lexicon("ovh", OVH_ENDPOINT="auth_entrypoint",
                    OVH_APPLICATION_KEY="auth_application_key",
                    OVH_APPLICATION_SECRET="auth_application_secret",
                    OVH_CONSUMER_KEY="auth_consumer_key"),
            CertbotPlugin("dns-ovh", OVH_ENDPOINT="endpoint",
                          OVH_APPLICATION_KEY="application_key",
                          OVH_APPLICATION_SECRET="application_secret",
                          OVH_CONSUMER_KEY="consumer_key")],
    "pdns": [Lexicon("powerdns", PDNS_API_URL="pdns_server", PDNS_API_KEY="auth_token")],
    "porkbun": [Lexicon("porkbun", PORKBUN_API_KEY="auth_key",
                        PORKBUN_SECRET_API_KEY="auth_secret")],
    "rackspace": [Lexicon("rackspace", RACKSPACE_USER="auth_username",
                          RACKSPACE_API_KEY="auth_api_key")],
    # It reads AWS_* itself, and the files of ~/.aws.
    "route53": [CertbotPlugin("dns-route53")],
    "safedns": [Lexicon("safedns", SAFEDNS_AUTH_TOKEN="auth_token")],
    "sakuracloud": [Lexicon("sakuracloud", SAKURACLOUD_ACCESS_TOKEN="auth_token",
                            SAKURACLOUD_ACCESS_TOKEN_SECRET="auth_secret"),
                    CertbotPlugin("dns-sakuracloud", SAKURACLOUD_ACCESS_TOKEN="api_token",
                                  SAKURACLOUD_ACCESS_TOKEN_SECRET="api_secret")],
    "vercel": [Lexicon("vercel", VERCEL_API_TOKEN="auth_token")],
    "vultr": [Lexicon("vultr", VULTR_API_KEY="auth_token")],
    "yandex": [Lexicon("yandex", YANDEX_PDD_TOKEN="auth_token")],
    "zonomi": [Lexicon("zonomi", ZONOMI_API_KEY="auth_token")],
}

# The variables of a provider begin with this, where that is not its name.
_PREFIXES = {"alidns": "ALICLOUD", "digitalocean": "DO", "internetbs": "INTERNET_BS",
             "namedotcom": "NAMECOM", "route53": "AWS"}


def dns_setup(provider: str, variables: Variables, folder: str) -> Setup:
    """What is needed for a DNS provider of lego's.

    Raises:
        Refusal: it is unknown, its variables are not set, or what it needs is not installed.
    """
    ways = PROVIDERS.get(provider)
    if ways is None:
        known = ", ".join(["http", "tls", *sorted(PROVIDERS)])
        raise Refusal(f'the plugin "{provider}" is unknown; the known ones are: {known}')
    fitting = [way for way in ways if way.fits(variables)]
    if not fitting:
        sets = [" and ".join(way.variables) for way in ways]
        raise Refusal(f'the plugin "{provider}" needs '
                      + ", or ".join(dict.fromkeys(sets)) + " in env")
    installed = [way for way in fitting if not way.missing(variables)]
    if not installed:
        raise Refusal(f'the plugin "{provider}" needs the program '
                      f"{fitting[0].missing(variables)}: install it")
    setup = installed[0].setup(variables, folder)
    seconds = variables.seconds(
        _PREFIXES.get(provider, provider.upper()) + "_PROPAGATION_TIMEOUT")
    if seconds is not None:
        setup.options[f"{setup.plugin}-propagation-seconds"] = seconds
    return setup


def server_setup(plugin: str, variables: Variables) -> Setup:
    """What is needed for "", "http" and "tls"."""
    setup = Setup("standalone")
    types = ["tls-alpn-01"] if plugin == "tls" else ["http-01", "tls-alpn-01"]
    setup.options["preferred-challenges"] = ",".join(types)
    for kind in types:
        prefix = kind.replace("-", "").upper()
        port, interface = variables.get(f"{prefix}_PORT"), variables.get(f"{prefix}_IFACE")
        if port is not None:
            if not port.isdigit() or not 0 < int(port) < 65536:
                raise Refusal(f'{prefix}_PORT is "{port}", which is not a port',
                              "invalid_environment")
            setup.options[f"{kind}-port"] = int(port)
        if interface is not None:
            setup.options[f"{kind}-address"] = address_of(interface)
    return setup
