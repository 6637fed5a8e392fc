import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.tokens.introspection import IssuedTokens
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.errors import Unavailable
from shared.jose.verifier import parse
from tests.support.harness.issuer_rules import ISSUER, World


def authorization(world: World) -> AuthorizedGrant:
    return AuthorizedGrant("client_credentials", Client.of_api_client(world.client), frozenset({"b:y", "a:x"}))


async def test_token_has_the_claims_that_the_gateways_rely_on(world: World) -> None:
    await world.with_key()
    token = await world.issuer.issue(authorization(world), typ="JWT")
    claims = IssuedTokens(world.ring, world.clock, issuer=ISSUER).read(token.value)
    assert claims is not None
    now = int(world.clock.now())
    members = claims.members()
    assert len(members.pop("jti")) == 22
    assert members == {
        "iss": ISSUER,
        "sub": f"blabla:{world.key}",
        "aud": "passgate",
        "iat": now,
        "exp": now + 3600,
        "client_id": world.key,
        "scope": "a:x b:y",
        "client_prefix": "blabla",
        "company_id": world.client.company.id,
        "credential_id": world.client.id,
        "credential_kind": "api_client",
    }
    assert (token.expires_in, token.scope) == (3600, "a:x b:y")


async def test_audience_of_the_client_goes_first(world: World) -> None:
    await world.with_key()
    record = world.client.model_copy(update={"audience": "site.example"})
    decision = AuthorizedGrant("client_credentials", Client.of_api_client(record), frozenset())
    token = await world.issuer.issue(decision, typ="at+jwt")
    claims = IssuedTokens(world.ring, world.clock, issuer=ISSUER).read(token.value)
    assert claims is not None
    assert claims.aud == ("site.example",)
    assert parse(token.value).header.type == "at+jwt"


async def test_no_audit_line_no_token(world: World) -> None:
    await world.with_key()
    world.trail.away = True
    with pytest.raises(Unavailable):
        await world.issuer.issue(authorization(world), typ="JWT")


async def test_no_signing_key_no_audit_line(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.issuer.issue(authorization(world), typ="JWT")
    assert world.trail.recorded == []


async def test_no_signature_no_audit_line(world: World) -> None:
    world.rotator = world.rotator_for("RS256")
    await world.with_key()
    await world.pool.stop()
    with pytest.raises(Unavailable):
        await world.issuer.issue(authorization(world), typ="JWT")
    assert world.trail.recorded == []
    assert [event.action for event in world.trail.withdrawn] == ["token.issued"]


async def test_audit_line_names_the_token_and_does_not_hold_it(world: World) -> None:
    await world.with_key()
    token = await world.issuer.issue(authorization(world), typ="JWT")
    (event,) = world.trail.recorded
    assert (event.action, event.subject_kind, event.actor) == ("token.issued", "jwt", f"client:{world.key}")
    assert token.value not in event.model_dump_json()


async def test_every_token_has_its_own_jti(world: World) -> None:
    await world.with_key()
    for _ in range(20):
        await world.issuer.issue(authorization(world), typ="JWT")
    assert len({event.subject for event in world.trail.recorded}) == 20


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "ES256", "EdDSA"])
async def test_each_algorithm_signs(world: World, algorithm: str) -> None:
    world.rotator = world.rotator_for(algorithm)
    await world.with_key()
    token = await world.issuer.issue(authorization(world), typ="JWT")
    assert parse(token.value).header.algorithm == algorithm
    assert IssuedTokens(world.ring, world.clock, issuer=ISSUER).read(token.value) is not None
