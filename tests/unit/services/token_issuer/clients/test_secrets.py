"""Which secret of an API client was presented, and what of it."""

import uuid

import pytest

from services.token_issuer.clients.assertions import ASSERTION, InvalidAssertion
from services.token_issuer.clients.client import Client
from services.token_issuer.clients.client_proof import ClientProof
from services.token_issuer.clients.secrets import (
    CLIENT_KEY,
    CLIENT_SECRET,
    KEY_AND_SECRET,
    fault_of_key,
    fault_of_secret,
    presented_secret,
)
from services.token_issuer.grants.client_credentials import ClientCredentials
from services.token_issuer.oauth_errors import InvalidClient
from services.token_issuer.tokens.introspection import IssuedTokens
from shared.audit.mismatch import (
    A_JWT,
    A_KID,
    A_SESSION_TOKEN,
    AN_ACCESS_TOKEN,
    Mismatch,
)
from shared.jose.header import AUTHORIZATION_GRANT
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.opaque import ACCESS_KEY, API_CLIENT_KEY, API_CLIENT_SECRET, API_TOKEN, KEY_PAIR, mint, public_id
from tests.support.cases import each_case
from tests.support.harness.issuer_rules import ADDRESS, ISSUER, World

NEW = mint(API_CLIENT_SECRET)


async def authenticated(world: World, secret: str) -> Client:
    proof = ClientProof("client_secret_basic", world.key, secret)
    return await world.authenticator.authenticate(proof, address=ADDRESS)


async def refusal(world: World, secret: str) -> str:
    with pytest.raises(InvalidClient) as refused:
        await authenticated(world, secret)
    return refused.value.cause


async def test_both_secrets_authenticate_until_the_old_one_retires_which_needs_no_event(world: World) -> None:
    world.registry.rotate("api_client", world.secret, NEW, retires_at=world.clock.now() + 3)
    assert [(await authenticated(world, secret)).version for secret in (world.secret, NEW)] == [1, 2]
    world.clock.advance(3)
    assert await refusal(world, world.secret) == "version_retired"
    assert (await authenticated(world, NEW)).version == 2


async def test_a_secret_that_is_ended_no_longer_authenticates(world: World) -> None:
    world.registry.rotate("api_client", world.secret, NEW)
    assert await refusal(world, world.secret) == "version_revoked"
    assert (await authenticated(world, NEW)).version == 2


async def test_a_new_secret_works_at_once_whatever_is_remembered_of_the_client(world: World) -> None:
    world.api_clients.remembered[world.key] = world.client
    world.registry.rotate("api_client", world.secret, NEW, retires_at=world.clock.now() + 3)
    assert (await authenticated(world, NEW)).version == 2
    assert (await authenticated(world, world.secret)).version == 1


async def test_what_can_be_no_secret_costs_the_registry_nothing(world: World) -> None:
    world.api_clients.remembered[world.key] = world.client
    assert await refusal(world, "guess") == "malformed"
    assert world.registry.lookups == 0


@each_case("case", ["mistyped", "cut off", "guess"])
async def test_a_secret_that_is_not_whole_is_malformed(world: World, case: str) -> None:
    mistyped = world.secret[:20] + ("a" if world.secret[20] != "a" else "b") + world.secret[21:]
    given = {"mistyped": mistyped, "cut off": world.secret[:-3], "guess": "changeme"}[case]
    assert await refusal(world, given) == "malformed"


async def test_a_whole_secret_with_something_beside_it_is_said_to_be_that(world: World) -> None:
    for given in (f"{world.key}:{world.secret}", world.secret * 2, f"{world.secret}\n"):
        with pytest.raises(InvalidClient) as refused:
            await authenticated(world, given)
        assert refused.value.cause == "more_than_secret"


async def test_what_came_in_the_place_of_the_secret_is_named_by_its_prefix_and_no_more(world: World) -> None:
    for given, prefix in ((mint(API_TOKEN), "pgat_"), (world.key, "pgck_"), (mint(ACCESS_KEY)[:-3], "pgak_")):
        with pytest.raises(InvalidClient) as refused:
            await authenticated(world, given)
        mismatch = refused.value.mismatch
        assert mismatch is not None
        assert (refused.value.cause, mismatch.prefix, mismatch.kind) == ("wrong_kind", prefix, prefix)
        assert mismatch.expected == CLIENT_SECRET
        assert given[5:] not in repr(mismatch)


@each_case("kind", [A_SESSION_TOKEN, A_KID, A_JWT])
async def test_another_kind_in_the_place_of_key_or_secret_is_named_by_its_form(world: World, kind: str) -> None:
    forms = {A_SESSION_TOKEN: str(uuid.uuid4()), A_KID: world.kid, A_JWT: world.assertion()}
    assert fault_of_secret(forms[kind]) == ("wrong_kind", Mismatch(found=kind, expected=CLIENT_SECRET))
    assert fault_of_key(forms[kind]) == ("wrong_kind", Mismatch(found=kind, expected=CLIENT_KEY))


async def test_an_assertion_of_another_kind_is_told_from_an_unknown_key_by_its_trace_alone(world: World) -> None:
    async def refused(assertion: str) -> InvalidAssertion:
        with pytest.raises(InvalidAssertion) as caught:
            await world.assertions.verify(assertion, audiences=frozenset({ISSUER}), typ=AUTHORIZATION_GRANT)
        return caught.value

    await world.with_key()
    authorized = await ClientCredentials().authorize({}, await authenticated(world, world.secret))
    token = await world.issuer.issue(authorized, typ="at+jwt")
    stranger = Signer(public_id(KEY_PAIR), "ES256", generate_private_key("ES256"))
    unknown, access_token = await refused(stranger.sign({"iat": 1})), await refused(token.value)
    assert access_token.description == unknown.description
    assert (unknown.cause, access_token.cause) == ("unknown_kid", "wrong_kind")
    assert access_token.mismatch == Mismatch(found=AN_ACCESS_TOKEN, expected=ASSERTION)
    assert world.slept == [0.05, 0.05]
    for given, found in ((world.kid, A_KID), (str(uuid.uuid4()), A_SESSION_TOKEN)):
        assert (await refused(given)).mismatch == Mismatch(found=found, expected=ASSERTION)


async def test_a_whole_secret_of_another_client_is_the_only_wrong_one(world: World) -> None:
    assert await refusal(world, mint(API_CLIENT_SECRET)) == "wrong_secret"


@each_case("given", [API_CLIENT_KEY + "_", public_id(API_CLIENT_KEY)[:-1], f"{public_id(API_CLIENT_KEY)}:{NEW}"])
def test_a_key_that_is_not_whole_is_malformed(given: str) -> None:
    assert fault_of_key(given) == ("malformed", Mismatch(f"{API_CLIENT_KEY}_"))


def test_a_whole_key_that_no_client_has_is_of_an_unknown_client() -> None:
    assert fault_of_key(public_id(API_CLIENT_KEY)).cause == fault_of_key("junk").cause == "unknown_client"
    assert (fault_of_key(NEW).cause, fault_of_key(mint(API_TOKEN)).cause) == ("swapped", "wrong_kind")
    assert fault_of_key(NEW).mismatch == Mismatch("pgcs_", expected=KEY_AND_SECRET)


async def test_a_token_depends_on_the_secret_that_it_was_issued_for(world: World) -> None:
    await world.with_key()
    world.registry.rotate("api_client", world.secret, NEW, retires_at=world.clock.now() + 3)
    for secret, version in ((world.secret, 1), (NEW, 2)):
        authorized = await ClientCredentials().authorize({}, await authenticated(world, secret))
        token = await world.issuer.issue(authorized, typ="JWT")
        claims = IssuedTokens(world.ring, world.clock, issuer=ISSUER).read(token.value)
        assert claims is not None
        assert f"{world.client.id}_v{version}" in claims.stopped_by


def test_of_a_registry_that_knows_one_secret_that_is_the_first(world: World) -> None:
    found = presented_secret(world.client, world.secret)
    assert found is not None
    assert (found.version, found.ended(world.clock.now())) == (1, None)
    assert presented_secret(world.client, NEW) is None
    assert presented_secret(None, "") is None


async def test_a_client_that_has_ended_no_longer_authenticates_and_no_token_outlives_it(world: World) -> None:
    await world.with_key()
    end = world.clock.now() + 100
    world.registry.add_api_client(world.key, world.secret, expires_at=end)
    authorized = await ClientCredentials().authorize({}, await authenticated(world, world.secret))
    token = await world.issuer.issue(authorized, typ="JWT")
    claims = IssuedTokens(world.ring, world.clock, issuer=ISSUER).read(token.value)
    assert claims is not None
    assert (token.expires_in, claims.exp) == (100, end)
    assert token.credential_expires_at == claims.credential_expires_at == end
    world.clock.advance(100)
    assert await refusal(world, world.secret) == "expired"


async def test_a_token_says_when_its_credential_ends_only_when_that_is_soon(world: World) -> None:
    await world.with_key()
    world.registry.add_api_client(world.key, world.secret, expires_at=world.clock.now() + 31 * 86400)
    authorized = await ClientCredentials().authorize({}, await authenticated(world, world.secret))
    assert (await world.issuer.issue(authorized, typ="JWT")).credential_expires_at is None
    world.registry.rotate("api_client", world.secret, NEW, retires_at=world.clock.now() + 60)
    authorized = await ClientCredentials().authorize({}, await authenticated(world, world.secret))
    token = await world.issuer.issue(authorized, typ="JWT")
    assert (token.credential_expires_at, token.expires_in) == (world.clock.now() + 60, 3600)


async def test_a_key_pair_that_has_ended_signs_nothing_any_more(world: World) -> None:
    public_key, end = world.key_pair.public_key, world.clock.now() + 100
    world.registry.add_key_pair(world.kid, public_key, "ES256", expires_at=end)
    assertion = world.assertion()
    await world.assertions.verify(assertion, audiences=frozenset({ISSUER}), typ=AUTHORIZATION_GRANT)
    world.clock.advance(100)
    with pytest.raises(InvalidAssertion) as refused:
        await world.assertions.verify(assertion, audiences=frozenset({ISSUER}), typ=AUTHORIZATION_GRANT)
    assert refused.value.cause == "expired"


async def test_a_key_pair_that_was_succeeded_signs_until_it_retires_and_what_it_got_goes_on(world: World) -> None:
    await world.with_key()
    end = world.clock.now() + 100
    world.registry.add_key_pair(world.kid, world.key_pair.public_key, "ES256", retires_at=end)
    assertion, audiences = world.assertion(), frozenset({ISSUER})
    verified = await world.assertions.verify(assertion, audiences=audiences, typ=AUTHORIZATION_GRANT)
    assert (verified.client.ends_at, verified.client.expires_at) == (end, None)
    world.clock.advance(100)
    with pytest.raises(InvalidAssertion) as refused:
        await world.assertions.verify(assertion, audiences=audiences, typ=AUTHORIZATION_GRANT)
    assert refused.value.cause == "succeeded"
