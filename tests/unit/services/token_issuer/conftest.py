import pytest

from tests.unit.services.token_issuer.world import World


@pytest.fixture
def world() -> World:
    return World()
