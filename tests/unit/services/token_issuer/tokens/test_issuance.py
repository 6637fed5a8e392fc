from collections.abc import Awaitable, Callable

import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.clients.client_proof import ClientProof
from services.token_issuer.grants.client_credentials import ClientCredentials
from services.token_issuer.grants.jwt_bearer import JwtBearer
from services.token_issuer.oauth_errors import AuthenticationFailed, InvalidClient, InvalidGrant, Refusal
from services.token_issuer.tokens.introspection import IssuedTokens
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.errors import Unavailable
from shared.jose.verifier import parse
from tests.support.harness.issuer_rules import ADDRESS, AUDIENCES, ISSUER, World


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


async def by_secret(world: World) -> AuthorizedGrant:
    proof = ClientProof("client_secret_basic", world.key, world.secret)
    return await ClientCredentials().authorize({}, await world.authenticator.authenticate(proof, address=ADDRESS))


async def by_client_assertion(world: World) -> AuthorizedGrant:
    proof = ClientProof("private_key_jwt", None, world.assertion())
    return await ClientCredentials().authorize({}, await world.authenticator.authenticate(proof, address=ADDRESS))


async def by_assertion(world: World) -> AuthorizedGrant:
    return await JwtBearer(world.assertions, audiences=AUDIENCES).authorize({"assertion": world.assertion()}, None)


@pytest.mark.parametrize(("left", "meanwhile"), [(0.5, 0.0), (5.0, 5.0), (5.0, 60.0)])
@pytest.mark.parametrize(
    ("authorize", "kind"),
    [(by_secret, AuthenticationFailed), (by_client_assertion, InvalidClient), (by_assertion, InvalidGrant)],
)
async def test_no_token_outlives_its_credential_and_one_without_a_second_left_is_refused_as_expired(
    world: World,
    authorize: Callable[[World], Awaitable[AuthorizedGrant]],
    kind: type[Refusal],
    left: float,
    meanwhile: float,
) -> None:
    await world.with_key()
    end = world.clock.now() + left
    world.registry.add_api_client(world.key, world.secret, expires_at=end)
    world.registry.add_key_pair(world.kid, world.key_pair.public_key, "ES256", expires_at=end)
    authorized = await authorize(world)
    world.clock.advance(meanwhile)
    with pytest.raises(kind) as at_issuance:
        await world.issuer.issue(authorized, typ="JWT")
    world.clock.advance(left)
    with pytest.raises(kind) as expired:
        await authorize(world)
    assert at_issuance.type is expired.type
    assert vars(at_issuance.value) == vars(expired.value)
    assert at_issuance.value.cause == "expired"
    assert world.trail.recorded == world.trail.withdrawn == []


async def test_the_last_whole_second_of_a_credential_is_that_of_its_token(world: World) -> None:
    await world.with_key()
    end = world.clock.now() + 1.5
    world.registry.add_api_client(world.key, world.secret, expires_at=end)
    token = await world.issuer.issue(await by_secret(world), typ="JWT")
    assert (token.expires_in, token.expires_at) == (1, int(end))
