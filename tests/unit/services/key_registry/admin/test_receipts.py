"""What a receipt shows, of which consumers, and to whom."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pytest

from services.key_registry.admin.receipts import MAX_WAITING, Receipts
from services.key_registry.catalog.permissions import Operation, Role
from services.key_registry.catalog.resources import ACCESS_KEY, APPLICATION, COMPANY
from services.key_registry.changes.consumers import FUTURE_S, Consumers
from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S
from shared.contracts.key_registry import ORIGIN_MARK, Position
from shared.errors import NotFound, Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.key_registry import MemoryConsumers
from tests.support.harness.registry_rules import Desk


@dataclass
class Plane:
    desk: Desk
    store: MemoryConsumers
    consumers: Consumers
    receipts: Receipts

    async def report(self, instance: str, position: int, *, leaving: bool = False, bound: float = 5) -> None:
        """As a consumer of the registry's own history does."""
        mark = self.desk.store.mark_of(position)
        report = Position(
            instance=instance,
            service="gateway",
            position=position,
            mark=mark,
            leaving=leaving,
            staleness_bound=bound,
        )
        await self.consumers.report(report, service="gateway")

    async def suspended(self) -> int:
        company = await self.desk.company()
        return (await self.desk.set_status(Operation.SUSPEND, COMPANY, company["id"])).receipt


@pytest.fixture
def plane(desk: Desk) -> Plane:
    store = MemoryConsumers(desk.store)
    consumers = Consumers(store, desk.clock)
    return Plane(desk, store, consumers, Receipts(desk.store, desk.store, consumers, desk.access))


async def test_a_receipt_shows_who_has_applied_it_how_soon_and_who_has_not(plane: Plane) -> None:
    for instance in "abc":
        await plane.report(instance, 0)
    plane.desk.clock.advance(1)
    id_ = await plane.suspended()
    plane.desk.clock.advance(0.01)
    await plane.report("a", id_)
    plane.desk.clock.advance(0.02)
    later = await plane.suspended()
    await plane.report("b", later)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.id, receipt.kind, receipt.status) == (id_, "company", "suspended")
    assert (receipt.state, receipt.applied, receipt.of, receipt.waiting_for) == ("pending", 2, 3, ["c"])
    assert [(c.instance, c.applied, c.ms) for c in receipt.consumers] == [
        ("a", True, 10.0),
        ("b", True, 30.0),
        ("c", False, None),
    ]
    plane.desk.clock.advance(0.1)
    await plane.report("c", id_)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.state, receipt.applied, receipt.ms, receipt.waiting_for) == ("applied", 3, 130.0, [])


async def test_a_receipt_waits_for_a_silent_consumer_for_as_long_as_that_may_go_on_accepting(plane: Plane) -> None:
    await plane.report("gone", 0, bound=3600)
    id_ = await plane.suspended()
    await plane.report("there", id_)
    plane.desk.clock.advance(3599)
    await plane.report("there", id_)
    assert (await plane.receipts.show(plane.desk.owner, id_)).waiting_for == ["gone"]
    plane.desk.clock.advance(1)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.state, receipt.applied, receipt.of) == ("applied", 1, 1)


async def test_a_consumer_that_says_nothing_for_half_a_minute_is_not_waited_for(plane: Plane) -> None:
    await plane.report("gone", 0)
    id_ = await plane.suspended()
    plane.desk.clock.advance(29)
    await plane.report("there", id_)
    assert (await plane.receipts.show(plane.desk.owner, id_)).waiting_for == ["gone"]
    plane.desk.clock.advance(1)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.state, receipt.applied, receipt.of) == ("applied", 1, 1)


@pytest.mark.parametrize("mark", ["another", "", ORIGIN_MARK, None])
async def test_a_report_of_another_history_or_of_none_that_is_known_leaves_the_receipt_pending(
    plane: Plane, mark: str | None
) -> None:
    id_ = await plane.suspended()
    for position in (id_, id_ + 1000):
        report = Position(instance="a", service="gateway", position=position, mark=mark)
        await plane.consumers.report(report, service="gateway")
        receipt = await plane.receipts.show(plane.desk.owner, id_)
        assert (receipt.state, receipt.applied, receipt.waiting_for) == ("pending", 0, ["a"])
    await plane.report("a", id_)
    assert (await plane.receipts.show(plane.desk.owner, id_)).state == "applied"


async def test_a_consumer_that_leaves_is_not_waited_for_from_then_on(plane: Plane) -> None:
    await plane.report("a", 0)
    id_ = await plane.suspended()
    await plane.report("a", 0, leaving=True)
    assert (await plane.receipts.show(plane.desk.owner, id_)).of == 0


async def test_no_time_is_shown_of_a_consumer_that_began_after_the_change(plane: Plane) -> None:
    id_ = await plane.suspended()
    plane.desk.clock.advance(600)
    await plane.report("new", id_)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.state, receipt.applied, receipt.ms, receipt.consumers[0].ms) == ("applied", 1, None, None)


async def test_waiting_ends_as_soon_as_the_last_one_reports(plane: Plane) -> None:
    for instance in "abc":
        await plane.report(instance, 0)
    id_ = await plane.suspended()
    waiting = asyncio.create_task(plane.receipts.applied(plane.desk.owner, id_, 5))
    for instance in "abc":
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await plane.report(instance, id_)
    async with asyncio.timeout(0.5):
        assert (await waiting).state == "applied"


async def test_waiting_in_vain_shows_what_is_so_at_the_end(plane: Plane) -> None:
    await plane.report("a", 0)
    id_ = await plane.suspended()
    receipt = await plane.receipts.applied(plane.desk.owner, id_, 0.02)
    assert (receipt.state, receipt.waiting_for) == ("pending", ["a"])


async def test_all_who_wait_get_a_response_when_the_process_ends(plane: Plane) -> None:
    await plane.report("a", 0)
    id_ = await plane.suspended()
    waiting = [asyncio.create_task(plane.receipts.applied(plane.desk.owner, id_, 5)) for _ in range(3)]
    await asyncio.sleep(0.01)
    plane.receipts.release()
    async with asyncio.timeout(0.5):
        assert {(await task).state for task in waiting} == {"pending"}


async def test_the_number_of_those_who_wait_is_bounded(plane: Plane) -> None:
    await plane.report("a", 0)
    id_ = await plane.suspended()
    waiting = [asyncio.create_task(plane.receipts.applied(plane.desk.owner, id_, 5)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0.01)
    with pytest.raises(Unavailable):
        await plane.receipts.applied(plane.desk.owner, id_, 5)
    await plane.report("a", id_)
    await asyncio.gather(*waiting)
    assert (await plane.receipts.applied(plane.desk.owner, id_, 5)).state == "applied"


async def test_a_bound_token_sees_the_receipts_of_its_company_alone(plane: Plane) -> None:
    desk = plane.desk
    mine, other = await desk.company(), await desk.company()
    viewer = desk.bound(mine, Role.VIEWER)
    key = await desk.create(ACCESS_KEY, company_id=mine["id"], name="x")
    revoked = (await desk.set_status(Operation.REVOKE, ACCESS_KEY, key["id"])).receipt
    assert (await plane.receipts.show(viewer, revoked)).subject == key["id"]
    foreign = (await desk.set_status(Operation.SUSPEND, COMPANY, other["id"])).receipt
    await desk.create(APPLICATION, name="x", application_prefix="x", scopes=[])
    for id_ in (foreign, foreign + 1, foreign + 2, 0):
        with pytest.raises(NotFound):
            await plane.receipts.show(viewer, id_)
        with pytest.raises(NotFound):
            await plane.receipts.applied(viewer, id_, 0)


async def test_what_is_so_already_names_the_receipt_of_the_change_that_brought_it_about(desk: Desk) -> None:
    company = await desk.company()
    await desk.company()
    suspended = await desk.set_status(Operation.SUSPEND, COMPANY, company["id"])
    await desk.company()
    assert await desk.set_status(Operation.SUSPEND, COMPANY, company["id"]) == suspended
    unchanged = COMPANY.change.model_validate({"name": company["name"]})
    changed = await desk.registry.change(desk.owner, COMPANY, UUID(company["id"]), unchanged)
    assert changed.receipt == suspended.receipt


async def test_what_changed_so_long_ago_that_it_is_not_kept_names_the_newest_receipt(desk: Desk) -> None:
    company = await desk.company()
    await desk.set_status(Operation.SUSPEND, COMPANY, company["id"])
    await desk.company()
    del desk.store.tables.changes[:2]
    assert (await desk.set_status(Operation.SUSPEND, COMPANY, company["id"])).receipt == 3


@pytest.mark.parametrize("step", [600.0, -600.0])
async def test_a_step_of_the_clock_makes_no_consumer_forgotten(plane: Plane, step: float) -> None:
    for instance in "ab":
        await plane.report(instance, 0)
    plane.desk.clock.skew(step)
    id_ = await plane.suspended()
    assert (await plane.receipts.show(plane.desk.owner, id_)).waiting_for == ["a", "b"]
    plane.desk.clock.advance(5)
    for instance in "ab":
        await plane.report(instance, id_)
    plane.desk.clock.advance(28)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.state, receipt.applied, receipt.of) == ("applied", 2, 2)


async def test_a_consumer_that_died_before_the_clock_was_set_back_holds_up_no_receipt(plane: Plane) -> None:
    for instance in ("dead", "live"):
        await plane.report(instance, 0)
    plane.desk.clock.skew(-7200)
    id_ = await plane.suspended()
    assert (await plane.receipts.show(plane.desk.owner, id_)).waiting_for == ["dead", "live"]
    plane.desk.clock.advance(FORGOTTEN_AFTER_S - 1)
    await plane.report("live", id_)
    plane.desk.clock.advance(2)
    receipt = await plane.receipts.show(plane.desk.owner, id_)
    assert (receipt.state, receipt.of, receipt.waiting_for) == ("applied", 1, [])


async def test_a_process_that_began_after_the_clock_was_set_back_waits_for_all_until_they_could_report(
    plane: Plane,
) -> None:
    clock, desk = plane.desk.clock, plane.desk
    for instance in ("dead", "live"):
        await plane.report(instance, 0)
    clock.skew(-7200)
    id_ = await plane.suspended()
    consumers = Consumers(plane.store, clock)
    receipts = Receipts(desk.store, desk.store, consumers, desk.access)
    assert (await receipts.show(desk.owner, id_)).waiting_for == ["dead", "live"]
    await plane.report("live", id_)
    clock.advance(FORGOTTEN_AFTER_S - 1)
    await plane.report("live", id_)
    clock.advance(2)
    receipt = await receipts.show(desk.owner, id_)
    assert (receipt.state, receipt.of) == ("applied", 1)


@pytest.mark.parametrize(("ahead", "counts"), [(FUTURE_S - 1, True), (FUTURE_S + 1, False)])
async def test_a_copy_whose_clock_is_ahead_within_bounds_keeps_its_consumers(
    plane: Plane, ahead: float, counts: bool
) -> None:
    clock = FakeClock(plane.desk.clock.now() + FORGOTTEN_AFTER_S + ahead)
    position = Position(instance="a", service="gateway", position=0, mark=ORIGIN_MARK)
    plane.desk.clock.advance(FORGOTTEN_AFTER_S)
    await Consumers(plane.store, clock).report(position, service="gateway")
    id_ = await plane.suspended()
    assert (await plane.receipts.show(plane.desk.owner, id_)).waiting_for == (["a"] if counts else [])
