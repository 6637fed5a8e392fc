"""What operators look at first: calls of all together, stops that are not everywhere yet, who is behind.

And what the platform runs on.
"""

import time
from typing import Any
from uuid import uuid4

from services.key_registry.operations import overview
from shared.contracts.key_registry import ORIGIN_MARK, KeyRegistryClient, Position
from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from shared.release import RELEASE
from tests.support.harness.key_registry import Admin, Running


def called(key: dict[str, Any], *, hours_ago: int = 0, **members: Any) -> UsageCount:
    hour = int(time.time() // 3600) - hours_ago
    given = {"outcome": "accepted", "calls": 1, **members}
    return UsageCount(kind="access_key", credential=key["id"], version=1, route="/generate", hour=hour, **given)


async def report(client: KeyRegistryClient, instance: str, position: int, *, release: str | None = None) -> None:
    changes = (await client.changes(position - 1, limit=1)).changes if position else ()
    mark = changes[0].mark if changes else ORIGIN_MARK
    await client.report(
        Position(instance=instance, service="gateway", position=position, mark=mark, release=release)
    )


async def test_calls_of_all_companies_are_shown_by_hour_outcome_and_cause(running: Running, owner: Admin) -> None:
    assert (await owner.get("/overview")).body["there_is"] == dict.fromkeys(
        ("company", "application", "booking", "credential", "call"), False
    )
    keys = []
    for _ in range(2):
        company = await owner.company()
        keys.append(await owner.create("/access-keys", company_id=company["id"], name="x"))
    counts = [called(key, calls=3) for key in keys]
    counts.append(called(keys[0], outcome="refused", cause="expired", calls=2))
    counts.append(called(keys[0], hours_ago=24, calls=7))
    counts.append(called(keys[0], hours_ago=25, calls=50))
    token = await owner.create("/admin-tokens", name="automation", role="editor")
    of_admin = called(token, calls=100).model_copy(update={"kind": "admin_token", "route": "/admin/v1/companies"})
    async with running.calls("gateway") as calls:
        await UsageClient(calls).add_usage(UsageBatch(source=str(uuid4()), number=1, counts=(of_admin,)))
    assert not (await owner.get("/overview")).body["there_is"]["call"], "partners have called nothing yet"
    batch = UsageBatch(source=str(uuid4()), number=1, counts=tuple(counts))
    async with running.calls("session_tokens") as calls:
        await UsageClient(calls).add_usage(batch)
        await UsageClient(calls).add_usage(batch)
    shown = (await owner.get("/overview")).body
    newest, oldest = shown["hours"]
    assert newest["calls"] == {"accepted": 6, "refused": 2, "failed": 0}
    assert newest["refusals"] == {"expired": 2}
    assert oldest["calls"] == {"accepted": 7, "refused": 0, "failed": 0}
    assert shown["there_is"]["call"]
    assert shown["there_is"]["credential"]
    assert not shown["there_is"]["booking"]


async def test_stop_is_in_flight_until_the_last_process_has_applied_it(running: Running, owner: Admin) -> None:
    company = await owner.company(client_prefix="inflight")
    stopped = await owner.post(f"/companies/{company['id']}/suspend")
    receipt = stopped.body["receipt"]
    async with running.client("gateway") as client:
        await report(client, "gateway@ahead", receipt, release="9.9.9")
        await report(client, "gateway@behind", receipt - 1)
        shown = (await owner.get("/overview")).body
        [stop] = shown["in_flight"]
        assert (stop["receipt"], stop["subject_name"], stop["status"]) == (receipt, "inflight", "suspended")
        assert (stop["applied"], stop["of"]) == (1, 2)
        [gateways] = shown["services"]
        assert (gateways["service"], gateways["instances"], gateways["behind"]) == ("gateway", 2, 1)
        assert gateways["behind_since"] == stop["at"]
        system = (await owner.get("/system")).body
        assert [(each["instance"], each["behind"], each["release"]) for each in system["followers"]] == [
            ("gateway@ahead", 0, "9.9.9"),
            ("gateway@behind", 1, None),
        ]
        assert system["position"] == receipt
        await report(client, "gateway@behind", receipt)
    shown = (await owner.get("/overview")).body
    assert shown["in_flight"] == []
    assert shown["services"][0]["behind"] == 0
    assert shown["services"][0]["behind_since"] is None


async def test_credentials_that_end_soon_are_counted_up_to_a_bound(owner: Admin, monkeypatch: Any) -> None:
    company = await owner.company()
    before = (await owner.get("/overview")).body["expiring"]["credentials"]
    for days in (1, 29, 31):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))
        await owner.create("/access-keys", company_id=company["id"], name="x", expires_at=at)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    revoked = await owner.create("/access-keys", company_id=company["id"], name="x", expires_at=at)
    await owner.post(f"/access-keys/{revoked['id']}/revoke")
    expiring = (await owner.get("/overview")).body["expiring"]
    assert (expiring["credentials"], expiring["more"]) == (before + 2, False)
    monkeypatch.setattr(overview, "MAX_EXPIRING", before + 1)
    expiring = (await owner.get("/overview")).body["expiring"]
    assert (expiring["credentials"], expiring["more"]) == (before + 1, True)


async def test_the_system_says_what_it_runs_on(owner: Admin) -> None:
    shown = (await owner.get("/system")).body
    dependencies = {each["name"]: each for each in shown["dependencies"]}
    assert dependencies["postgresql"]["state"] == "up"
    assert dependencies["valkey"]["state"] == "down", "nothing listens there"
    assert not dependencies["valkey"]["required"]
    assert shown["database_version"].partition(".")[0].isdigit()
    assert len(shown["schema_revision"]) == 4
    assert shown["release"] == RELEASE
    assert {each["name"] for each in shown["history_copies"]} == {"valkey"}
    assert shown["restore"] is None
    assert shown["audit"]["lines"] > 0
    assert shown["audit"]["checkpoint"] is None, "there is no key to sign with"


async def test_who_is_bound_to_a_company_sees_neither(owner: Admin) -> None:
    company = await owner.company()
    token = await owner.create("/admin-tokens", name="bound", role="owner", company_id=company["id"])
    bound = owner.with_token(token["token"])
    for path in ("/overview", "/system"):
        assert (await bound.get(path)).status == 403
        assert (await owner.get(f"{path}?x=1")).status == 422
