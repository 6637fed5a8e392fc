"""Quotas that are used become events of their company."""

from uuid import uuid4

from services.key_registry.events.quota_notices import QuotaNotices
from shared.contracts.limits import Percent, QuotaNotice
from tests.support.harness.registry_rules import Desk


def notice(id_: str, percent: Percent, *, calls: int = 10, period: str = "2026-11") -> QuotaNotice:
    return QuotaNotice(kind="company", id=id_, period=period, calls=calls, percent=percent, at=1_800_000_000.0)


async def test_each_share_of_a_quota_is_one_event_a_period_whoever_reports_it(desk: Desk) -> None:
    company = await desk.company()
    notices, before = QuotaNotices(desk.store), set(desk.store.tables.events)
    for _ in range(3):
        await notices.add([notice(company["id"], 80), notice(company["id"], 100)])
    await notices.add([notice(company["id"], 80, calls=20), notice(company["id"], 80, period="2026-12")])
    found = [event for key, event in desk.store.tables.events.items() if key not in before]
    assert [event.type for event in found] == ["quota.nearly_used", "quota.used", *["quota.nearly_used"] * 2]
    assert {event.company_id for event in found} == {company["id"]}
    assert found[0].data == {
        "kind": "company",
        "id": company["id"],
        "name": company["client_prefix"],
        "calls": 10,
        "period": "2026-11",
    }


async def test_of_what_is_gone_there_is_no_event(desk: Desk) -> None:
    before = dict(desk.store.tables.events)
    await QuotaNotices(desk.store).add([notice(str(uuid4()), 80)])
    assert desk.store.tables.events == before
