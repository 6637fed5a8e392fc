"""Credentials that end by themselves: of every kind, when that is soon, and who is informed."""

import pytest

from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    RESOURCES,
    Resource,
)
from services.key_registry.housekeeping.retirements import announce
from shared.errors import Unauthenticated, Unprocessable
from tests.support.harness.registry_rules import Desk
from tests.unit.services.key_registry.admin.expiring import created

DAY = 86400
EVERY_KIND = [RESOURCES[kind] for kind in EXPIRING_KINDS]


def at(desk: Desk, seconds: float) -> str:
    return format_instant(instant(desk.clock.now() + seconds))


@pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda resource: resource.kind)
async def test_every_kind_ends_by_itself_and_says_so_for_its_last_thirty_days(
    desk: Desk, resource: Resource
) -> None:
    end = at(desk, 31 * DAY)
    never, once = await created(desk, resource), await created(desk, resource, expires_at=end)
    assert (never["expires_at"], never["expires_soon"]) == (None, False)
    assert (once["expires_at"], once["expires_soon"]) == (end, False)
    desk.clock.advance(DAY)
    assert [item["id"] for item in await desk.items(resource, expires_soon=True)] == [once["id"]]
    assert [item["id"] for item in await desk.items(resource, expires_soon=False)] == [never["id"]]
    (soon,) = await desk.items(resource, expires_soon=True)
    assert (soon["expires_soon"], soon["effective_status"]) == (True, "active")
    desk.clock.advance(30 * DAY)
    assert await desk.items(resource, expires_soon=True) == []
    over = (await desk.items(resource))[0]
    assert (over["effective_status"], over["status_reason"], over["expires_soon"]) == ("expired", "expired", False)


@pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda resource: resource.kind)
async def test_an_end_is_in_the_future_when_it_is_set_and_can_be_moved_and_taken_away(
    desk: Desk, resource: Resource
) -> None:
    with pytest.raises(Unprocessable) as refused:
        await created(desk, resource, expires_at=at(desk, 0))
    assert refused.value.errors[0].field == "expires_at"
    id_ = (await created(desk, resource))["id"]
    with pytest.raises(Unprocessable):
        await desk.change(resource, id_, expires_at=at(desk, -1))
    assert (await desk.change(resource, id_, expires_at=at(desk, 60)))["expires_at"] == at(desk, 60)
    desk.clock.advance(60)
    assert (await desk.change(resource, id_, expires_at=None))["effective_status"] == "active"


async def test_an_end_is_in_the_feed_as_a_stop_and_in_the_trail_once(desk: Desk) -> None:
    client = await created(desk, API_CLIENT, expires_at=at(desk, 60))
    assert await announce(desk.store, desk.clock) == 0
    desk.clock.advance(60)
    assert await announce(desk.store, desk.clock) == 1
    assert await announce(desk.store, desk.clock) == 0
    assert desk.actions[-1] == "api_client.expired"
    change = desk.store.tables.changes[-1]
    assert (change.id, change.status) == (client["id"], "suspended")
    await desk.change(API_CLIENT, client["id"], expires_at=at(desk, 60))
    assert desk.store.tables.changes[-1].status == "active"
    desk.clock.advance(60)
    assert await announce(desk.store, desk.clock) == 1


async def test_nothing_else_that_is_done_to_what_has_expired_makes_it_work_again(desk: Desk) -> None:
    client = await created(desk, API_CLIENT, expires_at=at(desk, 60))
    desk.clock.advance(60)
    for change in (Operation.SUSPEND, Operation.RESUME):
        await desk.set_status(change, API_CLIENT, client["id"])
        assert desk.store.tables.changes[-1].status == "suspended"


async def test_the_end_of_what_is_revoked_is_not_announced(desk: Desk) -> None:
    key = await created(desk, ACCESS_KEY, expires_at=at(desk, 60))
    await desk.set_status(Operation.REVOKE, ACCESS_KEY, key["id"])
    desk.clock.advance(60)
    assert await announce(desk.store, desk.clock) == 0


async def test_an_admin_token_that_has_expired_is_refused(desk: Desk) -> None:
    token = await desk.create(ADMIN_TOKEN, name="x", role="owner", expires_at=at(desk, 60))
    await desk.access.authenticate(token["token"])
    desk.clock.advance(60)
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(token["token"])
