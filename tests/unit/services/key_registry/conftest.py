import pytest

from tests.support.clock import FakeClock
from tests.support.harness.registry_rules import Desk, registry_desk


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    return registry_desk(clock)
