"""Objects: found, listed, unique, referred to; and transactions that are whole or nothing."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    LIMITED_KINDS,
    RESOURCES,
    Resource,
    Row,
)
from services.key_registry.ports.store import AlreadyExists, Listing, Remembered
from shared.errors import Conflict
from tests.support.harness.key_registry_stores import NOW, Stores, new_row


async def found(stores: Stores, resource: Resource, id_: UUID) -> object:
    async with stores.objects.reading() as reader:
        return await reader.find(resource, id_)


async def listed(stores: Stores, resource: Resource, listing: Listing) -> list[UUID]:
    async with stores.objects.reading() as reader:
        return [row["id"] for row in await reader.list(resource, listing)]


async def test_every_kind_is_found_as_it_was_inserted(stores: Stores) -> None:
    created = await stores.company_with_all()
    admin = await stores.insert(ADMIN_TOKEN, company_id=created.company["id"])
    for resource, row in [
        (COMPANY, created.company),
        (APPLICATION, created.application),
        (BOOKING, created.booking),
        (API_TOKEN, created.api_token),
        (ACCESS_KEY, created.access_key),
        (API_CLIENT, created.api_client),
        (KEY_PAIR, created.key_pair),
        (ADMIN_TOKEN, admin),
    ]:
        assert await found(stores, resource, row["id"]) == row


async def test_credentials_are_found_by_several_public_names_at_once(stores: Stores) -> None:
    one, other = await stores.company_with_all(), await stores.company_with_all()
    async with stores.objects.reading() as reader:
        for resource, column in ((API_CLIENT, "key"), (KEY_PAIR, "kid")):
            rows = [getattr(each, resource.kind) for each in (one, other)]
            names = [row[column] for row in rows]
            found = await reader.find_named(resource, [*names, "nobody", names[0].swapcase()])
            assert sorted(found, key=lambda row: names.index(row[column])) == rows
            assert await reader.find_named(resource, []) == []
        assert await reader.find_named(COMPANY, [one.company["client_prefix"]]) == []
        assert await reader.find_named(ACCESS_KEY, [one.access_key["name"]]) == []


async def test_what_is_absent_is_none(stores: Stores) -> None:
    assert await found(stores, COMPANY, uuid7()) is None


async def test_update_changes_all_but_the_id_and_when_it_was_created(stores: Stores) -> None:
    row = await stores.insert(COMPANY)
    later = NOW + timedelta(days=1)
    await stores.update(COMPANY, row, name="New", status="suspended", status_at=later, updated_at=later)
    assert await found(stores, COMPANY, row["id"]) == {
        **row,
        "name": "New",
        "status": "suspended",
        "status_at": later,
        "updated_at": later,
    }


LIMITED = [RESOURCES[kind] for kind in LIMITED_KINDS]


@pytest.mark.parametrize("resource", LIMITED, ids=lambda resource: resource.kind)
async def test_what_has_limits_of_its_own_is_listed_and_so_is_all_else(stores: Stores, resource: Resource) -> None:
    limits, rows = {"rate": {"calls": 5, "per_seconds": 1}}, {}
    states: dict[str, dict[str, Any]] = {
        "limited": {"limits": limits},
        "suspended": {"limits": limits, "status": "suspended"},
        "revoked": {"limits": limits, "status": "revoked"},
        "free": {},
    }
    for name, columns in states.items():
        rows[name] = await of_a_company(stores, resource)
        await stores.update(resource, rows[name], **columns)
    for wanted, names in ((True, {"limited", "suspended"}), (False, {"revoked", "free"})):
        ids = await listed(stores, resource, Listing(200, limited=wanted))
        assert {name for name, row in rows.items() if row["id"] in ids} == names
        assert await listed(stores, resource, Listing(1, before=ids[0], limited=wanted)) == ids[1:2]


@pytest.mark.parametrize("resource", [RESOURCES["api_client"], RESOURCES["key_pair"]], ids=lambda r: r.kind)
async def test_what_is_granted_a_scope_is_listed_and_so_is_all_else(stores: Stores, resource: Resource) -> None:
    rows = {}
    for name, scopes in (("some", ["a:read"]), ("none", [])):
        rows[name] = await of_a_company(stores, resource)
        await stores.update(resource, rows[name], scopes=scopes)
    for wanted, name in ((True, "some"), (False, "none")):
        ids = await listed(stores, resource, Listing(200, has_scopes=wanted))
        assert {n for n, row in rows.items() if row["id"] in ids} == {name}


async def of_a_company(stores: Stores, resource: Resource) -> Row:
    """One of its own."""
    created = await stores.company_with_all()
    row: Row = getattr(created, resource.kind)
    return row


async def test_a_list_has_the_newest_first_and_goes_on_below_a_position(stores: Stores) -> None:
    ids = [(await stores.insert(COMPANY))["id"] for _ in range(5)]
    assert await listed(stores, COMPANY, Listing(3)) == ids[:1:-1]
    assert await listed(stores, COMPANY, Listing(3, before=ids[2])) == [ids[1], ids[0]]


async def test_a_list_holds_what_equals_all_that_is_filters(stores: Stores) -> None:
    one = await stores.insert(COMPANY, status="suspended")
    await stores.insert(COMPANY)
    filters = {"status": "suspended", "client_prefix": one["client_prefix"]}
    assert await listed(stores, COMPANY, Listing(9, equals=filters)) == [one["id"]]
    assert await listed(stores, COMPANY, Listing(9, equals={**filters, "status": "revoked"})) == []


@pytest.mark.parametrize("member", ["client_prefix", "company_uri"])
async def test_a_value_that_another_company_has_is_taken(stores: Stores, member: str) -> None:
    row = await stores.insert(COMPANY)
    with pytest.raises(AlreadyExists) as taken:
        await stores.insert(COMPANY, **{member: row[member]})
    assert taken.value.member == member


async def test_an_application_prefix_and_an_admin_token_are_there_once(stores: Stores) -> None:
    application, admin = await stores.insert(APPLICATION), await stores.insert(ADMIN_TOKEN)
    with pytest.raises(AlreadyExists, match="application_prefix"):
        await stores.insert(APPLICATION, application_prefix=application["application_prefix"])
    with pytest.raises(AlreadyExists, match="token"):
        await stores.insert(ADMIN_TOKEN, digest=admin["digest"])


async def test_a_company_books_an_application_once_until_that_booking_is_revoked(stores: Stores) -> None:
    created = await stores.company_with_all()
    again = {"company_id": created.company["id"], "application_id": created.application["id"]}
    with pytest.raises(AlreadyExists):
        await stores.insert(BOOKING, **again)
    await stores.update(BOOKING, created.booking, status="revoked")
    await stores.insert(BOOKING, **again)


async def test_what_something_refers_to_is_not_deleted(stores: Stores) -> None:
    created = await stores.company_with_all()
    for resource, row in [
        (COMPANY, created.company),
        (APPLICATION, created.application),
        (BOOKING, created.booking),
    ]:
        with pytest.raises(Conflict):
            async with stores.objects.writing(by=None) as writer:
                await writer.delete(resource, row["id"])
        assert await found(stores, resource, row["id"]) is not None


async def test_what_nothing_refers_to_is_deleted(stores: Stores) -> None:
    created = await stores.company_with_all()
    async with stores.objects.writing(by=None) as writer:
        assert await writer.count(API_TOKEN, "booking_id", created.booking["id"]) == 1
        await writer.delete(API_TOKEN, created.api_token["id"])
        assert await writer.count(API_TOKEN, "booking_id", created.booking["id"]) == 0
        await writer.delete(BOOKING, created.booking["id"])
    assert await found(stores, API_TOKEN, created.api_token["id"]) is None
    assert await found(stores, BOOKING, created.booking["id"]) is None


async def test_a_transaction_that_fails_leaves_nothing(stores: Stores) -> None:
    row = new_row(COMPANY)
    with pytest.raises(ZeroDivisionError):
        async with stores.objects.writing(by=None) as writer:
            await writer.insert(COMPANY, row)
            await writer.append_change("company", str(row["id"]), "active", 1.0, None)
            raise ZeroDivisionError
    assert await found(stores, COMPANY, row["id"]) is None
    assert (await stores.changes.page(0, 10)).last == 0


async def test_writers_take_turns(stores: Stores) -> None:
    inside = 0

    async def write() -> None:
        nonlocal inside
        async with stores.objects.writing(by=None):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.005)
            inside -= 1

    await asyncio.gather(*(write() for _ in range(10)))


async def test_booked_scopes_are_those_of_active_bookings_of_active_applications(stores: Stores) -> None:
    created = await stores.company_with_all()

    async def booked() -> list[str]:
        async with stores.objects.reading() as reader:
            return list(await reader.booked_scopes(created.company["id"]))

    assert await booked() == ["sms:send"]
    await stores.update(BOOKING, created.booking, status="suspended")
    assert await booked() == []
    await stores.update(BOOKING, created.booking)
    await stores.update(APPLICATION, created.application, status="suspended")
    assert await booked() == []


async def test_a_response_is_remembered_until_it_is_too_old(stores: Stores) -> None:
    admin = await stores.insert(ADMIN_TOKEN)
    key, response = b"k" * 32, Remembered(b"r" * 32, b"sealed")
    async with stores.objects.writing(by=None) as writer:
        await writer.remember(admin["id"], key, response, NOW)
    async with stores.objects.reading() as reader:
        assert await reader.recall(admin["id"], key, NOW - timedelta(seconds=1)) == response
        assert await reader.recall(admin["id"], key, NOW) is None
        assert await reader.recall(admin["id"], b"o" * 32, NOW - timedelta(seconds=1)) is None
        assert await reader.recall(uuid7(), key, NOW - timedelta(seconds=1)) is None


async def test_a_key_that_was_forgotten_is_used_again(stores: Stores) -> None:
    admin = await stores.insert(ADMIN_TOKEN)
    key, newer = b"k" * 32, Remembered(b"s" * 32, b"newer")
    later = NOW + timedelta(days=2)
    async with stores.objects.writing(by=None) as writer:
        await writer.remember(admin["id"], key, Remembered(b"r" * 32, b"older"), NOW)
        await writer.remember(admin["id"], key, newer, later)
    async with stores.objects.reading() as reader:
        assert await reader.recall(admin["id"], key, NOW) == newer
