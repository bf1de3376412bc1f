"""Calls that wait: Client, Host and obtain()."""

from __future__ import annotations

import logging
import os
import select
import time
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping

from . import _model
from ._errors import error_of, failure
from ._library import ANSWER, Connection
from ._model import Answer, Certificate, Challenge, Question

_log = logging.getLogger("certwright")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING,
           "error": logging.ERROR}

# Seconds that a cancelled call may take to clean up, such as to remove its DNS records.
CLEANUP_LIMIT = 10.0


class Listener:
    """Is told what happens during a call. Override what you need."""

    def message(self, level: str, text: str) -> None:
        """What the command would print; level is "debug", "info", "warning" or "error".

        By default it goes to the logger "certwright".
        """
        _log.log(_LEVELS.get(level, logging.INFO), "%s", text)

    def progress(self, what: str, done: int, total: int) -> None:
        """How far the work is; total is 0 when it is finished."""


class Host(Listener):
    """Answers questions and publishes challenges. Override what you need."""

    def question(self, question: Question) -> Answer:
        """The user's answer; None, the default, cancels what asked."""
        return None

    def publish(self, challenge: Challenge) -> None:
        """Publishes a challenge, and returns when the CA can see it.

        An exception says why it cannot be published; the name then fails with it.
        """
        raise NotImplementedError("this program does not publish challenges")

    def remove(self, challenge: Challenge) -> None:
        """Removes a challenge that publish() was called with: always called, also after errors."""


class Challenges:
    """The challenges of one call that the host knows."""

    def __init__(self) -> None:
        self._known: dict[int, Challenge] = {}
        self.failure: Exception | None = None

    def add(self, event: Mapping[str, Any]) -> Challenge:
        """The challenge of an event, from now on known."""
        challenge = _model.challenge_of(event)
        self._known[challenge.id] = challenge
        return challenge

    def pop(self, event: Mapping[str, Any]) -> Challenge | None:
        """The challenge that is over."""
        return self._known.pop(event["id"], None)

    def rest(self) -> list[Challenge]:
        """Those that are left when the call has ended."""
        left = list(self._known.values())
        self._known.clear()
        return left

    def failed(self, challenge: Challenge, error: Exception) -> dict[str, Any]:
        """The reply that a challenge cannot be published."""
        self.failure = self.failure or error
        return {"id": challenge.id, "ready": False,
                "detail": str(error) or type(error).__name__}

    def check(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer, if the call succeeded.

        Raises:
            Error: it failed.
        """
        if answer.get("ok"):
            return answer
        raise error_of(answer.get("error"), answer) from self.failure


def tell(listener: Listener, event: Mapping[str, Any]) -> None:
    """Tells a listener of an event that wants no reply; later versions may have other events."""
    if event["event"] == "progress":
        listener.progress(event["what"], event["done"], event["total"])
    elif event["event"] == "message":
        listener.message(event["level"], event["text"])


def not_removed(challenge: Challenge) -> None:
    """Logs the exception at hand: the certificate does not depend on it."""
    _log.warning("the challenge at %s was not removed", challenge.location, exc_info=True)


class Client:
    """Runs the program certwright. Use it with "with", or close() it.

    It makes one call at a time. Each thread should have its own client.

    Args:
        program: the path of the program; None: the installed one, or CERTWRIGHT_PROGRAM.
        environment: the environment of the program; None: the one of this process.

    Raises:
        LibraryError: the library cannot be loaded.
        Error: the program cannot be started, or has another version.
    """

    def __init__(self, program: str | os.PathLike[str] | None = None,
                 environment: Mapping[str, str] | None = None) -> None:
        self._connection = Connection(program, environment)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the program. A call in progress, in another thread, is cancelled."""
        self._connection.close()

    def call(self, request: Mapping[str, Any], host: Host | None = None,
             timeout: float | None = None) -> dict[str, Any]:
        """Makes a request of certwright-library.schema.json.

        Args:
            request: the request; "answer_timeout" limits how long a Host may take.
            host: answers questions, publishes challenges, is told of progress.
            timeout: seconds; then the call is cancelled, which also takes up to ten seconds, and the
                client closed. So does an exception such as KeyboardInterrupt.

        Returns:
            The answer.

        Raises:
            Error: the call failed: AcmeError if the CA refused, UsageError if the request is wrong,
                Cancelled after close(), Timeout.
        """
        host = host or Host()
        challenges = Challenges()
        connection = self._connection
        connection.begin(request)
        try:
            answer = self._run(host, challenges, timeout)
        except BaseException:
            connection.close()
            self._clean_up(host, challenges)
            raise
        finally:
            connection.end()
            for challenge in challenges.rest():
                _remove(host, challenge)
        return challenges.check(answer)

    def _clean_up(self, host: Host, challenges: Challenges) -> None:
        """Waits until the program has cleaned up after a call that was cancelled."""
        for kind, event in self._events(CLEANUP_LIMIT):
            if kind == ANSWER:
                return
            if event["event"] == "challenge_over":
                _reply(host, challenges, event)

    def _run(self, host: Host, challenges: Challenges, timeout: float | None) -> dict[str, Any]:
        for kind, event in self._events(timeout):
            if kind == ANSWER:
                return event
            reply = _reply(host, challenges, event)
            if reply is not None:
                self._connection.reply(reply)
        raise failure("timeout", f"the call did not end in {timeout} s")

    def _events(self, timeout: float | None) -> Iterator[tuple[int, dict[str, Any]]]:
        """All events until the answer, or until TIMEOUT seconds have passed."""
        connection = self._connection
        end = None if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        while True:
            happened = connection.next_event()
            if happened is not None:
                yield happened
                continue
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            poll.poll(None if left is None else left * 1000 + 1)

    def run(self, verb: str, *arguments: str, host: Host | None = None, interactive: bool = False,
            environment: Mapping[str, str | None] | None = None, timeout: float | None = None,
            answer_timeout: int | None = None,
            options: Mapping[str, Any] | None = None, **more_options: Any) -> dict[str, Any]:
        """Does what the command does: client.run("certonly", domain="a.example", standalone=True).

        Args:
            verb: such as "certonly", "renew", "certificates".
            arguments: the words after the verb: the path for "import", the name for "export", those
                of "plugin" and "help".
            interactive: whether host answers questions.
            environment: variables of this call alone; None removes one.
            host, timeout: as for call().
            answer_timeout: the seconds that host may take for a challenge or a question; None: 60.
            options: options by their long names.
            more_options: the same, with underscores for hyphens.

        Returns:
            The object of certwright-json(7).

        Raises:
            Error: as call() does.
        """
        request = _model.verb_request(
            verb, arguments, {**(options or {}), **more_options},
            environment=environment, interactive=interactive, answer_timeout=answer_timeout)
        return self.call(request, host, timeout)


def _reply(host: Host, challenges: Challenges,
           event: Mapping[str, Any]) -> dict[str, Any] | None:
    name = event["event"]
    if name == "question":
        question = _model.question_of(event)
        return {"id": question.id, "answer": host.question(question)}
    if name == "challenge":
        challenge = challenges.add(event)
        try:
            host.publish(challenge)
        except Exception as error:  # whatever it is, it is why the name fails
            return challenges.failed(challenge, error)
        return {"id": challenge.id, "ready": True}
    if name == "challenge_over":
        over = challenges.pop(event)
        if over is not None:
            _remove(host, over)
        return None
    tell(host, event)
    return None


def _remove(host: Host, challenge: Challenge) -> None:
    try:
        host.remove(challenge)
    except Exception:  # the call has its own end
        not_removed(challenge)


def obtain(domains: str | Iterable[str] = (), *, csr: str | bytes | None = None,
           key: str | bytes | None = None, account: Any = None, email: str | None = None,
           host: Host | None = None, client: Client | None = None,
           environment: Mapping[str, str | None] | None = None, timeout: float | None = None,
           answer_timeout: int | None = None, **options: Any) -> Certificate:
    """Obtains a certificate. No file is written: keep its key and its account.

    Args:
        domains: the names; with csr they are in the request.
        csr: a certificate request in PEM.
        key: the certificate's private key in PEM; None: one is made.
        account: the account of an earlier certificate; None: one is registered.
        email: for the account.
        host: publishes the challenges, unless options name another authenticator.
        client: None: one of its own.
        environment: variables of this call alone; None removes one.
        timeout: seconds, as for Client.call().
        answer_timeout: the seconds that host may take for a challenge; None: 60.
        options: options of certonly, with underscores for hyphens: server="https://...",
            agree_tos=True, authenticator="webroot", webroot_path="/srv/www".

    Returns:
        The certificate.

    Raises:
        Error: none was issued. If error.answer has an "account", it was registered: use it again.
    """
    request = _model.memory_request(
        domains, options, csr=csr, key=key, account=account, email=email,
        by_host=host is not None, environment=environment, answer_timeout=answer_timeout)
    if client is not None:
        return _model.obtained(client.call(request, host, timeout))
    with Client() as own:
        return _model.obtained(own.call(request, host, timeout))


__all__ = ["Client", "Host", "Listener", "obtain"]
