import pytest

from tests.support.clock import FakeClock
from tests.unit.services.session_tokens.rules import Rules


@pytest.fixture
async def rules(clock: FakeClock) -> Rules:
    rules = Rules(clock)
    await rules.follower.poll()
    return rules
