"""A token is for a client whose limits were applied, and by what was used up for it."""

import contextlib

import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.clients.limits import ClientLimits
from services.token_issuer.oauth_errors import InvalidClient
from shared.limits.endpoint_limits import EndpointLimits
from tests.support.doubles.limits import SharesInMemory
from tests.support.harness.issuer_rules import ADDRESS, World


@pytest.fixture
def limits(world: World) -> ClientLimits:
    store = SharesInMemory(world.clock)
    return ClientLimits(EndpointLimits(store, world.clock, lambda *_: None, place="test"), ADDRESS)


async def test_only_the_client_whose_limits_were_applied_is_issued_anything(
    world: World, limits: ClientLimits
) -> None:
    client, other = Client.of_api_client(world.client), Client.of_key_pair(world.key_pair)
    with pytest.raises(RuntimeError):
        limits.require_applied_to(client)
    await limits(client)
    limits.require_applied_to(client)
    with pytest.raises(RuntimeError):
        limits.require_applied_to(other)


async def test_a_client_whose_proof_was_used_before_is_issued_nothing_however_often_it_is_tried(
    world: World, limits: ClientLimits
) -> None:
    async def used_before() -> None:
        raise InvalidClient("used before")

    client = Client.of_key_pair(world.key_pair)
    limits.then(used_before)
    for _ in range(2):
        with contextlib.suppress(InvalidClient):
            await limits(client)
        with pytest.raises(RuntimeError):
            limits.require_applied_to(client)
