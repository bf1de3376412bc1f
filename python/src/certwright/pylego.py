"""Takes the place of pylego: the same call, without lego.

    from certwright.pylego import run_lego_command

    response = run_lego_command("a@example.com", "https://ca.example/directory", csr,
                                {"HTTP01_PORT": "8080"}, "http")
    print(response.certificate)
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import ipaddress
import os
import re
from typing import Any, Mapping, Sequence

from . import _lego
from ._errors import Error
from ._model import Certificate, given_account
from .client import Client, obtain
from .order import Account

_PEM = r"-----BEGIN (?P<kind>[A-Z ]*{})-----\s[\s\S]+-----END (?P=kind)-----"
_CSR = re.compile(_PEM.format("CERTIFICATE REQUEST"))
_KEY = re.compile(_PEM.format("PRIVATE KEY"))
_COMMON_NAME = bytes.fromhex("0603550403")  # the object identifier 2.5.4.3 in DER


@dataclasses.dataclass
class Metadata:
    """Where the CA has the certificate, and its first name."""

    stable_url: str
    url: str
    domain: str


@dataclasses.dataclass
class LEGOResponse:
    """A certificate, in PEM.

    Attributes:
        csr: the request.
        private_key: always "": the key is the caller's.
        certificate: the certificate, followed by the issuer's.
        issuer_certificate: the issuer's alone.
        metadata: where it came from.
    """

    csr: str
    private_key: str
    certificate: str
    issuer_certificate: str
    metadata: Metadata


@dataclasses.dataclass
class Identifier:
    """A domain name ("dns") or an IP address ("ip")."""

    type: str
    value: str


@dataclasses.dataclass
class Subproblem:
    """What the CA said of one name."""

    type: str
    detail: str
    identifier: Identifier


class LEGOError(Exception):
    """No certificate was issued. Its text is "error: " and what failed.

    Attributes:
        detail: what failed and why, without that word.
        type: "acme" if the CA refused, else "lego".
        code: the kind of error, such as "invalid_csr", "dns_provider_failed", "network_error" or the
            last word of the CA's problem type.
        status: always None: the HTTP status is not known here.
        acme_type: the CA's whole problem type, or "".
        subproblems: what the CA said of single names.
        info: the attributes as a dict.
    """

    def __init__(self, detail: str, *, type: str = "lego", code: str = "",
                 status: int | None = None, acme_type: str = "",
                 subproblems: Sequence[Subproblem] = (),
                 info: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"error: {detail}")
        self.detail = detail
        self.type = type
        self.code = code
        self.status = status
        self.acme_type = acme_type
        self.subproblems = list(subproblems)
        self.info = dict(info or {})


def run_lego_command(email: str, server: str, csr: str | bytes,
                     env: Mapping[str, str] | str | None = None,
                     plugin: str | Mapping[str, str] | None = "", private_key: str | bytes = "",
                     dns_propagation_wait: int | None = None,
                     dns_nameservers: Sequence[str] | None = None) -> LEGOResponse:
    """Obtains a certificate for a request.

    Both published orders of arguments work: (email, server, csr, env, plugin, private_key) and
    (email, server, csr, plugin, env, private_key).

    Args:
        email: for the account; "": none.
        server: the directory URL of the CA.
        csr: the certificate request in PEM.
        env: variables of lego, for this call alone; see docs/python.md. SSL_CERT_FILE: whom to trust.
        plugin: "" or "http" answers http-01 and tls-alpn-01 (HTTP01_IFACE, HTTP01_PORT,
            TLSALPN01_IFACE, TLSALPN01_PORT), "tls" only tls-alpn-01; others are lego's names of DNS
            providers.
        private_key: the account's key in PEM; "": a new account.
        dns_propagation_wait: the seconds to wait for DNS records at most.
        dns_nameservers: the first is asked for the DNS records.

    Returns:
        The certificate.

    Raises:
        LEGOError: there is none.
        ValueError: dns_propagation_wait is negative.
    """
    if isinstance(env, str) or isinstance(plugin, Mapping):
        env, plugin = plugin, env
    if dns_propagation_wait is not None and dns_propagation_wait < 0:
        raise ValueError("dns_propagation_wait cannot be negative")
    environment = _checked_environment(env or {})
    request = _pem(csr, _CSR, "the csr", "invalid_csr")
    key = _pem(private_key, _KEY, "the private_key", "invalid_private_key") if private_key else None
    try:
        with _lego.secret_folder() as folder:
            setup = _setup(str(plugin or ""), environment, folder)
            setup.options["authenticator"] = setup.plugin
            _adjust(setup, environment, dns_propagation_wait, dns_nameservers)
            # What this machine's cli.ini says is not for this call.
            setup.options["config"] = _empty_file(folder)
            certificate = _obtain(email, server, request, key,
                                  {**environment, **setup.environment}, setup.options)
    except _lego.Refusal as refusal:
        raise _lego_error(str(refusal), refusal.code) from refusal
    except Error as error:
        raise _error_of(error) from error
    return _response(request, certificate)


def _checked_environment(env: Any) -> dict[str, str]:
    if not isinstance(env, Mapping) or not all(
            isinstance(word, str) for pair in env.items() for word in pair):
        raise _lego_error("env is not a dict of strings", "invalid_environment")
    for name in env:
        if not name or "=" in name or "\0" in name + env[name]:
            raise _lego_error(f'"{name}" in env cannot be an environment variable',
                              "invalid_environment")
    return dict(env)


def _pem(text: str | bytes, form: re.Pattern[str], what: str, code: str) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if not isinstance(text, str) or not form.search(text):
        raise _lego_error(f"{what} is not in PEM", code)
    if not _der_of(text).startswith(b"0"):  # a sequence
        raise _lego_error(f"{what} is damaged", code)
    return text


def _der_of(pem: str) -> bytes:
    """What is in PEM; b"" if it is damaged."""
    lines = [line for line in pem.splitlines() if "-" not in line and ":" not in line]
    try:
        return base64.b64decode("".join(lines))
    except binascii.Error:
        return b""


def _setup(plugin: str, environment: Mapping[str, str], folder: str) -> _lego.Setup:
    variables = _lego.Variables(environment)
    if plugin in ("", "http", "tls"):
        return _lego.server_setup(plugin, variables)
    setup = _lego.dns_setup(plugin, variables, folder)
    setup.options["preferred-challenges"] = "dns-01"
    return setup


def _adjust(setup: _lego.Setup, environment: Mapping[str, str], wait: int | None,
            nameservers: Sequence[str] | None) -> None:
    """The arguments that are only about DNS."""
    if setup.plugin == "standalone":
        return
    if wait is None and environment.get("DNS_PROPAGATION_DISABLE_ANS"):
        wait = 0
    if wait is not None:
        setup.options[f"{setup.plugin}-propagation-seconds"] = wait
    if nameservers:
        setup.options["dns-resolver"] = nameservers[0]


def _empty_file(folder: str) -> str:
    path = os.path.join(folder, "cli.ini")
    with open(path, "xb"):
        return path


def _obtain(email: str, server: str, csr: str, key: str | None, environment: dict[str, str],
            options: dict[str, Any]) -> Certificate:
    with Client() as client:
        account = None
        if key is not None:
            account = Account.register(client, server, contact=[email] if email else (),
                                       agree_tos=True, key=key,
                                       options={"config": options["config"]},
                                       environment=environment)
        return obtain(csr=csr, account=account and given_account(account), email=email,
                      client=client, environment=environment, server=server, agree_tos=True,
                      **options)


def _response(csr: str, certificate: Certificate) -> LEGOResponse:
    url = certificate.url or ""
    return LEGOResponse(
        csr=csr, private_key="", certificate=certificate.fullchain,
        issuer_certificate=certificate.chain,
        metadata=Metadata(stable_url=url, url=url, domain=_first_name(csr, certificate.domains)))


def _first_name(csr: str, domains: Sequence[str]) -> str:
    """The common name of a request, or else the first of the names."""
    _, found, rest = _der_of(csr).partition(_COMMON_NAME)
    if found and len(rest) > 2:
        # The type of the text, its length, which is below 128, and the text.
        name = rest[2:2 + rest[1]].decode("utf-8", "replace").lower()
        if name in domains:
            return name
    return domains[0]


def _lego_error(detail: str, code: str, **attributes: Any) -> LEGOError:
    info = {"type": "lego", "code": code, "detail": detail,
            **{name: value for name, value in attributes.items() if name != "subproblems"}}
    return LEGOError(detail, code=code, info=info, **attributes)


def _error_of(error: Error) -> LEGOError:
    cause = next((part for part in [error, *error.parts] if part.type), error)
    if cause.type is None:
        network = error.status in ("network", "timeout")
        return _lego_error(str(error),
                           "network_error" if network else "certificate_request_failed")
    return _lego_error(str(error), _last_word(cause.type), type="acme", acme_type=cause.type,
                       subproblems=[_subproblem(part) for part in error.parts
                                    if part.type and part.name])


def _last_word(kind: str) -> str:
    return kind.rpartition(":")[2]


def _subproblem(part: Error) -> Subproblem:
    name = part.name or ""
    try:
        ipaddress.ip_address(name)
        kind = "ip"
    except ValueError:
        kind = "dns"
    return Subproblem(_last_word(part.type or ""), part.detail or part.message,
                      Identifier(kind, name))
