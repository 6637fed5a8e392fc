"""/admin/v1/report-only: what processes count of calls that would have been refused, for whoever may see them."""

import time
from typing import Any
from uuid import uuid4

import pytest

from services.key_registry.report_only import ports
from services.key_registry.storage.postgres import report_only as storage
from services.key_registry.storage.postgres.report_only import PostgresReportOnly
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyCount
from tests.support.harness.key_registry import Running
from tests.support.traces import trace


def count(company_id: str = "", **members: Any) -> ReportOnlyCount:
    at = time.time()
    given = {
        "cause": "expired",
        "kind": "route",
        "name": "site",
        "count": 1,
        "first_at": at,
        "last_at": at,
        **members,
    }
    return ReportOnlyCount(company_id=company_id, **given)


def batch(*counts: ReportOnlyCount) -> ReportOnlyBatch:
    return ReportOnlyBatch(id=str(uuid4()), counts=counts)


async def report(running: Running, *batches: ReportOnlyBatch) -> None:
    async with running.client("gateway") as client:
        for each in batches:
            await client.add_report_only(each)


async def test_counts_of_a_day_add_up_and_a_batch_that_comes_twice_counts_once(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    first = batch(count(company["id"], count=3, last_request_id="request-1"))
    second = batch(count(company["id"], count=4, last_request_id="request-2"))
    await report(running, first, first, second, first)
    [item] = (await owner.get(f"/report-only?company_id={company['client_prefix']}")).body["items"]
    assert (item["count"], item["last_request_id"], item["cause"], item["name"]) == (
        7,
        "request-2",
        "expired",
        "site",
    )
    assert item["company"]["client_prefix"] == company["client_prefix"]


async def test_counts_are_listed_by_company_cause_kind_and_day(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    await report(
        running,
        batch(count(company["id"], cause="stopped")),
        batch(count(company["id"], cause="insufficient_scope", kind="scope", name="site:write")),
        batch(count(cause="no_credential", name="here")),
    )
    of = f"/report-only?company_id={company['id']}"
    listed = (await owner.get(of)).body["items"]
    assert [item["cause"] for item in listed] == ["insufficient_scope", "stopped"]
    assert [item["cause"] for item in (await owner.get(f"{of}&kind=scope")).body["items"]] == ["insufficient_scope"]
    assert [item["kind"] for item in (await owner.get(f"{of}&cause=stopped")).body["items"]] == ["route"]
    assert (await owner.get(f"{of}&from=2099-01-01T00:00:00Z")).body["items"] == []
    assert len((await owner.get(f"{of}&from=2000-01-01T00:00:00Z&to=2099-01-01T00:00:00Z")).body["items"]) == 2
    [stranger] = (await owner.get("/report-only?name=here")).body["items"]
    assert (stranger["company_id"], stranger["company"]) == (None, None)
    page = (await owner.get(f"{of}&limit=1")).body
    rest = (await owner.get(f"{of}&limit=1&cursor={page['next_cursor']}")).body
    assert [item["cause"] for item in page["items"] + rest["items"]] == ["insufficient_scope", "stopped"]
    assert (await owner.get("/report-only?kind=odd&when=1")).fields == {"kind", "when"}


async def test_token_of_a_company_sees_that_companys_counts_alone(running: Running) -> None:
    owner = running.owner
    company, other = await owner.company(), await owner.company()
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    bound = owner.with_token(created["token"])
    await report(running, batch(count(company["id"]), count(other["id"]), count()))
    assert [item["company_id"] for item in (await bound.get("/report-only")).body["items"]] == [company["id"]]
    assert (await bound.get(f"/report-only?company_id={other['id']}")).body["items"] == []


async def test_a_day_has_a_bounded_number_of_rows_and_loses_no_call(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MAX_ROWS_A_DAY", 0)
    company = await running.owner.company()
    await report(running, batch(*(count(company["id"], name=f"n{n}", cause="flood", count=2) for n in range(50))))
    [item] = (await running.owner.get("/report-only?cause=flood")).body["items"]
    assert (item["name"], item["company_id"], item["count"]) == ("other", None, 100)


async def test_what_is_older_than_a_month_is_deleted(running: Running) -> None:
    await report(running, batch(count(name="old")), batch(count(name="new")))
    async with running.database.connection() as connection:
        await connection.execute(
            "UPDATE report_only_count SET day = day - $1::int WHERE name = 'old'", ports.KEPT_DAYS + 1
        )
        await connection.execute("UPDATE report_only_batch SET at = at - interval '25 hours'")
    await PostgresReportOnly(running.database).prune()
    assert (await running.owner.get("/report-only?name=old")).body["items"] == []
    assert len((await running.owner.get("/report-only?name=new")).body["items"]) == 1
    async with running.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM report_only_batch") == 0


async def test_text_with_a_zero_byte_is_kept_without_it(running: Running) -> None:
    await report(running, batch(count(name="a\0b", cause="x\0", last_request_id="\0")))
    assert (await running.owner.get("/report-only")).body["items"][0]["name"] == "a\ufffdb"
    async with running.client("gateway") as client:
        await client.add_traces([trace(77, cause="a\0b", route="\0", credential="\0")])
