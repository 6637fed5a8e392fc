"""The change feed, the snapshot, and records with the position that they were read at."""

from datetime import timedelta

import pytest

from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
)
from services.key_registry.ports.store import KeptRevocation, RevocationListing
from shared.contracts.key_registry import (
    ORIGIN_MARK,
    Booking,
    Change,
    Company,
    Revocation,
    Snapshot,
    Stopped,
    parse_snapshot,
)
from shared.contracts.limits import Limits, ObjectLimits
from tests.support.harness.key_registry_stores import NOW, Stores

AT = NOW.timestamp()
UNMARKED = {"mark": None, "previous_mark": None}


async def append(stores: Stores, *ids: str) -> None:
    async with stores.objects.writing(by=None) as writer:
        for id_ in ids:
            await writer.append_change("company", id_, "suspended", AT, None)


async def snapshot(stores: Stores, since: float) -> Snapshot:
    return parse_snapshot(await stores.changes.snapshot(since))


async def test_positions_start_at_one_and_have_no_gaps(stores: Stores) -> None:
    await append(stores, "a", "b")
    await append(stores, "c")
    page = await stores.changes.page(0, 10)
    assert [(c.seq, c.id) for c in page.changes] == [(1, "a"), (2, "b"), (3, "c")]
    assert (page.last, page.gap) == (3, False)
    mark = page.changes[0].mark
    assert page.changes[0] == Change(
        seq=1, mark=mark, previous_mark=ORIGIN_MARK, kind="company", id="a", status="suspended", at=AT
    )


async def test_each_change_has_a_mark_of_its_own_and_names_the_one_before(stores: Stores) -> None:
    await append(stores, "a", "b", "c")
    page = await stores.changes.page(0, 10)
    marks = [ORIGIN_MARK, *(change.mark for change in page.changes)]
    assert len({*marks}) == 4
    assert [change.previous_mark for change in page.changes] == marks[:-1]
    assert (page.last_mark, (await snapshot(stores, 0)).mark) == (marks[3], marks[3])
    later = await stores.changes.page(2, 10, marks[2])
    assert ([change.previous_mark for change in later.changes], later.gap) == ([marks[2]], False)


@pytest.mark.parametrize("mark", ["", "lost", ORIGIN_MARK])
async def test_a_position_with_another_mark_is_a_gap_whatever_the_position(stores: Stores, mark: str) -> None:
    await append(stores, "a", "b")
    for after in (1, 2, 3, 1000):
        page = await stores.changes.page(after, 10, mark)
        assert (page.gap, page.changes, page.last) == (True, (), 2)
    assert (await stores.changes.page(0, 10, mark)).gap is (mark != ORIGIN_MARK)


async def test_the_mark_of_an_empty_feed_is_that_of_the_origin(stores: Stores) -> None:
    created = await stores.company_with_all()
    found = await stores.credentials.access_keys([created.access_key["digest"]])
    [record] = found.values()
    assert {(await snapshot(stores, 0)).mark, (await stores.changes.page(0, 10)).last_mark, record.mark} == {
        ORIGIN_MARK
    }


async def test_a_record_has_the_mark_of_the_position_that_it_was_read_at(stores: Stores) -> None:
    created = await stores.company_with_all()
    await append(stores, "a", "b")
    found = await stores.credentials.access_keys([created.access_key["digest"]])
    [record] = found.values()
    last = await stores.changes.find(2)
    assert last is not None
    assert (record.as_of, record.mark) == (2, last.mark)


async def test_a_page_goes_on_where_the_last_one_ended(stores: Stores) -> None:
    await append(stores, "a", "b", "c")
    assert [c.id for c in (await stores.changes.page(1, 1)).changes] == ["b"]
    page = await stores.changes.page(3, 10)
    assert (page.changes, page.last) == ((), 3)


async def test_an_empty_feed_ends_at_zero(stores: Stores) -> None:
    page = await stores.changes.page(0, 10)
    assert (page.changes, page.last, page.gap) == ((), 0, False)


async def test_the_snapshot_holds_what_is_suspended_and_what_was_revoked_lately(stores: Stores) -> None:
    created = await stores.company_with_all()
    old = NOW - timedelta(days=400)
    await append(stores, "a")
    await stores.update(COMPANY, created.company, status="suspended", status_at=old)
    await stores.update(API_CLIENT, created.api_client, status="revoked")
    await stores.update(KEY_PAIR, created.key_pair, status="revoked", status_at=old)
    found = await snapshot(stores, AT - 1)
    assert found.as_of == 1
    assert set(found.stopped) == {
        Stopped(kind="company", id=str(created.company["id"])),
        Stopped(kind="api_client", id=str(created.api_client["id"]), until=AT + MAX_TOKEN_LIFE_S),
    }


async def test_a_revocation_of_something_else_is_kept_for_as_long_as_the_longest_requested(stores: Stores) -> None:
    async def stop(until: float) -> bool:
        async with stores.objects.writing(by=None) as writer:
            return await writer.stop(Revocation(kind="jwt", id="j", until=until), AT)

    assert await stop(100.0) is True
    assert await stop(100.0) is False
    assert await stop(50.0) is False
    assert await stop(200.0) is True
    assert (await snapshot(stores, AT)).stopped == (Stopped(kind="jwt", id="j", until=200.0),)


async def test_what_was_deleted_stays_stopped(stores: Stores) -> None:
    async with stores.objects.writing(by=None) as writer:
        await writer.keep_stopped("api_client", "x", AT, AT - 60)
        await writer.keep_stopped("api_client", "x", AT, AT - 60)
    assert (await snapshot(stores, AT)).stopped == (Stopped(kind="api_client", id="x", until=AT),)


async def test_each_credential_is_looked_up_with_its_company_and_the_position(stores: Stores) -> None:
    created = await stores.company_with_all()
    await append(stores, "a", "b")
    company = Company(
        id=str(created.company["id"]),
        client_prefix=created.company["client_prefix"],
        company_uri=created.company["company_uri"],
        status="active",
    )
    token, key, client, pair = created.api_token, created.access_key, created.api_client, created.key_pair
    api_token = (await stores.credentials.api_tokens([token["digest"], b"?"]))[token["digest"]]
    assert (api_token.as_of, api_token.id, api_token.company) == (2, str(token["id"]), company)
    assert api_token.application_prefix == created.application["application_prefix"]
    assert (api_token.booking_id, api_token.expires_at) == (str(created.booking["id"]), None)
    assert api_token.active
    access_key = (await stores.credentials.access_keys([key["digest"]]))[key["digest"]]
    assert (access_key.company, access_key.default_ttl, access_key.max_ttl) == (company, 60, 600)
    api_client = (await stores.credentials.api_clients([client["key"]]))[client["key"]]
    assert (api_client.secret_digest, api_client.scopes) == (client["digest"].hex(), ("site:read",))
    key_pair = (await stores.credentials.key_pairs([pair["kid"]]))[pair["kid"]]
    assert (key_pair.public_key, key_pair.algorithm) == (pair["public_jwk"], "EdDSA")


async def test_what_does_not_exist_is_left_out(stores: Stores) -> None:
    assert await stores.credentials.api_tokens([b"x" * 32]) == {}
    assert await stores.credentials.access_keys([b"x" * 32]) == {}
    assert await stores.credentials.api_clients(["pgck_x"]) == {}
    assert await stores.credentials.key_pairs(["kp_x"]) == {}


async def test_a_record_shows_the_status_of_all_that_it_depends_on(stores: Stores) -> None:
    created = await stores.company_with_all()
    await stores.update(COMPANY, created.company, status="suspended")
    found = await stores.credentials.api_tokens([created.api_token["digest"]])
    record = found[created.api_token["digest"]]
    assert (record.status, record.company.status, record.active) == ("active", "suspended", False)


async def test_a_change_is_found_by_its_position_with_its_company(stores: Stores) -> None:
    async with stores.objects.writing(by=None) as writer:
        assert await writer.append_change("api_client", "a", "revoked", AT, AT + 60, "c") == 1
    wanted = Change(seq=1, kind="api_client", id="a", status="revoked", at=AT, until=AT + 60, company_id="c")
    found = await stores.changes.find(1)
    assert found is not None
    assert found.model_copy(update=UNMARKED) == wanted
    assert await stores.changes.find(2) is None
    [found] = (await stores.changes.page(0, 10)).changes
    assert found.model_copy(update=UNMARKED) == wanted


async def test_the_last_change_of_an_object_is_known_or_else_the_newest(stores: Stores) -> None:
    async with stores.objects.reading() as reader:
        assert await reader.last_change("a") == 0
    await append(stores, "a", "b", "a", "c")
    async with stores.objects.reading() as reader:
        assert [await reader.last_change(id_) for id_ in ("a", "b", "x")] == [3, 2, 4]


async def test_clients_and_key_pairs_show_what_their_company_has_booked(stores: Stores) -> None:
    created, other = await stores.company_with_all(), await stores.company_with_all()
    second = await stores.insert(APPLICATION, scopes=["site:read", "site:write"], status="suspended")
    of = {"company_id": created.company["id"], "application_id": second["id"]}
    await stores.insert(BOOKING, **of, status="revoked")
    live = await stores.insert(BOOKING, **of, status="suspended")
    await stores.insert(BOOKING, **of, status="revoked")
    client = (await stores.credentials.api_clients([created.api_client["key"]]))[created.api_client["key"]]
    pair = (await stores.credentials.key_pairs([created.key_pair["kid"]]))[created.key_pair["kid"]]
    assert client.bookings == pair.bookings
    assert client.bookings == (
        Booking(
            booking_id=str(created.booking["id"]),
            booking_status="active",
            application_id=str(created.application["id"]),
            application_status="active",
            scopes=("sms:send",),
        ),
        Booking(
            booking_id=str(live["id"]),
            booking_status="suspended",
            application_id=str(second["id"]),
            application_status="suspended",
            scopes=("site:read", "site:write"),
        ),
    )
    assert [booking.active for booking in client.bookings] == [True, False]
    rows = (created.api_client, created.company, created.booking, created.application, live, second)
    assert client.depends_on == {str(row["id"]) for row in rows}
    elsewhere = (await stores.credentials.api_clients([other.api_client["key"]]))[other.api_client["key"]]
    assert [booking.booking_id for booking in elsewhere.bookings] == [str(other.booking["id"])]


async def test_a_company_without_bookings_has_none_and_a_revoked_one_shows_where_it_is_the_only_one(
    stores: Stores,
) -> None:
    created = await stores.company_with_all()
    alone = await stores.insert(API_CLIENT, company_id=(await stores.insert(COMPANY))["id"])
    await stores.update(BOOKING, created.booking, status="revoked")
    keys = [alone["key"], created.api_client["key"]]
    found = await stores.credentials.api_clients(keys)
    assert found[alone["key"]].bookings == ()
    assert [b.booking_status for b in found[created.api_client["key"]].bookings] == ["revoked"]


async def test_revocations_are_listed_the_newest_first_without_deleted_objects(stores: Stores) -> None:
    async with stores.objects.writing(by=None) as writer:
        for id_, company_id in (("a", None), ("b", "c"), ("d", None)):
            stopped = Revocation(kind="jwt", id=id_, until=AT + 60, company_id=company_id, reason="r" * 300)
            await writer.stop(stopped, AT)
        await writer.keep_stopped("api_client", "x", AT, AT - 60)
        await writer.stop(Revocation(kind="signing_key", id="a", until=AT), AT)
        await writer.stop(Revocation(kind="jwt", id="a", until=AT + 90, reason="longer"), AT + 5)

    async def listed(limit: int = 10, before: int | None = None, **equals: str) -> list[KeptRevocation]:
        async with stores.objects.reading() as reader:
            return list(await reader.revocations(RevocationListing(limit, before, equals)))

    found = await listed()
    assert [(r.kind, r.id) for r in found] == [("signing_key", "a"), ("jwt", "d"), ("jwt", "b"), ("jwt", "a")]
    assert [r.number for r in found] == sorted((r.number for r in found), reverse=True)
    assert found[-1] == KeptRevocation(found[-1].number, "jwt", "a", AT + 90, "longer", None, AT)
    assert found[2].reason == "r" * 255
    assert await listed(2, found[1].number) == found[2:]
    assert await listed(1, kind="jwt") == [found[1]]
    assert await listed(company_id="c") == [found[2]]
    assert await listed(kind="jwt", id="a") == [found[3]]


async def test_a_change_names_the_limits_that_it_sets_and_no_others(stores: Stores) -> None:
    limits = ObjectLimits(limits={"routes": ["site"]}, application_id="a", scopes=("sms:send",))
    async with stores.objects.writing(by=None) as writer:
        await writer.append_change("booking", "b", "active", AT, None, None, limits)
        await writer.append_change("booking", "b", "active", AT, None, None, ObjectLimits())
        await writer.append_change("booking", "b", "active", AT, None, None)
    changes = (await stores.changes.page(0, 10)).changes
    assert [change.limits for change in changes] == [limits, ObjectLimits(), None]
    found = await stores.changes.find(1)
    assert found is not None
    assert found.limits == limits


async def test_a_snapshot_has_the_limits_of_all_that_is_not_revoked(stores: Stores) -> None:
    created = await stores.company_with_all()
    limits = Limits.model_validate({"quota": {"calls": 9, "per": "day"}}).model_dump()
    rows = {
        COMPANY: created.company,
        BOOKING: created.booking,
        API_TOKEN: created.api_token,
        ACCESS_KEY: created.access_key,
        KEY_PAIR: created.key_pair,
    }
    for resource, row in rows.items():
        status = "revoked" if resource is ACCESS_KEY else "suspended" if resource is KEY_PAIR else "active"
        await stores.update(resource, row, limits=limits, status=status)
    found = {entry.kind: entry for entry in (await snapshot(stores, 0)).limits}
    assert found.keys() == {"company", "booking", "api_token", "key_pair"}
    assert found["company"] == ObjectLimits(kind="company", id=str(created.company["id"]), limits=limits)
    application = created.application
    assert found["booking"] == ObjectLimits(
        kind="booking",
        id=str(created.booking["id"]),
        limits=limits,
        application_id=str(application["id"]),
        scopes=tuple(application["scopes"]),
    )
