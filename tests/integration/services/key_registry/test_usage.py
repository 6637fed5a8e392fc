"""/admin/v1/usage and last use, as processes report it and admins see it."""

import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from shared.clock import SystemClock
from shared.contracts.usage.messages import UsageBatch, UsageClient
from shared.errors import Unavailable
from shared.usage.recorder import Usage
from tests.support.harness.key_registry import Admin, Running
from tests.support.waiting import until

WRONG = {
    "from": "yesterday",
    "to": "2026-13-01T00:00:00Z",
    "by": "week",
    "company_id": "no such!",
    "credential_id": "",
    "route": "a" * 256,
    "group_by": "company_id,company_id",
    "limit": "0",
    "cursor": "x",
    "per": "day",
}


@asynccontextmanager
async def counting(running: Running, service: str = "gateway") -> AsyncIterator[Usage]:
    async with running.calls(service) as calls:
        yield Usage(UsageClient(calls), clock=SystemClock())


async def client_of(owner: Admin) -> tuple[dict[str, Any], dict[str, Any]]:
    company = await owner.company()
    scopes = {"comment": "demo", "scopes": ["site:read"]}
    return company, await owner.create("/api-clients", company_id=company["id"], **scopes)


async def test_calls_refusals_and_users_are_shown_by_period_and_group(running: Running, owner: Admin) -> None:
    company, client = await client_of(owner)
    key = await owner.create("/access-keys", company_id=company["id"], name="demo")
    async with counting(running) as usage:
        for outcome, cause, calls in (
            ("accepted", "", 5),
            ("refused", "insufficient_scope", 2),
            ("failed", "loop", 1),
        ):
            for _ in range(calls):
                usage.count("api_client", client["key"], 1, "site", outcome, cause)  # type: ignore[arg-type]
        cell = usage.count("access_key", key["id"], 1, "/generate", "accepted")
        for user in ("1", "2", "1"):
            usage.user(cell, user)
        await usage.report()
    prefix = company["client_prefix"]
    [item] = (await owner.get(f"/usage?company_id={prefix}")).body["items"]
    assert item["calls"] == {"accepted": 6, "refused": 2, "failed": 1}
    assert (item["refusals"], item["failures"]) == ({"insufficient_scope": 2}, {"loop": 1})
    assert (item["distinct_users"], item["company_id"], item["route"]) == (2, None, None)
    [item] = (await owner.get(f"/usage?by=hour&credential_id={client['key']}")).body["items"]
    assert (item["calls"]["accepted"], item["distinct_users"]) == (5, 0)
    found = (await owner.get(f"/usage?by=month&company_id={prefix}&group_by=route,credential_id")).body["items"]
    groups = {(item["credential_id"], item["route"], item["distinct_users"]) for item in found}
    assert groups == {(client["id"], "site", None), (key["id"], "/generate", None)}
    first = (await owner.get(f"/usage?company_id={prefix}&group_by=route&limit=1")).body
    cursor = first["next_cursor"]
    second = (await owner.get(f"/usage?company_id={prefix}&group_by=route&limit=1&cursor={cursor}")).body
    assert [page["items"][0]["route"] for page in (first, second)] == ["/generate", "site"]
    assert second["next_cursor"] is None
    for nothing in ("route=none", "from=2099-01-01T00:00:00Z&to=2099-01-02T00:00:00Z", "company_id=nobody"):
        assert (await owner.get(f"/usage?{nothing}")).body["items"] == []


async def test_groups_have_names_beside_their_ids_as_long_as_there_is_what_has_them(
    running: Running, owner: Admin
) -> None:
    company, client = await client_of(owner)
    pair = await owner.create("/key-pairs", company_id=company["id"], scopes=[], algorithm="EdDSA")
    gone = await owner.create("/access-keys", company_id=company["id"], name="gone")
    async with counting(running) as usage:
        usage.count("api_client", client["key"], 1, "site", "accepted")
        usage.count("key_pair", pair["kid"], 0, "site", "accepted")
        usage.count("access_key", gone["id"], 1, "site", "accepted")
        await usage.report()
    await owner.post(f"/access-keys/{gone['id']}/revoke")
    assert (await owner.call("DELETE", f"/access-keys/{gone['id']}")).status == 204
    found = (await owner.get(f"/usage?company_id={company['id']}&group_by=company_id,credential_id")).body["items"]
    names = {item["credential_id"]: (item["credential_kind"], item["credential_name"]) for item in found}
    assert names == {
        client["id"]: ("api_client", "demo"),
        pair["id"]: ("key_pair", pair["kid"]),
        gone["id"]: (None, None),
    }
    named = {name: company[name] for name in ("client_prefix", "name")}
    assert [item["company"] for item in found] == [named] * 3
    [item] = (await owner.get(f"/usage?company_id={company['id']}")).body["items"]
    assert (item["company"], item["credential_kind"], item["credential_name"]) == (None, None, None)


async def test_a_total_has_the_most_called_first_and_of_several_credentials_theirs_alone(
    running: Running, owner: Admin
) -> None:
    company, client = await client_of(owner)
    keys = [await owner.create("/access-keys", company_id=company["id"], name=f"key {n}") for n in range(3)]
    async with counting(running) as usage:
        for number, key in enumerate(keys, 1):
            for user in range(number):
                cell = usage.count("access_key", key["id"], 1, "/generate", "accepted")
                usage.user(cell, str(user))
        usage.count("api_client", client["key"], 1, "site", "refused", "expired")
        await usage.report()
    path = "/usage?by=total&from=2026-01-01T09:30:00Z&group_by=credential_id"
    wanted = ",".join((client["key"], keys[0]["id"], keys[2]["id"]))
    found = (await owner.get(f"{path}&credential_id={wanted}")).body["items"]
    assert {item["period"] for item in found} == {"2026-01-01T00:00:00Z"}
    assert [(item["credential_name"], sum(item["calls"].values())) for item in found[:1]] == [("key 2", 3)]
    assert {item["credential_id"] for item in found} == {client["id"], keys[0]["id"], keys[2]["id"]}
    [item] = (await owner.get(f"{path}&company_id={company['client_prefix']}&limit=1")).body["items"]
    assert (item["credential_name"], item["distinct_users"]) == ("key 2", 3)
    [all_] = (await owner.get(f"/usage?by=total&company_id={company['id']}")).body["items"]
    assert (all_["calls"], all_["distinct_users"]) == ({"accepted": 6, "refused": 1, "failed": 0}, 3)
    for wrong in (f"{client['id']},{client['id']}", ",".join(["x"] * 101), f"{client['id']},"):
        assert (await owner.get(f"/usage?credential_id={wrong}")).fields == {"credential_id"}


async def test_each_parameter_that_is_wrong_is_named(owner: Admin) -> None:
    query = "&".join(f"{name}={value}" for name, value in WRONG.items())
    wrong = await owner.get(f"/usage?{query}")
    assert (wrong.status, wrong.fields) == (422, set(WRONG))
    wrong = await owner.get("/usage?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z")
    assert (wrong.status, wrong.fields) == (422, {"from"})


async def test_token_of_a_company_sees_the_usage_of_that_company_alone(running: Running, owner: Admin) -> None:
    company, client = await client_of(owner)
    other, others = await client_of(owner)
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    bound = owner.with_token(created["token"])
    async with counting(running) as usage:
        usage.count("api_client", client["key"], 1, "site", "accepted")
        usage.count("api_client", others["key"], 1, "other", "accepted")
        await usage.report()
    [mine] = (await bound.get("/usage?group_by=route")).body["items"]
    assert mine["route"] == "site"
    for filtered in (
        f"company_id={other['id']}",
        f"credential_id={others['id']}",
        f"credential_id={others['key']}",
    ):
        assert (await bound.get(f"/usage?{filtered}")).body["items"] == []
    both = f"/usage?by=total&group_by=company_id,credential_id&credential_id={others['key']},{client['key']}"
    [mine] = (await bound.get(both)).body["items"]
    assert (mine["credential_id"], mine["credential_name"]) == (client["id"], "demo")
    assert mine["company"]["client_prefix"] == company["client_prefix"]


async def test_last_use_is_shown_with_each_credential_and_each_of_its_secrets(
    running: Running, owner: Admin
) -> None:
    _, client = await client_of(owner)
    path = f"/api-clients/{client['id']}"
    assert client["last_used_at"] is client["versions"][0]["last_used_at"] is None
    await owner.post(f"{path}/rotate", {})
    async with counting(running, "token_issuer") as usage:
        usage.count("api_client", client["key"], 1, "/auth/token", "accepted")
        await usage.report()
    shown = (await owner.get(path)).body
    used = {version["version"]: version["last_used_at"] for version in shown["versions"]}
    assert used == {1: shown["last_used_at"], 2: None}
    assert time.time() - 60 < _seconds(shown["last_used_at"]) <= time.time() + 1


async def test_the_use_of_admin_tokens_is_counted_by_the_registry_itself(running: Running, owner: Admin) -> None:
    created = await owner.create("/admin-tokens", name="x", role="viewer")
    assert (await owner.with_token(created["token"]).get("/companies")).status == 200

    async def shown() -> bool:
        token = (await owner.get(f"/admin-tokens/{created['id']}")).body
        return token["last_used_at"] is not None and token["last_used_at"] == token["versions"][0]["last_used_at"]

    await until(shown)


class LosesResponses:
    """Every other response is lost on its way back."""

    def __init__(self, client: UsageClient) -> None:
        self._client = client
        self.sent = 0

    async def add_usage(self, batch: UsageBatch) -> None:
        self.sent += 1
        await self._client.add_usage(batch)
        if self.sent % 2:
            raise Unavailable


async def test_a_report_whose_response_was_lost_is_not_counted_twice(running: Running, owner: Admin) -> None:
    _, client = await client_of(owner)
    async with running.calls("gateway") as calls:
        sink = LosesResponses(UsageClient(calls))
        usage = Usage(sink, clock=SystemClock())
        for number in range(1, 7):
            for _ in range(number):
                usage.count("api_client", client["key"], 1, "site", "accepted")
            with contextlib.suppress(Unavailable):
                await usage.report()
        with contextlib.suppress(Unavailable):
            await usage.report()
        assert sink.sent > 6
    [item] = (await owner.get(f"/usage?credential_id={client['id']}")).body["items"]
    assert item["calls"]["accepted"] == 1 + 2 + 3 + 4 + 5 + 6


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


async def test_calls_of_several_credentials_are_shown_by_day_in_the_order_of_their_ids(
    running: Running, owner: Admin
) -> None:
    company, client = await client_of(owner)
    _, other = await client_of(owner)
    quiet = await owner.create("/access-keys", company_id=company["id"], name="demo")
    async with counting(running) as usage:
        usage.count("api_client", client["key"], 1, "site", "accepted")
        usage.count("api_client", client["key"], 1, "other", "refused", "expired")
        usage.count("api_client", other["key"], 1, "site", "accepted")
        await usage.report()
    ids = [quiet["id"], client["id"], other["id"]]
    items = (await owner.get(f"/usage/credentials?credential_id={','.join(ids)}")).body["items"]
    assert [item["credential_id"] for item in items] == ids
    assert [[sum(day.values()) for day in item["days"]] for item in items] == [
        [0] * 7,
        [0] * 6 + [2],
        [0] * 6 + [1],
    ]
    assert items[1]["days"][-1] == {"accepted": 1, "refused": 1, "failed": 0}
    [item] = (await owner.get(f"/usage/credentials?credential_id={client['id']}&days=1")).body["items"]
    assert len(item["days"]) == 1
    token = await owner.create("/admin-tokens", name="bound", role="viewer", company_id=company["id"])
    bound = owner.with_token(token["token"])
    items = (await bound.get(f"/usage/credentials?credential_id={','.join(ids)}")).body["items"]
    assert [sum(item["days"][-1].values()) for item in items] == [0, 2, 0], "nothing of another company"
    for query in ("", "credential_id=x", f"credential_id={ids[0]},{ids[0]}", f"credential_id={ids[0]}&days=32"):
        assert (await owner.get(f"/usage/credentials?{query}")).status == 422, query
