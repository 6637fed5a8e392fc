"""Introspection: a token is active for its own company, for as long as a verifier accepts it."""

from typing import Any

import pytest

from services.token_issuer.clients.client import Client
from shared.contracts.access_token import MAX_ACCESS_TOKEN_LIFETIME_S
from shared.contracts.key_registry import Change
from shared.errors import Unavailable
from shared.jose.signer import Signer
from shared.jose.verifier import parse
from tests.support.harness.issuer_rules import ISSUER
from tests.unit.services.token_issuer.tokens.conftest import INACTIVE, TokenRules


async def test_active_token_has_the_members_of_rfc_7662(rules: TokenRules) -> None:
    response = rules.introspector.introspect(await rules.token(), rules.client)
    assert response["active"] is True
    assert set(response) == {
        "active", "token_type", "scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti",
    }  # fmt: skip


async def test_token_is_inactive_from_its_exp_on(rules: TokenRules) -> None:
    token = await rules.token()
    rules.world.clock.advance(MAX_ACCESS_TOKEN_LIFETIME_S - 1)
    assert rules.introspector.introspect(token, rules.client)["active"] is True
    rules.world.clock.advance(1)
    assert rules.introspector.introspect(token, rules.client) == INACTIVE


@pytest.mark.parametrize("name", ["jti", "credential_id", "company_id"])
async def test_stopped_token_credential_or_company_makes_it_inactive(rules: TokenRules, name: str) -> None:
    token = await rules.token()
    claims = rules.tokens.read(token)
    assert claims is not None
    id_ = str(claims.members()[name])
    rules.world.stopped.apply(Change(seq=1, kind="jwt", id=id_, status="revoked", at=0))
    assert rules.introspector.introspect(token, rules.client) == INACTIVE


async def test_stopped_booking_that_a_token_depends_on_makes_it_inactive(rules: TokenRules) -> None:
    token = await rules.token(depends_on=frozenset({"booking"}))
    assert rules.introspector.introspect(token, rules.client)["active"] is True
    rules.world.stopped.apply(Change(seq=1, kind="booking", id="booking", status="suspended", at=0))
    assert rules.introspector.introspect(token, rules.client) == INACTIVE


async def test_nothing_is_called_active_when_revocations_are_not_known(rules: TokenRules) -> None:
    rules.fresh = False
    with pytest.raises(Unavailable):
        rules.introspector.introspect(await rules.token(), rules.client)


async def test_another_company_learns_nothing(rules: TokenRules) -> None:
    assert rules.introspector.introspect(await rules.token(), rules.stranger()) == INACTIVE


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "\0", "eyJ" * 20_000])
async def test_junk_is_inactive(rules: TokenRules, token: str) -> None:
    assert rules.introspector.introspect(token, rules.client) == INACTIVE


async def test_token_is_inactive_as_soon_as_its_revocation_is_acknowledged(rules: TokenRules) -> None:
    token = await rules.token()
    await rules.revoker.revoke(token, rules.client)
    assert rules.introspector.introspect(token, rules.client) == INACTIVE


async def test_token_of_the_first_release_shows_the_client_id_of_today(rules: TokenRules) -> None:
    client = Client.of_key_pair(rules.world.key_pair)
    claims = rules.tokens.read(await rules.token(client))
    assert claims is not None
    old: dict[str, Any] = claims.members()
    del old["credential_kind"]
    old["client_id"] = old.pop("key_id")
    signer = rules.world.ring.signer()
    assert isinstance(signer, Signer)
    token = signer.sign(old)
    assert parse(token).header.kid == signer.kid
    response = rules.introspector.introspect(token, client)
    assert (response["iss"], response["client_id"]) == (ISSUER, rules.world.key_pair.company.company_uri)
