"""The same with asyncio: every method that asks the program is a coroutine.

    import certwright.aio

    async with await certwright.aio.Client.start() as client:
        answer = await client.run("certificates")

A cancelled task cancels its call, and closes the client.
"""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Any, Coroutine, Iterable, Mapping

from . import _model
from ._errors import Error, failure
from ._library import ANSWER, Connection
from ._model import AccountInfo, Answer, Certificate, Challenge, Question
from ._steps import (AccountState, AuthorizationState, ChallengeState, OrderState, Resource,
                     account_request)
from .client import CLEANUP_LIMIT, Challenges, Listener, not_removed, tell


class Host(Listener):
    """Answers questions and publishes challenges, all of a certificate at the same time. Override
    what you need; see certwright.Host."""

    async def question(self, question: Question) -> Answer:
        """The user's answer; None, the default, cancels what asked."""
        return None

    async def publish(self, challenge: Challenge) -> None:
        """Publishes a challenge, and returns when the CA can see it.

        An exception says why it cannot be published; the name then fails with it.
        """
        raise NotImplementedError("this program does not publish challenges")

    async def remove(self, challenge: Challenge) -> None:
        """Removes a challenge that publish() was called with: always called, also after errors."""


class _Call:
    """A call in progress: events come by the loop's reader, and work of the host in tasks."""

    def __init__(self, connection: Connection, host: Host) -> None:
        self._connection = connection
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._ended = asyncio.Event()
        self._work: dict[int, asyncio.Task[None]] = {}
        self._removals: list[asyncio.Task[None]] = []
        self._challenges = Challenges()

    async def run(self, request: Mapping[str, Any]) -> dict[str, Any]:
        connection = self._connection
        connection.begin(request)
        descriptor = connection.fileno()
        self._loop.add_reader(descriptor, self._read)
        try:
            self._read()
            answer = await self._answer
        except BaseException:
            connection.close()
            await self._clean_up()
            raise
        finally:
            self._loop.remove_reader(descriptor)
            connection.end()
            await self._finish()
        return self._challenges.check(answer)

    async def _clean_up(self) -> None:
        """Waits until the program has cleaned up after a call that was cancelled."""
        try:
            await asyncio.wait_for(self._ended.wait(), CLEANUP_LIMIT)
        except asyncio.TimeoutError:
            pass

    async def _finish(self) -> None:
        """Ends what the host still does, and removes what is left."""
        for task in self._work.values():
            task.cancel()
        await asyncio.gather(*self._work.values(), return_exceptions=True)
        for challenge in self._challenges.rest():
            self._removals.append(self._loop.create_task(self._remove(challenge)))
        await asyncio.gather(*self._removals)

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                happened = self._connection.next_event()
            except (MemoryError, Error) as error:
                self._fail(error)
                return
            if happened is None:
                return
            kind, event = happened
            if kind == ANSWER:
                self._ended.set()
                if not self._answer.done():
                    self._answer.set_result(event)
            else:
                self._take(event)

    def _fail(self, error: BaseException) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)

    def _take(self, event: Mapping[str, Any]) -> None:
        name = event["event"]
        if name == "challenge_over":
            self._over(event)
        elif self._answer.done():
            pass  # only the end of the cancelled call is waited for
        elif name == "question":
            self._start(event["id"], self._ask(_model.question_of(event)))
        elif name == "challenge":
            self._start(event["id"], self._publish(self._challenges.add(event)))
        else:
            self._tell(event)

    def _tell(self, event: Mapping[str, Any]) -> None:
        try:
            tell(self._host, event)
        except Exception as error:  # the loop would only log it
            self._fail(error)

    def _start(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        self._work[number] = self._loop.create_task(work)

    def _over(self, event: Mapping[str, Any]) -> None:
        over = self._challenges.pop(event)
        if over is not None:
            self._removals.append(
                self._loop.create_task(self._remove(over, self._work.pop(over.id))))

    async def _ask(self, question: Question) -> None:
        try:
            answer = await self._host.question(question)
            self._connection.reply({"id": question.id, "answer": answer})
        except Exception as error:  # ends the call
            self._fail(error)

    async def _publish(self, challenge: Challenge) -> None:
        reply: dict[str, Any] = {"id": challenge.id, "ready": True}
        try:
            await self._host.publish(challenge)
        except Exception as error:  # whatever it is, it is why the name fails
            reply = self._challenges.failed(challenge, error)
        self._connection.reply(reply)

    async def _remove(self, challenge: Challenge, work: asyncio.Task[None] | None = None) -> None:
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        try:
            await self._host.remove(challenge)
        except Exception:  # the call has its own end
            not_removed(challenge)


class Client:
    """Runs the program certwright. Make it with start(), and close() it, or use it with
    "async with".

    It makes one call at a time.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def start(cls, program: str | os.PathLike[str] | None = None,
                    environment: Mapping[str, str] | None = None) -> Client:
        """Starts the program; see certwright.Client."""
        return cls(await asyncio.to_thread(Connection, program, environment))

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the program. A call in progress is cancelled."""
        self._connection.close()

    async def call(self, request: Mapping[str, Any], host: Host | None = None) -> dict[str, Any]:
        """Makes a request; see certwright.Client.call()."""
        return await _Call(self._connection, host or Host()).run(request)

    async def run(self, verb: str, *arguments: str, host: Host | None = None,
                  interactive: bool = False, environment: Mapping[str, str | None] | None = None,
                  answer_timeout: int | None = None, options: Mapping[str, Any] | None = None,
                  **more_options: Any) -> dict[str, Any]:
        """Does what the command does; see certwright.Client.run()."""
        request = _model.verb_request(
            verb, arguments, {**(options or {}), **more_options},
            environment=environment, interactive=interactive, answer_timeout=answer_timeout)
        return await self.call(request, host)


async def obtain(domains: str | Iterable[str] = (), *, csr: str | bytes | None = None,
                 key: str | bytes | None = None, account: Any = None, email: str | None = None,
                 host: Host | None = None, client: Client | None = None,
                 environment: Mapping[str, str | None] | None = None,
                 answer_timeout: int | None = None, **options: Any) -> Certificate:
    """Obtains a certificate; see certwright.obtain()."""
    request = _model.memory_request(
        domains, options, csr=csr, key=key, account=account, email=email,
        by_host=host is not None, environment=environment, answer_timeout=answer_timeout)
    if client is not None:
        return _model.obtained(await client.call(request, host))
    async with await Client.start() as own:
        return _model.obtained(await own.call(request, host))


class Account(AccountState):
    """An account of a CA; see certwright.Account."""

    def __init__(self, client: Client, info: AccountInfo, server: str | None = None,
                 options: Mapping[str, Any] | None = None,
                 environment: Mapping[str, str | None] | None = None) -> None:
        super().__init__(info, server, options, environment)
        self._client = client

    @classmethod
    async def register(cls, client: Client, server: str | None = None, *,
                       contact: str | Iterable[str] = (), agree_tos: bool = False,
                       key: str | None = None, options: Mapping[str, Any] | None = None,
                       environment: Mapping[str, str | None] | None = None) -> Account:
        """Registers an account, or finds the one that KEY has already."""
        return await cls._open("account_new", client, server, contact, agree_tos, key, options,
                               environment)

    @classmethod
    async def find(cls, client: Client, key: str, server: str | None = None, *,
                   options: Mapping[str, Any] | None = None,
                   environment: Mapping[str, str | None] | None = None) -> Account:
        """The account of a key in PEM."""
        return await cls._open("account_find", client, server, None, False, key, options,
                               environment)

    @classmethod
    async def _open(cls, name: str, client: Client, server: str | None,
                    contact: str | Iterable[str] | None, agree_tos: bool, key: str | None,
                    options: Mapping[str, Any] | None,
                    environment: Mapping[str, str | None] | None) -> Account:
        account = cls(client, AccountInfo(key or ""), server, options, environment)
        account.take(await client.call(account_request(name, key, contact, agree_tos, account)))
        return account

    async def call(self, name: str, **members: Any) -> dict[str, Any]:
        """Makes a request of this account."""
        return await self._client.call(self.request(name, **members))

    async def update(self, contact: str | Iterable[str]) -> None:
        """Changes the contact."""
        self.take(await self.call("account_update", contact=_model.words_of(contact)))

    async def deactivate(self) -> None:
        """Deactivates the account, for ever."""
        self.take(await self.call("account_deactivate"))

    async def order(self, identifiers: str | Iterable[str], *, profile: str | None = None,
                    not_before: str | None = None, not_after: str | None = None,
                    replaces: str | None = None) -> Order:
        """A new order for domain names and IP addresses; see certwright.Account.order()."""
        return Order(self, await self.call(
            "order_new", identifiers=_model.words_of(identifiers), profile=profile,
            not_before=not_before, not_after=not_after, replaces=replaces))

    async def order_at(self, uri: str) -> Order:
        """The order at a URL."""
        return Order(self, await self.call("order_get", uri=uri))

    async def certificate_at(self, url: str) -> Certificate:
        """The certificate at a URL."""
        return _model.certificate_of(
            (await self.call("certificate_get", uri=url))["certificate"])

    async def revoke(self, certificate: str, reason: str | None = None) -> None:
        """Revokes a certificate in PEM; reason is a value of the option --reason."""
        await self.call("revoke", certificate=certificate, reason=reason)

    async def make_csr(self, identifiers: str | Iterable[str], *, key: str | None = None,
                       must_staple: bool = False) -> tuple[str, str]:
        """A certificate request for names, and its key, both in PEM. The CA is not asked."""
        made = (await self.call("csr_new", identifiers=_model.words_of(identifiers), key=key,
                                must_staple=must_staple or None))["csr"]
        return made["csr"], made["key"]


class _Waiting(Resource):
    async def refresh(self) -> None:
        """Asks the CA what it says now."""
        self.take(await self.account.call(f"{self._member}_get", uri=self.uri))

    async def wait(self, *wanted: str, timeout: float = 300) -> None:
        """Asks the CA until the status is a wanted one; see certwright.Order.wait()."""
        end = asyncio.get_running_loop().time() + timeout
        pause = 0.0
        while not self.is_settled(wanted):
            pause = self.pause(pause)
            if asyncio.get_running_loop().time() + pause > end:
                raise failure("timeout", f"the {self._member} {self.uri} is still {self.status}")
            await asyncio.sleep(pause)
            await self.refresh()


class Order(OrderState, _Waiting):
    """An order; see certwright.Order."""

    async def authorizations(self) -> list[Authorization]:
        """What has to be proven, one for each name."""
        return [Authorization(self.account, await self.account.call("authorization_get", uri=url))
                for url in self.authorization_urls]

    async def finalize(self, csr: str | bytes) -> None:
        """Sends a certificate request in PEM, when the order is "ready"."""
        self.take(await self.account.call("order_finalize", **self.finalization(csr)))

    async def certificate(self, timeout: float = 300) -> Certificate:
        """The certificate, after finalize()."""
        await self.wait("valid", timeout=timeout)
        found: Certificate = await self.account.certificate_at(str(self.certificate_url))
        return found


class Authorization(AuthorizationState, _Waiting):
    """An authorization; see certwright.Authorization."""

    def challenges(self) -> list[OrderChallenge]:
        """The challenges: one is enough."""
        return self._challenges(OrderChallenge)

    def challenge(self, kind: str) -> OrderChallenge:
        """The challenge of a type, such as "dns-01"."""
        for challenge in self.challenges():
            if challenge.type == kind:
                return challenge
        raise failure("not-found", f"the CA offers no {kind} challenge", None, self.identifier)

    async def deactivate(self) -> None:
        """Deactivates the authorization."""
        self.take(await self.account.call("authorization_deactivate", uri=self.uri))


class OrderChallenge(ChallengeState, _Waiting):
    """A challenge of an authorization; see certwright.OrderChallenge."""

    async def ready(self) -> None:
        """Asks the CA to validate it."""
        self.take(await self.account.call("challenge_ready", uri=self.uri))
