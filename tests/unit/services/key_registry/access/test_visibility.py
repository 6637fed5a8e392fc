"""Which objects exist for an admin, and which object is meant by an id or a public name."""

from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.access.visibility import NO_COMPANY, company_listed
from services.key_registry.catalog.permissions import Operation, Role
from services.key_registry.catalog.resources import (
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    Resource,
)
from shared.errors import Forbidden, NotFound, Unprocessable
from tests.support.harness.registry_rules import Desk


async def named(desk: Desk) -> list[tuple[Resource, str, dict[str, Any]]]:
    """One object of each kind that has a public name, with that name."""
    company = await desk.company()
    booking = await desk.booking(company, "sms:send")
    application = await desk.registry.show(desk.owner, APPLICATION, UUID(booking["application_id"]))
    of = {"company_id": company["client_prefix"], "scopes": ["sms:send"]}
    client = await desk.create(API_CLIENT, **of, comment="x")
    pair = await desk.create(KEY_PAIR, **of, algorithm="EdDSA")
    prefixes = f"{company['client_prefix']}:{application['application_prefix']}"
    return [
        (COMPANY, company["client_prefix"], company),
        (APPLICATION, application["application_prefix"], application),
        (BOOKING, prefixes, booking),
        (API_CLIENT, client["key"], client),
        (KEY_PAIR, pair["kid"], pair),
    ]


async def test_a_public_name_means_the_object_that_has_it(desk: Desk) -> None:
    for resource, name, created in await named(desk):
        assert (await desk.registry.show(desk.owner, resource, name))["id"] == created["id"], resource.kind
        with pytest.raises(NotFound):
            await desk.registry.show(desk.owner, resource, f"{name}x")
        suspended = await desk.registry.set_status(desk.owner, Operation.SUSPEND, resource, name)
        assert suspended.response["status"] == "suspended"


async def test_prefixes_are_read_without_regard_to_case_and_keys_with_it(desk: Desk) -> None:
    for resource, name, created in await named(desk):
        if resource in (API_CLIENT, KEY_PAIR):
            with pytest.raises(NotFound):
                await desk.registry.show(desk.owner, resource, name.swapcase())
        else:
            assert (await desk.registry.show(desk.owner, resource, name.swapcase()))["id"] == created["id"]


async def test_a_uuid_is_an_id_also_where_a_prefix_looks_like_one(desk: Desk) -> None:
    other = await desk.company()
    await desk.company(client_prefix=other["id"])
    assert (await desk.registry.show(desk.owner, COMPANY, UUID(other["id"])))["id"] == other["id"]


async def test_another_companys_names_are_as_absent_as_those_of_nothing(desk: Desk) -> None:
    theirs = await named(desk)
    mine = await desk.company()
    admin = desk.bound(mine, Role.OWNER)
    for resource, name, _ in theirs:
        for reference in (name, f"{name}x", uuid7()):
            with pytest.raises(NotFound) as refused:
                await desk.registry.show(admin, resource, reference)
            assert refused.value.description == f"there is no such {resource.noun}"
            with pytest.raises(NotFound):
                await desk.registry.set_status(admin, Operation.REVOKE, resource, reference)
    messages = set()
    for name in (theirs[0][1], "nobody", str(uuid7())):
        with pytest.raises(Unprocessable) as wrong:
            await desk.create(API_CLIENT, admin=admin, company_id=name, comment="x", scopes=[])
        messages.add(wrong.value.errors[0])
        filters = {"company_id": UUID(name) if "-" in name else name}
        assert await desk.items(API_CLIENT, admin, **filters) == []
    assert {(error.field, error.message) for error in messages} == {
        ("company_id", "does not refer to an existing company")
    }


async def test_of_a_booking_created_again_the_one_that_is_not_revoked_is_meant(desk: Desk) -> None:
    _, _, (booking_kind, name, first), *_ = await named(desk)
    await desk.registry.set_status(desk.owner, Operation.REVOKE, booking_kind, name)
    assert (await desk.registry.show(desk.owner, BOOKING, name))["id"] == first["id"]
    company, _, application = name.partition(":")
    second = await desk.create(BOOKING, company_id=company, application_id=application)
    assert (await desk.registry.show(desk.owner, BOOKING, name))["id"] == second["id"]
    token = await desk.create(API_TOKEN, booking_id=name, remote_application="Shop")
    assert token["booking_id"] == second["id"]


async def test_a_companys_own_admin_sees_the_applications_that_it_has_booked_and_changes_none(desk: Desk) -> None:
    mine, other = await desk.company(), await desk.company()
    booking = await desk.booking(mine, "sms:send")
    foreign = await desk.booking(other, "fax:send")
    admin = desk.bound(mine, Role.OWNER)
    (shown,) = await desk.items(APPLICATION, admin)
    assert (shown["id"], shown["scopes"]) == (booking["application_id"], ["sms:send"])
    prefix = shown["application_prefix"]
    assert (await desk.registry.show(admin, APPLICATION, prefix))["id"] == shown["id"]
    with pytest.raises(NotFound):
        await desk.registry.show(admin, APPLICATION, UUID(foreign["application_id"]))
    for operation in (Operation.SUSPEND, Operation.RESUME, Operation.REVOKE):
        with pytest.raises(Forbidden):
            await desk.registry.set_status(admin, operation, APPLICATION, prefix)
        with pytest.raises(NotFound):
            await desk.registry.set_status(admin, operation, APPLICATION, UUID(foreign["application_id"]))
    await desk.set_status(Operation.SUSPEND, BOOKING, booking["id"])
    assert len(await desk.items(APPLICATION, admin)) == 1, "a booking that may be resumed"
    await desk.set_status(Operation.REVOKE, BOOKING, booking["id"])
    assert await desk.items(APPLICATION, admin) == []
    with pytest.raises(NotFound):
        await desk.registry.show(admin, APPLICATION, prefix)


async def test_a_search_sees_no_more_than_a_list(desk: Desk) -> None:
    mine, other = await desk.company(name="Blue Boats"), await desk.company(name="Blue Busses")
    admin = desk.bound(mine)
    assert [c["id"] for c in await desk.items(COMPANY, q=("blue",))] == [other["id"], mine["id"]]
    assert [c["id"] for c in await desk.items(COMPANY, admin, q=("blue",))] == [mine["id"]]
    assert await desk.items(COMPANY, admin, q=("busses",)) == []


async def test_every_response_names_the_company_and_the_application_beside_their_ids(desk: Desk) -> None:
    company = await desk.company(name="Blue Boats")
    booking = await desk.booking(company)
    token = await desk.create(API_TOKEN, booking_id=booking["id"], remote_application="Shop")
    of = {"client_prefix": company["client_prefix"], "name": "Blue Boats"}
    for shown in (booking, token, (await desk.items(API_TOKEN))[0]):
        assert shown["company"] == of
        assert shown["application"]["name"] == "SMS"
    await desk.set_status(Operation.SUSPEND, COMPANY, company["id"])
    (shown,) = await desk.items(API_TOKEN)
    assert (shown["status"], shown["effective_status"]) == ("active", "suspended")
    assert shown["status_reason"] == "company_suspended"


async def test_a_list_by_company_is_of_the_one_that_is_meant_and_visible(desk: Desk) -> None:
    mine, other = await desk.company(), await desk.company()
    absent = str(uuid7())
    async with desk.store.reading() as reader:
        for admin, expected in (
            (desk.owner, [None, mine["id"], other["id"], other["id"], absent, NO_COMPANY, NO_COMPANY]),
            (desk.bound(mine), [mine["id"], mine["id"], *[NO_COMPANY] * 5]),
        ):
            references = (None, mine["client_prefix"], other["id"], other["client_prefix"], absent, "nobody", "?")
            assert [await company_listed(reader, admin, given) for given in references] == expected
