"""Introspection and revocation: whose tokens they tell of and end."""

import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.tokens.introspection import Introspector, IssuedTokens
from services.token_issuer.tokens.issuance import Authorization
from services.token_issuer.tokens.revocation import MARGIN, TokenRevoker
from shared.contracts.key_registry import Change, Company
from shared.errors import Unavailable
from tests.support.harness.issuer_rules import ISSUER, World

INACTIVE = {"active": False}
OTHER = Company(id="other", client_prefix="other", company_uri="https://other.example", status="active")


class Care:
    def __init__(self, world: World) -> None:
        self.world = world
        self.fresh = True
        self.tokens = IssuedTokens(world.ring, world.clock, issuer=ISSUER)
        self.introspector = Introspector(self.tokens, world.stopped, self._require_fresh)
        self.revoker = TokenRevoker(self.tokens, world.registry, world.trail)
        self.client = Client.of_api_client(world.client)

    def _require_fresh(self) -> None:
        if not self.fresh:
            raise Unavailable("stale")

    async def token(self, client: Client | None = None) -> str:
        decision = Authorization("client_credentials", client or self.client, frozenset({"site:read"}))
        return (await self.world.issuer.issue(decision, typ="JWT")).value


@pytest.fixture
async def care(world: World) -> Care:
    return Care(await world.with_key())


async def test_live_token_is_told_of(care: Care) -> None:
    told = care.introspector.introspect(await care.token(), care.client)
    assert told["active"] is True
    assert set(told) == {
        "active", "token_type", "scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti",
    }  # fmt: skip


async def test_token_is_inactive_from_its_exp_on(care: Care) -> None:
    token = await care.token()
    care.world.clock.advance(3599)
    assert care.introspector.introspect(token, care.client)["active"] is True
    care.world.clock.advance(1)
    assert care.introspector.introspect(token, care.client) == INACTIVE


@pytest.mark.parametrize("name", ["jti", "credential_id", "company_id"])
async def test_stopped_token_credential_or_company_makes_it_inactive(care: Care, name: str) -> None:
    token = await care.token()
    claims = care.tokens.read(token)
    assert claims is not None
    id_ = str(claims.members()[name])
    care.world.stopped.apply(Change(seq=1, kind="jwt", id=id_, status="revoked", at=0))
    assert care.introspector.introspect(token, care.client) == INACTIVE


async def test_nothing_is_told_when_revocations_are_not_known(care: Care) -> None:
    care.fresh = False
    with pytest.raises(Unavailable):
        care.introspector.introspect(await care.token(), care.client)


async def test_another_company_learns_nothing_and_ends_nothing(care: Care) -> None:
    stranger = Client.of_api_client(care.world.client.model_copy(update={"company": OTHER}))
    token = await care.token()
    assert care.introspector.introspect(token, stranger) == INACTIVE
    assert await care.revoker.revoke(token, stranger) is False
    assert care.world.registry.revocations == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "\0", "eyJ" * 20_000])
async def test_junk_is_inactive_and_ends_nothing(care: Care, token: str) -> None:
    assert care.introspector.introspect(token, care.client) == INACTIVE
    assert await care.revoker.revoke(token, care.client) is False


async def test_own_token_is_ended_until_no_verifier_takes_it(care: Care) -> None:
    token = await care.token()
    claims = care.tokens.read(token)
    assert claims is not None
    assert await care.revoker.revoke(token, care.client) is True
    (revocation,) = care.world.registry.revocations
    assert (revocation.id, revocation.until) == (claims.jti, claims.exp + MARGIN)
    assert care.world.trail.noted[0].action == "token.revoked"


async def test_token_of_another_client_of_the_company_is_not_ended(care: Care) -> None:
    sibling = Client.of_api_client(care.world.registry.add_api_client("pgck_" + "s" * 22, "x"))
    assert await care.revoker.revoke(await care.token(), sibling) is False


async def test_key_pairs_of_a_company_are_one_client(care: Care) -> None:
    pair = care.world.key_pair
    first = Client.of_key_pair(pair)
    second = Client.of_key_pair(pair.model_copy(update={"kid": "kp_" + "t" * 22, "id": "another"}))
    assert await care.revoker.revoke(await care.token(first), second) is True


async def test_revocation_that_cannot_be_kept_is_not_confirmed(care: Care) -> None:
    token = await care.token()
    care.world.registry.away = True
    with pytest.raises(Unavailable):
        await care.revoker.revoke(token, care.client)


async def test_stopped_booking_that_a_token_hangs_on_makes_it_inactive(care: Care) -> None:
    decision = Authorization("client_credentials", care.client, frozenset({"site:read"}), frozenset({"booking"}))
    token = (await care.world.issuer.issue(decision, typ="JWT")).value
    assert care.introspector.introspect(token, care.client)["active"] is True
    care.world.stopped.apply(Change(seq=1, kind="booking", id="booking", status="suspended", at=0))
    assert care.introspector.introspect(token, care.client) == INACTIVE


async def test_expired_token_needs_no_revocation(care: Care) -> None:
    token = await care.token()
    care.world.clock.advance(3600)
    assert await care.revoker.revoke(token, care.client) is False
