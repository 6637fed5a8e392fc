"""Each act that somebody is to be notified of leaves one event, and no other does."""

from typing import Any, get_args

import pytest

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import ACCESS_KEY, API_CLIENT, BOOKING, COMPANY, KEY_PAIR
from services.key_registry.housekeeping.retirements import announce
from services.key_registry.recording.events import TYPE_OF, record
from shared import opaque
from tests.support.harness.registry_rules import Desk


def events(desk: Desk) -> list[tuple[str, str | None, dict[str, Any]]]:
    found = desk.store.tables.events.values()
    return [(event.type, event.company_id, dict(event.data)) for event in found]


def types(desk: Desk) -> list[str]:
    return [type_ for type_, _, _ in events(desk)]


async def access_key(desk: Desk, **members: Any) -> tuple[str, dict[str, str]]:
    company = await desk.company()
    key = await desk.create(ACCESS_KEY, company_id=company["id"], name="Shop", **members)
    return company["id"], {"kind": "access_key", "id": key["id"], "name": "Shop"}


async def test_every_stop_of_a_credential_and_its_rotation_are_events_of_its_company(desk: Desk) -> None:
    company_id, named = await access_key(desk)
    id_ = named["id"]
    await desk.rotate(ACCESS_KEY, id_, keep_old_for=0)
    await desk.revoke_version(ACCESS_KEY, id_, 2)
    for operation in (Operation.SUSPEND, Operation.RESUME, Operation.REVOKE):
        await desk.set_status(operation, ACCESS_KEY, id_)
        await desk.set_status(operation, ACCESS_KEY, id_) if operation is Operation.REVOKE else None
    assert events(desk) == [
        ("credential.rotated", company_id, {**named, "version": 2, "ended": [1]}),
        ("credential.version_revoked", company_id, {**named, "version": 2}),
        ("credential.suspended", company_id, named),
        ("credential.resumed", company_id, named),
        ("credential.revoked", company_id, named),
    ]


async def test_what_ends_by_itself_is_an_event(desk: Desk) -> None:
    end = desk.clock.now() + 60
    _, named = await access_key(desk, expires_at=desk.at(60))
    await desk.rotate(ACCESS_KEY, named["id"], keep_old_for=10)
    desk.clock.advance(60)
    assert desk.clock.now() == end
    assert await announce(desk.store, desk.clock) == 2
    assert types(desk) == ["credential.rotated", "credential.version_retired", "credential.expired"]


async def test_a_key_pair_that_is_succeeded_is_an_event(desk: Desk) -> None:
    company = await desk.company()
    members = {"company_id": company["id"], "scopes": [], "algorithm": "EdDSA"}
    old = await desk.create(KEY_PAIR, **members)
    new = await desk.create(KEY_PAIR, **members, succeeds=old["kid"])
    ((type_, _, data),) = events(desk)
    assert (type_, data["name"], data["succeeded_by"]) == ("credential.rotated", old["kid"], new["kid"])


async def test_bookings_and_companies_are_events_and_creating_and_changing_are_none(desk: Desk) -> None:
    company = await desk.company()
    booking = await desk.booking(company)
    await desk.change(COMPANY, company["id"], name="Other")
    assert events(desk) == []
    await desk.set_status(Operation.SUSPEND, BOOKING, booking["id"])
    await desk.set_status(Operation.REVOKE, COMPANY, company["id"])
    assert events(desk) == [
        ("booking.suspended", company["id"], {"kind": "booking", "id": booking["id"]}),
        ("company.revoked", company["id"], {"kind": "company", "id": company["id"], "name": "c1"}),
    ]


async def test_an_act_that_fails_leaves_no_event(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, named = await access_key(desk)

    async def fails(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("services.key_registry.admin.objects.present_one", fails)
    with pytest.raises(RuntimeError):
        await desk.set_status(Operation.SUSPEND, ACCESS_KEY, named["id"])
    assert events(desk) == []


async def test_what_may_be_a_secret_is_redacted_and_public_names_are_not(desk: Desk) -> None:
    secrets = [opaque.mint(prefix) for prefix in opaque.SECRET_PREFIXES]
    data = {"found": secrets, "in": {"text": f"see {secrets[0]}"}, "key": opaque.public_id(opaque.API_CLIENT_KEY)}
    async with desk.store.writing(by=None) as writer:
        await record(writer, "credential.leaked", at=1.0, company_id=None, data=data)
    ((_, _, kept),) = events(desk)
    assert not opaque.find_in(str(kept))
    assert kept["key"] == data["key"]
    client = await desk.create(API_CLIENT, company_id=(await desk.company())["id"], comment="x", scopes=[])
    rotated = await desk.rotate(API_CLIENT, client["id"])
    assert rotated["secret"] not in str(events(desk))
    assert events(desk)[-1][2]["name"] == client["key"]


async def test_what_is_to_be_written_once_is_written_once(desk: Desk) -> None:
    written = []
    for once in ("quota:1:80", "quota:1:80", "quota:2:80", None, None):
        async with desk.store.writing(by=None) as writer:
            new = await record(writer, "quota.nearly_used", at=1.0, company_id=None, data={}, once=once)
            written.append(new)
    assert written == [True, False, True, True, True]
    assert len(events(desk)) == 4


def test_every_type_that_follows_from_an_operation_is_named() -> None:
    assert set(TYPE_OF.values()) <= set(get_args(EventType))
    assert {kind for kind, _ in TYPE_OF} == {*EXPIRING_KINDS, "company", "booking", "application"}
