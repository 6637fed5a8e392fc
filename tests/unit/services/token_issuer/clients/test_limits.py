"""A token is for a client that was admitted, and by what was used up for it."""

import contextlib

import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.clients.limits import ClientAdmission
from services.token_issuer.oauth_errors import InvalidClient
from shared.limits.endpoint_limits import EndpointLimits
from tests.support.doubles.limits import SharesInMemory
from tests.support.harness.issuer_rules import ADDRESS, World


@pytest.fixture
def admission(world: World) -> ClientAdmission:
    store = SharesInMemory(world.clock)
    return ClientAdmission(EndpointLimits(store, world.clock, lambda *_: None, place="test"), ADDRESS)


async def test_only_the_client_that_was_admitted_is_issued_anything(
    world: World, admission: ClientAdmission
) -> None:
    client, other = Client.of_api_client(world.client), Client.of_key_pair(world.key_pair)
    with pytest.raises(RuntimeError):
        admission.require_admitted(client)
    await admission(client)
    admission.require_admitted(client)
    with pytest.raises(RuntimeError):
        admission.require_admitted(other)


async def test_a_client_whose_proof_was_used_before_is_not_admitted_however_often_that_is_asked(
    world: World, admission: ClientAdmission
) -> None:
    async def used_before() -> None:
        raise InvalidClient("used before")

    client = Client.of_key_pair(world.key_pair)
    admission.then(used_before)
    for _ in range(2):
        with contextlib.suppress(InvalidClient):
            await admission(client)
        with pytest.raises(RuntimeError):
            admission.require_admitted(client)
