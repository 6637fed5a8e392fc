"""Rotation: a new secret, an overlap with the old one, the end of one secret alone, and what stays."""

from datetime import timedelta
from typing import Any

import pytest

from services.key_registry.access.control import UnknownAdminToken
from services.key_registry.access.presentation import Object
from services.key_registry.admin.bootstrap import AdminTokens
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.permissions import Operation, Role
from services.key_registry.catalog.resources import ACCESS_KEY, ADMIN_TOKEN, API_CLIENT, API_TOKEN, Resource
from services.key_registry.housekeeping.retirements import announce
from services.key_registry.recording.idempotency import IdempotentRequest
from shared import opaque
from shared.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unprocessable
from tests.support.harness.registry_rules import Desk

ROTATED = (API_TOKEN, ACCESS_KEY, API_CLIENT, ADMIN_TOKEN)
DAY = 86400


async def created(desk: Desk, resource: Resource = ACCESS_KEY, **members: Any) -> Object:
    company = await desk.company()
    of = {"company_id": company["id"]}
    if resource is API_TOKEN:
        booking = await desk.booking(company)
        return await desk.create(API_TOKEN, booking_id=booking["id"], remote_application="Shop", **members)
    if resource is API_CLIENT:
        return await desk.create(API_CLIENT, **of, comment="x", scopes=["site:read"], audience="aud", **members)
    if resource is ADMIN_TOKEN:
        return await desk.create(ADMIN_TOKEN, name="x", role="owner", **members)
    return await desk.create(ACCESS_KEY, **of, name="x", max_ttl=600, **members)


def states(shown: Object) -> dict[int, str]:
    return {version["version"]: version["state"] for version in shown["versions"]}


def at(desk: Desk, seconds: float) -> str:
    return format_instant(instant(desk.clock.now() + seconds))


@pytest.mark.parametrize("resource", ROTATED, ids=lambda resource: resource.kind)
async def test_a_rotation_gives_a_new_secret_and_changes_nothing_else(desk: Desk, resource: Resource) -> None:
    before = await created(desk, resource)
    assert resource.secret is not None
    member, prefix = resource.secret.member, resource.secret.prefix
    desk.clock.advance(1)
    after = await desk.rotate(resource, before["id"], keep_old_for=60)
    assert opaque.well_formed(prefix, after[member])
    assert after[member] != before[member]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {member, "last_four", "updated_at", "versions"}
    assert after["versions"] == [
        {
            "version": 2,
            "state": "current",
            "created_at": at(desk, 0),
            "retires_at": None,
            "last_four": after[member][-4:],
            "last_used_at": None,
            "quiet_for": None,
        },
        {
            "version": 1,
            "state": "retiring",
            "created_at": before["created_at"],
            "retires_at": at(desk, 60),
            "last_four": before[member][-4:],
            "last_used_at": None,
            "quiet_for": None,
        },
    ]
    assert desk.actions[-1] == f"{resource.kind}.rotated"
    (shown,) = await desk.items(resource)
    assert member not in shown


async def test_the_old_secret_goes_on_for_a_day_unless_said_otherwise(desk: Desk) -> None:
    rotated = await desk.rotate(ACCESS_KEY, (await created(desk))["id"])
    assert rotated["versions"][1]["retires_at"] == at(desk, DAY)


async def test_the_overlap_ends_with_the_credential(desk: Desk) -> None:
    token = await created(desk, API_TOKEN, expires_at=at(desk, 100))
    rotated = await desk.rotate(API_TOKEN, token["id"], keep_old_for=101)
    assert rotated["versions"][1]["retires_at"] == token["expires_at"] == rotated["expires_at"]
    desk.clock.advance(100)
    (expired,) = await desk.items(API_TOKEN)
    assert states(expired) == {1: "retired", 2: "retired"}
    with pytest.raises(Conflict, match="expires_at"):
        await desk.rotate(API_TOKEN, token["id"], end_oldest=True)


async def test_a_third_secret_within_the_overlap_is_a_conflict_unless_the_oldest_is_to_end(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    await desk.rotate(ACCESS_KEY, id_, keep_old_for=60)
    with pytest.raises(Conflict, match=r"version 1.*end_oldest"):
        await desk.rotate(ACCESS_KEY, id_, keep_old_for=60)
    third = await desk.rotate(ACCESS_KEY, id_, keep_old_for=60, end_oldest=True)
    assert states(third) == {1: "retired", 2: "retiring", 3: "current"}
    desk.clock.advance(60)
    fourth = await desk.rotate(ACCESS_KEY, id_)
    assert states(fourth) == {1: "retired", 2: "retired", 3: "retiring", 4: "current"}


async def test_without_an_overlap_the_old_secret_ends_at_once_and_what_was_issued_with_it(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    rotated = await desk.rotate(ACCESS_KEY, id_, keep_old_for=0)
    assert states(rotated) == {1: "retired", 2: "current"}
    ended, credential = desk.store.tables.changes[-2:]
    assert (ended.id, ended.status, ended.until) == (f"{id_}_v1", "revoked", desk.clock.now() + MAX_TOKEN_LIFE_S)
    assert (credential.id, credential.status) == (id_, "active")
    assert ("access_key", f"{id_}_v1") in desk.store.tables.revocations


async def test_an_overlap_puts_nothing_but_the_credential_into_the_feed(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    position = desk.store.tables.last
    await desk.rotate(ACCESS_KEY, id_)
    assert [change.id for change in desk.store.tables.changes[position:]] == [id_]


@pytest.mark.parametrize("number", [1, 2])
async def test_either_secret_is_ended_alone(desk: Desk, number: int) -> None:
    id_ = (await created(desk))["id"]
    await desk.rotate(ACCESS_KEY, id_)
    desk.clock.advance(1)
    once = await desk.revoke_version(ACCESS_KEY, id_, number)
    assert states(once.response) == {1: "retiring", 2: "current"} | {number: "retired"}
    assert once.response["versions"][2 - number]["retires_at"] == at(desk, 0)
    assert desk.store.tables.changes[-2].id == f"{id_}_v{number}"
    assert once.receipt == desk.store.tables.last
    desk.clock.advance(1)
    assert await desk.revoke_version(ACCESS_KEY, id_, number) == once
    assert desk.actions[-1] == "access_key.version_revoked"
    assert desk.actions.count("access_key.version_revoked") == 1


async def test_a_secret_that_has_retired_by_itself_can_be_ended_with_what_was_issued_with_it(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    await desk.rotate(ACCESS_KEY, id_, keep_old_for=10)
    retired_at = at(desk, 10)
    desk.clock.advance(60)
    ended = await desk.revoke_version(ACCESS_KEY, id_, 1)
    assert ended.response["versions"][1]["retires_at"] == retired_at
    assert desk.store.tables.changes[-2].id == f"{id_}_v1"


@pytest.mark.parametrize("number", [0, 2, 99])
async def test_a_version_that_there_is_not_is_not_found(desk: Desk, number: int) -> None:
    id_ = (await created(desk))["id"]
    with pytest.raises(NotFound):
        await desk.revoke_version(ACCESS_KEY, id_, number)


async def test_a_credential_whose_newest_secret_was_ended_gets_another_beside_the_one_that_retires(
    desk: Desk,
) -> None:
    id_ = (await created(desk))["id"]
    first_end = (await desk.rotate(ACCESS_KEY, id_, keep_old_for=60))["versions"][1]["retires_at"]
    await desk.revoke_version(ACCESS_KEY, id_, 2)
    rotated = await desk.rotate(ACCESS_KEY, id_, keep_old_for=0)
    assert states(rotated) == {1: "retiring", 2: "retired", 3: "current"}
    assert rotated["versions"][2]["retires_at"] == first_end


async def test_revoking_the_credential_ends_all_of_them_for_good(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    await desk.rotate(ACCESS_KEY, id_)
    revoked = await desk.set_status(Operation.REVOKE, ACCESS_KEY, id_)
    assert set(states(revoked.response).values()) == {"retired"}
    assert {version["retires_at"] for version in revoked.response["versions"]} == {at(desk, 0)}
    with pytest.raises(Conflict, match="final"):
        await desk.rotate(ACCESS_KEY, id_, end_oldest=True)


async def test_a_suspended_credential_is_rotated_and_stays_suspended(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    await desk.set_status(Operation.SUSPEND, ACCESS_KEY, id_)
    assert (await desk.rotate(ACCESS_KEY, id_))["status"] == "suspended"
    assert desk.store.tables.changes[-1].status == "suspended"


async def test_the_same_request_again_brings_the_same_secret_and_rotates_once(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    attempt = IdempotentRequest.of("k", admin_token="pgad_x", admin_id=desk.owner.id, request=b"{}")
    once = await desk.rotate(ACCESS_KEY, id_, attempt=attempt)
    desk.clock.advance(DAY - 1)
    assert await desk.rotate(ACCESS_KEY, id_, attempt=attempt) == once
    assert desk.actions.count("access_key.rotated") == 1


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"keep_old_for": -1}, "keep_old_for"),
        ({"keep_old_for": 2_592_001}, "keep_old_for"),
        ({"keep_old_for": 1.5}, "keep_old_for"),
        ({"keep_old_for": "60"}, "keep_old_for"),
        ({"keep_old_for": None}, "keep_old_for"),
        ({"end_oldest": 1}, "end_oldest"),
        ({"keep_old_until_quiet_for": 0}, "keep_old_until_quiet_for"),
        ({"keep_old_until_quiet_for": 60, "keep_old_for": 60}, "keep_old_for"),
    ],
)
async def test_each_member_that_is_wrong_is_named(desk: Desk, body: Object, member: str) -> None:
    id_ = (await created(desk))["id"]
    with pytest.raises(Unprocessable) as refused:
        await desk.rotate(ACCESS_KEY, id_, **body)
    assert [error.field for error in refused.value.errors] == [member]
    assert desk.actions[-1] == "access_key.created"


async def test_who_may_not_change_a_credential_may_not_rotate_it_either(desk: Desk) -> None:
    key = await created(desk)
    elsewhere = desk.bound(await desk.company())
    with pytest.raises(NotFound):
        await desk.rotate(ACCESS_KEY, key["id"], admin=elsewhere)
    viewer = desk.bound({"id": key["company_id"]}, Role.VIEWER)
    with pytest.raises(Forbidden):
        await desk.rotate(ACCESS_KEY, key["id"], admin=viewer)
    editor = desk.bound({"id": key["company_id"]})
    assert states(await desk.rotate(ACCESS_KEY, key["id"], admin=editor))[2] == "current"
    with pytest.raises(Forbidden):
        await desk.rotate(ADMIN_TOKEN, (await created(desk, ADMIN_TOKEN))["id"], admin=editor)


async def test_a_secret_that_retires_by_itself_is_in_the_feed_and_in_the_trail_once(desk: Desk) -> None:
    id_ = (await created(desk))["id"]
    await desk.rotate(ACCESS_KEY, id_, keep_old_for=10)
    assert await announce(desk.store, desk.clock) == 0
    desk.clock.advance(10)
    assert await announce(desk.store, desk.clock) == 1
    assert desk.actions[-1] == "access_key.version_retired"
    assert desk.store.tables.lines[-1].detail == {
        "name": "x",
        "default_ttl": 600,
        "max_ttl": 600,
        "expires_at": None,
        "version": 1,
        "retired_at": at(desk, 0),
    }
    assert desk.store.tables.changes[-1].id == id_
    assert await announce(desk.store, desk.clock) == 0


async def test_both_secrets_of_an_admin_token_work_until_the_old_one_retires(desk: Desk) -> None:
    first = await created(desk, ADMIN_TOKEN)
    second = await desk.rotate(ADMIN_TOKEN, first["id"], keep_old_for=60)
    assert await desk.access.authenticate(first["token"]) == await desk.access.authenticate(second["token"])
    desk.clock.advance(60)
    with pytest.raises(Unauthenticated) as refused:
        await desk.access.authenticate(first["token"])
    assert not isinstance(refused.value, UnknownAdminToken)
    await desk.access.authenticate(second["token"])
    await desk.revoke_version(ADMIN_TOKEN, first["id"], 2)
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(second["token"])


async def test_a_configured_admin_token_that_was_rotated_away_is_not_registered_again(desk: Desk) -> None:
    tokens, token = AdminTokens(desk.store, desk.clock), opaque.mint(opaque.ADMIN_TOKEN)
    assert await tokens.register(token, "first owner")
    (owner,) = await desk.items(ADMIN_TOKEN)
    await desk.rotate(ADMIN_TOKEN, owner["id"], keep_old_for=0)
    desk.clock.advance(timedelta(days=1000).total_seconds())
    assert not await tokens.register(token, "first owner")
