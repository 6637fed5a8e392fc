"""A key pair that succeeds another: both sign until the old one retires, with the choices that a rotation has."""

from typing import Any

import pytest

from services.key_registry.access.presentation import Object
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import KEY_PAIR
from shared.errors import Conflict, Unprocessable
from tests.support.harness.registry_rules import Desk

DAY = 86400


def at(desk: Desk, seconds: float) -> str:
    return format_instant(instant(desk.clock.now() + seconds))


async def pair(desk: Desk, company: Object, **members: Any) -> Object:
    return await desk.create(KEY_PAIR, company_id=company["id"], scopes=[], algorithm="EdDSA", **members)


async def shown(desk: Desk, created: Object) -> Object:
    (found,) = (item for item in await desk.items(KEY_PAIR) if item["id"] == created["id"])
    return found


async def refused_member(desk: Desk, company: Object, **members: Any) -> str:
    with pytest.raises(Unprocessable) as refused:
        await pair(desk, company, **members)
    (error,) = refused.value.errors
    return error.field


@pytest.mark.parametrize(("given", "kept"), [({}, DAY), ({"keep_old_for": 60}, 60)])
async def test_the_old_one_signs_until_it_retires(desk: Desk, given: dict[str, int], kept: int) -> None:
    company = await desk.company()
    old = await pair(desk, company)
    new = await pair(desk, company, succeeds=old["kid"], **given)
    assert (new["succeeds"], new["retires_at"]) == (old["kid"], None)
    assert await shown(desk, old) == {**without_key(old), "retires_at": at(desk, kept)}
    assert desk.actions[-2:] == ["key_pair.rotated", "key_pair.created"]
    assert desk.store.tables.changes[-2].id == old["id"]
    desk.clock.advance(kept)
    over = await shown(desk, old)
    assert (over["status"], over["effective_status"], over["status_reason"]) == ("active", "expired", "succeeded")


def without_key(created: Object) -> Object:
    return {name: value for name, value in created.items() if name != "private_key"}


async def test_it_has_the_comment_of_the_old_one_unless_it_is_given_one_or_none(desk: Desk) -> None:
    company = await desk.company()
    old = await pair(desk, company, comment="fleet")
    second = await pair(desk, company, succeeds=old["kid"])
    third = await pair(desk, company, succeeds=second["kid"], comment="cars", end_oldest=True)
    fourth = await pair(desk, company, succeeds=third["kid"], comment="", end_oldest=True)
    assert [each["comment"] for each in (second, third, fourth)] == ["fleet", "cars", ""]
    assert (await shown(desk, second))["comment"] == "fleet"


async def test_it_never_signs_for_longer_than_it_lives(desk: Desk) -> None:
    company = await desk.company()
    old = await pair(desk, company, expires_at=at(desk, 60))
    await pair(desk, company, succeeds=old["id"])
    assert (await shown(desk, old))["retires_at"] == at(desk, 60)


async def test_without_an_overlap_it_is_revoked(desk: Desk) -> None:
    company = await desk.company()
    old = await pair(desk, company)
    await pair(desk, company, succeeds=old["kid"], keep_old_for=0)
    assert (await shown(desk, old))["status"] == "revoked"
    assert desk.store.tables.changes[-2].status == "revoked"


async def test_a_third_within_the_overlap_is_a_conflict_unless_the_oldest_is_to_end(desk: Desk) -> None:
    company = await desk.company()
    first = await pair(desk, company)
    second = await pair(desk, company, succeeds=first["kid"])
    with pytest.raises(Conflict, match="end_oldest"):
        await pair(desk, company, succeeds=second["kid"])
    with pytest.raises(Conflict, match=first["kid"]):
        await pair(desk, company, succeeds=first["kid"])
    assert len(await desk.items(KEY_PAIR)) == 2
    third = await pair(desk, company, succeeds=second["kid"], end_oldest=True)
    assert (await shown(desk, first))["status"] == "revoked"
    assert (await shown(desk, second))["retires_at"] == at(desk, DAY)
    desk.clock.advance(DAY)
    assert (await pair(desk, company, succeeds=third["kid"]))["succeeds"] == third["kid"]


async def test_the_oldest_that_is_succeeded_again_ends_at_once(desk: Desk) -> None:
    company = await desk.company()
    first = await pair(desk, company)
    await pair(desk, company, succeeds=first["kid"])
    await pair(desk, company, succeeds=first["kid"], end_oldest=True)
    assert (await shown(desk, first))["status"] == "revoked"


async def test_what_cannot_be_succeeded_is_named_and_nothing_is_created(desk: Desk) -> None:
    company = await desk.company()
    revoked, ended = await pair(desk, company), await pair(desk, company, expires_at=at(desk, 1))
    elsewhere = await pair(desk, await desk.company())
    await desk.set_status(Operation.REVOKE, KEY_PAIR, revoked["id"])
    desk.clock.advance(1)
    before = len(await desk.items(KEY_PAIR))
    for reference in ("kp_unknown", revoked["kid"], ended["kid"], elsewhere["kid"]):
        assert await refused_member(desk, company, succeeds=reference) == "succeeds"
    assert len(await desk.items(KEY_PAIR)) == before


@pytest.mark.parametrize("given", [{"keep_old_for": 60}, {"end_oldest": True}])
async def test_the_choices_are_for_a_successor_alone(desk: Desk, given: dict[str, Any]) -> None:
    assert await refused_member(desk, await desk.company(), **given) == next(iter(given))


@pytest.mark.parametrize("seconds", [-1, 2_592_001])
async def test_an_overlap_has_the_bounds_of_a_rotation(desk: Desk, seconds: int) -> None:
    company = await desk.company()
    old = await pair(desk, company)
    refused = await refused_member(desk, company, succeeds=old["kid"], keep_old_for=seconds)
    assert refused == "keep_old_for"
