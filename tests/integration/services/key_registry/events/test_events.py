"""/admin/v1/events over HTTP, and what is kept of events."""

import time
from typing import Any

from services.key_registry.storage.postgres.notices.events import PostgresEvents
from tests.support.harness.key_registry import Admin, Running
from tests.support.waiting import until


async def stopped(owner: Admin, *operations: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A company, and an access key of it that was stopped so."""
    company = await owner.company()
    key = await owner.create("/access-keys", company_id=company["id"], name="Shop")
    for operation in operations:
        assert (await owner.post(f"/access-keys/{key['id']}/{operation}")).status == 200
    return company, key


def types(page: Any) -> list[str]:
    return [event["type"] for event in page["items"]]


async def test_events_are_listed_by_company_type_and_time_in_pages_the_newest_first(running: Running) -> None:
    owner = running.owner
    company, key = await stopped(owner, "suspend", "resume", "revoke")
    of = f"/events?company_id={company['client_prefix']}"
    shown = (await owner.get(of)).body
    assert types(shown) == ["credential.revoked", "credential.resumed", "credential.suspended"]
    newest = shown["items"][0]
    assert newest["company"] == {"client_prefix": company["client_prefix"], "name": company["name"]}
    assert newest["data"] == {"kind": "access_key", "id": key["id"], "name": "Shop"}
    line = (await owner.get(f"/audit?subject={key['id']}&action=access_key.revoked")).body["items"][0]
    assert (newest["request_id"], newest["at"]) == (line["request_id"], line["at"])
    first = (await owner.get(f"{of}&limit=2")).body
    second = (await owner.get(f"{of}&limit=2&cursor={first['next_cursor']}")).body
    assert (first["items"] + second["items"], second["next_cursor"]) == (shown["items"], None)
    assert types((await owner.get(f"{of}&type=credential.resumed")).body) == ["credential.resumed"]
    suspended = shown["items"][-1]
    assert len((await owner.get(f"{of}&from={suspended['at']}")).body["items"]) == 3
    assert (await owner.get(f"{of}&to={suspended['at']}")).body["items"] == []


async def test_an_event_says_whether_what_it_is_of_is_there_still(owner: Admin) -> None:
    company, key = await stopped(owner, "revoke")
    of = f"/events?company_id={company['client_prefix']}"
    assert [event["deleted"] for event in (await owner.get(of)).body["items"]] == [False]
    assert (await owner.delete(f"/access-keys/{key['id']}")).status == 204
    assert [event["deleted"] for event in (await owner.get(of)).body["items"]] == [True]


async def test_each_parameter_that_is_wrong_is_named(owner: Admin) -> None:
    wrong = await owner.get("/events?type=credential.gone&from=yesterday&what=x")
    assert (wrong.status, wrong.fields) == (422, {"type", "from", "what"})


async def test_token_of_a_company_sees_the_events_of_that_company_alone(owner: Admin) -> None:
    company, _ = await stopped(owner, "suspend")
    other, _ = await stopped(owner, "suspend")
    token = (await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"]))["token"]
    bound = owner.with_token(token)
    seen = (await bound.get("/events?limit=200")).body["items"]
    assert {event["company_id"] for event in seen} == {company["id"]}
    assert (await bound.get(f"/events?company_id={other['id']}")).body["items"] == []


async def test_the_registry_announces_an_expiry_that_is_near(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7 * 86400 + 3600))
    key = await owner.create("/access-keys", company_id=company["id"], name="Shop", expires_at=at)
    async with running.database.transaction() as connection:  # two hours later, as its expiry has it
        for statement in (
            "UPDATE access_key SET expires_at = expires_at - interval '2 h' WHERE id = $1::text::uuid",
            "UPDATE expiry_notice SET expires_at = expires_at - interval '2 h', due_at = due_at - interval '2 h'"
            " WHERE credential_id = $1::text::uuid",
        ):
            await connection.execute(statement, key["id"])

    async def announced() -> bool:
        events = (await owner.get(f"/events?company_id={company['id']}")).body["items"]
        return [(e["type"], e["data"]["days_left"]) for e in events] == [("credential.expiring", 7)]

    await until(announced)


async def test_events_are_pruned_by_their_age_and_no_others(running: Running) -> None:
    owner = running.owner
    company, _ = await stopped(owner, "suspend", "resume")
    of = f"/events?company_id={company['id']}"
    newest, oldest = (await owner.get(of)).body["items"]
    async with running.database.connection() as connection:
        await connection.execute(
            "UPDATE event SET at = now() - interval '90 days' WHERE id = $1::text::uuid", oldest["id"]
        )
    await PostgresEvents(running.database).prune(time.time() - 89 * 86400)
    assert (await owner.get(of)).body["items"] == [newest]
