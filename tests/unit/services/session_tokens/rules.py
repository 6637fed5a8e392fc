"""The rules of session tokens over memory."""

import pytest

from services.session_tokens.parameters import parse
from services.session_tokens.tokens import Created, SessionTokens
from services.session_tokens.wrong_token import Cause, WrongToken
from shared.audit.trail import AuditTrail
from shared.changes.follower import ChangeFollower
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import AccessKey, AuditEvent
from shared.opaque import ACCESS_KEY, mint
from tests.support.clock import FakeClock
from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.session_tokens import MemorySessionStore

KEY = mint(ACCESS_KEY)
EVENT = AuditEvent(action="session_token.created", actor="access_key:1", at=1.0)


class AccessKeys:
    def __init__(self, registry: RegistryDouble) -> None:
        self._registry = registry
        self.remembered: dict[bytes, AccessKey | None] = {}

    async def get(self, key: bytes) -> AccessKey | None:
        self.remembered[key] = record = await self._registry.access_key(key)
        return record

    def known(self, key: bytes) -> AccessKey | None:
        return self.remembered.get(key)


class Rules:
    """The rules over memory, and what surrounds them."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.registry = RegistryDouble()
        self.record = self.registry.add_access_key(KEY, default_ttl=3600, max_ttl=7200)
        self.store = MemorySessionStore(clock)
        self.audit = AuditTrail(self.registry, service="session_tokens", clock=clock)
        self.tokens, self.follower = self.copy()

    def copy(self, bound: float = 10_000) -> tuple[SessionTokens, ChangeFollower]:
        """One more copy of the service over the same store, and what keeps it true."""
        ended = StoppedSet(self.clock, frozenset({"session_token"}))
        follower = ChangeFollower(self.registry, (ended,), clock=self.clock, bound=bound)
        self.keys = AccessKeys(self.registry)
        tokens = SessionTokens(self.store, self.keys, ended, follower, self.registry, self.audit, self.clock)
        return tokens, follower

    async def create(self, body: bytes = b'{"file":"f"}', **wishes: str) -> Created:
        return await self.tokens.create(await self.tokens.authorize(KEY), parse(body), **wishes)

    async def refusal(self, token: str) -> Cause:
        with pytest.raises(WrongToken) as refused:
            await self.tokens.verify(token)
        assert str(refused.value) == "Wrong token"
        return refused.value.cause

    async def events(self) -> list[AuditEvent]:
        """All that was noted, sent."""
        await self.audit.start()
        await self.audit.stop()
        return [*self.store.events, *self.registry.events]
