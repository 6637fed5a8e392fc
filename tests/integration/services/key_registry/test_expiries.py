"""`GET /admin/v1/expiries`: what ends when, of all kinds together, and how many on each day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.key_registry.operations import expiries
from tests.support.harness.key_registry import Admin

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day(number: int) -> str:
    return f"{TODAY + timedelta(days=number):%Y-%m-%d}"


async def ending(owner: Admin, company: Any, name: str, days: int, **members: Any) -> dict[str, Any]:
    given = {"company_id": company["id"], "name": name, "expires_at": f"{day(days)}T00:00:00Z", **members}
    return await owner.create("/access-keys", **given)


async def listed(admin: Admin, query: str) -> list[dict[str, Any]]:
    """Of all pages."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await admin.get(f"/expiries?{query}{cursor}")).body
        found += page["items"]
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_all_kinds_are_in_one_list_by_the_time_at_which_they_end(owner: Admin) -> None:
    company = await owner.company()
    booking = await owner.booking(company, "sms:send")
    await ending(owner, company, "second", 20)
    await owner.create(
        "/api-tokens", booking_id=booking["id"], remote_application="first", expires_at=f"{day(10)}T12:00:00Z"
    )
    of = {"company_id": company["id"], "scopes": ["sms:send"]}
    await owner.create("/api-clients", **of, comment="third", expires_at=f"{day(20)}T00:00:01Z")
    pair = await owner.create("/key-pairs", **of, algorithm="EdDSA", expires_at=f"{day(30)}T00:00:00Z")
    said = {"comment": "fifth", "algorithm": "EdDSA", "expires_at": f"{day(31)}T00:00:00Z"}
    await owner.create("/key-pairs", **of, **said)
    await ending(owner, company, "too late", 200)
    revoked = await ending(owner, company, "revoked", 5)
    await owner.post(f"/access-keys/{revoked['id']}/revoke")
    await owner.create("/access-keys", company_id=company["id"], name="never")
    found = await listed(owner, f"company_id={company['client_prefix']}")
    assert [(item["kind"], item["name"]) for item in found] == [
        ("api_token", "first"), ("access_key", "second"), ("api_client", "third"), ("key_pair", pair["kid"]),
        ("key_pair", "fifth"),
    ]  # fmt: skip
    assert found[0]["company"]["client_prefix"] == company["client_prefix"]
    assert found[1]["last_four"]
    query = f"company_id={company['id']}&from={day(20)}T00:00:00Z&to={day(21)}T00:00:00Z"
    assert [item["name"] for item in await listed(owner, query)] == ["second", "third"]


async def test_those_that_end_at_one_moment_are_each_on_one_page(owner: Admin) -> None:
    company = await owner.company()
    names = {f"key {n}" for n in range(7)}
    for name in names:
        await ending(owner, company, name, 40)
    found = [item["name"] for item in await listed(owner, f"company_id={company['id']}&limit=2")]
    assert len(found) == len(names)
    assert set(found) == names


async def test_days_count_what_ends_on_them_and_say_where_counting_stopped(
    owner: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await owner.company()
    for days in (3, 5, 5, 80, 95):
        await ending(owner, company, "x", days)
    booking = await owner.booking(company)
    at = f"{day(5)}T23:59:59Z"
    await owner.create("/api-tokens", booking_id=booking["id"], remote_application="x", expires_at=at)
    path = f"/expiries/days?company_id={company['client_prefix']}"
    shown = (await owner.get(path)).body
    assert [(item["day"], item["credentials"]) for item in shown["items"]] == [
        (day(3), 1),
        (day(5), 3),
        (day(80), 1),
    ]
    assert shown["items"][1]["kinds"] == {"access_key": 2, "api_token": 1}
    assert shown["counted_until"] is None
    assert len((await owner.get(f"{path}&days=4")).body["items"]) == 1
    monkeypatch.setattr(expiries, "MAX_COUNTED", 3)
    shown = (await owner.get(path)).body
    assert [item["day"] for item in shown["items"]] == [day(3)]
    assert shown["counted_until"] == day(5)


async def test_who_is_bound_to_a_company_sees_what_of_it_ends_and_nothing_else(owner: Admin) -> None:
    own, other = await owner.company(), await owner.company()
    await ending(owner, own, "ours", 8)
    await ending(owner, other, "theirs", 8)
    token = await owner.create("/admin-tokens", name="bound", role="viewer", company_id=own["id"])
    bound = owner.with_token(token["token"])
    assert [item["name"] for item in await listed(bound, "limit=200")] == ["ours"]
    assert sum(item["credentials"] for item in (await bound.get("/expiries/days")).body["items"]) == 1
    for path in ("/expiries", "/expiries/days"):
        assert (await bound.get(f"{path}?company_id={other['id']}")).body["items"] == []
        assert (await owner.get(f"{path}?company_id=nobody")).body["items"] == []


async def test_wrong_parameters_are_named(owner: Admin) -> None:
    for query, field in (("days=0", "days"), ("days=367", "days"), ("from=x", "from")):
        assert field in (await owner.get(f"/expiries/days?{query}")).fields
    assert (await owner.get("/expiries?to=yesterday")).fields == {"to"}
