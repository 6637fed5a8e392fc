"""A restored database brings back nothing that was stopped, while the registry runs or before it starts."""

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from services.key_registry.commands import verify_audit
from services.key_registry.config import Settings
from services.key_registry.history.commands import check_history
from shared import opaque
from shared.contracts.key_registry import AuditEvent, Revocation
from shared.contracts.signing_keys import SigningKeyReport, SigningKeyReporter, SigningKeyStatus
from shared.jose.keys import generate_private_key
from shared.jose.pem import private_pem
from tests.integration.services.key_registry.people.joining import People
from tests.integration.services.key_registry.people.password_resets.resetting import NEW, follow, made
from tests.support.clock import FakeClock
from tests.support.harness.database_copies import DatabaseCopies
from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.registry_databases import tamper
from tests.support.harness.serving import ServiceKeys
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, becomes, until


class Place:
    """Where a registry of one database runs, again and again."""

    def __init__(self, database_url: str, redis_url: str, directory: Path) -> None:
        self.database_url, self.redis_url, self.directory = database_url, redis_url, directory
        self.token = opaque.mint(opaque.ADMIN_TOKEN)
        self.history = directory / "history"
        self.audit_key = directory / "audit_key.pem"
        self.webhook_key = directory / "webhook_key"
        self.webhook_key.write_text("k" * 42 + "w")

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Running]:
        async with running_registry(
            self.database_url,
            self.directory,
            token=self.token,
            registered=False,
            redis_url=self.redis_url,
            history_dir=self.history,
            audit_key_file=self.audit_key,
            webhook_key_file=self.webhook_key,
            store_timeout=5.0,
        ) as running:
            yield running

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        async with self.started() as running:
            await until(lambda: open_(running.owner))
            yield running

    def settings(self) -> Settings:
        return Settings(
            database_url=self.database_url,
            redis_url=self.redis_url,
            history_dir=self.history,
            audit_key_file=self.audit_key,
            **ServiceKeys(self.directory).settings("key_registry"),
        )

    async def lose(self, what: str) -> None:
        if what == "valkey":
            async with redis.asyncio.from_url(self.redis_url) as client:
                await client.flushall()
        elif what == "file":
            shutil.rmtree(self.history)


async def open_(owner: Admin) -> bool:
    return (await owner.get("/companies")).status == 200


async def ready(running: Running) -> int:
    return (await running.owner.get(f"{running.url}/health/ready")).status


@pytest.fixture
def place(registry_database_url: str, redis_database: str, tmp_path: Path) -> Place:
    return Place(registry_database_url, redis_database, tmp_path)


class Objects:
    """Credentials of one company, of which some are stopped after the dump."""

    def __init__(self, owner: Admin) -> None:
        self.owner = owner

    async def create(self) -> "Objects":
        self.company = await self.owner.company()
        self.booking = await self.owner.booking(self.company)
        self.tokens = [await self.token() for _ in range(4)]
        return self

    async def token(self) -> dict[str, Any]:
        return await self.owner.create("/api-tokens", booking_id=self.booking["id"], remote_application="Shop")

    async def statuses(self, running: Running) -> list[str | None]:
        async with running.client("operator_validator") as client:
            found = [await client.api_token(opaque.digest(token["token"])) for token in self.tokens]
        return [None if each is None else each.status for each in found]


async def stop_all(running: Running, objects: Objects) -> str:
    """One in each way; the id of a JWT that is revoked beside."""
    owner, (revoked, suspended, deleted, rotated) = running.owner, objects.tokens
    for path in (f"{revoked['id']}/revoke", f"{suspended['id']}/suspend", f"{deleted['id']}/revoke"):
        await done(owner, "POST", f"/api-tokens/{path}")
    await done(owner, "DELETE", f"/api-tokens/{deleted['id']}")
    await done(owner, "POST", f"/api-tokens/{rotated['id']}/rotate", {"keep_old_for": 0})
    jti = secrets.token_hex(8)
    async with running.client("token_issuer") as client:
        await client.revoke(Revocation(kind="jwt", id=jti, until=time.time() + 3600))
    return jti


async def done(owner: Admin, method: str, path: str, body: Any = None) -> None:
    """Tried again after a 503: the connections that the dump has ended are found out one by one."""
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        while (response := await owner.call(method, path, body)).status == 503:
            await asyncio.sleep(0)
    assert response.status in (200, 201, 204), response.raw


async def stopped(running: Running) -> set[str]:
    async with running.client("gateway") as client:
        return {item.id for item in (await client.snapshot()).stopped}


async def refused(running: Running, objects: Objects, jti: str) -> None:
    """None of the four tokens is accepted, nor what was issued with them."""
    async with running.client("operator_validator") as client:
        for token in objects.tokens:
            record = await client.api_token(opaque.digest(token["token"]))
            assert record is None or not record.active or record.version_ended(time.time()), token
    revoked, suspended, deleted, rotated = (token["id"] for token in objects.tokens)
    assert {revoked, suspended, deleted, f"{rotated}_v1", jti} <= await stopped(running)


@pytest.mark.parametrize("lost", ["nothing", "valkey", "file"])
async def test_a_dump_restored_over_a_stopped_registry_brings_nothing_back(
    place: Place, copies: DatabaseCopies, lost: str
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        await copies.keep()
        jti = await stop_all(running, objects)
        unknown = await objects.token()
    await copies.go_back()
    await place.lose(lost)
    async with place.running() as running:
        await refused(running, objects, jti)
        assert unknown["id"] in await stopped(running)
        lines = (await running.owner.get("/audit?actor=service:key_registry&limit=100")).body["items"]
        assert {"history.restored", "api_token.revoked", "api_token.suspended"} <= {
            line["action"] for line in lines
        }


@pytest.mark.parametrize("lost", ["nothing", "valkey", "file"])
async def test_a_dump_restored_under_a_running_registry_brings_nothing_back(
    place: Place, copies: DatabaseCopies, lost: str
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        await copies.keep()
        jti = await stop_all(running, objects)
        await place.lose(lost)
        await copies.go_back()
        await until(lambda: open_(running.owner))
        await refused(running, objects, jti)


async def test_the_loss_of_audit_lines_alone_is_noticed_and_consumers_learn_when_it_was(
    place: Place, copies: DatabaseCopies
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        await copies.keep()
        async with running.client("token_issuer") as client:
            await client.audit([AuditEvent(action="token.issued", actor="client:x", at=time.time())])
            assert (await client.changes(0)).restored_at is None
    await copies.go_back()
    before = time.time()
    async with place.running() as running, running.client("token_issuer") as client:
        page = await client.changes(0)
        assert page.restored_at is not None
        assert before <= page.restored_at <= time.time()
        assert (await client.snapshot()).restored_at == page.restored_at
        health = (await running.owner.get(f"{running.url}/health")).body["dependencies"]["history"]
        assert (health["state"], health["lost_changes"]) == ("up", 0)
        assert health["lost_audit_lines"] >= 1


async def lose_copies(place: Place) -> None:
    for copy in ("valkey", "file"):
        await place.lose(copy)


async def lose_first_changes(place: Place) -> None:
    """As the feed does once they are old."""
    connection = await asyncpg.connect(place.database_url)
    await connection.execute(
        "DELETE FROM key_registry.change WHERE seq <= (SELECT max(seq) / 2 FROM key_registry.change)"
    )
    await connection.close()


async def test_copies_that_were_lost_know_all_that_the_feed_still_has(place: Place, copies: DatabaseCopies) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        await copies.keep()
        jti = await stop_all(running, objects)
        unknown = await objects.token()
    await lose_copies(place)
    async with place.running():
        pass
    await copies.go_back()
    async with place.running() as running:
        await refused(running, objects, jti)
        assert unknown["id"] in await stopped(running)


async def test_a_dump_from_before_what_is_known_stays_closed_until_an_operator_accepts_the_loss(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        async with running.calls("token_issuer") as calls:
            key = SigningKeyStatus(kid="sk_1", algorithm="ES256", state="signing", published_at=1.0)
            await SigningKeyReporter(calls).report(SigningKeyReport(keys=(key,), read_at=1.0))
        await copies.keep()
        await stop_all(running, objects)
    await lose_copies(place)
    await lose_first_changes(place)
    async with place.running() as running:
        await running.owner.company()
    await copies.go_back()
    async with place.started() as running:
        await becomes(503, lambda: ready(running))
        assert (await running.owner.get("/companies")).status == 503
        assert await asyncio.to_thread(check_history, place.settings()) == 1
        assert "the registry stays closed" in capsys.readouterr().out
        assert await asyncio.to_thread(check_history, place.settings(), accept_loss=True) == 0
        assert "the history is whole" in capsys.readouterr().out
        await until(lambda: open_(running.owner))
        assert {objects.tokens[0]["id"], objects.tokens[1]["id"], "sk_1"} <= await stopped(running)
        assert await asyncio.to_thread(check_history, place.settings()) == 0
        assert "not all that was stopped was known" in capsys.readouterr().out


async def test_the_command_names_what_a_restore_has_lost_and_then_what_was_done(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        await copies.keep()
        await stop_all(running, objects)
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert "compared with valkey and file" in capsys.readouterr().out
    await copies.go_back()
    revoked = objects.tokens[0]["id"]
    assert await asyncio.to_thread(check_history, place.settings()) == 1
    assert f"api_token {revoked}: was revoked" in capsys.readouterr().out
    async with place.running():
        pass
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert f"api_token {revoked}: revoked" in capsys.readouterr().out


async def test_without_any_copy_that_can_be_read_a_registry_that_has_a_folder_for_one_stays_closed(
    place: Place, registry_database_url: str
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        await running.owner.company()
    await place.lose("file")
    place.redis_url = "redis://127.0.0.1:1/0"
    async with place.started() as running:
        await becomes(503, lambda: ready(running))
        assert (await running.owner.get("/companies")).status == 503


async def test_a_folder_that_was_written_under_another_audit_key_keeps_the_registry_closed(place: Place) -> None:
    """What it says cannot be compared, and is not taken for nothing."""
    async with place.running() as running:
        await running.owner.company()
    place.audit_key = place.directory / "another_audit_key.pem"
    place.audit_key.write_text(private_pem(generate_private_key("EdDSA")))
    await place.lose("valkey")
    async with place.started() as running:
        await becomes(503, lambda: ready(running))
        assert (await running.owner.get("/companies")).status == 503
        assert await asyncio.to_thread(check_history, place.settings()) == 2
        await asyncio.to_thread(check_history, place.settings(), accept_loss=True)
        await until(lambda: open_(running.owner))
    assert list(place.history.glob("*.set_aside"))


async def narrowed(owner: Admin, company: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What may be changed of each kind, and how; and one that is as it was."""
    of = {"company_id": company["id"]}
    client = await owner.create("/api-clients", **of, comment="x", scopes=["site:read", "site:write"])
    other = await owner.create("/api-clients", **of, comment="x", scopes=["site:read"])
    key = await owner.create("/access-keys", **of, name="x", max_ttl=7200)
    pair = await owner.create("/key-pairs", **of, scopes=["site:*"], algorithm="EdDSA")
    prefix = f"A{secrets.token_hex(4)}"
    application = await owner.create("/applications", name="A", application_prefix=prefix, scopes=["a:b", "a:c"])
    return {
        "api-clients": {"of": client, "to": {"scopes": ["site:read"]}},
        "access-keys": {"of": key, "to": {"max_ttl": 3600}},
        "key-pairs": {"of": pair, "to": {"limits": {"addresses": ["203.0.113.0/24"]}}},
        "applications": {"of": application, "to": {"scopes": ["a:b"]}},
        "untouched": {"of": other, "to": {"comment": "y"}},
    }


async def test_what_had_its_rights_narrowed_after_the_dump_is_suspended_until_somebody_has_looked(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await narrowed(running.owner, await running.owner.company())
        await copies.keep()
        for path, each in objects.items():
            found = "api-clients" if path == "untouched" else path
            await done(running.owner, "PATCH", f"/{found}/{each['of']['id']}", each["to"])
    await copies.go_back()
    async with place.running() as running:
        for path, each in objects.items():
            found = "api-clients" if path == "untouched" else path
            one = f"/{found}/{each['of']['id']}"
            assert (await running.owner.get(one)).body["status"] == (
                "active" if path == "untouched" else "suspended"
            )
        client = objects["api-clients"]["of"]["id"]
        line = (await running.owner.get(f"/audit?subject={client}")).body["items"][0]
        assert (line["action"], "rights were changed" in line["detail"]["reason"]) == ("api_client.suspended", True)
        await done(running.owner, "POST", f"/api-clients/{client}/resume")
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert "since its rights were changed after the dump" in capsys.readouterr().out


async def test_people_and_webhooks_that_were_changed_after_the_dump_are_held_and_sessions_end(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    target = {"name": "x", "url": "https://hooks.example/x"}
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        lowered, ended, same = [await people.join("editor") for _ in range(3)]
        deleted, kept = [await owner.create("/webhooks", **target) for _ in range(2)]
        link = await people.invite()
        await copies.keep()
        await done(owner, "PATCH", f"/people/{lowered.id}", {"role": "viewer"})
        await done(owner, "POST", f"/people/{ended.id}/revoke")
        await done(owner, "DELETE", f"/webhooks/{deleted['id']}")
        await done(owner, "POST", f"/invitations/{link['id']}/revoke")
        for joined in (lowered, ended, same):
            await people.sign_in(joined.email)
    await copies.go_back()
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        statuses = [(await owner.get(f"/people/{each.id}")).body["status"] for each in (lowered, ended, same)]
        assert statuses == ["suspended", "revoked", "active"]
        for joined in (lowered, ended, same):
            assert (await owner.with_token(joined.admin.token).get("/me")).status == 401
        assert [(await people.sign_in(each.email)).status for each in (lowered, ended, same)] == [401, 401, 201]
        enabled = [(await owner.get(f"/webhooks/{each['id']}")).body["enabled"] for each in (deleted, kept)]
        assert enabled == [False, True]
        assert (await people.accept(link["token"], people.email())).status != 201
        [line] = (await owner.get(f"/audit?subject={lowered.id}&action=person.suspended")).body["items"]
        assert line["actor"] == "service:key_registry"
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    said = capsys.readouterr().out
    assert "people suspended, since they were changed after the dump" in said
    assert "webhooks disabled" in said
    assert "open invitations revoked: 1" in said


async def test_links_that_set_a_password_work_no_more_after_a_restore(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was used after the dump is good again by what the database says, and so is its old password."""
    place.history.mkdir()
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        used, waiting = [await people.join() for _ in range(2)]
        tokens = [(await made(owner, joined))["token"] for joined in (used, waiting)]
        await copies.keep()
        body = {"token": tokens[0], "password": NEW}
        await done(owner.with_token(None), "POST", "/password-resets/follow", body)
    await copies.go_back()
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        assert [(await follow(people, token)).status for token in tokens] == [404, 404]
        assert (await owner.get(f"/people/{used.id}")).body["status"] == "suspended"
        await done(owner, "POST", f"/people/{used.id}/resume")
        assert (await follow(people, tokens[0])).status == 404
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert "password resets withdrawn: 2" in capsys.readouterr().out


async def test_tail_of_the_audit_trail_that_was_cut_is_found_by_either_copy_of_the_history(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        await running.owner.company()
    assert await asyncio.to_thread(verify_audit, place.settings()) == 0
    said = capsys.readouterr().out
    assert "compared with the end that valkey knows, compared with the end that file knows" in said
    connection = await asyncpg.connect(place.database_url)
    last = "SELECT max(seq) FROM key_registry.audit_line"
    await tamper(connection, f"DELETE FROM key_registry.audit_line WHERE seq = ({last})")
    await connection.execute("DELETE FROM key_registry.audit_checkpoint")
    await connection.close()
    saved = place.directory / "saved"
    place.history.rename(saved)
    assert await asyncio.to_thread(verify_audit, place.settings()) == 1
    saved.rename(place.history)
    await place.lose("valkey")
    assert await asyncio.to_thread(verify_audit, place.settings()) == 1
    assert capsys.readouterr().err.count("the audit trail is broken at line") == 2
    await place.lose("file")
    assert await asyncio.to_thread(verify_audit, place.settings()) == 0
    assert capsys.readouterr().err.count("it holds nothing of this history") == 2
