"""The issuer's rules over stores in memory and a clock that is moved."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from services.token_issuer.assertion_audiences import of_client_assertions
from services.token_issuer.clients.assertions import AssertionVerifier
from services.token_issuer.clients.authentication import ClientAuthenticator
from services.token_issuer.clients.throttle import SecretThrottle
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.signing_keys.creation import KeyFactory
from services.token_issuer.signing_keys.may_sign import RolloutTimes
from services.token_issuer.signing_keys.pool import SigningPool
from services.token_issuer.signing_keys.ring import KeyRing
from services.token_issuer.signing_keys.rollout import KeyRollout
from services.token_issuer.signing_keys.rotation import KeyRotator
from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.tokens.issuance import TokenIssuer
from shared.audit.mismatch import Mismatch
from shared.audit.stopped import StoppedObject
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import ApiClient, AuditEvent
from shared.contracts.signing_keys import Gateways, SigningKeyReport
from shared.errors import Unavailable
from shared.failure_times.memory import MemoryFailureTimes
from shared.jose.header import AUTHORIZATION_GRANT
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, KEY_PAIR, mint, public_id
from tests.support.clock import FakeClock
from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.token_issuer import MemorySigningKeys, MemoryUsedAssertions

ISSUER = "https://passgate.example"
ADDRESS = "192.0.2.1"
AUDIENCES = frozenset({ISSUER, "ankor.io"})
"""Accepted as `aud` of an assertion."""
PUBLICATION_S = 60.0
EMERGENCY_WAIT_S = 15.0


class Reports:
    """The registry, as the issuer reports its keys to it."""

    def __init__(self, registry: RegistryDouble) -> None:
        self._registry = registry

    async def report(self, report: SigningKeyReport) -> Gateways:
        return await self._registry.report_signing_keys(report)


@dataclass
class BegunLine:
    trail: "Trail"
    event: AuditEvent

    async def durable(self) -> None:
        if self.trail.away:
            raise Unavailable("the audit trail is unavailable")
        self.trail.recorded.append(self.event)

    def withdraw(self) -> None:
        self.trail.withdrawn.append(self.event)


class Trail:
    """An audit trail that keeps what it gets; `away` refuses what must not be lost."""

    def __init__(self) -> None:
        self.away = False
        self.recorded: list[AuditEvent] = []
        self.withdrawn: list[AuditEvent] = []
        self.noted: list[AuditEvent] = []
        self.counted: list[tuple[str, str, str]] = []

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent:
        return AuditEvent(action=action, actor=actor, at=time.time(), **fields)

    async def record(self, event: AuditEvent) -> None:
        await self.begin(event).durable()

    def begin(self, event: AuditEvent) -> "BegunLine":
        return BegunLine(self, event)

    def note(self, event: AuditEvent) -> None:
        self.noted.append(event)

    def note_refusal(
        self, event: AuditEvent, *, mismatch: Mismatch | None = None, stopped: StoppedObject | None = None
    ) -> None:
        self.note(event)

    def count_refusal(
        self,
        *,
        cause: str,
        endpoint: str,
        client: str,
        logged: bool = False,
        mismatch: Mismatch | None = None,
    ) -> None:
        self.counted.append((cause, endpoint, client))


class LookedUp:
    """API clients as the registry has them; `remembered` are known without a look-up, as they were then."""

    def __init__(self, registry: RegistryDouble) -> None:
        self._registry = registry
        self.remembered: dict[str, ApiClient] = {}

    async def get(self, key: str) -> ApiClient | None:
        return self.remembered.get(key) or await self.renewed(key)

    async def renewed(self, key: str) -> ApiClient | None:
        return await self._registry.api_client(key)


class World:
    """All parts of the issuer's domain, with one API client and one key pair of the same company."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.registry = RegistryDouble()
        self.trail = Trail()
        self.stopped = StoppedSet(self.clock)
        self.slept: list[float] = []
        self.master_key = MasterKey(bytes(range(32)))
        self.signing_keys = MemorySigningKeys(self.clock)
        self.used = MemoryUsedAssertions()
        self.rotator = self.rotator_for("ES256")
        self.rollout = self.new_rollout()
        self.ring = self.new_ring()
        self.time_floor = time_floor = RefusalTimeFloor(self.clock, sleep=self._sleep)
        self.assertions = AssertionVerifier(self.registry.key_pair, self.used, time_floor, self.clock)
        self.throttle = SecretThrottle(MemoryFailureTimes(), self.clock)
        self.api_clients = LookedUp(self.registry)
        self.authenticator = ClientAuthenticator(
            self.api_clients,
            self.assertions,
            self.throttle,
            time_floor,
            self.clock,
            audiences=of_client_assertions(ISSUER),
        )
        self.pool = SigningPool()
        self.issuer = TokenIssuer(
            self.ring,
            self.pool,
            self.trail,
            self.clock,
            issuer=ISSUER,
            audience="passgate",
            lifetime=3600,
        )
        self.secret, self.key = mint(API_CLIENT_SECRET), public_id(API_CLIENT_KEY)
        self.client = self.registry.add_api_client(self.key, self.secret)
        self.kid, private = public_id(KEY_PAIR), generate_private_key("ES256")
        self.key_pair = self.registry.add_key_pair(
            self.kid, public_jwk(private.public_key(), self.kid, "ES256"), "ES256"
        )
        self.signer = Signer(self.kid, "ES256", private)

    def rotator_for(self, algorithm: str) -> KeyRotator:
        bits = 2048 if algorithm.startswith("RS") else None
        return KeyRotator(self.signing_keys, KeyFactory(self.master_key, algorithm, bits), self.trail)

    def new_rollout(self, rotation_interval: float = 0.0) -> KeyRollout:
        return KeyRollout(
            self.signing_keys,
            Reports(self.registry),
            self.trail,
            RolloutTimes(publication=PUBLICATION_S, emergency_wait=EMERGENCY_WAIT_S),
            token_lifetime=3600,
            rotation_interval=rotation_interval,
        )

    async def rotated(self) -> str:
        """The kid of a new key, which signs: no gateway is known."""
        record = await self.rotator.publish()
        assert record is not None
        self.clock.advance(PUBLICATION_S)
        await self.rollout.advance()
        await self.ring.reload()
        return record.kid

    def new_ring(self) -> KeyRing:
        return KeyRing(self.signing_keys, self.master_key, self.stopped, self.clock, token_lifetime=3600)

    async def with_key(self) -> "World":
        await self.rotator.ensure_first()
        await self.ring.reload()
        return self

    def assertion(self, **claims: Any) -> str:
        now, uri = int(self.clock.now()), self.key_pair.company.company_uri
        members = {"iss": uri, "sub": uri, "aud": ISSUER, "iat": now, "exp": now + 600, **claims}
        return self.signer.sign({name: value for name, value in members.items() if value is not None})

    async def used_jti(self, jti: str) -> None:
        """Use it with the key pair, as a request for a token does."""
        verified = await self.assertions.verify(
            self.assertion(jti=jti), audiences=AUDIENCES, typ=AUTHORIZATION_GRANT
        )
        assert await self.assertions.single_use.use(verified.client.public_id, verified.claims)

    def _sleep(self, seconds: float) -> Awaitable[None]:
        async def slept() -> None:
            self.slept.append(round(seconds, 6))

        return slept()
