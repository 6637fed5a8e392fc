"""Creates, resolves and ends session tokens."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from uuid_utils import UUID

from services.session_tokens.lifetime import lifetime, number_of_uses
from services.session_tokens.parameters import Parameters
from services.session_tokens.sealing import Contents, Unsealable, seal, unseal
from services.session_tokens.storage.ports import AccessKeys, Ended, Freshness, Revocations, SessionStore
from services.session_tokens.wrong_token import EXPECTED, Cause, WrongToken, not_of_form, stopped_by
from shared.audit.ports import RefusalAudit
from shared.changes.timed_cache import TimedCache
from shared.clock import Clock
from shared.contracts.key_registry import AccessKey, Revocation
from shared.contracts.session_tokens import CACHED_FOR_S, MAX_CACHED_SESSIONS, session_token_id
from shared.identifiers import SESSION_TOKEN
from shared.opaque import ACCESS_KEY, digest, well_formed

CLOCK_SKEW_S = 30
"""Seconds by which our clock and the store's may differ. The store forgets a token when its time is up: one that is
past it for longer was brought back by a copy."""
SESSION_TOKEN_PREFIX = ""
"""It has none: whatever has one of ours is of another kind."""
MAX_CACHED_BYTES = 2048
"""Of the parameters of a session that is cached: those who serve one page ask for the same one at once."""
MAX_SEALED_BYTES_TOGETHER = 8192
"""Of a session that is found together with others: a larger one would hold them up."""


@dataclass(frozen=True, slots=True)
class AuthorizedKey:
    """A valid access key that was presented."""

    key: AccessKey
    digest: bytes


@dataclass(frozen=True, slots=True)
class Created:
    token: str
    expires_at: int
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a valid token stands for; `parameters` is JSON text."""

    id: str
    """The token's, by which its end is known to all."""
    parameters: bytes
    key: AccessKey
    expires_at: int
    counted: bool = False
    """Whether it has a number of uses."""


class SessionTokens:
    def __init__(
        self,
        store: SessionStore,
        access_keys: AccessKeys,
        ended: Ended,
        freshness: Freshness,
        revocations: Revocations,
        audit: RefusalAudit,
        clock: Clock,
    ) -> None:
        self._store = store
        self._access_keys = access_keys
        self._ended = ended
        self._freshness = freshness
        self._revocations = revocations
        self._audit = audit
        self._clock = clock
        self._cache: TimedCache[str, Contents] = TimedCache(CACHED_FOR_S, MAX_CACHED_SESSIONS, clock)
        """By the tokens' ids, of those without a number of uses."""

    async def authorize(self, access_key: str) -> AuthorizedKey:
        """Raises `WrongToken` unless the access key and its company are active, and this secret of it works."""
        if not well_formed(ACCESS_KEY, access_key):
            raise not_of_form(ACCESS_KEY, access_key, EXPECTED["x-api-key"])
        sha256 = digest(access_key)
        key = await self._access_keys.get(sha256)
        if key is None:
            raise self._refused("access_key", Cause.UNKNOWN)
        now = self._clock.now()
        if cause := stopped(key, now) or retired(key, now):
            raise self._refused("access_key", cause, subject=key.id, key=key)
        return AuthorizedKey(key, sha256)

    async def create(
        self, authorized: AuthorizedKey, parameters: Parameters, *, ttl: str | None = None, uses: str | None = None
    ) -> Created:
        """A token for `parameters`. `ttl` (seconds) and `uses` are as the caller wrote them; raises `Invalid`
        when one is out of bounds, and `WrongToken` when less than a second of the access key is left. When this
        returns, the token and its audit event are stored."""
        key, now = authorized.key, self._clock.now()
        seconds = lifetime(ttl, key, now)
        if seconds < 1:
            raise self._refused("access_key", Cause.ACCESS_KEY_EXPIRED, subject=key.id, key=key)
        count = number_of_uses(uses)
        token = str(UUID(bytes=os.urandom(16), version=4))
        expires_at = int(now) + seconds
        text = parameters.with_auth(key.company.client_prefix)
        id_ = session_token_id(token)
        sealed = seal(token, id_, Contents(text, authorized.digest, expires_at, counted=count is not None))
        event = self._audit.event(
            "session_token.created",
            actor=f"access_key:{key.id}",
            subject_kind="session_token",
            subject=id_,
            company_id=key.company.id,
            detail={"ttl": seconds, "uses": count},
        )
        await self._store.put(id_, sealed, ttl=seconds, uses=count, event=event)
        return Created(token, expires_at)

    async def verify(self, token: str, *, peek: bool = False) -> Session:
        """What `token` stands for; counts as one use, but for a `peek`. Raises `WrongToken`."""
        id_, contents = await self._open(token, cacheable=True)
        key = await self._access_keys.get(contents.access_key)
        if key is None:
            raise self._refused("session_token", Cause.UNKNOWN, subject=id_)
        if cause := stopped(key, self._clock.now()):
            raise self._refused("session_token", cause, subject=id_, key=key)
        if self._is_ended(id_):
            raise self._refused("session_token", Cause.ENDED, subject=id_, key=key)
        if contents.counted and not peek and not await self._store.take_use(id_):
            raise self._refused("session_token", Cause.USED_UP, subject=id_, key=key)
        return Session(id_, contents.parameters, key, contents.expires_at, contents.counted)

    async def find(self, tokens: Sequence[str]) -> Sequence[Session | None]:
        """What each of `tokens` stands for, where the store and what is remembered say so; no use is counted.

        None of any other one, good or not: `verify` knows, and notes what is refused. `tokens` must not be empty.
        """
        ids = [session_token_id(token) for token in tokens]
        stored = zip(tokens, ids, await self._store.get_all(ids), strict=True)
        return [None if sealed is None else self._found(token, id_, sealed) for token, id_, sealed in stored]

    def _found(self, token: str, id_: str, sealed: bytes) -> Session | None:
        if len(sealed) > MAX_SEALED_BYTES_TOGETHER:
            return None
        try:
            contents = unseal(token, id_, sealed)
        except Unsealable:
            return None
        now, key = self._clock.now(), self._access_keys.known(contents.access_key)
        if key is None or stopped(key, now) or contents.expires_at + CLOCK_SKEW_S <= now or self._is_ended(id_):
            return None
        return Session(id_, contents.parameters, key, contents.expires_at, contents.counted)

    async def end(self, token: str) -> Session | None:
        """End `token` for ever: when this returns, no copy of the store can bring it back. Raises `WrongToken`.

        Of one that is ended but still stored, since the store failed meanwhile, it completes the end. What has
        ended now, if its access key is known and it had not ended before.
        """
        id_, contents = await self._open(token)
        self._cache.discard(id_)
        ended = None
        if not self._is_ended(id_):
            key = await self._access_keys.get(contents.access_key)
            await self._revoke(id_, contents, key)
            ended = None if key is None else Session(id_, contents.parameters, key, contents.expires_at)
        return ended if await self._store.end(id_) else None

    async def _revoke(self, id_: str, contents: Contents, key: AccessKey | None) -> None:
        company_id = None if key is None else key.company.id
        until = contents.expires_at + CLOCK_SKEW_S
        await self._revocations.revoke(
            Revocation(
                kind="session_token", id=id_, until=until, company_id=company_id, reason="ended by its holder"
            )
        )
        self._ended.revoke(id_, until, "session_token")

    async def _open(self, presented: str, *, cacheable: bool = False) -> tuple[str, Contents]:
        token = presented.lower()  # RFC 9562 section 4: read without regard to case
        if not SESSION_TOKEN.fullmatch(token):
            raise not_of_form(SESSION_TOKEN_PREFIX, presented, EXPECTED["x-api-token"])
        id_ = session_token_id(token)
        if cacheable and (cached := self._cache.find(id_)) is not None:
            return id_, cached
        asked_at = self._clock.monotonic()
        sealed = await self._store.get(id_)
        if sealed is None:
            raise self._refused("session_token", Cause.UNKNOWN)
        try:
            contents = unseal(token, id_, sealed)
        except Unsealable:
            raise self._refused("session_token", Cause.TAMPERED, subject=id_) from None
        now = self._clock.now()
        if contents.expires_at + CLOCK_SKEW_S <= now:
            raise self._refused("session_token", Cause.EXPIRED, subject=id_)
        short = len(contents.parameters) <= MAX_CACHED_BYTES
        if short and not contents.counted and now + CACHED_FOR_S < contents.expires_at:
            self._cache.put(id_, contents, asked_at)
        return id_, contents

    def _is_ended(self, id_: str) -> bool:
        self._freshness.require_fresh()
        return id_ in self._ended

    def _refused(self, kind: str, cause: Cause, *, subject: str = "", key: AccessKey | None = None) -> WrongToken:
        """The refusal, in the audit trail if what was presented is known: then it has a subject or a key."""
        if not subject and key is None:
            return WrongToken(cause, noted=False)
        self._audit.note_refusal(
            self._audit.event(
                f"{kind}.refused",
                actor="anonymous" if key is None else f"access_key:{key.id}",
                subject_kind=kind,
                subject=subject,
                company_id=None if key is None else key.company.id,
                detail={"cause": cause.value},
            ),
            stopped=stopped_by(cause, subject, key),
        )
        return WrongToken(cause, noted=True, key=key)


def stopped(key: AccessKey, now: float) -> Cause | None:
    """Why nothing that was created with an access key is valid, None when it may be."""
    if key.status != "active":
        return Cause(f"access_key_{key.status}")
    if key.expired(now):
        return Cause.ACCESS_KEY_EXPIRED
    if key.version_revoked:
        return Cause.ACCESS_KEY_VERSION_REVOKED
    if key.company.status != "active":
        return Cause(f"company_{key.company.status}")
    return None


def retired(key: AccessKey, now: float) -> Cause | None:
    """Whether this secret of the key has retired by `now`: what was created with it before goes on."""
    ended = key.version_ended(now)
    return None if ended is None else Cause(f"access_key_{ended}")
