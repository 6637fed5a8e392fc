"""Session tokens of calls that come at the same time are asked about in one call to their service.

A call of its own for each costs gateway and service several times what the token itself does.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol

from shared.contracts.session_tokens import MAX_TOGETHER, RefusedSession, ResolvedSession
from shared.errors import Unavailable
from shared.identifiers import SESSION_TOKEN
from shared.logging import request_id
from shared.waiting.shared_result import own_exception

MAX_WAIT_S = 0.002
"""Seconds that a token waits for the call under way: one that hangs holds up nobody for longer."""


class SessionsClient(Protocol):
    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession: ...

    async def resolve_together(self, presented: Sequence[tuple[str, str]]) -> Sequence[ResolvedSession | None]: ...


class _Waiting(NamedTuple):
    token: str
    request_id: str
    found: asyncio.Future[ResolvedSession | None]


class SessionsTogether:
    """`resolve` as the client's. Where no use is counted, the tokens of one turn of the event loop go together, and
    so do those that come while a call is under way. What is not found so is resolved alone.

    However a call ends, nobody who waited for it goes on waiting; none is under way after the stop.
    """

    def __init__(self, client: SessionsClient) -> None:
        self._client = client
        self._waiting: list[_Waiting] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._due: asyncio.Handle | None = None
        """Sends those that wait."""
        self._stopped = False

    async def start(self) -> None:
        """The first call is made with the first token."""

    async def stop(self) -> None:
        """Cancel what is under way, and wait for its end: whoever waits gets `Unavailable`."""
        self._stopped = True
        for one in self._take_waiting():
            one.found.set_exception(_reason(None))
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls)

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        uuid = token.lower()
        if (peek or defer_use) and SESSION_TOKEN.fullmatch(uuid):
            session = await self._find(uuid)
            if session is not None:
                return session
        return await self._client.resolve(token, peek=peek, defer_use=defer_use)

    def _find(self, token: str) -> asyncio.Future[ResolvedSession | None]:
        if self._stopped:
            raise _reason(None)
        loop = asyncio.get_running_loop()
        found: asyncio.Future[ResolvedSession | None] = loop.create_future()
        self._waiting.append(_Waiting(token, request_id.get(), found))
        if len(self._waiting) >= MAX_TOGETHER:
            self._send()
        elif self._due is None:
            self._due = loop.call_later(MAX_WAIT_S, self._send) if self._calls else loop.call_soon(self._send)
        return found

    def _take_waiting(self) -> Sequence[_Waiting]:
        """Those that are to be sent, which then do not wait for that any more."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        waiting = [one for one in self._waiting if not one.found.done()]
        self._waiting.clear()
        return waiting

    def _send(self) -> None:
        if waiting := self._take_waiting():
            call = asyncio.get_running_loop().create_task(self._ask(waiting), name="sessions_together")
            self._calls.add(call)
            call.add_done_callback(partial(self._ended, waiting))

    async def _ask(self, waiting: Sequence[_Waiting]) -> None:
        request_id.set("")  # the call itself is none of theirs
        sessions = await self._client.resolve_together([(one.token, one.request_id) for one in waiting])
        # Paired before anybody gets one: of too few it is not known whose each is.
        for one, session in list(zip(waiting, sessions, strict=True)):
            if not one.found.done():
                one.found.set_result(session)

    def _ended(self, waiting: Sequence[_Waiting], call: asyncio.Task[None]) -> None:
        """However it did, nobody waits for it any more; a task that is cancelled may not have begun."""
        self._calls.discard(call)
        error = None if call.cancelled() else call.exception()
        for one in waiting:
            if not one.found.done():
                one.found.set_exception(_reason(error))
        if not self._calls:
            self._send()


def _reason(error: BaseException | None) -> Exception:
    """Why a call that ended with `error`, or was cancelled, has found nothing: an exception for one of those that
    waited."""
    if error is None:
        return Unavailable(detail="session tokens: the call was cancelled")
    if isinstance(error, Unavailable):
        return own_exception(error)
    fault = RuntimeError("session tokens cannot be asked about together")
    fault.__cause__ = error
    return fault
