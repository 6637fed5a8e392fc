"""Notices before an expiry: each once, whoever restarts, and only what is ahead when the expiry is set."""

from typing import Any

import pytest

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import ACCESS_KEY, RESOURCES, Resource
from services.key_registry.housekeeping.expiry_notices import AT_ONCE, ExpiryNotices
from tests.support.harness.registry_rules import Desk
from tests.unit.services.key_registry.admin.expiring import created

DAY = 86400


async def announced(desk: Desk) -> list[int]:
    """A new process each time: what it writes is all that a restart leaves."""
    for _ in range(2):
        await ExpiryNotices(desk.store, desk.clock).announce()
    found = desk.store.tables.events.values()
    return [event.data["days_left"] for event in found if event.type == "credential.expiring"]


async def over(desk: Desk, days: int, hours: int = 24) -> list[int]:
    """What is announced while time goes on in steps of `hours`."""
    for _ in range(days * 24 // hours):
        desk.clock.advance(hours * 3600)
        await announced(desk)
    return await announced(desk)


async def key(desk: Desk, days: float, **members: Any) -> str:
    return str((await created(desk, ACCESS_KEY, expires_at=desk.at(days * DAY), **members))["id"])


@pytest.mark.parametrize("resource", [RESOURCES[k] for k in EXPIRING_KINDS], ids=lambda r: r.kind)
async def test_each_kind_is_announced_90_30_7_and_1_days_before_once_each(desk: Desk, resource: Resource) -> None:
    expires_at = desk.at(100 * DAY)
    shown = await created(desk, resource, expires_at=expires_at)
    assert await over(desk, 9) == []
    assert await over(desk, 1) == [90]
    assert await over(desk, 59) == [90]
    assert await over(desk, 41) == [90, 30, 7, 1]
    last = list(desk.store.tables.events.values())[-1]
    assert (last.company_id, last.data["kind"]) == (shown["company_id"], resource.kind)
    assert (last.data["id"], last.data["expires_at"]) == (shown["id"], expires_at)
    assert desk.store.tables.notices == {}


@pytest.mark.parametrize(("days", "ahead"), [(0.5, []), (1, []), (5, [1]), (7, [1]), (8, [7, 1]), (90, [30, 7, 1])])
async def test_what_is_past_when_it_is_created_is_never_announced(
    desk: Desk, days: float, ahead: list[int]
) -> None:
    await key(desk, days)
    assert await over(desk, 100, hours=12) == ahead


async def test_a_changed_expiry_is_announced_by_its_new_time(desk: Desk) -> None:
    id_ = await key(desk, 31)
    assert await over(desk, 1) == [30]
    await desk.change(ACCESS_KEY, id_, expires_at=desk.at(40 * DAY))
    assert await over(desk, 9) == [30]
    assert await over(desk, 1) == [30, 30]
    await desk.change(ACCESS_KEY, id_, expires_at=None)
    assert await over(desk, 40) == [30, 30]
    await desk.change(ACCESS_KEY, id_, expires_at=desk.at(2 * DAY))
    assert await over(desk, 2) == [30, 30, 1]


async def test_a_change_of_something_else_announces_nothing_again(desk: Desk) -> None:
    id_ = await key(desk, 8)
    assert await over(desk, 2) == [7]
    await desk.change(ACCESS_KEY, id_, name="other")
    assert await over(desk, 10) == [7, 1]


@pytest.mark.parametrize("deleted", [False, True])
async def test_what_is_revoked_or_gone_is_not_announced(desk: Desk, deleted: bool) -> None:
    id_ = await key(desk, 8)
    await desk.set_status(Operation.REVOKE, ACCESS_KEY, id_)
    if deleted:
        await desk.delete(ACCESS_KEY, id_)
    assert await over(desk, 10) == []
    assert desk.store.tables.notices == {}


async def test_what_is_suspended_is_announced(desk: Desk) -> None:
    await desk.set_status(Operation.SUSPEND, ACCESS_KEY, await key(desk, 8))
    assert await over(desk, 10) == [7, 1]


async def test_after_an_outage_over_several_the_last_is_announced_and_nothing_after_the_end(desk: Desk) -> None:
    await key(desk, 100)
    await key(desk, 50)
    desk.clock.advance(95 * DAY)
    assert await announced(desk) == [7]
    assert await over(desk, 5) == [7, 1]


async def test_what_an_earlier_release_created_is_announced_as_far_as_it_is_ahead(desk: Desk) -> None:
    for _ in range(AT_ONCE + 1):
        await key(desk, 20)
    desk.store.tables.notices.clear()
    assert await announced(desk) == []
    assert await over(desk, 13) == [7] * (AT_ONCE + 1)


async def test_an_expiry_that_an_earlier_release_moved_is_announced_by_its_new_time(desk: Desk) -> None:
    id_ = await key(desk, 8)
    kept = dict(desk.store.tables.notices)
    await desk.change(ACCESS_KEY, id_, expires_at=desk.at(20 * DAY))
    desk.store.tables.notices = kept
    process = ExpiryNotices(desk.store, desk.clock)
    process._all_scheduled = True
    desk.clock.advance(1 * DAY)
    await process.announce()
    assert desk.store.tables.events == {}
    assert await over(desk, 12) == [7]
