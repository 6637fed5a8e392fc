"""Signing keys with the real database: one first key, rotation under traffic, compromise."""

import asyncio
import time

import asyncpg
import pytest

from services.token_issuer.commands import revoke_signing_key, rotate_signing_key
from services.token_issuer.config import Settings
from shared.contracts.key_registry import Revocation
from shared.jose.keys import PublicKey, load_jwks
from shared.jose.verifier import Expectation, parse, verify
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.token_issuer import Issuer, running


async def jwks(issuer: Issuer) -> dict[str, PublicKey]:
    async with issuer.http.get(f"{issuer.url}/.well-known/jwks.json") as response:
        return load_jwks(await response.read())


async def test_copies_that_start_at_once_make_one_key(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as a, running(settings, registry) as b, running(settings, registry) as c:
        sets = [set(await jwks(issuer)) for issuer in (a, b, c)]
    assert sets[0] == sets[1] == sets[2]
    assert len(sets[0]) == 1


async def test_copies_that_start_together_make_one_key(settings: Settings) -> None:
    async def one() -> set[str]:
        async with running(settings, RegistryDouble()) as issuer:
            return set(await jwks(issuer))

    sets = await asyncio.gather(one(), one(), one())
    assert len(set.union(*sets)) == 1


async def test_private_key_is_not_in_the_database_in_clear(issuer: Issuer) -> None:
    connection = await asyncpg.connect(issuer.settings.database_dsn)
    rows = await connection.fetch("SELECT to_jsonb(k)::text AS text, sealed FROM token_issuer.signing_key k")
    await connection.close()
    (row,) = rows
    assert b"PRIVATE" not in row["sealed"]
    assert "PRIVATE" not in row["text"]


async def test_three_rotations_refuse_no_valid_token(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of every key verify against the key set of the end, and each kid is published before it signs."""
    monkeypatch.setattr("services.token_issuer.app.KEY_MAINTENANCE_INTERVAL_S", 0.2)
    before = settings.model_copy(update={"signing_algorithm": "RS384"})
    async with running(before, RegistryDouble()) as issuer:
        tokens, kids = [await issuer.token()], set(await jwks(issuer))
        changed = issuer.settings.model_copy(update={"signing_key_propagation": 1.0, "signing_algorithm": "ES256"})
        for _ in range(3):
            await rotate_signing_key(changed)
            tokens += await _until_a_new_key_signs(issuer, kids)
            kids.add(parse(tokens[-1]).header.kid)
        keys = await jwks(issuer)
    assert len(keys) == 4
    for token in tokens:
        verify(token, key_for=keys.get, expectation=Expectation(), now=time.time())


async def _until_a_new_key_signs(issuer: Issuer, known: set[str]) -> list[str]:
    """The tokens up to the first that none of the `known` keys signed, whose key was published by then."""
    tokens, published, started = list[str](), set[str](), time.monotonic()
    while True:
        tokens.append(await issuer.token())
        if (kid := parse(tokens[-1]).header.kid) not in known:
            assert kid in published
            return tokens
        assert time.monotonic() - started < 15
        published = set(await jwks(issuer))
        await asyncio.sleep(0.05)


async def test_revoked_signing_key_is_replaced_and_refused_by_all(issuer: Issuer) -> None:
    token = await issuer.token()
    kid = parse(token).header.kid
    said = await revoke_signing_key(issuer.settings, kid)
    assert "signs in its place" in said
    (revocation,) = issuer.registry.revocations
    assert (revocation.kind, revocation.id) == ("signing_key", kid)
    await asyncio.sleep(0.3)
    assert kid not in await jwks(issuer)
    started = time.monotonic()
    while True:
        response, body = await issuer.post(
            "/auth/token", {"grant_type": "client_credentials"}, authorization=issuer.basic
        )
        assert time.monotonic() - started < 5
        if response.status == 200:
            break
        await asyncio.sleep(0.05)
    assert parse(body["access_token"]).header.kid != kid
    _, body = await issuer.post("/oauth2/introspect", {"token": token}, authorization=issuer.basic)
    assert body == {"active": False}


async def test_key_that_is_revoked_at_the_registry_alone_is_replaced_on_every_copy_within_a_second(
    settings: Settings,
) -> None:
    settings = settings.model_copy(update={"signing_algorithm": "ES256"})
    registry = RegistryDouble()
    async with running(settings, registry) as one, running(settings, registry) as two:
        kid = parse(await one.token()).header.kid
        revocation = Revocation(kind="signing_key", id=kid, until=time.time() + 3720)
        await registry.revoke(revocation)
        async with asyncio.timeout(1):
            for copy in (one, two):
                while set(await jwks(copy)) in (set(), {kid}):
                    await asyncio.sleep(0.01)
        assert set(await jwks(one)) == set(await jwks(two)) == {parse(await two.token()).header.kid}
        assert kid not in await jwks(one)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "ES256", "EdDSA"])
async def test_the_algorithm_is_that_of_the_setting(settings: Settings, algorithm: str) -> None:
    changed = settings.model_copy(update={"signing_algorithm": algorithm})
    async with running(changed, RegistryDouble()) as issuer:
        assert parse(await issuer.token()).header.algorithm == algorithm
