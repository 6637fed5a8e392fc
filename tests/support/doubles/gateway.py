"""What the gateway's rules ask: an operator and a follower in memory, and tokens of an issuer's key."""

from collections.abc import Callable
from typing import Any

from gateway.client_address_proof import ClientAddressProof
from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.session_cache import SessionCache
from gateway.credentials.staleness import Staleness
from gateway.decision import Decider
from gateway.forwarding.limit_decision import CallLimits
from gateway.routing.table import RouteTable
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock, SystemClock
from shared.contracts.operator_validator import TokenCheck
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from tests.support.clock import FakeClock
from tests.support.doubles.limits import limit_table

ISSUER = "http://gateway.example"
KEY = generate_private_key("EdDSA")
SIGNER = Signer("k1", "EdDSA", KEY)
VALID = TokenCheck(
    valid=True, cause=None, as_of=7, api_token_id="t", company_id="c", client_prefix="blabla", application_id="a",
    booking_id="b", remote_application="Shop",
)  # fmt: skip


class Operator:
    def __init__(self) -> None:
        self.response: TokenCheck | None = VALID
        self.requested: list[tuple[str, str, str]] = []

    async def check(self, token: str, *, client_prefix: str, application_prefix: str) -> TokenCheck:
        self.requested.append((token, client_prefix, application_prefix))
        if self.response is None:
            raise Unavailable
        return self.response


class Follower:
    fresh = True
    position = 7

    def is_current(self, as_of: int, mark: str | None) -> bool:
        return as_of >= self.position


class FollowedAgo:
    """A follower that last heard of the registry `age` seconds ago."""

    bound = 5.0

    def __init__(self) -> None:
        self.age = 0.0

    def known_within(self, seconds: float) -> bool:
        return self.age <= seconds


def token(clock: FakeClock, signer: Signer = SIGNER, **changes: Any) -> str:
    now = int(clock.now())
    claims = {
        "iss": ISSUER,
        "sub": "blabla:pgck_1",
        "aud": "passgate",
        "iat": now,
        "exp": now + 3600,
        "jti": "j1",
        "client_id": "pgck_1",
        "scope": "site:read website:*",
        "client_prefix": "blabla",
        "company_id": "company",
        "credential_id": "credential",
        **changes,
    }
    return signer.sign({name: value for name, value in claims.items() if value is not None})


def no_limits() -> CallLimits:
    """Where nobody has any."""
    return CallLimits(limit_table(SystemClock()))


def open_decider(routes: Callable[[], RouteTable], *, via: str = "1.1 passgate-test") -> Decider:
    """For routes that require no credential: whatever checks one has nobody to ask."""
    clock: Clock = SystemClock()
    nobody: Any = None
    return Decider(
        routes=routes,
        access_tokens=AccessTokens(nobody, clock, issuer=ISSUER),
        external_issuers=nobody,
        api_tokens=ApiTokens(nobody, clock),
        sessions=SessionCache(nobody, clock),
        stopped=StoppedSet(clock),
        staleness=Staleness(nobody, clock, nobody),
        client_address_proof=ClientAddressProof({}),
        identity_tokens=nobody,
        audiences=frozenset(),
        limits=no_limits(),
        via=via,
    )
