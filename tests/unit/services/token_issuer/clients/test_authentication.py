import json
from typing import Any

import pytest

from services.token_issuer.clients.client_proof import (
    NO_PAIR,
    ClientProof,
)
from services.token_issuer.oauth_errors import InvalidClient, TooManyWrongSecrets
from shared.errors import Unavailable
from shared.jose import base64url
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, API_TOKEN, mint, public_id
from tests.support.harness.issuer_rules import ADDRESS, ISSUER, World


async def by_secret(world: World, key: str, secret: str, address: str = ADDRESS) -> str:
    client = await world.authenticator.authenticate(
        ClientProof("client_secret_basic", key, secret), address=address
    )
    return client.client_id


async def test_right_secret(world: World) -> None:
    assert await by_secret(world, world.key, world.secret) == world.key
    assert world.slept == []


@pytest.mark.parametrize(
    "which",
    ["unknown", "junk", "wrong", "suspended", "company", "cut off", "pasted with the key", "API token"],
)
async def test_all_failures_read_alike_and_take_as_long(world: World, which: str) -> None:
    key, secret = world.key, world.secret
    if which == "unknown":
        key = public_id(API_CLIENT_KEY)
    elif which == "junk":
        key = "x' OR 1=1"
    elif which == "wrong":
        secret = mint(API_CLIENT_SECRET)
    elif which == "cut off":
        secret = secret[:-1]
    elif which == "pasted with the key":
        secret = f"{key}:{secret}"
    elif which == "API token":
        secret = mint(API_TOKEN)
    elif which == "suspended":
        world.registry.set_status("api_client", world.client.id, "suspended")
    else:
        world.registry.set_status("company", world.client.company.id, "revoked")
    with pytest.raises(InvalidClient) as caught:
        await by_secret(world, key, secret)
    assert caught.value.description == "client authentication failed"
    assert world.slept == [0.05]


@pytest.mark.parametrize("which", ["known", "unknown", "cut off", "registry away"])
async def test_a_key_without_a_secret_is_refused_alike_whether_there_is_such_a_client(
    world: World, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(key: str) -> None:
        raise Unavailable("away")

    keys = {"unknown": public_id(API_CLIENT_KEY), "cut off": world.key[:-1]}
    if which == "registry away":
        monkeypatch.setattr(world.api_clients, "get", away)
    with pytest.raises(InvalidClient) as caught:
        await by_secret(world, keys.get(which, world.key), "")
    assert (caught.value.description, caught.value.cause) == (NO_PAIR, "no_secret")
    assert world.slept == [0.05]
    subject = caught.value.subject
    assert (None if subject is None else subject.id) == (world.key if which == "known" else None)


async def test_no_secret_is_no_guess_at_one(world: World) -> None:
    for _ in range(50):
        with pytest.raises(InvalidClient):
            await by_secret(world, world.key, "")
    assert await by_secret(world, world.key, world.secret) == world.key


async def test_ids_of_another_shape_are_not_looked_up(world: World) -> None:
    for key in ("", "x", "../../admin", "pgck_", "\0", "a" * 5000):
        with pytest.raises(InvalidClient):
            await by_secret(world, key, "x")
    assert world.registry.lookups == 0


async def test_right_secret_waits_too_once_its_pair_is_stopped(world: World) -> None:
    for _ in range(10):
        with pytest.raises(InvalidClient):
            await by_secret(world, world.key, "wrong")
    with pytest.raises(TooManyWrongSecrets) as caught:
        await by_secret(world, world.key, world.secret)
    assert caught.value.retry_after == 60
    assert await by_secret(world, world.key, world.secret, address="192.0.2.2") == world.key
    world.clock.advance(60)
    assert await by_secret(world, world.key, world.secret) == world.key


async def test_right_secret_of_a_suspended_client_is_no_guess(world: World) -> None:
    world.registry.set_status("api_client", world.client.id, "suspended")
    for _ in range(12):
        with pytest.raises(InvalidClient):
            await by_secret(world, world.key, world.secret)


async def test_assertion_proves_the_company(world: World) -> None:
    for audience in (ISSUER, f"{ISSUER}/oauth2/token"):
        given = ClientProof("private_key_jwt", world.key_pair.company.company_uri, world.assertion(aud=audience))
        client = await world.authenticator.authenticate(given, address=ADDRESS)
        assert (client.public_id, client.kind) == (world.kid, "key_pair")


async def test_client_assertion_works_once(world: World) -> None:
    given = ClientProof("private_key_jwt", None, world.assertion(jti="1"))
    await world.authenticator.authenticate(given, address=ADDRESS)
    with pytest.raises(InvalidClient):
        await world.authenticator.authenticate(given, address=ADDRESS)


@pytest.mark.parametrize("claims", [{"aud": "ankor.io"}, {"iss": "x"}, {"sub": "x"}, {"exp": 1}])
async def test_client_assertion_with_wrong_claims_is_refused(world: World, claims: dict[str, object]) -> None:
    given = ClientProof("private_key_jwt", None, world.assertion(**claims))
    with pytest.raises(InvalidClient):
        await world.authenticator.authenticate(given, address=ADDRESS)


async def test_client_id_must_be_the_assertions_issuer(world: World) -> None:
    given = ClientProof("private_key_jwt", "someone else", world.assertion())
    with pytest.raises(InvalidClient):
        await world.authenticator.authenticate(given, address=ADDRESS)


def typed(world: World, typ: str | None, **claims: Any) -> str:
    """An assertion with this `typ`, whatever our own signer would write."""
    header, payload, _ = world.assertion(**claims).split(".")
    members = json.loads(base64url.decode(header.encode()))
    members.pop("typ")
    head = base64url.encode(json.dumps({**members, **({"typ": typ} if typ else {})}).encode()).decode()
    signature = world.signer._signature(f"{head}.{payload}".encode())
    return f"{head}.{payload}.{base64url.encode(signature).decode()}"


@pytest.mark.parametrize("typ", ["client-authentication+jwt", "application/client-authentication+jwt", "JWT", None])
async def test_an_assertion_may_say_that_it_authenticates_a_client(world: World, typ: str | None) -> None:
    proof = ClientProof("private_key_jwt", None, typed(world, typ))
    assert (await world.authenticator.authenticate(proof, address=ADDRESS)).public_id == world.kid


@pytest.mark.parametrize(
    ("typ", "audience"),
    [("authorization-grant+jwt", ISSUER), ("JWT", "ankor.io"), ("client-authentication+jwt", "ankor.io")],
)
async def test_an_assertion_for_the_grant_does_not_authenticate_its_client(
    world: World, typ: str, audience: str
) -> None:
    proof = ClientProof("private_key_jwt", None, typed(world, typ, aud=audience))
    with pytest.raises(InvalidClient):
        await world.authenticator.authenticate(proof, address=ADDRESS)
