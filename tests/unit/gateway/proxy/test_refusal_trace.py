"""The trace of a refused call names the true fault, with what was found and what is expected, and no secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.client_address_proof import ClientAddressProof
from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.issuer_keys import IssuerKeys
from gateway.credentials.session_cache import SessionCache
from gateway.credentials.staleness import Staleness
from gateway.decision import Decider
from gateway.edge.client_origin import unproxied
from gateway.proxy.refusal_trace import record_refusal
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import RouteTable
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import Change
from shared.contracts.refusal_traces import RefusalTrace
from shared.contracts.session_tokens import WRONG_KIND, RefusedSession
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import API_TOKEN, mint
from shared.refusal_traces.recorder import RefusalTraces
from tests.support.cases import each_case
from tests.support.clock import FakeClock
from tests.support.doubles.gateway import ISSUER, KEY, VALID, FollowedAgo, Follower, Operator, no_limits, token
from tests.support.http1.heads import head_of, route_of

ROUTES = RouteTable(
    (
        route_of(name="open", path="/open", max_body=10),
        route_of(CredentialKind.JWT, name="site", path="/site", methods=frozenset({"GET"}), scopes=("site:read",)),
        route_of(CredentialKind.JWT, name="write", path="/write", scopes=("site:write",)),
        route_of(CredentialKind.API_TOKEN, name="sms", path="/sms", application="SMS"),
        route_of(CredentialKind.SESSION_TOKEN, name="editor", path="/editor"),
    )
)
SECRET = mint(API_TOKEN)
SMS = (f"X-Api-Token: {SECRET}", "X-Client-Prefix: blabla")
SESSION = "5b9a0d5e-7d0f-4a3f-8a3f-5b9a0d5e7d0f"


class Sink:
    def __init__(self) -> None:
        self.traces: list[RefusalTrace] = []

    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        self.traces += traces


class Sessions:
    async def resolve(self, token: str, *, peek: bool = False, defer_use: bool = False) -> RefusedSession:
        return WRONG_KIND if token.startswith("pgat_") else RefusedSession("unknown", noted=False)


class World:
    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.sink, self.stopped = clock, Sink(), StoppedSet(clock)
        self.operator, self.followed = Operator(), FollowedAgo()
        api_tokens, unused = ApiTokens(self.operator, clock), None
        api_tokens.attach(Follower())
        external: Any = unused
        self.decider = Decider(
            routes=lambda: ROUTES,
            access_tokens=AccessTokens(IssuerKeys(self._jwks, clock), clock, issuer=ISSUER),
            external_issuers=external,
            api_tokens=api_tokens,
            sessions=SessionCache(Sessions(), clock),
            stopped=self.stopped,
            staleness=Staleness(self.followed, clock, lambda _: None),
            client_address_proof=ClientAddressProof({}),
            identity_tokens=external,
            audiences=frozenset({"passgate"}),
            limits=no_limits(),
            via="1.1 passgate-x",
        )

    async def _jwks(self) -> dict[str, Any]:
        return {"keys": [public_jwk(KEY.public_key(), "k1", "EdDSA")]}

    async def trace(self, line: str, *lines: str) -> RefusalTrace:
        head, origin = head_of(*lines, line=line), unproxied("2001:db8::7")
        decision = self.decider.decide(head, origin, "r" * 32)
        refusal = await decision() if callable(decision) else decision
        assert isinstance(refusal, Refusal), refusal
        traces = RefusalTraces(self.sink, service="gateway", clock=self.clock)
        record_refusal(traces, refusal, head, origin, "r" * 32, refusal.status)
        await traces.stop()
        return self.sink.traces[-1]


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


@dataclass(frozen=True)
class Case:
    name: str
    line: str
    check: str
    found: str = ""
    expected: str = ""
    lines: tuple[str, ...] = ()
    claims: dict[str, Any] | None = None
    stop: str = ""
    refused_by_operator: str = ""
    forged: bool = False


BEARER = "Authorization: Bearer "
SITE, WRITE, NOW = "GET /site HTTP/1.1", "GET /write HTTP/1.1", 1_800_000_000
CASES = (
    Case("wrong host or path", "GET /sites?a=b HTTP/1.1", "route", "host gateway.example, path /sites"),
    Case("wrong method", "POST /site HTTP/1.1", "method", "POST", "GET"),
    Case("double slash", "GET //site HTTP/1.1", "request"),
    Case("body too large", "POST /open HTTP/1.1", "size", "larger than 10", lines=("Content-Length: 11",)),
    Case("no credential", SITE, "credential", "no credential", "a bearer token (Authorization)"),
    Case("no API token", "GET /sms HTTP/1.1", "credential", "no credential", "X-Api-Token and X-Client-Prefix"),
    Case("no session token", "GET /editor HTTP/1.1", "credential", "no credential", "apitoken in the query"),
    Case("Basic for Bearer", SITE, "credential", "must be Bearer", lines=("Authorization: Basic YTpi",)),
    Case("no word after Bearer", SITE, "credential", lines=("Authorization: Bearer",)),
    Case("token cut off", SITE, "form", "cut off", claims={}, lines=("cut",)),
    Case("the word Bearer twice", SITE, "form", "Authorization has the word Bearer twice",
         lines=(f"{BEARER}Bearer e30.e30.e30",)),
    Case("two words after Bearer", SITE, "form", "more than one word after Bearer", lines=(f"{BEARER}a b",)),
    Case("two client prefixes", "GET /sms HTTP/1.1", "form", "X-Client-Prefix comes more",
         lines=(*SMS, SMS[1])),
    Case("two API tokens", "GET /sms HTTP/1.1", "form", "X-Api-Token comes more than once", lines=(*SMS, SMS[0])),
    Case("token in quotes", SITE, "form", lines=(f'{BEARER}"e30.e30.e30"',)),
    Case("forged", SITE, "signature", "altered, or signed by another key", forged=True, claims={}),
    Case("expired", SITE, "times", str(NOW - 100), "later than now", claims={"exp": NOW - 100, "iat": NOW - 200}),
    Case("not yet valid", SITE, "times", str(NOW + 500), claims={"nbf": NOW + 500}),
    Case("milliseconds", SITE, "claims", str(NOW * 1000), "seconds since 1970", claims={"exp": NOW * 1000}),
    Case("lives for too long", SITE, "claims", "7200 s", "at most 3600 s", claims={"exp": NOW + 7200}),
    Case("wrong issuer", SITE, "issuer", f"{ISSUER}/", ISSUER, claims={"iss": f"{ISSUER}/"}),
    Case("wrong audience", SITE, "audience", "aud must hold passgate", claims={"aud": "other"}),
    Case("no jti", SITE, "claims", "jti is missing", claims={"jti": None}),
    Case("scope missing", WRITE, "scope", "site:read website:*", "site:write", claims={}),
    Case("company suspended", SITE, "status", "company company", claims={}, stop="company"),
    Case("half an API token", "GET /sms HTTP/1.1", "credential", "X-Client-Prefix is missing", lines=SMS[:1]),
    Case("wrong company", "GET /sms HTTP/1.1", "company", "other", "blabla", refused_by_operator="wrong_company",
         lines=(SMS[0], "X-Client-Prefix: other")),
    Case("unbooked application", "GET /sms HTTP/1.1", "application", "application a", "the application SMS",
         refused_by_operator="wrong_application", lines=SMS),
    Case("API token revoked", "GET /sms HTTP/1.1", "status", "revoked", "active",
         refused_by_operator="revoked", lines=SMS),
    Case("API token of another environment", "GET /sms HTTP/1.1", "lookup", "unknown", "this environment",
         refused_by_operator="unknown", lines=SMS),
    Case("session token ended", f"GET /editor?apitoken={SESSION} HTTP/1.1", "lookup", "unknown"),
    Case("API token for Bearer", SITE, "credential", "begins with pgat_", "(a JWT)", lines=(BEARER + SECRET,)),
    Case("API client's key for Bearer", SITE, "credential", "begins with pgck_", lines=(f"{BEARER}pgck_x",)),
    Case("API token as session token", f"GET /editor?apitoken={SECRET} HTTP/1.1", "credential", "begins with pgat_",
         "a session token"),
    Case("access key as API token", "GET /sms HTTP/1.1", "credential", "begins with pgak_", "an API token",
         refused_by_operator="wrong_kind", lines=("X-Api-Token: pgak_x", SMS[1])),
    Case("API token where a JWT belongs", SITE, "credential", "X-Api-Token (begins with pgat_)",
         "a bearer token (Authorization)", lines=SMS),
    Case("API token in a field of another name", "GET /sms HTTP/1.1", "credential",
         "X-ApiToken (begins with pgat_)", "X-Api-Token and", lines=(f"X-ApiToken: {SECRET}", SMS[1])),
    Case("API token in the query", f"GET /sms?key={SECRET} HTTP/1.1", "credential", "the query (begins with"),
    Case("token in the query", f"GET /site?access_token={SESSION} HTTP/1.1", "credential", "access_token in"),
    Case("Bearer where a session token belongs", "GET /editor HTTP/1.1", "credential", "Authorization: Bearer",
         "a session token", claims={}),
    Case("API token for Bearer without the scheme", SITE, "credential", "begins with pgat_", "(a JWT)",
         lines=(f"Authorization: {SECRET}",)),
    Case("access key without a client prefix", "GET /sms HTTP/1.1", "credential", "begins with pgak_",
         "an API token", lines=("X-Api-Token: pgak_x",)),
    Case("API token and client prefix swapped", "GET /sms HTTP/1.1", "credential", "begins with pgat_",
         "the API token in X-Api-Token", refused_by_operator="wrong_kind",
         lines=("X-Api-Token: blabla", f"X-Client-Prefix: {SECRET}")),
    Case("access key as client prefix", "GET /sms HTTP/1.1", "credential", "begins with pgak_",
         "a client prefix in X-Client-Prefix", refused_by_operator="wrong_kind",
         lines=("X-Api-Token: blabla", "X-Client-Prefix: pgak_x")),
    Case("two session tokens", f"GET /editor?apitoken={SESSION}&apitoken={SESSION} HTTP/1.1", "form",
         "more than one session token"),
)  # fmt: skip


@each_case("case", CASES, ids=lambda case: case.name)
async def test_true_fault_is_named(world: World, case: Case) -> None:
    lines = case.lines
    if case.claims is not None:
        signer = Signer("k1", "EdDSA", generate_private_key("EdDSA")) if case.forged else None
        bearer = token(world.clock, *([signer] if signer else []), **case.claims)
        lines = (BEARER + (bearer[:-5] if lines == ("cut",) else bearer),)
    if case.stop:
        world.stopped.apply(Change(seq=1, kind="company", id=case.stop, status="suspended", at=0))
    if case.refused_by_operator:
        nobody = case.refused_by_operator in ("unknown", "wrong_kind")
        known = {"api_token_id": None} if nobody else {}
        world.operator.response = VALID.model_copy(
            update={"valid": False, "cause": case.refused_by_operator, **known}
        )
    found = await world.trace(case.line, *lines)
    last = found.steps[-1]
    assert (last.check, last.ok) == (case.check, False), found.cause
    assert case.found in last.found
    assert case.expected in last.expected
    assert all(step.ok for step in found.steps[:-1])
    text = found.model_dump_json()
    assert SECRET not in text
    assert SESSION not in text
    assert "eyJ" not in text


async def test_credential_that_is_genuine_is_named_with_its_company(world: World) -> None:
    found = await world.trace(WRITE, BEARER + token(world.clock))
    assert (found.credential_kind, found.credential, found.company_id) == ("api_client", "pgck_1", "company")
    assert found.client == "2001:db8::/64"
    assert [step.check for step in found.steps] == [
        "request", "route", "method", "credential", "genuine", "status", "scope",
    ]  # fmt: skip


async def test_a_credential_of_another_kind_is_named_by_its_prefix_alone(world: World) -> None:
    found = await world.trace(SITE, BEARER + SECRET)
    assert (found.cause, found.credential, found.company_id) == ("wrong_kind", "pgat_", None)


@each_case(
    "sent",
    (
        (SITE, *SMS),
        ("GET /sms HTTP/1.1", BEARER + SECRET),
        (f"GET /editor?apitoken={SECRET} HTTP/1.1", "Authorization: Bearer of-the-upstream"),
    ),
)
async def test_what_belongs_elsewhere_is_named_by_its_prefix_and_is_nobodys(
    world: World, sent: tuple[str, ...]
) -> None:
    found = await world.trace(*sent)
    assert (found.credential, found.credential_kind, found.company_id) == ("pgat_", "", None)
    assert SECRET not in found.model_dump_json()


async def test_of_what_is_no_secret_of_ours_nothing_is_kept_but_its_place(world: World) -> None:
    found = await world.trace(SITE, "X-Api-Key: hunter2", "X-Other: hunter2")
    assert (found.cause, found.steps[-1].found, found.credential) == ("wrong_place", "X-Api-Key", "")
    assert "hunter2" not in found.model_dump_json()


@each_case(
    "sent, kind",
    (
        ((SITE, BEARER + SECRET), "pgat_"),
        ((SITE, *SMS), "pgat_"),
        ((SITE, BEARER + SESSION), "session_token"),
        (("GET /sms HTTP/1.1", f"X-Api-Token: {SESSION}"), "session_token"),
        ((SITE,), ""),
    ),
)
async def test_what_was_sent_in_the_place_of_another_kind_is_named_for_machines(
    world: World, sent: tuple[str, ...], kind: str
) -> None:
    step = (await world.trace(*sent)).steps[-1]
    assert (step.found_kind, step.found_id) == (kind, "")


async def test_what_is_stopped_is_named_for_machines(world: World) -> None:
    world.stopped.apply(Change(seq=1, kind="company", id="company", status="suspended", at=0))
    *passed, last = (await world.trace(SITE, BEARER + token(world.clock))).steps
    assert (last.found_kind, last.found_id) == ("company", "company")
    assert not any(step.found_kind or step.found_id for step in passed)


async def test_what_cannot_be_known_is_named_so(world: World) -> None:
    world.operator.response = None
    with pytest.raises(Unavailable):
        await world.operator.check("", client_prefix="", application_prefix="")
    found = await world.trace("GET /sms HTTP/1.1", *SMS)
    assert (found.status, found.steps[-1].check) == (503, "knowledge")


async def test_secret_in_a_place_of_its_own_choosing_is_replaced(world: World) -> None:
    found = await world.trace(f"GET /{SECRET} HTTP/1.1")
    assert SECRET not in found.model_dump_json()
    found = await world.trace(SITE, BEARER + token(world.clock, iss=SECRET))
    assert SECRET not in found.model_dump_json()
