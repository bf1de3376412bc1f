"""The exceptions of this package."""

from __future__ import annotations

from typing import Any, Mapping

_UNKNOWN: Mapping[str, Any] = {"status": "unknown", "message": "the program gave no reason"}


class Error(Exception):
    """What failed, and why.

    Attributes:
        status: the kind of error, such as "usage", "network", "timeout", "acme", "cancelled".
        message: what failed and why, in one sentence.
        hint: what to do, or None.
        name: the domain name or IP address concerned, or None.
        type: the type of the CA's problem document (RFC 8555 section 6.7), or None. If several names
            failed, it is that of the first which the CA refused.
        detail: the detail of that document, or None.
        parts: the errors of single names, if several failed.
        answer: the whole answer. It can hold private keys: do not log it.
    """

    def __init__(self, error: Mapping[str, Any], answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(dict(error))
        problem = _problem(error) or {}
        self.status: str = error.get("status") or "unknown"
        self.message: str = error.get("message") or "failed"
        self.hint: str | None = error.get("hint")
        self.name: str | None = error.get("identifier")
        self.type: str | None = problem.get("type")
        self.detail: str | None = problem.get("detail")
        self.parts: list[Error] = [error_of(part) for part in error.get("parts") or ()]
        self.answer: Mapping[str, Any] = answer or {}

    def __str__(self) -> str:
        said = [self.message, *(part.message for part in self.parts)]
        return "; ".join([*said, self.hint] if self.hint else said)


class AcmeError(Error):
    """The CA refused: type and detail are what it said."""


class UsageError(Error):
    """The request is wrong."""


class Cancelled(Error):
    """The call was cancelled."""


class Timeout(Error):
    """Something took too long."""


class LibraryError(Error):
    """The library cannot be loaded."""


_CLASSES = {"usage": UsageError, "cancelled": Cancelled, "timeout": Timeout}


def _problem(error: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The CA's, of the whole or of the first name that has one."""
    found = [one.get("problem") for one in (error, *(error.get("parts") or ()))]
    return next((problem for problem in found if problem), None)


def error_of(error: Mapping[str, Any] | None, answer: Mapping[str, Any] | None = None) -> Error:
    """The exception for an error object of certwright-json(7)."""
    error = error or _UNKNOWN
    kind = AcmeError if _problem(error) else _CLASSES.get(error.get("status", ""), Error)
    return kind(error, answer)


def failure(status: str, message: str, hint: str | None = None,
            name: str | None = None) -> Error:
    """An exception for what this package finds wrong itself."""
    return error_of({"status": status, "message": message, "hint": hint, "identifier": name})
