"""A token of another issuer is valid by the keys of that issuer alone, at the routes that name it."""

import asyncio
import hashlib
import hmac
from dataclasses import replace
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.credentials.external.issuers import ExternalIssuers
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.issuers.settings import ClaimMapping, Constant, IssuerSettings
from gateway.routing.table import Route, RouteTable
from shared.errors import Unavailable
from shared.jose import base64url
from shared.jose.errors import Fault
from shared.jose.key_set import shown
from shared.jose.keys import generate_private_key, public_pem
from shared.jose.signatures import sign
from shared.jose.signer import Signer
from tests.support.cases import each_case
from tests.support.clock import FakeClock
from tests.support.doubles.external_issuer import (
    SETTINGS,
    SIGNERS,
    CountedFetches,
    KeySets,
    claims,
    document,
    jwk,
    token,
)
from tests.support.forged_tokens import EXPECTED, compact
from tests.support.forged_tokens import SIGNERS as FORGERS
from tests.support.http1.heads import route_of
from tests.support.waiting import until
from tests.unit.shared.jose.forgeries import FORGERIES

OTHER = replace(SETTINGS, name="other", issuer="https://other.example", jwks_url="https://other.example/jwks")
OTHER_SIGNER = Signer("ES256-1", "ES256", generate_private_key("ES256"))
"""With a kid that the first issuer has, too."""


def route(*issuers: IssuerSettings, own: bool = False, **members: Any) -> Route:
    return route_of(CredentialKind.JWT, issuers=issuers, accepts_own_issuer=own, **members)


class Issuers:
    """The issuers under test, and all that is around them."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = RouteTable((), (SETTINGS, OTHER))
        self.sets = KeySets(
            {
                SETTINGS.jwks_url: document(*map(jwk, SIGNERS.values())),
                OTHER.jwks_url: document(jwk(OTHER_SIGNER)),
            }
        )
        self.metrics = CountedFetches()
        self.own: set[str] = set()
        self.issuers = ExternalIssuers(
            lambda: self.table,
            self.sets.fetch,
            clock,
            clock,
            self.metrics,
            own_remembers=self.own.__contains__,
            size=3,
        )

    async def fetched(self) -> None:
        requested = len(self.sets.requested)
        await self.issuers.round()
        await until(lambda: len(self.metrics.outcomes) > requested and not self.running())

    def running(self) -> bool:
        return any(keys._flight.running for keys in self.issuers._keys.values())

    async def cause(self, presented: str, at: Route) -> str:
        with pytest.raises(RefusedCredential) as refused:
            await self.issuers.check_token(presented, at)
        return refused.value.cause


@pytest.fixture
def around(clock: FakeClock) -> Issuers:
    return Issuers(clock)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
@pytest.mark.parametrize("algorithm", SIGNERS)
async def test_a_valid_token_is_accepted_and_remembered(algorithm: str, typ: str, around: Issuers) -> None:
    presented = token(SIGNERS[algorithm], typ=typ)
    assert around.issuers.known(presented, route(SETTINGS)) is None  # no keys yet
    first = await around.issuers.check_token(presented, route(SETTINGS))
    assert (first.company, first.subject) == ("corp|acme", "corp|user-7")
    around.sets.documents.clear()
    assert around.issuers.known(presented, route(SETTINGS)) is first
    assert len(around.sets.requested) == 1


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"iss": SETTINGS.issuer + "/"}, "wrong_issuer"),
        ({"iss": None}, "wrong_issuer"),
        ({"iss": [SETTINGS.issuer]}, "wrong_issuer"),
        ({"iss": OTHER.issuer}, "wrong_issuer"),
        ({"aud": "passgate"}, "wrong_audience"),
        ({"aud": ["Orders"]}, "wrong_audience"),
        ({"aud": None}, "missing_claim"),
        ({"exp": None}, "missing_claim"),
        ({"exp": 1_799_999_970}, "expired"),
        ({"exp": "1800000300"}, "invalid_claim"),
        ({"nbf": 1_800_000_060}, "not_yet_valid"),
        ({"iat": 1_800_000_060}, "not_yet_valid"),
        ({"org": None}, "missing_claim"),
        ({"cnf": {"jkt": "x"}}, "wrong_type"),
    ],
)
async def test_a_claim_that_is_not_as_it_must_be_is_refused(
    changes: dict[str, Any], cause: str, around: Issuers
) -> None:
    assert await around.cause(token(**changes), route(SETTINGS)) == cause


async def test_a_clock_that_is_a_little_off_refuses_nobody(around: Issuers) -> None:
    now = claims()["iat"]
    for changes in ({"exp": now - 8, "iat": now - 300}, {"nbf": now + 8}, {"iat": now + 8}):
        await around.issuers.check_token(token(**changes), route(SETTINGS))


async def test_a_key_of_one_issuer_signs_for_no_other_whatever_kid_they_share(around: Issuers) -> None:
    both = route(SETTINGS, OTHER)
    assert (await around.issuers.check_token(token(OTHER_SIGNER, iss=OTHER.issuer), both)).company == "other|acme"
    assert await around.cause(token(OTHER_SIGNER), both) == "bad_signature"
    assert await around.cause(token(SIGNERS["ES256"], iss=OTHER.issuer), both) == "bad_signature"


async def test_a_token_is_accepted_only_where_its_issuer_is_named_also_when_it_was_seen_before(
    around: Issuers,
) -> None:
    presented = token()
    await around.issuers.check_token(presented, route(SETTINGS))
    assert await around.cause(presented, route(OTHER)) == "wrong_issuer"


async def test_an_audience_of_the_route_is_required_besides_that_of_the_issuer(around: Issuers) -> None:
    narrow = route(SETTINGS, audiences=frozenset({"invoices"}))
    assert await around.cause(token(), narrow) == "wrong_audience"
    await around.issuers.check_token(token(aud=["orders", "invoices"]), narrow)


def forged(header: dict[str, Any], key: bytes = b"") -> str:
    signing_input = b".".join(base64url.encode(orjson.dumps(part)) for part in (header, claims()))
    signature = hmac.digest(key, signing_input, hashlib.sha256) if key else b"x"
    return (signing_input + b"." + base64url.encode(signature)).decode()


@pytest.mark.parametrize("kid", ["dGVzdC9r+ZXkx/1=", "2026.11:a", "../../x?y#z"])
async def test_a_kid_of_another_issuer_may_be_any_visible_text(kid: str, around: Issuers) -> None:
    key = generate_private_key("ES256")
    around.sets.documents[SETTINGS.jwks_url] = document(jwk(Signer("-", "ES256", key), kid=kid))
    parts = (orjson.dumps(part) for part in ({"alg": "ES256", "typ": "JWT", "kid": kid}, claims()))
    signing_input = b".".join(map(base64url.encode, parts))
    signature = base64url.encode(sign("ES256", key, signing_input))
    presented = (signing_input + b"." + signature).decode()
    with capture_logs() as lines:
        assert (await around.issuers.check_token(presented, route(SETTINGS))).company == "corp|acme"
    assert around.sets.requested == [SETTINGS.jwks_url]
    [loaded] = [line for line in lines if line["event"] == "external_issuer.keys_loaded"]
    assert loaded["kids"] == [shown(kid)]


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "PS256", "RS384", "ES384", ""])
async def test_an_algorithm_that_is_not_the_issuers_is_refused_without_a_fetch(
    algorithm: str, around: Issuers
) -> None:
    material = public_pem(SIGNERS["RS256"].public_key.key).encode()
    presented = forged({"alg": algorithm, "typ": "JWT", "kid": "RS256-1"}, material)
    assert await around.cause(presented, route(SETTINGS)) == "algorithm_not_allowed"
    assert around.sets.requested == []


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ({"alg": "ES256", "typ": "logout+jwt", "kid": "ES256-1"}, "wrong_type"),
        ({"alg": "ES256", "typ": "dpop+jwt", "kid": "ES256-1"}, "wrong_type"),
        ({"alg": "ES256"}, "malformed"),
        ({"alg": "ES256", "kid": "a b"}, "malformed"),
        ({"alg": "ES256", "kid": "a" * 129}, "malformed"),
        ({"alg": "ES256", "kid": "a/../b"}, "unknown_kid"),
        ({"alg": "ES256", "kid": "ES256-1", "crit": ["exp"]}, "malformed"),
        ({"alg": "RS256", "kid": "ES256-1"}, "unknown_kid"),
        ({"alg": "ES256", "kid": "ES256-2", "jku": "https://evil.example"}, "unknown_kid"),
        ({"alg": "ES256", "kid": "ES256-1", "jwk": jwk(OTHER_SIGNER)}, "bad_signature"),
    ],
)
async def test_a_header_that_names_no_key_of_the_issuer_is_refused(
    header: dict[str, Any], cause: str, around: Issuers
) -> None:
    assert await around.cause(forged(header), route(SETTINGS)) == cause
    assert set(around.sets.requested) <= {SETTINGS.jwks_url}


async def test_a_remembered_token_is_refused_once_it_has_expired(around: Issuers, clock: FakeClock) -> None:
    presented = token()
    await around.issuers.check_token(presented, route(SETTINGS))
    clock.advance(330)
    with pytest.raises(RefusedCredential) as refused:
        around.issuers.known(presented, route(SETTINGS))
    assert (refused.value.cause, refused.value.company) == ("expired", "corp|acme")


async def test_the_refusal_of_a_caller_whom_the_registry_does_not_know_is_counted_and_not_a_line(
    around: Issuers,
) -> None:
    identity = await around.issuers.check_token(token(), route(SETTINGS))
    assert RefusedCredential.of(identity, "insufficient_scope").company_id is None


async def test_a_remembered_token_is_refused_once_its_key_has_left_the_set(
    around: Issuers, clock: FakeClock
) -> None:
    presented, kept = token(), token(SIGNERS["EdDSA"])
    for each in (presented, kept):
        await around.issuers.check_token(each, route(SETTINGS))
    around.sets.documents[SETTINGS.jwks_url] = document(jwk(SIGNERS["EdDSA"]))
    clock.advance(SETTINGS.refresh_every)
    await around.fetched()
    assert await around.cause(presented, route(SETTINGS)) == "unknown_kid"
    assert around.issuers.known(kept, route(SETTINGS)) is not None


async def test_remembered_tokens_end_with_the_time_for_which_keys_are_kept(
    around: Issuers, clock: FakeClock
) -> None:
    lasting = token(exp=claims()["iat"] + 10 * 86_400)
    await around.issuers.check_token(lasting, route(SETTINGS))
    around.sets.documents.clear()
    clock.advance(SETTINGS.max_key_age + 1)
    with pytest.raises(Unavailable):
        around.issuers.known(lasting, route(SETTINGS))


async def test_what_is_remembered_is_bounded(around: Issuers) -> None:
    for number in range(5):
        await around.issuers.check_token(token(jti=str(number)), route(SETTINGS))
    assert len(around.issuers) == 3


async def test_an_own_token_is_left_to_the_own_keys_where_both_are_accepted(around: Issuers) -> None:
    both = route(SETTINGS, own=True)
    own = token(iss="http://gateway.example")
    assert around.issuers.concerns(token(), both)
    assert not around.issuers.concerns(own, both)
    assert around.issuers.concerns(own, route(SETTINGS))
    assert not around.issuers.concerns("junk", both)
    around.own.add(seen := token())
    assert not around.issuers.concerns(seen, both)


async def test_a_changed_route_file_is_taken_up_and_forgets_what_no_longer_holds(around: Issuers) -> None:
    presented = token()
    first = await around.issuers.check_token(presented, route(SETTINGS))
    mapped = replace(SETTINGS, claims=replace(SETTINGS.claims, company=SETTINGS.claims.subject))
    around.table = RouteTable((), (mapped,))
    second = around.issuers.known(presented, route(mapped))
    assert second is not None
    assert (first.company, second.company) == ("corp|acme", "corp|user-7")
    assert around.sets.requested == [SETTINGS.jwks_url]  # its keys are the same

    moved = replace(SETTINGS, jwks_url="https://new.example/jwks")
    around.sets.documents[moved.jwks_url] = document(jwk(SIGNERS["EdDSA"]))
    around.table = RouteTable((), (moved,))
    assert await around.cause(presented, route(moved)) == "unknown_kid"
    assert isinstance(await around.issuers.check_token(token(SIGNERS["EdDSA"]), route(moved)), Identity)
    assert len(around.sets.requested) == 2

    around.table = RouteTable((), ())
    await around.issuers.round()
    with pytest.raises(Unavailable):
        await around.issuers.check_token(presented, route(SETTINGS))
    assert len(around.issuers) == 0
    assert around.metrics.ages == {}


async def test_issuers_that_come_and_go_with_fetches_under_way_leave_none_behind(clock: FakeClock) -> None:
    never = asyncio.Event()

    async def hang(_: str) -> bytes:
        await never.wait()
        return b""

    table = RouteTable((), ())
    issuers = ExternalIssuers(lambda: table, hang, clock, clock, CountedFetches(), own_remembers=lambda _: False)
    await issuers.start()
    for number in range(20):
        table = RouteTable((), (replace(SETTINGS, jwks_url=f"https://{number}.example/jwks"), OTHER))
        await issuers.round()
    assert sum(task.get_name() == "external_issuer_keys" for task in asyncio.all_tasks()) == 2
    await issuers.stop()
    assert not any(task.get_name().startswith("external_issuer") for task in asyncio.all_tasks())


async def test_health_names_each_issuer_whose_keys_cannot_be_used(around: Issuers, clock: FakeClock) -> None:
    del around.sets.documents[OTHER.jwks_url]
    await around.fetched()
    with pytest.raises(Unavailable) as missing:
        await around.issuers.check()
    assert missing.value.description == "other: its keys have not been fetched yet: no response"
    clock.advance(5)
    await around.issuers.round()
    assert around.metrics.ages == {"corp": 5}
    await around.issuers.stop()


FORGED_AT = replace(
    SETTINGS,
    issuer="https://blabla.example",
    audiences=EXPECTED.audiences,
    algorithms=frozenset({"RS256", "RS384", "RS512", "ES256", "EdDSA"}),
    claims=ClaimMapping(company=Constant("acme")),
)
ABOUT_ASSERTIONS = {Fault.WRONG_SUBJECT, Fault.LIFETIME_TOO_LONG, "no iat", "no jti"}
"""An assertion names its own sender, once and for an hour; a token of another issuer need not."""


@pytest.fixture
async def forged_at(clock: FakeClock) -> ExternalIssuers:
    table = RouteTable((), (FORGED_AT,))
    sets = KeySets({FORGED_AT.jwks_url: document(*map(jwk, FORGERS.values()))})
    return ExternalIssuers(lambda: table, sets.fetch, clock, clock, CountedFetches(), own_remembers=lambda _: False)


@each_case(
    "forgery",
    [
        pytest.param(token, id=ascii(name))
        for name, token, fault in FORGERIES
        if not {name, fault} & ABOUT_ASSERTIONS
    ],
)
async def test_every_forgery_is_refused_as_by_the_own_verifier(
    forgery: str | bytes, forged_at: ExternalIssuers
) -> None:
    raw = forgery.encode("utf-8", "surrogatepass") if isinstance(forgery, str) else forgery
    with pytest.raises(RefusedCredential):
        await forged_at.check_token(raw.decode("latin-1"), route(FORGED_AT))


async def test_the_same_token_without_a_fault_is_accepted(forged_at: ExternalIssuers) -> None:
    assert (await forged_at.check_token(compact().decode(), route(FORGED_AT))).company == "corp|acme"
