"""How far each consumer has applied the changes, and since when."""

import math

import pytest

from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S, Reached
from shared.contracts.key_registry import ORIGIN_MARK, Position
from tests.support.harness.key_registry_stores import Stores


@pytest.fixture(autouse=True)
async def _ten_changes(stores: Stores) -> None:
    async with stores.objects.writing(by=None) as writer:
        for n in range(10):
            await writer.append_change("company", f"c{n}", "suspended", 1.0, None)


async def report(stores: Stores, instance: str, position: int, at: float, service: str = "gateway") -> None:
    """As a consumer of the history that is stored does."""
    change = await stores.changes.find(position)
    mark = None if change is None else change.mark
    await stores.consumers.report(Position(instance=instance, service=service, position=position, mark=mark), at)


async def test_a_consumer_has_reached_what_it_reported_and_all_before(stores: Stores) -> None:
    await report(stores, "a", 3, 10.0)
    await report(stores, "a", 7, 11.0)
    await report(stores, "a", 7, 12.0)
    for position, at in ((1, 10.0), (3, 10.0), (4, 11.0), (7, 11.0)):
        assert await stores.consumers.reached(position, 0, math.inf) == [Reached("gateway", "a", 10.0, True, at)]
    assert await stores.consumers.reached(8, 0, math.inf) == [Reached("gateway", "a", 10.0, False, None)]


async def test_consumers_come_by_service_and_instance_and_those_long_silent_do_not(stores: Stores) -> None:
    await report(stores, "b", 5, 10.0)
    await report(stores, "a", 5, 10.0)
    await report(stores, "c", 4, 10.0, service="api")
    await report(stores, "d", 5, 9.0)
    found = await stores.consumers.reached(5, 9.0, math.inf)
    assert [(r.service, r.instance, r.applied) for r in found] == [
        ("api", "c", False),
        ("gateway", "a", True),
        ("gateway", "b", True),
    ]


async def test_a_consumer_with_a_longer_bound_counts_until_that_is_over(stores: Stores) -> None:
    for instance, bound in (("short", 5.0), ("equal", FORGOTTEN_AFTER_S), ("long", FORGOTTEN_AFTER_S + 570)):
        position = Position(instance=instance, service="gateway", position=5, staleness_bound=bound)
        await stores.consumers.report(position, 10.0)

    async def counted(reported_after: float) -> list[str]:
        return [reached.instance for reached in await stores.consumers.reached(5, reported_after, math.inf)]

    assert await counted(9.0) == ["equal", "long", "short"]
    assert await counted(10.0) == await counted(579.0) == ["long"]
    assert await counted(580.0) == []
    await stores.consumers.prune(silent_since=579.0, reports_before=0)
    assert await counted(0) == ["long"]
    shorter = Position(instance="long", service="gateway", position=5, staleness_bound=5)
    await stores.consumers.report(shorter, 11.0)
    assert await counted(11.0) == []
    await stores.consumers.prune(silent_since=11.0, reports_before=0)
    assert await counted(0) == []


async def test_who_leaves_is_forgotten_and_joins_anew(stores: Stores) -> None:
    await report(stores, "a", 5, 10.0)
    await stores.consumers.forget("a", "gateway")
    await stores.consumers.forget("a", "gateway")
    assert await stores.consumers.reached(5, 0, math.inf) == []
    await report(stores, "a", 6, 20.0)
    assert await stores.consumers.reached(5, 0, math.inf) == [Reached("gateway", "a", 20.0, True, 20.0)]


async def test_no_service_reports_for_an_instance_of_another_or_makes_it_forgotten(stores: Stores) -> None:
    await report(stores, "a", 5, 10.0)
    await report(stores, "a", 9, 11.0, service="session_tokens")
    await stores.consumers.forget("a", "session_tokens")
    for position, applied, at in ((5, True, 10.0), (9, False, None)):
        assert await stores.consumers.reached(position, 0, math.inf) == [Reached("gateway", "a", 10.0, applied, at)]
    await report(stores, "a", 9, 12.0)
    assert await stores.consumers.reached(9, 0, math.inf) == [Reached("gateway", "a", 10.0, True, 12.0)]


async def test_reports_with_another_mark_or_none_count_for_nothing_and_give_no_times(stores: Stores) -> None:
    for mark, at in ((None, 10.0), ("", 11.0), ("lost", 12.0), (ORIGIN_MARK, 13.0)):
        await stores.consumers.report(Position(instance="a", service="gateway", position=7, mark=mark), at)
        for position in (1, 7):
            assert await stores.consumers.reached(position, 0, math.inf) == [
                Reached("gateway", "a", 10.0, False, None)
            ]
    await report(stores, "a", 7, 20.0)
    assert await stores.consumers.reached(5, 0, math.inf) == [Reached("gateway", "a", 10.0, True, 20.0)]


async def test_a_position_that_the_feed_does_not_have_counts_for_nothing(stores: Stores) -> None:
    await stores.consumers.report(Position(instance="a", service="gateway", position=11, mark="lost"), 10.0)
    assert await stores.consumers.reached(7, 0, math.inf) == [Reached("gateway", "a", 10.0, False, None)]


async def test_a_consumer_set_back_has_not_reached_what_it_once_had(stores: Stores) -> None:
    await report(stores, "a", 9, 10.0)
    await report(stores, "a", 4, 11.0)
    assert await stores.consumers.reached(9, 0, math.inf) == [Reached("gateway", "a", 10.0, False, None)]


async def test_pruning_forgets_the_silent_and_when_others_reported_what_is_long_ago(stores: Stores) -> None:
    await report(stores, "silent", 1, 10.0)
    await report(stores, "heard", 1, 10.0)
    await report(stores, "heard", 2, 50.0)
    await stores.consumers.prune(silent_since=10.0, reports_before=50.0)
    assert await stores.consumers.reached(2, 0, math.inf) == [Reached("gateway", "heard", 10.0, True, 50.0)]
    await stores.consumers.prune(silent_since=10.0, reports_before=51.0)
    assert await stores.consumers.reached(2, 0, math.inf) == [Reached("gateway", "heard", 10.0, True, None)]


async def test_a_last_report_from_beyond_the_bound_counts_as_none(stores: Stores) -> None:
    await report(stores, "a", 0, 100.0)
    await report(stores, "b", 0, 160.0)
    for bound, expected in ((160.0, ["a", "b"]), (159.9, ["a"]), (math.inf, ["a", "b"])):
        found = await stores.consumers.reached(0, 0.0, bound)
        assert [reached.instance for reached in found] == expected


async def test_of_the_gateways_that_count_the_kids_of_the_last_report_are_known(stores: Stores) -> None:
    for instance, service, kids, at in [
        ("b", "gateway", ("k1",), 10.0),
        ("b", "gateway", ("k1", "k2"), 11.0),
        ("a", "gateway", None, 11.0),
        ("c", "gateway", (), 11.0),
        ("silent", "gateway", ("k1",), 9.0),
        ("other", "token_issuer", None, 11.0),
    ]:
        report = Position(instance=instance, service=service, position=1, signing_keys=kids)
        await stores.consumers.report(report, at)
    found = await stores.consumers.gateways(9.0, math.inf)
    assert [(each.instance, each.kids) for each in found] == [("a", None), ("b", ("k1", "k2")), ("c", ())]
    assert [each.instance for each in await stores.consumers.gateways(9.0, 10.5)] == []
