"""A restored database brings back nothing that was stopped, while the registry runs or before it starts."""

import asyncio
import time

import asyncpg
import pytest

from services.key_registry.commands.audit_trail import verify_audit
from services.key_registry.commands.history import check_history
from shared.clock import SystemClock
from shared.contracts.key_registry import AuditEvent
from shared.contracts.signing_keys import SigningKeyReport, SigningKeyReporter, SigningKeyStatus
from shared.jose.keys import generate_private_key
from shared.jose.pem import private_pem
from tests.integration.services.key_registry.restoring import (
    Objects,
    Place,
    done,
    open_,
    ready,
    refused,
    stop_all,
    stopped,
)
from tests.support.harness.database_copies import DatabaseCopies
from tests.support.harness.key_registry import Running
from tests.support.harness.registry_databases import tamper
from tests.support.waiting import becomes, until


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


class ClockOff(SystemClock):
    """One that is so many seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        return time.time() + self._seconds


@pytest.mark.parametrize("off", [-3600.0, 3600.0])
async def test_when_a_restore_was_is_by_the_clock_of_the_database_whatever_that_of_the_registry_says(
    place: Place, copies: DatabaseCopies, off: float
) -> None:
    place.history.mkdir()
    async with place.running() as running, running.client("token_issuer") as client:
        await copies.keep()
        await client.audit([AuditEvent(action="token.issued", actor="client:x", at=time.time())])
    await copies.go_back()
    before = time.time()
    async with place.running(ClockOff(off)):
        connection = await asyncpg.connect(place.database_url)
        restored_at = await connection.fetchval("SELECT max(at) FROM key_registry.history_restore")
        await connection.close()
        assert before <= restored_at <= time.time()


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


async def test_a_dump_of_the_first_release_that_is_migrated_again_brings_nothing_back(
    place: Place, copies: DatabaseCopies
) -> None:
    """That release gave no history a name, and migrating gives the changes that are there other marks each time."""
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
    for copy in ("valkey", "file"):
        await place.lose(copy)
    await migrated_from_the_first_release(place)
    await copies.keep()
    async with place.running() as running:
        jti = await stop_all(running, objects)
    await copies.go_back()
    await migrated_from_the_first_release(place)
    async with place.running() as running:
        await refused(running, objects, jti)


async def migrated_from_the_first_release(place: Place) -> None:
    connection = await asyncpg.connect(place.database_url)
    await connection.execute(
        "SET search_path TO key_registry; DELETE FROM audit_history; DELETE FROM audit_checkpoint;"
        " UPDATE change SET mark = gen_random_uuid()::text"
    )
    await connection.close()


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


@pytest.mark.parametrize("number_of_copies", [1, 2])
async def test_what_was_deleted_before_the_dump_is_not_among_what_was_created_after_it(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str], number_of_copies: int
) -> None:
    """However often that dump is restored."""
    keep_copies(place, number_of_copies)
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        gone = objects.tokens[0]["id"]
        await done(running.owner, "POST", f"/api-tokens/{gone}/revoke")
        await done(running.owner, "DELETE", f"/api-tokens/{gone}")
        await copies.keep()
        unknown = (await objects.token())["id"]
    for _ in range(2):
        await copies.go_back()
        async with place.running():
            assert await asyncio.to_thread(check_history, place.settings()) == 0
        said = listed(capsys)
        assert "  created after the dump: not in the database, and what was issued with it has ended: 1" in said
        assert objects_of(said) == [f"api_token {unknown}: created after the dump"]


def keep_copies(place: Place, number: int) -> None:
    """A registry that can write no folder has a copy in Valkey alone."""
    if number == 1:
        place.history.write_text("this is no folder")
    else:
        place.history.mkdir()


def listed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def objects_of(said: list[str]) -> list[str]:
    """Those that the report of a restore names."""
    return [line.strip() for line in said if line.startswith("    ")]


async def revoke_key(running: Running, kid: str) -> None:
    body = {"kind": "signing_key", "id": kid, "reason": f"{kid} has leaked"}
    await done(running.owner, "POST", "/revocations", body)


@pytest.mark.parametrize("number_of_copies", [1, 2])
@pytest.mark.parametrize("ended", [False, True])
async def test_a_signing_key_that_was_revoked_before_the_dump_stays_so_and_is_not_said_to_be_revoked_again(
    place: Place,
    copies: DatabaseCopies,
    capsys: pytest.CaptureFixture[str],
    ended: bool,
    number_of_copies: int,
) -> None:
    """However often that dump is restored. `ended`: so long before that the dump has the revocation no more."""
    keep_copies(place, number_of_copies)
    async with place.running() as running:
        await revoke_key(running, "sk_before")
    if ended:
        connection = await asyncpg.connect(place.database_url)
        await connection.execute("DELETE FROM key_registry.revocation")
        await connection.close()
    await copies.keep()
    async with place.running() as running:
        await revoke_key(running, "sk_after")
    for _ in range(3):
        await copies.go_back()
        async with place.running() as running:
            assert {"sk_before", "sk_after"} <= await stopped(running)
            lines = await running.owner.get("/audit?action=signing_key.revoked&actor=service:key_registry")
            assert [line["subject"] for line in lines.body["items"]] == ["sk_after"]
            [kept] = (await running.owner.get("/revocations?id=sk_before")).body["items"]
            assert ended or kept["reason"] == "sk_before has leaked"
        assert await asyncio.to_thread(check_history, place.settings()) == 0
        said = listed(capsys)
        assert "  revoked again: 1" in said
        assert objects_of(said) == ["signing_key sk_after: revoked"]


async def test_a_secret_that_ended_so_long_before_the_dump_that_its_row_was_deleted_is_not_ended_again(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await Objects(running.owner).create()
        rotated = objects.tokens[0]["id"]
        await done(running.owner, "POST", f"/api-tokens/{rotated}/rotate", {"keep_old_for": 3600})
        await done(running.owner, "POST", f"/api-tokens/{rotated}/versions/1/revoke")
    connection = await asyncpg.connect(place.database_url)
    await connection.execute("DELETE FROM key_registry.credential_version WHERE version = 1 AND retires_at < now()")
    await connection.close()
    await copies.keep()
    async with place.running() as running:
        await done(running.owner, "POST", f"/api-tokens/{objects.tokens[1]['id']}/revoke")
    await copies.go_back()
    async with place.running():
        assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert objects_of(listed(capsys)) == [f"api_token {objects.tokens[1]['id']}: revoked"]


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
