"""Revocation: a client ends its own tokens, durably, and no others."""

import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.tokens.revocation import RETENTION_MARGIN_S
from shared.contracts.access_token import MAX_ACCESS_TOKEN_LIFETIME_S
from shared.errors import Unavailable
from tests.unit.services.token_issuer.tokens.conftest import TokenRules


async def test_own_token_is_revoked_until_no_verifier_accepts_it(rules: TokenRules) -> None:
    token = await rules.token()
    claims = rules.tokens.read(token)
    assert claims is not None
    assert await rules.revoker.revoke(token, rules.client) is True
    (revocation,) = rules.world.registry.revocations
    assert (revocation.id, revocation.until) == (claims.jti, claims.exp + RETENTION_MARGIN_S)
    assert rules.world.trail.noted[-1].action == "token.revoked"


async def test_another_company_revokes_nothing(rules: TokenRules) -> None:
    assert await rules.revoker.revoke(await rules.token(), rules.stranger()) is False
    assert rules.world.registry.revocations == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "\0", "eyJ" * 20_000])
async def test_junk_revokes_nothing(rules: TokenRules, token: str) -> None:
    assert await rules.revoker.revoke(token, rules.client) is False
    assert rules.world.registry.revocations == []


async def test_token_of_another_client_of_the_company_is_not_revoked(rules: TokenRules) -> None:
    sibling = Client.of_api_client(rules.world.registry.add_api_client("pgck_" + "s" * 22, "x"))
    assert await rules.revoker.revoke(await rules.token(), sibling) is False


async def test_key_pairs_of_a_company_are_one_client(rules: TokenRules) -> None:
    pair = rules.world.key_pair
    first = Client.of_key_pair(pair)
    second = Client.of_key_pair(pair.model_copy(update={"kid": "kp_" + "t" * 22, "id": "another"}))
    assert await rules.revoker.revoke(await rules.token(first), second) is True


async def test_revocation_that_is_not_durable_is_neither_acknowledged_nor_applied_here(rules: TokenRules) -> None:
    token = await rules.token()
    rules.world.registry.away = True
    with pytest.raises(Unavailable):
        await rules.revoker.revoke(token, rules.client)
    assert rules.introspector.introspect(token, rules.client)["active"] is True
    rules.world.registry.away = False
    assert await rules.revoker.revoke(token, rules.client) is True


@pytest.mark.parametrize(
    ("age", "revoked"), [(MAX_ACCESS_TOKEN_LIFETIME_S - 1, True), (MAX_ACCESS_TOKEN_LIFETIME_S, False)]
)
async def test_only_a_token_that_has_not_expired_needs_a_revocation(
    rules: TokenRules, age: float, revoked: bool
) -> None:
    token = await rules.token()
    rules.world.clock.advance(age)
    assert await rules.revoker.revoke(token, rules.client) is revoked
