"""Which exchanges end, when, and how many in one turn of the loop. (What a client sees: the integration tests.)"""

import asyncio
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.credentials.identity import Identity
from gateway.credentials.staleness import Staleness
from gateway.edge.client_origin import unproxied
from gateway.forwarding.forward import Forward
from gateway.proxy.live_exchanges import CHECKS_PER_TURN, WATCHED_AFTER_S, LiveExchanges
from gateway.proxy.report import Call
from gateway.refused_calls.problems import Refusal
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import Change, Snapshot, Stopped
from tests.support.clock import FakeClock
from tests.support.doubles.gateway import FollowedAgo
from tests.support.http1.heads import head_of, route_of


class Exchange:
    def __init__(self, live: LiveExchanges, *, age: float = 60.0, kind: str = "api_client", **route: Any) -> None:
        identity = Identity(kind, "blabla", "c", "s", "company", depends_on=frozenset({"company", "credential"}))
        self.call = Call(head_of(), unproxied("127.0.0.1"), "r")
        self.call.started = time.perf_counter() - age
        self.forward: Forward | None = Forward(route_of(**route), "GET", "/", [], identity)
        self.watched = False
        self.may_end = True
        self.ended = ""
        self._live = live
        live.consider(self)

    def end_early(self, refusal: Refusal) -> bool:
        if self.may_end:
            self.ended = refusal.cause
            self._live.discard(self)
        return self.may_end


class World:
    def __init__(self, clock: FakeClock) -> None:
        self.stopped = StoppedSet(clock)
        self.follower = FollowedAgo()
        self.causes: list[str] = []
        self.live = LiveExchanges(self.stopped, lambda _, cause: self.causes.append(cause))
        self.live.attach(Staleness(self.follower, clock, lambda _: None))

    def revoke(self, id_: str) -> None:
        change = Change(seq=1, kind="api_client", id=id_, status="revoked", at=0)
        self.stopped.apply(change)
        self.live.apply(change)


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


async def turn() -> None:
    await asyncio.sleep(0)


async def test_it_ends_with_what_it_depends_on_and_with_nothing_else(world: World) -> None:
    exchange = Exchange(world.live)
    world.revoke("another")
    await turn()
    assert exchange.ended == ""
    world.revoke("credential")
    await turn()
    assert (exchange.ended, world.causes, len(world.live)) == ("revoked", ["revoked"], 0)


async def test_a_short_one_is_not_watched(world: World) -> None:
    exchange = Exchange(world.live, age=0.0)
    assert (exchange.watched, len(world.live)) == (False, 0)
    exchange.call.started -= WATCHED_AFTER_S
    world.live.consider(exchange)
    assert (exchange.watched, len(world.live)) == (True, 1)


async def test_nor_is_one_without_a_credential_or_whose_route_goes_on(world: World) -> None:
    assert not Exchange(world.live, end_on_revocation=False).watched
    anonymous = Exchange(world.live, age=0.0)
    assert anonymous.forward is not None
    anonymous.forward.identity = None
    anonymous.call.started -= 60
    world.live.consider(anonymous)
    foreign = Exchange(world.live, age=0.0)
    foreign.forward = Forward(route_of(), "GET", "/", [], Identity("external_token", "corp|a", "c", "s", ""))
    foreign.call.started -= 60
    world.live.consider(foreign)
    assert not foreign.watched
    assert not anonymous.watched


async def test_what_was_stopped_before_it_was_watched_is_noticed(world: World) -> None:
    world.revoke("credential")
    exchange = Exchange(world.live)
    await turn()
    assert exchange.ended == "revoked"


async def test_a_snapshot_may_say_what_was_stopped(world: World) -> None:
    exchange = Exchange(world.live)
    snapshot = Snapshot(as_of=1, stopped=(Stopped(kind="company", id="company"),))
    world.stopped.reset(snapshot)
    world.live.reset(snapshot)
    await turn()
    assert exchange.ended == "revoked"


async def test_in_one_turn_only_so_many_are_checked(world: World) -> None:
    exchanges = [Exchange(world.live) for _ in range(2 * CHECKS_PER_TURN + 1)]
    for _ in range(3):
        await turn()
    world.revoke("company")
    for expected in (CHECKS_PER_TURN, 2 * CHECKS_PER_TURN, len(exchanges)):
        await turn()
        assert sum(exchange.ended == "revoked" for exchange in exchanges) == expected


async def test_one_that_may_not_end_yet_is_tried_again(world: World) -> None:
    exchange = Exchange(world.live)
    exchange.may_end = False
    world.revoke("company")
    await turn()
    exchange.may_end = True
    await turn()
    assert exchange.ended == ""
    world.live.sweep()
    await turn()
    assert exchange.ended == "revoked"


async def test_one_that_may_not_end_yet_goes_on_when_it_is_resumed(world: World) -> None:
    exchange = Exchange(world.live)
    exchange.may_end = False
    world.revoke("company")
    await turn()
    world.stopped.apply(Change(seq=2, kind="company", id="company", status="active", at=0))
    exchange.may_end = True
    for _ in range(2):
        world.live.sweep()
        await turn()
    assert exchange.ended == ""


async def test_of_those_that_are_over_nothing_is_kept(world: World) -> None:
    exchange = Exchange(world.live)
    world.revoke("company")
    world.live.discard(exchange)
    await turn()
    assert (exchange.ended, len(world.live), world.causes) == ("", 0, [])
    assert not world.live._dependents


@pytest.mark.parametrize(
    ("kind", "age", "heard", "bound", "ended"),
    [
        ("api_client", 60.0, 5.1, None, "stale"),
        ("api_client", 60.0, 4.9, None, ""),
        ("api_client", 1.0, 5.1, None, "stale"),
        ("key_pair", 60.0, 5.1, 600.0, ""),
        ("key_pair", 60.0, 1.1, 1.0, "stale"),
        ("api_token", 60.0, 5.1, None, "stale"),
        ("session_token", 60.0, 5.1, None, "stale"),
        ("session_token", 1.0, 5.1, None, ""),
    ],
)
async def test_it_ends_where_revocations_were_not_followed_for_longer_than_its_route_accepts(
    kind: str, age: float, heard: float, bound: float | None, ended: str, world: World
) -> None:
    """What a service has looked up counts from then on: it follows the revocations as well."""
    exchange = Exchange(world.live, kind=kind, age=age, max_staleness=bound)
    await turn()
    world.follower.age = heard
    world.live.sweep()
    await turn()
    assert exchange.ended == ended


async def test_that_streams_end_since_nobody_knows_is_logged_with_their_number(world: World) -> None:
    for _ in range(3):
        Exchange(world.live)
    world.follower.age = 6.0
    with capture_logs() as logs:
        world.live.sweep()
        await turn()
        world.live.sweep()
        world.live.sweep()
    expected = {"event": "exchanges.ended_stale", "log_level": "warning", "count": 3, "last_confirmed_s": 6.0}
    assert logs == [expected]


async def test_a_fault_in_one_exchange_keeps_no_other_from_its_end_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Refusal) -> bool:
        raise RuntimeError("a fault of ours")

    exchanges = [Exchange(world.live) for _ in range(3)]
    first = exchanges[0]
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(first, "end_early", fail)
        world.revoke("credential")
        await turn()
    assert [one.ended for one in exchanges if one is not first] == ["revoked"] * 2
    assert [entry["sweep"] for entry in logs] == ["live_exchanges"]
    world.live.sweep()
    await turn()
    assert (first.ended, len(world.live)) == ("revoked", 0)
