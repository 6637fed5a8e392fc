"""Usage in PostgreSQL: each batch once, whatever becomes of its response; sums by period; nothing for ever."""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.key_registry.catalog.resources import API_CLIENT
from services.key_registry.storage.postgres.store import PostgresStore
from services.key_registry.storage.postgres.usage.reports import PostgresUsage
from services.key_registry.usage.ports import UsageFilter, UsageQuery
from services.key_registry.usage.sketch import count
from shared.contracts.usage.messages import IssuedCount, UsageBatch, UsageCount
from shared.errors import Unavailable
from tests.contract.services.key_registry.conftest import Emptied
from tests.support.harness.key_registry_stores import All

HOUR = int(time.time() // 3600) - 1
BEGIN, END = datetime.fromtimestamp(0, UTC), datetime(2099, 1, 1, tzinfo=UTC)
ALL = UsageFilter(BEGIN, END)


@pytest.fixture
async def usage(emptied: Emptied) -> PostgresUsage:
    await emptied.empty()
    return PostgresUsage(emptied.database)


@pytest.fixture
async def created(usage: PostgresUsage, emptied: Emptied) -> All:
    return await emptied.stores.company_with_all()


def counted(created: All, calls: int = 1, **more: Any) -> UsageCount:
    given = {"kind": "api_client", "credential": created.api_client["key"], "version": 1, "route": "site"}
    return UsageCount(**{**given, "outcome": "accepted", "hour": HOUR, "calls": calls, **more})


def batch(*counts: UsageCount, number: int = 1, source: str = "", issued: Any = ()) -> UsageBatch:
    return UsageBatch(source=source or str(uuid4()), number=number, counts=counts, issued=issued)


async def test_a_batch_is_added_once_however_often_it_is_sent(usage: PostgresUsage, created: All) -> None:
    source = str(uuid4())
    first, second = (batch(counted(created, n), number=n, source=source) for n in (3, 5))
    for sent in (first, first, second, first, second):
        await usage.add(sent)
    await asyncio.gather(*(usage.add(batch(counted(created, 7), number=9, source=source)) for _ in range(4)))
    assert await usage.calls(ALL) == 3 + 5 + 7


async def test_no_call_is_lost_or_counted_twice_when_connections_are_cut_at_any_moment(
    usage: PostgresUsage, created: All, emptied: Emptied
) -> None:
    """Three processes report, each sending a batch again until it has its response; PostgreSQL cuts them."""
    lots = random.Random(4)

    async def report(number_of_batches: int) -> int:
        source, sent = str(uuid4()), 0
        for number in range(1, number_of_batches + 1):
            calls = lots.randrange(1, 9)
            one = batch(counted(created, calls, route=f"r{number % 3}"), number=number, source=source)
            while True:
                try:
                    await usage.add(one)
                    break
                except Unavailable:
                    continue
            sent += calls
        return sent

    async def cut() -> None:
        cuts = 0
        while True:
            async with emptied.database.connection() as connection:
                cuts += await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%usage%'"
                )
            if cuts > 20:
                return
            await asyncio.sleep(lots.random() / 100)

    cutting = asyncio.create_task(cut())
    sent = sum(await asyncio.gather(*(report(60) for _ in range(3))))
    cutting.cancel()
    assert await usage.calls(ALL) == sent


async def test_hours_of_a_process_whose_clock_is_ahead_count_as_the_present_one(
    usage: PostgresUsage, created: All
) -> None:
    ahead = [HOUR + 3, HOUR + 24, HOUR + 48, HOUR + 24 * 365]
    counts = (counted(created, 2, hour=hour, users=(n,), addresses=(n,)) for n, hour in enumerate(ahead, 1))
    await usage.add(batch(*counts))
    for by in ("hour", "day"):
        (row,) = await usage.rows(UsageQuery(by, ALL), 50, 0)
        assert dict(row.calls) == {("accepted", ""): 8}
        ((_, _, sketch),) = await usage.sketches(UsageQuery(by, ALL), "user", 50)
        assert count(sketch) == 4


async def test_calls_are_summed_by_period_group_outcome_and_cause(usage: PostgresUsage, created: All) -> None:
    token = {"kind": "api_token", "credential": str(created.api_token["id"])}
    await usage.add(
        batch(
            counted(created, 2),
            counted(created, 3, route="other"),
            counted(created, 4, outcome="refused", cause="insufficient_scope"),
            counted(created, 5, hour=HOUR - 24 * 40),
            counted(created, 6, **token),
        )
    )

    async def rows(by: Any, *groups: Any, **filters: Any) -> list[Any]:
        which = UsageFilter(BEGIN, END, **filters)
        return [
            (row.at, *row.group.values(), dict(row.calls))
            for row in await usage.rows(UsageQuery(by, which, groups), 50, 0)
        ]

    now, before = (datetime.fromtimestamp(h * 3600, UTC) for h in (HOUR, HOUR - 24 * 40))
    accepted, refused = ("accepted", ""), ("refused", "insufficient_scope")
    assert await rows("hour") == [(now, {accepted: 11, refused: 4}), (before, {accepted: 5})]
    day = [at.replace(hour=0) for at in (now, before)]
    assert await rows("day") == [(day[0], {accepted: 11, refused: 4}), (day[1], {accepted: 5})]
    month = [at.replace(day=1) for at in day]
    assert await rows("month", route="other") == [(month[0], {accepted: 3})]
    ids = sorted([created.api_client["id"], created.api_token["id"]])
    found = await rows("month", "credential_id")
    assert [row[:2] for row in found] == [(month[0], ids[0]), (month[0], ids[1]), (month[1], ids_of(created))]
    company_id = UUID(str(created.company["id"]))
    assert await rows("hour", "company_id", company_id=company_id, credential_ids=(ids_of(created),)) == [
        (now, company_id, {accepted: 5, refused: 4}),
        (before, company_id, {accepted: 5}),
    ]
    assert await rows("hour", company_id=uuid4()) == []
    pages = [await usage.rows(UsageQuery("hour", ALL), 1, offset) for offset in (0, 1, 2)]
    assert [[row.at for row in page] for page in pages] == [[now], [before], []]


@pytest.mark.parametrize("groups", [(), ("route",), ("credential_id", "route")])
async def test_small_pages_are_together_what_a_large_one_is(
    usage: PostgresUsage, created: All, groups: Any
) -> None:
    lots = random.Random(7)
    token = {"kind": "api_token", "credential": str(created.api_token["id"])}
    await usage.add(
        batch(
            *(
                counted(created, lots.randrange(1, 9), hour=HOUR - lots.randrange(0, 72), route=f"r{n % 5}", **of)
                for n in range(60)
                for of in ({}, token)
            )
        )
    )
    for by in ("hour", "day", "month", "total"):
        query = UsageQuery(by, UsageFilter(BEGIN, END), groups)
        whole = await usage.rows(query, 1000, 0)
        assert len(whole) > (1 if by == "hour" else 0)
        paged = [row for offset in range(0, len(whole), 2) for row in await usage.rows(query, 2, offset)]
        assert paged == whole, by


async def test_a_total_is_one_period_in_which_the_most_called_come_first(
    usage: PostgresUsage, created: All
) -> None:
    start = datetime.fromtimestamp((HOUR - 24 * 40) * 3600, UTC).replace(hour=0)
    await usage.add(
        batch(
            counted(created, 2, route="seldom"),
            counted(created, 3, route="often"),
            counted(created, 4, route="often", hour=HOUR - 24 * 40, outcome="refused", cause="expired"),
            counted(created, 9, route="before", hour=HOUR - 24 * 42),
        )
    )
    query = UsageQuery("total", UsageFilter(start, END), ("route",))
    rows = await usage.rows(query, 50, 0)
    assert [(row.at, row.group["route"], dict(row.calls)) for row in rows] == [
        (start, "often", {("accepted", ""): 3, ("refused", "expired"): 4}),
        (start, "seldom", {("accepted", ""): 2}),
    ]
    pages = [await usage.rows(query, 1, offset) for offset in (0, 1, 2)]
    assert [[row.group["route"] for row in page] for page in pages] == [["often"], ["seldom"], []]
    (everything,) = await usage.rows(UsageQuery("total", UsageFilter(start, END)), 50, 0)
    assert sum(everything.calls.values()) == 9


def ids_of(created: All) -> UUID:
    return UUID(str(created.api_client["id"]))


async def test_last_use_is_known_for_each_secret_and_never_goes_back(
    usage: PostgresUsage, created: All, emptied: Emptied
) -> None:
    at = time.time()
    await usage.add(batch(counted(created, last_used_at=at - 60), counted(created, version=2, last_used_at=at - 5)))
    await usage.add(batch(counted(created, last_used_at=at - 90), counted(created, version=3)))
    await usage.add(batch(counted(created, version=2, last_used_at=at + 86400)))
    async with PostgresStore(emptied.database).reading() as reader:
        used = (await reader.last_used([ids_of(created)]))[ids_of(created)]
    assert used.keys() == {1, 2}
    assert abs(used[1].timestamp() - (at - 60)) < 0.01
    assert abs(used[2].timestamp() - at) < 30, "a clock that is fast uses nothing in the future"


async def test_calls_of_a_credential_that_is_deleted_are_reported_as_not_kept(
    usage: PostgresUsage, created: All, emptied: Emptied
) -> None:
    await usage.add(
        batch(
            counted(created, 2, last_used_at=time.time()),
            issued=[
                IssuedCount(
                    kind="api_client",
                    credential=created.api_client["key"],
                    version=1,
                    what="jwt",
                    expires_at=int(time.time()) + 600,
                    tokens=2,
                )
            ],
        )
    )
    assert (await usage.live(ALL)).tokens == {"jwt": 2}
    async with PostgresStore(emptied.database).writing(by=None) as writer:
        await writer.delete(API_CLIENT, ids_of(created))
    assert await usage.add(batch(counted(created, 3), counted(created, 4, kind="api_token", credential="x"))) == 7
    assert await usage.calls(ALL) == 2, "what it did before remains its company's"
    live = await usage.live(ALL)
    assert (live.tokens, live.last_used_at) == ({}, None)


async def test_users_are_counted_once_in_a_period_and_addresses_by_the_hour(
    usage: PostgresUsage, created: All
) -> None:
    key: dict[str, Any] = {"kind": "access_key", "credential": str(created.access_key["id"])}
    for users, hour in (((1, 2), HOUR), ((2, 3), HOUR), ((3, 4), HOUR - 24)):
        await usage.add(batch(counted(created, users=users, addresses=(users[0],), hour=hour, **key)))

    async def distinct(by: Any, what: Any) -> list[int]:
        found = await usage.sketches(UsageQuery(by, ALL, ("credential_id",)), what, 50)
        assert {group["credential_id"] for _, group, _ in found} <= {created.access_key["id"]}
        return sorted(count(sketch) for _, _, sketch in found)

    assert await distinct("hour", "user") == await distinct("day", "user") == [2, 3]
    assert await distinct("hour", "address") == [1, 2]
    assert await distinct("day", "address") == []


async def test_live_tokens_are_those_that_were_issued_and_have_not_ended(
    usage: PostgresUsage, created: All, emptied: Emptied
) -> None:
    minute = int(time.time()) // 60 * 60

    def issued(tokens: int, expires_at: int, *, version: int = 1, what: Any = "jwt") -> IssuedCount:
        key = created.api_client["key"]
        return IssuedCount(
            kind="api_client", credential=key, version=version, what=what, expires_at=expires_at, tokens=tokens
        )

    await usage.add(batch(issued=[issued(3, minute + 600), issued(5, minute), issued(7, minute + 600, version=2)]))
    await usage.add(batch(issued=[issued(2, minute + 600), issued(1, minute + 300, what="session_token")]))
    await usage.add(batch(issued=[issued(-1, minute + 300, what="session_token")]))
    which = UsageFilter(BEGIN, END, company_id=UUID(str(created.company["id"])))
    assert (await usage.live(which)).tokens == {"jwt": 12, "session_token": 0}
    async with emptied.database.connection() as connection:
        await connection.execute(
            "UPDATE credential_version SET revoked = true, retires_at = now() "
            "WHERE kind = 'api_client' AND version = 1"
        )
    assert (await usage.live(which)).tokens["jwt"] == 7, "those of a secret that was ended at once have ended"


async def test_nothing_is_kept_for_longer_than_is_stated(
    usage: PostgresUsage, created: All, emptied: Emptied
) -> None:
    key: dict[str, Any] = {"kind": "access_key", "credential": str(created.access_key["id"])}
    await usage.add(
        batch(
            counted(created, users=(1,), addresses=(1,), **key),
            issued=[
                IssuedCount(
                    kind="access_key", credential=key["credential"], what="jwt", expires_at=HOUR * 3600, tokens=1
                )
            ],
        )
    )
    tables = (
        *("usage_hour", "distinct_hour", "usage_day", "distinct_day"),
        *("issued_tokens", "usage_source", "usage_total"),
    )

    async def left(after: timedelta) -> list[int]:
        await usage.prune(time.time() + after.total_seconds())
        async with emptied.database.connection() as connection:
            return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]

    assert await left(timedelta()) == [1, 2, 1, 1, 0, 1, 1]
    assert await left(timedelta(days=9)) == [1, 1, 1, 1, 0, 1, 1]
    assert await left(timedelta(days=36)) == [0, 0, 1, 1, 0, 0, 0]
    assert await left(timedelta(days=1101)) == [0, 0, 0, 0, 0, 0, 0]
