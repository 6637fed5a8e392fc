"""Ended tokens stay ended for as long as they could come back."""

import pytest

from services.session_tokens.ended import PRUNE_AT, EndedTokens
from shared.changes import ChangeFollower
from shared.contracts.key_registry import Revocation
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.registry import RegistryDouble


@pytest.fixture
def registry() -> RegistryDouble:
    return RegistryDouble()


@pytest.fixture
def ended(clock: FakeClock) -> EndedTokens:
    return EndedTokens(clock)


@pytest.fixture
def follower(registry: RegistryDouble, ended: EndedTokens, clock: FakeClock) -> ChangeFollower:
    follower = ChangeFollower(registry, (ended,), clock=clock, bound=5)
    ended.attach(follower)
    return follower


async def _end(registry: RegistryDouble, id_: str) -> None:
    await registry.revoke(Revocation(kind="session_token", id=id_, until=2_000_000_000))


async def test_a_token_that_another_copy_ended_is_known_from_the_feed(
    registry: RegistryDouble, ended: EndedTokens, follower: ChangeFollower
) -> None:
    await follower.poll()
    await _end(registry, "a")
    assert not ended.includes("a")
    await follower.poll()
    assert ended.includes("a")


async def test_a_token_that_was_ended_before_the_start_is_known_from_the_snapshot(
    registry: RegistryDouble, ended: EndedTokens, follower: ChangeFollower
) -> None:
    await _end(registry, "a")
    await follower.poll()
    assert ended.includes("a")


async def test_nothing_is_known_before_the_first_snapshot(ended: EndedTokens, follower: ChangeFollower) -> None:
    with pytest.raises(Unavailable):
        ended.includes("a")


async def test_past_the_staleness_bound_nothing_is_known(
    registry: RegistryDouble, ended: EndedTokens, follower: ChangeFollower, clock: FakeClock
) -> None:
    await follower.poll()
    registry.away = True
    clock.advance(4.9)
    assert not ended.includes("a")
    clock.advance(0.2)
    with pytest.raises(Unavailable):
        ended.includes("a")


async def test_other_revocations_are_not_session_tokens(
    registry: RegistryDouble, ended: EndedTokens, follower: ChangeFollower
) -> None:
    registry.set_status("access_key", "k", "revoked")
    await follower.poll()
    assert not ended.includes("k")


def test_those_that_could_no_longer_be_alive_are_forgotten(ended: EndedTokens, clock: FakeClock) -> None:
    for i in range(PRUNE_AT):
        ended.add(f"old-{i}", clock.now() + 10)
    clock.advance(11)
    ended.add("new", clock.now() + 10)
    assert ended.includes("new")
    assert not ended.includes("old-0")
