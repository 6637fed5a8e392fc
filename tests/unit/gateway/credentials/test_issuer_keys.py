"""The issuer is asked for its keys at most once in ten seconds, whatever tokens name."""

import asyncio
from typing import Any

import pytest

from gateway.credentials.issuer_keys import (
    MAX_KEY_SET_AGE_S,
    REFRESH_INTERVAL_S,
    UNKNOWN_KID_FETCH_INTERVAL_S,
    WITHDRAWN_KEY_KEPT_S,
    IssuerKeys,
)
from shared.contracts.key_registry import Change, Snapshot, Stopped
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key, public_jwk
from tests.support.clock import FakeClock
from tests.support.waiting import until

JWK = public_jwk(generate_private_key("EdDSA").public_key(), "one", "EdDSA")


class Issuer:
    def __init__(self) -> None:
        self.kids = ["one"]
        self.requested = 0
        self.away = False

    async def jwks(self) -> dict[str, Any]:
        self.requested += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable
        return {"keys": [{**JWK, "kid": kid} for kid in self.kids]}


async def test_a_new_key_is_fetched_when_a_token_names_it(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    issuer.kids.append("two")
    key = await keys.find("two")
    assert key is not None
    assert key.kid == "two"
    assert issuer.requested == 2


async def test_the_successor_of_a_revoked_key_is_fetched_whatever_unknown_kids_have_asked_for(
    clock: FakeClock,
) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.start()
    await until(lambda: keys.known("one") is not None)
    await keys.find("unknown")
    issuer.kids = ["two"]
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="revoked", at=0))
    assert keys.known("one") is None
    await until(lambda: keys.known("two") is not None)
    await keys.stop()


async def test_a_key_that_is_reported_as_active_stays_and_no_successor_is_looked_for(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="active", at=0))
    assert keys.known("one") is not None
    issuer.kids.append("two")
    keys.apply(Change(seq=2, kind="signing_key", id="two", status="active", at=0))
    await keys.refresh()
    assert keys.known("two") is not None


async def test_tokens_of_a_revoked_key_do_not_use_up_what_may_be_asked_for_its_successor(clock: FakeClock) -> None:
    issuer = Issuer()
    issuer.kids = []
    keys = IssuerKeys(issuer.jwks, clock)
    keys.reset(Snapshot(as_of=1, stopped=(Stopped(kind="signing_key", id="one"),)))
    await keys.refresh()
    assert await keys.find("one") is None
    issuer.kids = ["two"]
    assert await keys.find("two") is not None
    issuer.kids = ["three"]
    keys.apply(Change(seq=2, kind="signing_key", id="two", status="revoked", at=0))
    clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S)
    assert await keys.find("two") is None
    assert await keys.find("three") is not None


async def test_a_key_that_a_snapshot_shows_as_revoked_is_forgotten_with_the_issuer_away(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    issuer.away = True
    keys.reset(Snapshot(as_of=1, stopped=(Stopped(kind="signing_key", id="one"),)))
    assert keys.known("one") is None


@pytest.mark.parametrize("revoked", [True, False])
async def test_a_key_is_looked_for_soon_after_a_start_that_finds_none_or_a_revoked_one(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, revoked: bool
) -> None:
    monkeypatch.setattr("gateway.credentials.issuer_keys.URGENT_REFRESH_INTERVAL_S", 0.01)
    issuer = Issuer()
    issuer.kids = ["one"] if revoked else []
    keys = IssuerKeys(issuer.jwks, clock)
    keys.reset(Snapshot(as_of=1, stopped=(Stopped(kind="signing_key", id="one"),) if revoked else ()))
    await keys.start()
    await until(lambda: issuer.requested)
    issuer.kids = ["two"]
    await until(lambda: keys.known("two") is not None)
    await keys.stop()


async def test_a_flood_of_unknown_kids_asks_once_in_ten_seconds(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    for _ in range(3):
        requested = issuer.requested
        found = await asyncio.gather(*(keys.find(f"unknown-{number}") for number in range(500)))
        assert set(found) == {None}
        assert issuer.requested == requested + 1
        assert await keys.find("another") is None
        assert issuer.requested == requested + 1
        clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S)


async def test_a_known_key_needs_no_issuer(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    issuer.away = True
    clock.advance(100_000)
    assert keys.known("one") is not None
    assert await keys.find("one") is keys.known("one")


async def test_whether_there_is_a_key_is_not_known_while_the_issuer_is_away(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    issuer.away = True
    with pytest.raises(Unavailable):
        await keys.check()
    with pytest.raises(Unavailable):
        await keys.find("one")
    issuer.away = False
    clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S)
    assert await keys.find("two") is None
    await keys.check()
    issuer.away = True
    clock.advance(REFRESH_INTERVAL_S + 3 * UNKNOWN_KID_FETCH_INTERVAL_S)
    with pytest.raises(Unavailable):
        await keys.find("two")


@pytest.mark.parametrize("age", [20, REFRESH_INTERVAL_S])
async def test_of_a_kid_that_may_be_new_nothing_is_known_from_when_a_fetch_fails_until_one_succeeds(
    clock: FakeClock, age: float
) -> None:
    """As of the key that takes the place of a revoked one: its tokens are good, and get no 401."""
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    clock.advance(age)
    issuer.away = True
    for _ in range(2):
        requested = issuer.requested
        found = await asyncio.gather(*(keys.find(f"unknown-{n}") for n in range(500)), return_exceptions=True)
        assert {type(each) for each in found} == {Unavailable}
        clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S - 1)
        with pytest.raises(Unavailable):
            await keys.find("another")
        assert issuer.requested == requested + 1
        clock.advance(1)
    issuer.away = False
    issuer.kids.append("two")
    assert await keys.find("two") is not None
    assert await keys.find("three") is None


async def test_once_the_set_is_fetched_in_the_background_a_failure_before_it_says_nothing(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    issuer.away = True
    with pytest.raises(Unavailable):
        await keys.find("two")
    issuer.away = False
    clock.advance(1)
    await keys.refresh()
    assert await keys.find("two") is None
    assert issuer.requested == 2


async def test_a_fetch_in_the_background_that_fails_leaves_it_open_whether_there_is_a_new_key(
    clock: FakeClock,
) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    assert await keys.find("two") is None
    issuer.away = True
    clock.advance(UNKNOWN_KID_FETCH_INTERVAL_S - 1)
    with pytest.raises(Unavailable):
        await keys.refresh()
    with pytest.raises(Unavailable):
        await keys.find("two")
    assert issuer.requested == 2


async def test_a_set_that_cannot_be_used_leaves_it_open_whether_there_is_a_new_key(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    clock.advance(1)
    issuer.kids = ["one", "one"]
    with pytest.raises(Unavailable):
        await keys.find("two")


async def test_a_revoked_key_and_one_at_hand_are_known_whatever_fails(clock: FakeClock) -> None:
    issuer = Issuer()
    issuer.kids = ["one", "two"]
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="revoked", at=0))
    clock.advance(20)
    issuer.away = True
    with pytest.raises(Unavailable):
        await keys.find("three")
    assert await keys.find("one") is None
    assert await keys.find("two") is not None


async def test_the_age_of_the_set_counts_from_its_request_and_not_from_a_late_response(clock: FakeClock) -> None:
    issuer, late_by = Issuer(), MAX_KEY_SET_AGE_S

    async def late() -> dict[str, Any]:
        found = await issuer.jwks()
        clock.advance(late_by)
        return found

    keys = IssuerKeys(late, clock)
    assert await keys.find("two") is None
    late_by += 0.001
    with pytest.raises(Unavailable):
        await keys.find("two")


class Held:
    """A fetch whose responses a test releases in any order: `responses[n]` is that to the n-th request."""

    def __init__(self) -> None:
        self.responses: list[asyncio.Future[dict[str, Any]]] = []

    async def jwks(self) -> dict[str, Any]:
        self.responses.append(asyncio.get_running_loop().create_future())
        return await self.responses[-1]

    def respond(self, number: int, *kids: str) -> None:
        self.responses[number].set_result({"keys": [{**JWK, "kid": kid} for kid in kids]})


async def test_the_response_to_an_earlier_request_does_not_replace_that_to_a_later_one(clock: FakeClock) -> None:
    issuer = Held()
    keys = IssuerKeys(issuer.jwks, clock)
    earlier = asyncio.create_task(keys.refresh())
    await until(lambda: len(issuer.responses) == 1)
    clock.advance(5)
    later = asyncio.create_task(keys.refresh())
    await until(lambda: len(issuer.responses) == 2)
    issuer.respond(1, "one", "two")
    await later
    issuer.respond(0, "one")
    await earlier
    assert keys.known("two") is not None


async def test_a_response_that_was_on_its_way_does_not_bring_back_a_key_that_is_revoked(clock: FakeClock) -> None:
    issuer = Held()
    keys = IssuerKeys(issuer.jwks, clock)
    fetch = asyncio.create_task(keys.refresh())
    await until(lambda: len(issuer.responses) == 1)
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="revoked", at=0))
    issuer.respond(0, "one", "two")
    await fetch
    assert (keys.known("one"), await keys.find("one")) == (None, None)
    assert keys.known("two") is not None


async def test_a_key_that_is_revoked_while_it_is_looked_for_is_known_though_the_fetch_fails(
    clock: FakeClock,
) -> None:
    issuer = Held()
    keys = IssuerKeys(issuer.jwks, clock)
    lookup = asyncio.create_task(keys.find("one"))
    await until(lambda: len(issuer.responses) == 1)
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="revoked", at=0))
    issuer.responses[0].set_exception(Unavailable())
    assert await lookup is None


async def test_a_key_that_is_withdrawn_is_no_key_once_every_issuer_has_had_the_time_to_say_so(
    clock: FakeClock,
) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    clock.advance(10 * WITHDRAWN_KEY_KEPT_S)
    issuer.kids = ["two"]
    await keys.refresh()
    clock.advance(WITHDRAWN_KEY_KEPT_S - 1)
    await keys.refresh()
    assert keys.known("one") is not None
    clock.advance(1)
    await keys.refresh()
    assert keys.known("one") is None


async def test_a_set_of_an_issuer_that_is_behind_takes_no_new_key_away(clock: FakeClock) -> None:
    issuer = Issuer()
    issuer.kids = ["one", "two"]
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    for kids in (["one"], ["one", "two"], ["one"], ["one"]):
        issuer.kids = kids
        clock.advance(WITHDRAWN_KEY_KEPT_S / 2)
        await keys.refresh()
        assert keys.known("two") is not None


async def test_a_revoked_key_that_newer_sets_lack_is_forgotten_at_once(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    issuer.kids = ["two"]
    await keys.refresh()
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="revoked", at=0))
    await keys.refresh()
    assert keys.known("one") is None
    assert keys.kids() == ("two",)


async def test_whoever_reports_the_kids_learns_of_each_change_and_of_nothing_else(clock: FakeClock) -> None:
    issuer = Issuer()
    changes = list[tuple[str, ...] | None]()
    keys = IssuerKeys(issuer.jwks, clock, lambda: changes.append(keys.kids()))
    assert keys.kids() is None
    await keys.refresh()
    await keys.refresh()
    issuer.kids.append("two")
    await keys.refresh()
    keys.apply(Change(seq=1, kind="signing_key", id="one", status="revoked", at=0))
    keys.reset(Snapshot(as_of=2, stopped=(Stopped(kind="signing_key", id="one"),)))
    assert changes == [("one",), ("one", "two"), ("two",)]


async def test_a_set_that_cannot_be_used_leaves_the_last_valid_one(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.refresh()
    issuer.kids = ["one", "one"]
    with pytest.raises(Unavailable):
        await keys.refresh()
    assert keys.known("one") is not None


async def test_a_caller_that_leaves_does_not_spoil_the_response_for_others(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    issuer.kids = ["one"]
    first = asyncio.create_task(keys.find("one"))
    second = asyncio.create_task(keys.find("one"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is not None


async def test_it_fetches_by_itself_and_stops(clock: FakeClock) -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.jwks, clock)
    await keys.start()
    await until(lambda: keys.known("one") is not None)
    await keys.stop()
