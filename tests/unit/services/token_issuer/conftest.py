import pytest

from tests.support.harness.issuer_rules import World


@pytest.fixture
def world() -> World:
    return World()
