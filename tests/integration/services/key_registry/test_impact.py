"""/admin/v1/{resource}/{id}/impact: what a stop would stop, before anything is stopped."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from shared.clock import SystemClock
from shared.contracts.usage.messages import UsageClient
from shared.errors import Unavailable
from shared.usage.recorder import Usage
from tests.support.harness.key_registry import Admin, Running
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


async def _reported(usage: Usage) -> bool:
    """False when a busy machine's database was too slow: the same batch is sent again."""
    try:
        await usage.report()
    except Unavailable:
        return False
    return True


NOTHING = {"live_jwts": 0, "live_session_tokens": 0}


class World:
    """A company with one credential of each kind, of which some were used, and another company."""

    def __init__(self, running: Running) -> None:
        self.running, self.owner = running, running.owner

    async def create(self) -> "World":
        owner = self.owner
        self.company, self.other = await owner.company(), await owner.company()
        of = {"company_id": self.company["id"]}
        self.booking = await owner.booking(self.company, "sms:send")
        self.token = await owner.create("/api-tokens", booking_id=self.booking["id"], remote_application="Shop")
        self.key = await owner.create("/access-keys", **of, name="demo")
        self.client = await owner.create("/api-clients", **of, comment="x", scopes=["sms:*"])
        self.unrelated = await owner.create("/api-clients", **of, comment="x", scopes=["site:read"])
        self.pair = await owner.create("/key-pairs", **of, scopes=["site:read"], algorithm="EdDSA")
        return self

    async def use(self) -> None:
        until = time.time() + 600
        async with self.running.calls("gateway") as calls:
            usage = Usage(UsageClient(calls), clock=SystemClock())
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
                usage.count("api_client", self.client["key"], 1, "site", "accepted", address=address)
            usage.count("api_client", self.unrelated["key"], 1, "site", "accepted", address="192.0.2.3")
            usage.count("api_client", self.client["key"], 1, "site", "refused", "insufficient_scope")
            usage.count("api_token", self.token["id"], 1, "sms", "accepted", address="192.0.2.2")
            for kind, name, version, tokens in (
                ("api_client", self.client["key"], 1, 3),
                ("api_client", self.unrelated["key"], 1, 5),
                ("key_pair", self.pair["kid"], 0, 7),
            ):
                usage.issued(kind, name, version, "jwt", until, tokens)  # type: ignore[arg-type]
            usage.issued("access_key", self.key["id"], 1, "session_token", until, 2)
            async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
                while not await _reported(usage):
                    await asyncio.sleep(0.05)

    async def impact(self, path: str, admin: Admin | None = None) -> dict[str, Any]:
        response = await (admin or self.owner).get(f"{path}/impact")
        assert response.status == 200, response.raw
        return dict(response.body)


def figures(impact: Mapping[str, Any]) -> tuple[Any, ...]:
    week = impact["week"]
    return (impact["live_jwts"], impact["live_session_tokens"], week["calls"], week["addresses"])


def dependents(impact: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["kind"]: (one["active"], one["suspended"]) for one in impact["dependents"]}


async def test_each_object_shows_what_its_stop_would_stop(running: Running) -> None:
    world = await World(running).create()
    await world.use()
    client = await world.impact(f"/api-clients/{world.client['key']}")
    assert figures(client) == (3, 0, 3, 2)
    assert {name: client[name]["calls"] for name in ("hour", "day", "week")} == {"hour": 3, "day": 3, "week": 3}
    assert (client["dependents"], client["last_used_at"] is None) == ([], False)
    assert figures(await world.impact(f"/key-pairs/{world.pair['kid']}")) == (7, 0, 0, 0)
    assert figures(await world.impact(f"/access-keys/{world.key['id']}")) == (0, 2, 0, 0)
    assert figures(await world.impact(f"/api-tokens/{world.token['id']}")) == (0, 0, 1, 1)
    company = await world.impact(f"/companies/{world.company['client_prefix']}")
    assert figures(company) == (3 + 5 + 7, 2, 5, 3)
    assert dependents(company) == {
        "booking": (1, 0),
        "api_token": (1, 0),
        "access_key": (1, 0),
        "api_client": (2, 0),
        "key_pair": (1, 0),
    }
    for path in (f"/bookings/{world.booking['id']}", f"/applications/{world.booking['application_id']}"):
        found = await world.impact(path)
        assert figures(found) == (3, 0, 4, 2), "of API tokens, and of clients that have something of its scopes"
        expected = {"api_token": (1, 0), "api_client": (1, 0)}
        assert dependents(found) == (expected if "bookings" in path else {"booking": (1, 0), **expected})
    other = await world.impact(f"/companies/{world.other['id']}")
    assert (figures(other), other["last_used_at"], other["dependents"]) == ((0, 0, 0, 0), None, [])


async def test_what_was_ended_already_is_not_alive_and_nothing_is_changed_by_looking(running: Running) -> None:
    world = await World(running).create()
    await world.use()
    path, owner = f"/api-clients/{world.client['id']}", world.owner
    before = (await owner.get(path)).body
    await world.impact(path)
    assert (await owner.get(path)).body == before
    await owner.post(f"{path}/suspend")
    assert figures(await world.impact(path))[0] == 3, "they go on when it is resumed"
    assert dependents(await world.impact(f"/companies/{world.company['id']}"))["api_client"] == (1, 1)
    await owner.post(f"{path}/resume")
    await owner.post(f"{path}/rotate", {"keep_old_for": 0})
    assert figures(await world.impact(path))[0] == 0
    await owner.post(f"/key-pairs/{world.pair['kid']}/revoke")
    assert figures(await world.impact(f"/key-pairs/{world.pair['kid']}"))[0] == 0
    company = await world.impact(f"/companies/{world.company['id']}")
    assert (figures(company)[0], dependents(company).get("key_pair")) == (5, None)


async def test_token_of_a_company_sees_what_is_its_own_alone(running: Running) -> None:
    world = await World(running).create()
    await world.use()
    application = world.booking["application_id"]
    await world.owner.create("/bookings", company_id=world.other["id"], application_id=application)
    bound = []
    for company in (world.company, world.other):
        created = await world.owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
        bound.append(world.owner.with_token(created["token"]))
    mine, theirs = bound
    assert figures(await world.impact(f"/applications/{application}", mine)) == (3, 0, 4, 2)
    found = await world.impact(f"/applications/{application}", theirs)
    assert (figures(found), dependents(found)) == ((0, 0, 0, 0), {"booking": (1, 0)})
    assert (await theirs.get(f"/api-clients/{world.client['id']}/impact")).status == 404
    assert (await world.owner.get(f"/api-clients/{world.client['id']}/impact?wait=1")).fields == {"wait"}
    assert (await world.owner.get("/api-clients/pgck_nobody/impact")).status == 404


async def test_credential_without_a_secret_that_works_is_not_counted_as_active(running: Running) -> None:
    world = await World(running).create()
    owner = world.owner
    for path in (f"/api-tokens/{world.token['id']}", f"/api-clients/{world.client['id']}"):
        await owner.post(f"{path}/versions/1/revoke")
        shown, impact = (await owner.get(path)).body, await world.impact(path)
        for found in (shown, impact):
            assert (found["status"], found["effective_status"], found["status_reason"]) == (
                "active",
                "no_secret",
                "no_secret",
            )
    company = await world.impact(f"/companies/{world.company['id']}")
    assert (company["effective_status"], company["status_reason"]) == ("active", None)
    assert dependents(company) == {
        "booking": (1, 0),
        "access_key": (1, 0),
        "api_client": (1, 0),
        "key_pair": (1, 0),
    }
    assert dependents(await world.impact(f"/bookings/{world.booking['id']}")) == {}
    await owner.post(f"/api-clients/{world.client['id']}/rotate", {"keep_old_for": 0})
    assert (await owner.get(f"/api-clients/{world.client['id']}")).body["effective_status"] == "active"
