"""Whoever holds a credential ends it, and what is none costs the registry nothing."""

import asyncio
import uuid

import pytest

from services.token_issuer.tokens import held as module
from services.token_issuer.tokens.held import KIND_OF_PREFIX, HeldCredentials
from services.token_issuer.tokens.revocation import RETENTION_MARGIN_S
from shared import opaque
from shared.contracts.key_registry import HeldSecret
from shared.contracts.session_tokens import session_token_id
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key, private_pem
from shared.jose.private_keys import public_half_of
from tests.unit.services.token_issuer.tokens.conftest import INACTIVE, TokenRules


@pytest.fixture
def held(rules: TokenRules) -> HeldCredentials:
    return HeldCredentials(rules.tokens, rules.world.registry, rules.revoker, rules.world.stopped)


async def test_secret_of_every_kind_is_reported_by_its_digest_alone(
    held: HeldCredentials, rules: TokenRules
) -> None:
    assert set(KIND_OF_PREFIX) == set(opaque.SECRET_PREFIXES)
    for prefix, kind in KIND_OF_PREFIX.items():
        secret = opaque.mint(prefix)
        await held.end(secret, client="192.0.2.7")
        expected = HeldSecret(kind=kind, digest=opaque.digest(secret).hex(), client="192.0.2.7")
        assert rules.world.registry.held_secrets.pop() == expected


async def test_access_token_ends_once_and_its_company_is_notified(held: HeldCredentials, rules: TokenRules) -> None:
    token = await rules.token()
    for _ in range(2):
        await held.end(token, client="192.0.2.7")
    [revocation] = rules.world.registry.revocations
    assert (revocation.kind, revocation.leaked, revocation.company_id) == (
        "jwt",
        True,
        rules.client.company_id,
    )
    assert rules.introspector.introspect(token, rules.client) == {"active": False}
    event = rules.world.trail.noted[-1]
    assert (event.action, event.actor, event.detail["client"]) == ("token.revoked", "anonymous", "192.0.2.7")


async def test_token_ends_alike_by_its_client_and_by_its_holder(held: HeldCredentials, rules: TokenRules) -> None:
    by_client, by_holder = await rules.token(), await rules.token()
    await rules.revoker.revoke(by_client, rules.client)
    await held.end(by_holder, client="192.0.2.7")
    both = zip((by_client, by_holder), rules.world.registry.revocations, rules.world.trail.noted[-2:], strict=True)
    for token, revocation, event in both:
        claims = rules.tokens.read(token)
        assert claims is not None
        assert (revocation.id, revocation.until) == (claims.jti, claims.exp + RETENTION_MARGIN_S)
        assert (event.action, event.subject, event.company_id) == ("token.revoked", claims.jti, claims.company_id)
        assert revocation.company_id == claims.company_id
        assert rules.introspector.introspect(token, rules.client) == INACTIVE


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "x",
        "pgat_",
        "pgat_x",
        opaque.mint(opaque.API_TOKEN)[:-1] + "!",
        "a.b.c",
        "eyJ" * 9_000,
        "\0",
        "é",
        "pgck_x",
    ],
)
async def test_junk_asks_the_registry_nothing(held: HeldCredentials, rules: TokenRules, junk: str) -> None:
    rules.world.registry.away = True
    await held.end(junk, client="192.0.2.7")


async def test_registry_is_asked_by_what_does_not_lead_back_to_the_secret(
    held: HeldCredentials, rules: TokenRules
) -> None:
    session, key = str(uuid.uuid4()), private_pem(generate_private_key("ES256"))
    for secret in (session.upper(), key):
        await held.end(secret, client="192.0.2.7")
    asked = [(held.kind, held.digest) for held in rules.world.registry.held_secrets]
    half = public_half_of(key)
    assert half is not None
    assert asked == [("session_token", session_token_id(session)), ("key_pair", half.hex())]


async def test_end_that_is_not_durable_is_not_acknowledged(held: HeldCredentials, rules: TokenRules) -> None:
    token = await rules.token()
    rules.world.registry.away = True
    for credential in (token, opaque.mint(opaque.API_TOKEN)):
        with pytest.raises(Unavailable):
            await held.end(credential, client="192.0.2.7")
    assert rules.introspector.introspect(token, rules.client)["active"] is True


class SlowRegistry:
    def __init__(self) -> None:
        self.at_once = self.most = 0
        self.released = asyncio.Event()

    async def end_secret(self, secret: HeldSecret) -> bool:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.released.wait()
        self.at_once -= 1
        return False


async def test_flood_takes_few_calls_at_once_and_waits_in_a_bounded_queue(
    rules: TokenRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_IN_PROGRESS", 8)
    registry = SlowRegistry()
    held = HeldCredentials(rules.tokens, registry, rules.revoker, rules.world.stopped)
    calls = [asyncio.create_task(held.end(opaque.mint(opaque.API_TOKEN), client="x")) for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await held.end(opaque.mint(opaque.API_TOKEN), client="x")
    registry.released.set()
    await asyncio.gather(*calls)
    assert registry.most == module.MAX_AT_ONCE
    await held.end(opaque.mint(opaque.API_TOKEN), client="x")
