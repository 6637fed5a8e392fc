"""A decider with its doubles at hand, over a route of each kind."""

from typing import Any

from gateway.client_address_proof import ClientAddressProof
from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.external.issuers import ExternalIssuers
from gateway.credentials.issuer_keys import IssuerKeys
from gateway.credentials.session_cache import SessionCache
from gateway.credentials.staleness import Staleness
from gateway.decision import Decider
from gateway.edge.client_origin import unproxied
from gateway.forwarding.forward import Forward
from gateway.forwarding.limit_decision import CallLimits
from gateway.identity_tokens.keys import IdentityKeys
from gateway.identity_tokens.tokens import IdentityTokens
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route, RouteTable
from shared.changes.stopped_set import StoppedSet
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.contracts.key_registry import Change
from shared.contracts.session_tokens import RefusedSession, ResolvedSession
from shared.errors import Unavailable
from shared.jose.keys import public_jwk
from shared.limits.shares import Shares
from shared.report_only.counts import WouldRefuse
from tests.support.clock import FakeClock
from tests.support.doubles.external_issuer import SETTINGS as CORP
from tests.support.doubles.external_issuer import SIGNERS, CountedFetches, KeySets, document, jwk
from tests.support.doubles.gateway import (
    ISSUER,
    KEY,
    FollowedAgo,
    Follower,
    Operator,
    token,
)
from tests.support.doubles.limits import SharesInMemory, limit_table
from tests.support.http1.heads import fields_of, head_of, route_of

API_TOKEN = ("X-Api-Token: x", "X-Client-Prefix: blabla")


def several(*kinds: CredentialKind, **members: Any) -> Route:
    return route_of(kinds[0], kinds=kinds, name=members["path"].strip("/"), **members)


ROUTES = RouteTable(
    (
        route_of(name="open", path="/open", max_body=10),
        route_of(CredentialKind.JWT, name="site", path="/site", methods=frozenset({"GET"}), scopes=("site:read",)),
        route_of(CredentialKind.JWT, name="two", path="/two", scopes=("site:read", "site:write")),
        route_of(CredentialKind.JWT, name="other", path="/other", audiences=frozenset({"other"})),
        route_of(CredentialKind.JWT, name="patient", path="/patient", max_staleness=60.0),
        route_of(CredentialKind.API_TOKEN, name="sms", path="/sms", application="SMS"),
        route_of(CredentialKind.SESSION_TOKEN, name="editor", path="/editor"),
        several(
            CredentialKind.JWT, CredentialKind.API_TOKEN, path="/either", scopes=("site:read",), application="SMS"
        ),
        route_of(CredentialKind.JWT, name="corp", path="/corp", issuers=(CORP,), accepts_own_issuer=False),
        several(
            CredentialKind.JWT,
            CredentialKind.API_TOKEN,
            path="/mixed",
            issuers=(CORP,),
            scopes=("orders:read",),
            application="SMS",
        ),
        route_of(CredentialKind.JWT, name="signed", path="/signed", issuers=(CORP,), identity_token=True),
        several(*list(CredentialKind)[1:], path="/any", application="SMS"),
        several(
            CredentialKind.API_TOKEN,
            CredentialKind.JWT,
            path="/passed",
            application="SMS",
            pass_credential=True,
        ),
        route_of(CredentialKind.SESSION_TOKEN, name="merged", path="/merged", merge_query=True),
    ),
    (CORP,),
)
SESSION = "bbf18f21-3d0d-4a4c-b650-9c14d4075ce0"


class Sessions:
    away = False
    asked = 0
    uses = 0
    left: int | None = None
    """Of a token that has a number of uses."""
    credential_expires_at: float | None = None

    def __init__(self) -> None:
        self.parameters = {"file": "a b", "n": '{"x":1}'}

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        self.asked += 1
        if self.away:
            raise Unavailable
        if token.lower() != SESSION or self.left == 0:
            return RefusedSession("unknown", noted=False)
        deferred = defer_use and self.left is not None
        taken = not (peek or deferred)
        self.uses += taken
        if self.left is not None:
            self.left -= taken
        return ResolvedSession(
            parameters=self.parameters,
            company="blabla",
            company_id="company",
            access_key_id="key",
            token_id="token",
            expires_at=1_800_000_060,
            credential_expires_at=self.credential_expires_at,
            use_deferred=deferred and not peek,
        )


class Desk:
    """A decider with its doubles at hand."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.offsets = ClockOffsets(clock, "key_registry")
        judging = JudgingClock(clock, self.offsets)
        self.operator, self.sessions, self.followed = Operator(), Sessions(), FollowedAgo()
        self.stopped = StoppedSet(clock)
        self.shares = Shares(SharesInMemory(clock), clock, place="test")
        self.limits = limit_table(clock, self.shares)
        self.limited: list[tuple[WouldRefuse, str]] = []
        """What limits would have refused, and did not."""
        api_tokens = ApiTokens(self.operator, judging)
        api_tokens.attach(Follower())
        sessions = SessionCache(self.sessions, judging)
        sessions.attach(Follower())
        self.keys = IssuerKeys(self._jwks, clock)
        self.identity_keys = IdentityKeys.generated()
        self.identity_tokens = IdentityTokens(self.identity_keys.signer, clock, issuer="passgate-gateway")
        self.key_sets = KeySets({CORP.jwks_url: document(jwk(SIGNERS["ES256"]))})
        access_tokens = AccessTokens(self.keys, judging, issuer=ISSUER)
        self.decider = Decider(
            routes=lambda: ROUTES,
            access_tokens=access_tokens,
            external_issuers=ExternalIssuers(
                lambda: ROUTES,
                self.key_sets.fetch,
                clock,
                judging,
                CountedFetches(),
                own_remembers=access_tokens.remembers,
            ),
            api_tokens=api_tokens,
            sessions=sessions,
            stopped=self.stopped,
            staleness=Staleness(self.followed, clock, lambda _: None),
            client_address_proof=ClientAddressProof({}),
            identity_tokens=self.identity_tokens,
            audiences=frozenset({"passgate"}),
            limits=CallLimits(self.limits, self.count_report_only),
            via="1.1 passgate-x",
        )

    def count_report_only(self, would: WouldRefuse, request_id: str) -> None:
        self.limited.append((would, request_id))

    async def _jwks(self) -> dict[str, Any]:
        return {"keys": [public_jwk(KEY.public_key(), "k1", "EdDSA")]}

    async def decide(self, *lines: str, line: str = "GET /site HTTP/1.1") -> Forward | Refusal:
        decision = self.decider.decide(head_of(*lines, line=line), unproxied("9.9.9.9"), "r" * 32)
        return decision if isinstance(decision, Forward | Refusal) else await decision()

    async def refusal(self, *lines: str, line: str = "GET /site HTTP/1.1") -> Refusal:
        decision = await self.decide(*lines, line=line)
        assert isinstance(decision, Refusal)
        return decision

    async def forward(self, *lines: str, line: str = "GET /site HTTP/1.1") -> Forward:
        decision = await self.decide(*lines, line=line)
        assert isinstance(decision, Forward), decision
        return decision

    def bearer(self, **changes: Any) -> str:
        return f"Authorization: Bearer {token(self.clock, **changes)}"

    def observe_clock(self) -> None:
        """From now on it is known how far the clock is from where it is now."""
        self.offsets.peer("key_registry").begin().end(str(self.clock.now()))

    def stop(self, id_: str) -> None:
        self.stopped.apply(Change(seq=1, kind="company", id=id_, status="suspended", at=0))


def plain(decision: Forward | Refusal) -> object:
    """What is to be the same of two decisions that are alike."""
    if isinstance(decision, Refusal):
        return decision.status, decision.cause, decision.route, decision.fields
    return decision.route, decision.method, decision.target, fields_of(decision.lines), decision.identity
