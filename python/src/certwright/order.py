"""Order by order, with calls that wait: Account, Order, Authorization and OrderChallenge."""

from __future__ import annotations

import time
from typing import Any, Iterable, Mapping

from . import _model
from ._errors import failure
from ._model import AccountInfo, Certificate
from ._steps import (AccountState, AuthorizationState, ChallengeState, OrderState, Resource,
                     account_request)
from .client import Client


class Account(AccountState):
    """An account of a CA. All methods raise Error.

    Args:
        client: makes the calls.
        info: the account, as it was kept.
        server: the directory URL; None: the default of certwright.
        options: how to reach the CA, by long names: {"user_agent": ...}.
        environment: variables of its calls alone, such as {"SSL_CERT_FILE": ...}.
    """

    def __init__(self, client: Client, info: AccountInfo, server: str | None = None,
                 options: Mapping[str, Any] | None = None,
                 environment: Mapping[str, str | None] | None = None) -> None:
        super().__init__(info, server, options, environment)
        self._client = client

    @classmethod
    def register(cls, client: Client, server: str | None = None, *,
                 contact: str | Iterable[str] = (), agree_tos: bool = False,
                 key: str | None = None, options: Mapping[str, Any] | None = None,
                 environment: Mapping[str, str | None] | None = None) -> Account:
        """Registers an account, or finds the one that KEY has already. External account binding is
        in options (eab_kid, eab_hmac_key)."""
        return cls._open("account_new", client, server, contact, agree_tos, key, options,
                         environment)

    @classmethod
    def find(cls, client: Client, key: str, server: str | None = None, *,
             options: Mapping[str, Any] | None = None,
             environment: Mapping[str, str | None] | None = None) -> Account:
        """The account of a key in PEM."""
        return cls._open("account_find", client, server, None, False, key, options, environment)

    @classmethod
    def _open(cls, name: str, client: Client, server: str | None,
              contact: str | Iterable[str] | None, agree_tos: bool, key: str | None,
              options: Mapping[str, Any] | None,
              environment: Mapping[str, str | None] | None) -> Account:
        account = cls(client, AccountInfo(key or ""), server, options, environment)
        account.take(client.call(account_request(name, key, contact, agree_tos, account)))
        return account

    def call(self, name: str, **members: Any) -> dict[str, Any]:
        """Makes a request of this account."""
        return self._client.call(self.request(name, **members))

    def update(self, contact: str | Iterable[str]) -> None:
        """Changes the contact."""
        self.take(self.call("account_update", contact=_model.words_of(contact)))

    def deactivate(self) -> None:
        """Deactivates the account, for ever."""
        self.take(self.call("account_deactivate"))

    def order(self, identifiers: str | Iterable[str], *, profile: str | None = None,
              not_before: str | None = None, not_after: str | None = None,
              replaces: str | None = None) -> Order:
        """A new order for domain names and IP addresses.

        Args:
            identifiers: the names.
            profile: one of the CA's profiles.
            not_before, not_after: times of RFC 3339.
            replaces: the certificate in PEM that it replaces (RFC 9773).
        """
        return Order(self, self.call(
            "order_new", identifiers=_model.words_of(identifiers), profile=profile,
            not_before=not_before, not_after=not_after, replaces=replaces))

    def order_at(self, uri: str) -> Order:
        """The order at a URL."""
        return Order(self, self.call("order_get", uri=uri))

    def certificate_at(self, url: str) -> Certificate:
        """The certificate at a URL."""
        return _model.certificate_of(self.call("certificate_get", uri=url)["certificate"])

    def revoke(self, certificate: str, reason: str | None = None) -> None:
        """Revokes a certificate in PEM; reason is a value of the option --reason."""
        self.call("revoke", certificate=certificate, reason=reason)

    def make_csr(self, identifiers: str | Iterable[str], *, key: str | None = None,
                 must_staple: bool = False) -> tuple[str, str]:
        """A certificate request for names, and its key, both in PEM. The CA is not asked."""
        made = self.call("csr_new", identifiers=_model.words_of(identifiers), key=key,
                         must_staple=must_staple or None)["csr"]
        return made["csr"], made["key"]


class _Waiting(Resource):
    def refresh(self) -> None:
        """Asks the CA what it says now."""
        self.take(self.account.call(f"{self._member}_get", uri=self.uri))

    def wait(self, *wanted: str, timeout: float = 300) -> None:
        """Asks the CA until the status is "valid", or one that is wanted, such as "ready".

        Raises:
            Error: it can no longer be. Timeout: it is not in TIMEOUT seconds.
        """
        end = time.monotonic() + timeout
        pause = 0.0
        while not self.is_settled(wanted):
            pause = self.pause(pause)
            if time.monotonic() + pause > end:
                raise failure("timeout", f"the {self._member} {self.uri} is still {self.status}")
            time.sleep(pause)
            self.refresh()


class Order(OrderState, _Waiting):
    """An order. All methods raise Error."""

    def authorizations(self) -> list[Authorization]:
        """What has to be proven, one for each name."""
        return [Authorization(self.account, self.account.call("authorization_get", uri=url))
                for url in self.authorization_urls]

    def finalize(self, csr: str | bytes) -> None:
        """Sends a certificate request in PEM, when the order is "ready"."""
        self.take(self.account.call("order_finalize", **self.finalization(csr)))

    def certificate(self, timeout: float = 300) -> Certificate:
        """The certificate, after finalize()."""
        self.wait("valid", timeout=timeout)
        found: Certificate = self.account.certificate_at(str(self.certificate_url))
        return found


class Authorization(AuthorizationState, _Waiting):
    """An authorization. All methods raise Error."""

    def challenges(self) -> list[OrderChallenge]:
        """The challenges: one is enough."""
        return self._challenges(OrderChallenge)

    def challenge(self, kind: str) -> OrderChallenge:
        """The challenge of a type, such as "dns-01"."""
        for challenge in self.challenges():
            if challenge.type == kind:
                return challenge
        raise failure("not-found", f"the CA offers no {kind} challenge", None, self.identifier)

    def deactivate(self) -> None:
        """Deactivates the authorization."""
        self.take(self.account.call("authorization_deactivate", uri=self.uri))


class OrderChallenge(ChallengeState, _Waiting):
    """A challenge of an authorization. All methods raise Error."""

    def ready(self) -> None:
        """Asks the CA to validate it."""
        self.take(self.account.call("challenge_ready", uri=self.uri))
