"""Limits of what has them: set at creation, changed, removed, and known to all who enforce them by the feed."""

from typing import Any

import pytest

from services.key_registry.access.presentation import Object
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    LIMITED_KINDS,
    RESOURCES,
    Resource,
)
from shared.contracts.key_registry import Change
from shared.contracts.limits import Limits, ObjectLimits
from shared.errors import Forbidden, Unprocessable
from tests.support.harness.registry_rules import Desk

GIVEN = {"rate": {"calls": 5, "per_seconds": 1}, "addresses": ["203.0.113.7"]}
KEPT = Limits.model_validate(GIVEN).model_dump()


async def created(desk: Desk, resource: Resource, **members: Any) -> Object:
    if resource is COMPANY:
        return await desk.company(**members)
    company = await desk.company()
    of: dict[str, Any] = {"company_id": company["id"]}
    if resource is BOOKING:
        application = await desk.create(APPLICATION, name="SMS", application_prefix="SMS", scopes=["sms:send"])
        of["application_id"] = application["id"]
    if resource is API_TOKEN:
        of = {"booking_id": (await desk.booking(company))["id"], "remote_application": "Shop"}
    bodies: dict[Resource, dict[str, Any]] = {
        ACCESS_KEY: {"name": "x"},
        API_CLIENT: {"comment": "x", "scopes": []},
        KEY_PAIR: {"scopes": [], "algorithm": "EdDSA"},
    }
    return await desk.create(resource, **of, **bodies.get(resource, {}), **members)


def last_change(desk: Desk) -> Change:
    return desk.store.tables.changes[-1]


@pytest.mark.parametrize("resource", [RESOURCES[kind] for kind in LIMITED_KINDS], ids=lambda r: r.kind)
async def test_limits_are_set_changed_and_removed_and_each_time_announced(desk: Desk, resource: Resource) -> None:
    found = await created(desk, resource, limits=GIVEN)
    assert found["limits"] == KEPT
    change = last_change(desk)
    assert change.limits is not None
    assert (change.id, change.limits.limits) == (found["id"], KEPT)
    assert desk.store.tables.lines[-1].detail["limits"] == KEPT
    new = {"quota": {"calls": 9, "per": "month"}}
    changed = await desk.change(resource, found["id"], limits=new)
    assert changed["limits"]["rate"] is None
    assert last_change(desk).limits == change.limits.model_copy(update={"limits": changed["limits"]})
    assert desk.store.tables.lines[-1].detail["was"] == {"limits": KEPT}
    removed = await desk.change(resource, found["id"], limits=None)
    assert removed["limits"] is None
    assert last_change(desk).limits == change.limits.model_copy(update={"limits": None})


async def test_a_change_of_something_else_says_nothing_of_limits(desk: Desk) -> None:
    company = await desk.company(limits=GIVEN)
    await desk.change(COMPANY, company["id"], name="Other")
    assert last_change(desk).limits is None
    count = len(desk.store.tables.changes)
    await desk.change(COMPANY, company["id"], limits=company["limits"])
    assert len(desk.store.tables.changes) == count


async def test_what_a_bookings_limits_hold_for_is_announced_with_them_and_when_it_changes(desk: Desk) -> None:
    booking = await created(desk, BOOKING, limits=GIVEN)
    application_id = booking["application_id"]
    of = {"application_id": application_id, "scopes": ("sms:send",)}
    assert last_change(desk).limits == ObjectLimits(limits=KEPT, **of)
    await desk.change(APPLICATION, application_id, scopes=["sms:*"])
    assert (last_change(desk).id, last_change(desk).limits) == (application_id, ObjectLimits(scopes=("sms:*",)))


async def test_each_wrong_member_is_named_below_limits(desk: Desk) -> None:
    wrong = {"rate": {"calls": 0, "per_seconds": 1}, "addresses": ["x"], "quota": {"calls": 1}, "speed": 1}
    with pytest.raises(Unprocessable) as refused:
        await desk.company(limits=wrong)
    named = {error.field for error in refused.value.errors}
    assert named == {"limits.rate.calls", "limits.addresses.0", "limits.quota.per", "limits.speed"}


async def test_a_key_pair_has_the_limits_of_the_one_that_it_succeeds_unless_it_is_given_others(desk: Desk) -> None:
    old = await created(desk, KEY_PAIR, limits=GIVEN)
    of = {"company_id": old["company_id"], "scopes": [], "algorithm": "EdDSA"}
    new = await desk.create(KEY_PAIR, **of, succeeds=old["kid"])
    assert new["limits"] == KEPT
    announced = [c for c in desk.store.tables.changes if c.id == new["id"] and c.limits is not None]
    assert [c.limits.limits for c in announced if c.limits] == [KEPT]
    own = await desk.create(KEY_PAIR, **of, succeeds=new["kid"], limits={"routes": ["site"]}, end_oldest=True)
    assert own["limits"]["routes"] == ["site"]
    assert own["limits"]["rate"] is None


async def test_a_token_bound_to_a_company_cannot_change_limits_that_are_set(desk: Desk) -> None:
    company = await desk.company()
    bound = desk.bound(company)
    client = await desk.create(
        API_CLIENT, company_id=company["id"], comment="x", scopes=[], limits=GIVEN, admin=bound
    )
    with pytest.raises(Forbidden):
        await desk.change(API_CLIENT, client["id"], limits=None, admin=bound)
    changed = await desk.change(API_CLIENT, client["id"], comment="y", limits=client["limits"], admin=bound)
    assert (changed["comment"], changed["limits"]) == ("y", KEPT)
