"""Order by order: the requests, and what is made of their answers. The classes that wait and those
of asyncio only differ in how they call."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, TypeVar

from . import _model
from ._errors import Error, error_of
from ._model import AccountInfo

_Challenge = TypeVar("_Challenge", bound="ChallengeState")

# Seconds between two questions where the CA does not say.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


class AccountState:
    """An account, and how to reach its CA.

    Attributes:
        info: the account.
        server: the directory URL; None: the default of certwright.
        options: how to reach the CA: user_agent, no_verify_ssl ...
        environment: variables of its calls alone, such as SSL_CERT_FILE.
    """

    def __init__(self, info: AccountInfo, server: str | None = None,
                 options: Mapping[str, Any] | None = None,
                 environment: Mapping[str, str | None] | None = None) -> None:
        self.info = info
        self.server = server
        self.options = dict(options or {})
        self.environment = environment

    @property
    def key(self) -> str:
        """The private key in PEM."""
        return self.info.key

    @property
    def uri(self) -> str | None:
        """The account's URL."""
        return self.info.uri

    @property
    def contact(self) -> tuple[str, ...]:
        """E-mail addresses; other contacts are URLs."""
        return self.info.contact

    @property
    def status(self) -> str | None:
        """What the CA said last; None if it was not asked."""
        return self.info.status

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri}>"

    def request(self, name: str, **members: Any) -> dict[str, Any]:
        """A request of this account."""
        return _model.members_of(
            request=name, account=_model.given_account(self.info),
            options=_model.options_of({"server": self.server}, self.options),
            environment=None if self.environment is None else dict(self.environment),
            **members)

    def take(self, answer: Mapping[str, Any]) -> None:
        """What the CA says now."""
        self.info = _model.account_of(answer["account"])


def account_request(name: str, key: str | None, contact: Iterable[str] | str | None,
                    agree_tos: bool, state: AccountState) -> dict[str, Any]:
    """The request that makes or finds an account."""
    request = state.request(name, contact=None if contact is None else _model.words_of(contact),
                            terms_agreed=agree_tos or None)
    if key is None:
        del request["account"]
    return request


class Resource:
    """An object of the CA (RFC 8555 section 7.1): an order, an authorization or a challenge.

    Attributes:
        account: the account that it belongs to.
        body: what the CA said last, with "uri".
        retry_after: the seconds that the CA wants to be left alone, or None.
    """

    _member = ""

    def __init__(self, account: Any, answer: Mapping[str, Any]) -> None:
        self.account = account
        self.body: dict[str, Any] = {}
        self.retry_after: int | None = None
        self.take(answer)

    def take(self, answer: Mapping[str, Any]) -> None:
        """What the CA says now."""
        self.body = dict(answer[self._member])
        self.retry_after = answer.get("retry_after")

    def request(self, name: str, **members: Any) -> dict[str, Any]:
        """A request about this object."""
        request: dict[str, Any] = self.account.request(name, uri=self.uri, **members)
        return request

    @property
    def uri(self) -> str:
        """Its URL: all that a program has to keep."""
        return str(self.body["uri"])

    @property
    def status(self) -> str:
        """Such as "pending", "processing", "ready", "valid", "invalid"."""
        return str(self.body.get("status", "pending"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri} {self.status}>"

    def is_settled(self, wanted: Iterable[str]) -> bool:
        """Whether the status is a wanted one, or "valid".

        Raises:
            Error: it is another one that will not change by itself.
        """
        if self.status == "valid" or self.status in wanted:
            return True
        if self.status in ("pending", "processing"):
            return False
        raise self._failure()

    def _failure(self) -> Error:
        problem = self._problem()
        what = f"{self._member} {self.uri} is {self.status}"
        name = (self.body.get("identifier") or {}).get("value")
        detail = f": {problem['detail']}" if problem and problem.get("detail") else ""
        return error_of({"status": "acme", "message": f"the {what}{detail}", "identifier": name,
                         "hint": None if self.status == "ready" else "make a new order",
                         "problem": problem})

    def _problem(self) -> Mapping[str, Any] | None:
        found = [self.body.get("error")]
        found += [challenge.get("error") for challenge in self.body.get("challenges", ())]
        return next((problem for problem in found if problem), None)

    def pause(self, last: float) -> float:
        """How many seconds to wait, after a pause of LAST."""
        if self.retry_after:
            return float(self.retry_after)
        return min(last * 2, LONGEST_PAUSE) if last else FIRST_PAUSE


class OrderState(Resource):
    """What the CA says of an order (RFC 8555 section 7.1.3)."""

    _member = "order"

    @property
    def identifiers(self) -> list[str]:
        """The domain names and IP addresses."""
        return [identifier["value"] for identifier in self.body.get("identifiers", ())]

    @property
    def authorization_urls(self) -> list[str]:
        """The URLs of its authorizations."""
        return list(self.body.get("authorizations", ()))

    def finalization(self, csr: str | bytes) -> dict[str, Any]:
        """The members of a request to finalize it."""
        return _model.members_of(uri=self.uri, csr=_model.text_of(csr),
                                 finalize=self.body.get("finalize"))

    @property
    def certificate_url(self) -> str | None:
        """Where the certificate is, when the order is valid."""
        return self.body.get("certificate")


class AuthorizationState(Resource):
    """What the CA says of an authorization (RFC 8555 section 7.1.4)."""

    _member = "authorization"

    @property
    def identifier(self) -> str:
        """The domain name or IP address."""
        return str(self.body["identifier"]["value"])

    @property
    def wildcard(self) -> bool:
        """Whether it is for a wildcard name."""
        return bool(self.body.get("wildcard"))

    def _challenges(self, kind: type[_Challenge]) -> list[_Challenge]:
        """The challenges as objects of a class."""
        return [kind(self.account, {"challenge": challenge})
                for challenge in self.body.get("challenges", ())]


class ChallengeState(Resource):
    """A challenge of an authorization (RFC 8555 section 7.1.5), and what has to be published."""

    _member = "challenge"

    def take(self, answer: Mapping[str, Any]) -> None:
        """What the CA says now. Where to publish it was only in the authorization."""
        told = {name: value for name, value in answer["challenge"].items() if value is not None}
        super().take({**answer, "challenge": {**self.body, **told}})

    @property
    def type(self) -> str:
        """Such as "http-01"."""
        return str(self.body["type"])

    @property
    def token(self) -> str | None:
        """The CA's token."""
        return self.body.get("token")

    @property
    def key_authorization(self) -> str | None:
        """The token and the thumbprint of the account's key."""
        return self.body.get("key_authorization")

    @property
    def validation(self) -> str | None:
        """What to publish, as in certwright.Challenge; None: certwright does not know the type."""
        return self.body.get("validation")

    @property
    def location(self) -> str | None:
        """Where to publish it, as in certwright.Challenge."""
        return self.body.get("location")
