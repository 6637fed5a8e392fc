"""Credentials that end by themselves: looked up, listed, announced, and in the snapshot once they have."""

from datetime import UTC, datetime, timedelta

import pytest

from services.key_registry.catalog.expiry import EXPIRING_KINDS, ExpiresSoon
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.resources import API_TOKEN, COMPANY, RESOURCES, Resource, Row
from services.key_registry.ports.store import Listing
from shared.contracts.key_registry import ApiToken, parse_snapshot
from tests.support.harness.key_registry_stores import NOW, Stores


async def test_an_expiry_before_all_time_is_record_as_one_that_has_passed(stores: Stores) -> None:
    created = await stores.company_with_all()
    first = datetime.min.replace(tzinfo=UTC)
    row = await stores.insert(
        API_TOKEN,
        company_id=created.company["id"],
        application_id=created.application["id"],
        booking_id=created.booking["id"],
        expires_at=first,
    )
    found = (await stores.credentials.api_tokens([row["digest"]]))[row["digest"]]
    record = ApiToken.model_validate_json(found.model_dump_json())
    assert record.expires_at is not None
    assert record.expires_at <= 0


EVERY_KIND = [RESOURCES[kind] for kind in EXPIRING_KINDS]
LATER = NOW + timedelta(days=10)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def credential(stores: Stores, resource: Resource, **columns: object) -> Row:
    if resource is API_TOKEN:
        of = (await stores.company_with_all()).api_token
        belongs = {name: of[name] for name in ("company_id", "application_id", "booking_id")}
        return await stores.insert(API_TOKEN, **belongs, **columns)
    return await stores.insert(resource, company_id=(await stores.insert(COMPANY))["id"], **columns)


async def test_every_look_up_shows_when_the_credential_ends(stores: Stores) -> None:
    created = await stores.company_with_all()
    for resource, row in (
        ("api_tokens", created.api_token),
        ("access_keys", created.access_key),
        ("api_clients", created.api_client),
        ("key_pairs", created.key_pair),
    ):
        kind = RESOURCES[resource.removesuffix("s")]  # type: ignore[index]
        await stores.update(kind, row, expires_at=LATER)
        key = row.get("key") or row.get("kid") or row["digest"]
        (found,) = (await getattr(stores.credentials, resource)([key])).values()
        assert found.expires_at == LATER.timestamp()
        assert [found.expired(LATER.timestamp() + s) for s in (-1, 0, 1)] == [False, True, True]


@pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda resource: resource.kind)
async def test_those_that_end_soon_are_listed_and_so_are_the_others(stores: Stores, resource: Resource) -> None:
    now, soon = LATER, timedelta(days=30)
    ends = {"over": now, "soon": now + soon, "later": now + soon + timedelta(seconds=1), "never": None}
    rows = {name: await credential(stores, resource, expires_at=end) for name, end in ends.items()}
    async with stores.objects.reading() as reader:
        for wanted, names in ((True, {"soon"}), (False, {"over", "later", "never"})):
            listing = Listing(50, expires_soon=ExpiresSoon(wanted, now))
            found = {row["id"] for row in await reader.list(resource, listing)}
            assert {name for name, row in rows.items() if row["id"] in found} == names


@pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda resource: resource.kind)
async def test_what_has_ended_is_due_until_it_is_announced_and_again_when_it_is_moved(
    stores: Stores, resource: Resource
) -> None:
    row = await credential(stores, resource, expires_at=LATER)
    revoked = await credential(stores, resource, expires_at=LATER)
    await stores.update(resource, revoked, status="revoked")
    async with stores.objects.writing(by=None) as writer:
        assert await writer.expired(LATER - timedelta(seconds=1), 10) == []
        (due,) = await writer.expired(LATER, 10)
        assert (due.kind, due.id, due.expires_at) == (resource.kind, row["id"], LATER)
        await writer.expiry_announced(due)
        assert await writer.expired(LATER, 10) == []
        await writer.update(resource, {**row, "expires_at": LATER + timedelta(days=1)})
        assert len(await writer.expired(LATER + timedelta(days=1), 10)) == 1


async def test_what_has_ended_is_in_the_snapshot_for_as_long_as_a_token_may_live(stores: Stores) -> None:
    created = await stores.company_with_all()
    await stores.update(RESOURCES["api_client"], created.api_client, expires_at=LONG_AGO)
    await stores.update(RESOURCES["key_pair"], created.key_pair, expires_at=LATER + timedelta(days=36500))
    ended = LONG_AGO.timestamp()
    (found,) = parse_snapshot(await stores.changes.snapshot(ended - 1)).stopped
    assert (found.kind, found.id) == ("api_client", str(created.api_client["id"]))
    assert found.until == ended + MAX_TOKEN_LIFE_S
    assert parse_snapshot(await stores.changes.snapshot(ended)).stopped == ()
