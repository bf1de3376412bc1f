"""What calls take and give: requests, certificates, accounts and challenges."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from typing import Any, Iterable, Mapping, Union

from ._errors import failure

Options = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Challenge:
    """What the host has to publish, so that the CA sees that the host controls a name.

    Attributes:
        id: the number of the challenge in its call.
        type: "http-01", "dns-01" or "tls-alpn-01".
        identifier: the domain name (without "*.") or the IP address.
        identifier_type: "dns" or "ip".
        wildcard: whether it is for a wildcard name.
        token: the CA's token.
        key_authorization: the token and the thumbprint of the account's key.
        validation: http-01: the body; dns-01: the value of the TXT record; tls-alpn-01: the SHA-256
            digest in hexadecimal.
        location: http-01: the path; dns-01: the name of the TXT record; tls-alpn-01: the server name.
    """

    id: int
    type: str
    identifier: str
    identifier_type: str
    wildcard: bool
    token: str
    key_authorization: str
    validation: str
    location: str


@dataclasses.dataclass(frozen=True)
class Question:
    """A question to the user.

    Attributes:
        id: the number of the question in its call.
        kind: "continue" (answer True), "yes_no" (a bool), "text" (a str) or "choice" (the index of an
            item, from 0).
        text: the question.
        default: for "yes_no", or None.
        secret: for "text": what is typed should not be shown.
        items: for "choice".
    """

    id: int
    kind: str
    text: str
    default: bool | None = None
    secret: bool = False
    items: tuple[str, ...] = ()


Answer = Union[bool, str, int, None]


@dataclasses.dataclass(frozen=True)
class AccountInfo:
    """An account of a CA. Keep uri and key, and give it to the next call.

    Attributes:
        key: the private key in PEM.
        uri: the account's URL.
        thumbprint: of the key (RFC 7638).
        contact: e-mail addresses; other contacts are URLs.
        created: whether this call created it.
        status: what the CA says; None if it was not asked.
    """

    key: str = dataclasses.field(repr=False)
    uri: str | None = None
    thumbprint: str | None = None
    contact: tuple[str, ...] = ()
    created: bool = False
    status: str | None = None


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate in PEM.

    Attributes:
        certificate: the certificate alone.
        chain: the certificates of its issuers.
        fullchain: both, the certificate first.
        domains: its names, domain names and IP addresses.
        serial: the serial number in hexadecimal.
        expiry: when it expires.
        url: where the CA has it, or None.
        key: its private key in PEM; None if the request was the caller's.
        account: the account that obtained it; None for certificates of an order.
        fingerprint: SHA-256 in hexadecimal; None if not told.
        alternates: the URLs of other chains.
    """

    certificate: str
    chain: str
    fullchain: str
    domains: tuple[str, ...]
    serial: str
    expiry: datetime.datetime
    url: str | None = None
    key: str | None = dataclasses.field(default=None, repr=False)
    account: AccountInfo | None = None
    fingerprint: str | None = None
    alternates: tuple[str, ...] = ()


def _known(kind: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that KIND has: later versions of the program may send more."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: tuple(value) if isinstance(value, list) else value
            for name, value in members.items() if name in names}


def time_of(text: str) -> datetime.datetime:
    """A time of RFC 3339."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def challenge_of(event: Mapping[str, Any]) -> Challenge:
    """The challenge of an event."""
    return Challenge(**_known(Challenge, event))


def question_of(event: Mapping[str, Any]) -> Question:
    """The question of an event."""
    return Question(**_known(Question, event))


def account_of(answer: Mapping[str, Any]) -> AccountInfo:
    """The account of an answer."""
    return AccountInfo(**_known(AccountInfo, answer))


def certificate_of(members: Mapping[str, Any], account: AccountInfo | None = None) -> Certificate:
    """The certificate of an answer."""
    known = _known(Certificate, members)
    known["expiry"] = time_of(members["expiry"])
    return Certificate(account=account, **known)


def options_of(*groups: Options) -> dict[str, Any]:
    """Options by their long names: underscores are hyphens, and None is not given."""
    return {name.replace("_", "-"): value for group in groups for name, value in group.items()
            if value is not None}


def words_of(words: str | Iterable[str]) -> list[str]:
    """One word or several."""
    return [words] if isinstance(words, str) else list(words)


def text_of(text: str | bytes | None) -> str | None:
    """PEM as it is sent."""
    return text.decode("ascii", "replace") if isinstance(text, bytes) else text


def members_of(**members: Any) -> dict[str, Any]:
    """The members of a request, without those that are None."""
    return {name: value for name, value in members.items() if value is not None}


def given_account(account: Any) -> dict[str, Any] | None:
    """An account for a request: an AccountInfo, an Account, or a mapping with key and uri."""
    if account is None:
        return None
    read = account.get if isinstance(account, Mapping) else functools.partial(_attribute, account)
    if read("key") is None:
        raise failure("usage", "the account has no key",
                      "give the account of an earlier certificate, or its key and uri")
    return members_of(key=text_of(read("key")), uri=read("uri"))


def _attribute(account: Any, name: str) -> Any:
    return getattr(account, name, None)


def verb_request(verb: str, arguments: Iterable[str], options: Options, *,
                 environment: Mapping[str, str | None] | None = None,
                 interactive: bool = False,
                 answer_timeout: int | None = None) -> dict[str, Any]:
    """The request that runs a verb."""
    return members_of(verb=verb, arguments=list(arguments) or None, options=options_of(options),
                      environment=None if environment is None else dict(environment),
                      interactive=interactive or None, answer_timeout=answer_timeout)


def memory_request(domains: str | Iterable[str], options: Options, *, csr: str | bytes | None,
                   key: str | bytes | None, account: Any, email: str | None, by_host: bool,
                   environment: Mapping[str, str | None] | None,
                   answer_timeout: int | None = None) -> dict[str, Any]:
    """The request for a certificate in memory."""
    contact: dict[str, Any] = ({"email": email} if email
                               else {"register_unsafely_without_email": True})
    names = words_of(domains)
    first: dict[str, Any] = {"domain": names} if names else {}
    if by_host and "authenticator" not in options:
        first["authenticator"] = "host"
    request = verb_request("certonly", (), {**first, **contact, **options},
                           environment=environment, answer_timeout=answer_timeout)
    request.update(members_of(store="memory", csr=text_of(csr), key=text_of(key),
                              account=given_account(account)))
    return request


def obtained(answer: Mapping[str, Any]) -> Certificate:
    """The certificate of an answer to a memory_request()."""
    return certificate_of(answer["certificates"][0], account_of(answer["account"]))
