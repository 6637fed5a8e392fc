"""What session tokens stand for, cached for a second after their service was asked about them.

The requests of a page come one upon the other with one token, and once there is an answer none of them asks again.
That a token was ended, or what created it was stopped, is known meanwhile as of any other credential: from the
changes, which each call is held against.
"""

from collections.abc import Mapping
from typing import Protocol

from gateway.credentials.session_tokens import Sessions, identity_of
from gateway.routing.rewriting.query import query_of
from shared.changes.timed_cache import TimedCache
from shared.clock import Clock
from shared.contracts.key_registry import Change, Snapshot
from shared.contracts.session_tokens import (
    CACHED_FOR_S,
    MAX_CACHED_SESSIONS,
    RefusedSession,
    ResolvedSession,
    session_token_id,
)
from shared.errors import Unavailable

MAX_LENGTH = 2048
"""Characters of the parameters, names and values together: those of a longer session are asked for each time."""
MAX_CHANGED = 65_536
"""Access keys and companies whose changes are remembered: more than change within a second."""
_CREATORS = frozenset({"access_key", "company"})
"""Kinds of what a token depends on, beside itself and one secret of the key, which are only ever stopped."""


class Follower(Protocol):
    @property
    def fresh(self) -> bool: ...


class CachedSession:
    """What a token stands for."""

    __slots__ = ("_query", "identity", "session")

    def __init__(self, session: ResolvedSession) -> None:
        self.session = session
        self.identity = identity_of(session)
        self._query: str | None = None

    @property
    def query(self) -> str:
        """What takes the place of the caller's."""
        if self._query is None:
            self._query = query_of(self.session.parameters)
        return self._query


class SessionCache:
    """`resolve` as `sessions` do it, which are asked about the same token anew after a second.

    Of a token with a number of uses nothing is cached, and nothing while the changes cannot be followed. Nor is an
    answer that may be from before a change that is applied here: one that was on its way, or of a service that had
    not heard of it yet. It is a consumer of the `ChangeFollower` that is then given to `attach`.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        """`clock`: by which it is judged whether a token has expired."""
        self._sessions = sessions
        self._follower: Follower | None = None
        self._clock = clock
        self._cache: TimedCache[str, CachedSession] = TimedCache(CACHED_FOR_S, MAX_CACHED_SESSIONS, clock)
        """By the tokens' ids."""
        self._changed: TimedCache[str, bool] = TimedCache(CACHED_FOR_S, MAX_CHANGED, clock)
        """By id, the access keys and companies that have changed within the last second. An answer that was asked
        for before that is too old to be of use once they are forgotten."""
        self._reset_at = float("-inf")
        """When anything may have changed."""

    def __len__(self) -> int:
        return len(self._cache)

    def attach(self, follower: Follower) -> None:
        self._follower = follower

    def find(self, token_id: str) -> CachedSession | None:
        """None as well by a clock that is known to be wrong: who is asked instead judges by its own."""
        cached = self._cache.find(token_id)
        if cached is None or self._follower is None or not self._follower.fresh:
            return None
        try:
            self._clock.now()
        except Unavailable:
            return None
        return cached

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        token_id = session_token_id(token.lower())
        if (cached := self.find(token_id)) is not None:
            return cached.session
        asked_at = self._clock.monotonic()
        session = await self._sessions.resolve(token, peek=peek, defer_use=defer_use)
        # A peek does not tell whether the token has a number of uses.
        if isinstance(session, ResolvedSession) and defer_use and not peek and self._cacheable(session):
            cached = CachedSession(session)
            if not self._may_have_changed(cached):
                self._cache.put(token_id, cached, asked_at)
        return session

    def reset(self, snapshot: Snapshot) -> None:
        self._cache.clear()
        self._reset_at = self._clock.monotonic()

    def apply(self, change: Change) -> None:
        """What an access key or a company is now, such as when it ends, may be another than was said."""
        if change.kind in _CREATORS:
            self._cache.discard_where(lambda cached: change.id in cached.identity.depends_on)
            self._changed.put(change.id, True, self._clock.monotonic())

    def _may_have_changed(self, cached: CachedSession) -> bool:
        """Whether what created it is another by now than its service may have known."""
        if self._clock.monotonic() - self._reset_at < CACHED_FOR_S:
            return True
        return any(self._changed.find(id_) is not None for id_ in cached.identity.depends_on)

    def _cacheable(self, session: ResolvedSession) -> bool:
        """Not where the token, or the access key that created it, ends within the time, as far as that is known."""
        if session.use_deferred or _length(session.parameters) > MAX_LENGTH:
            return False
        try:
            at = self._clock.now() + CACHED_FOR_S
        except Unavailable:
            return False
        key_ends_at = session.credential_expires_at
        return at < session.expires_at and (key_ends_at is None or at < key_ends_at)


def _length(parameters: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in parameters.items())
