"""`python -m services.key_registry ...`."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from deploy.generate_secrets import generate_secrets
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from shared import opaque
from shared.postgres.schema import Schema
from shared.settings.config import read_secret
from tests.integration.services.key_registry.command import command
from tests.support.free_port import free_port
from tests.support.harness.forking.async_process import AsyncForkedProcess, start_process
from tests.support.harness.forking.client import fork, read_number
from tests.support.harness.key_registry import Admin
from tests.support.harness.registry_databases import tamper


async def started(*arguments: str, **environment: str) -> AsyncForkedProcess:
    """The same in a process of its own."""
    return await start_process("services.key_registry", *arguments, environment=environment)


async def test_help_names_every_command() -> None:
    status, output, _ = await command("--help")
    assert status == 0
    for name in ("python -m services.key_registry", "serve", "migrate", "create-admin-token", "reset-password"):
        assert name in output
    for name in ("verify-audit", "checkpoint-audit", "export-audit"):
        assert name in output


async def test_bad_configuration_is_status_2_and_one_line_naming_the_setting() -> None:
    status, _, errors = await command("serve", PASSGATE_PORT="x")
    assert (status, errors.count("\n")) == (2, 1)
    assert "PASSGATE_PORT" in errors


async def test_a_database_that_is_away_is_reported_in_one_line() -> None:
    url = f"postgresql://passgate:hidden@127.0.0.1:{free_port()}/passgate"
    for name in ("migrate", "verify-audit"):
        status, _, errors = await command(name, PASSGATE_DATABASE_URL=url)
        assert status == 1
        assert errors.count("\n") == 1
        assert "hidden" not in errors


async def test_migrate_twice_at_once_is_harmless(database_url: str) -> None:
    newest = Schema(SCHEMA, MIGRATIONS).revisions[-1]
    processes = [await started("migrate", PASSGATE_DATABASE_URL=database_url) for _ in range(2)]
    for process in processes:
        output, _ = await asyncio.wait_for(process.communicate(), 40)
        assert (process.returncode, output.decode()) == (0, f"key_registry is at revision {newest}\n")


async def test_the_audit_trail_is_verified_and_its_first_broken_line_named(registry_database_url: str) -> None:
    environment = {"PASSGATE_DATABASE_URL": registry_database_url}
    for name in ("one", "two"):
        status, token, _ = await command("create-admin-token", "--role", "owner", "--name", name, **environment)
        assert status == 0
        assert opaque.well_formed(opaque.ADMIN_TOKEN, token.rstrip("\n"))
    status, output, _ = await command("verify-audit", **environment)
    assert (status, output.startswith("the audit trail is intact: 2 lines, head ")) == (0, True)
    connection = await asyncpg.connect(registry_database_url)
    for statement in (
        "UPDATE key_registry.audit SET actor = 'x'",
        "DELETE FROM key_registry.audit",
        "UPDATE key_registry.audit_line SET actor = 'x'",
        "DELETE FROM key_registry.audit_line",
        "TRUNCATE key_registry.audit_line",
    ):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await connection.execute(statement)
    await tamper(connection, "UPDATE key_registry.audit_line SET actor = 'x' WHERE seq = 2")
    await connection.close()
    status, output, errors = await command("verify-audit", **environment)
    assert (status, output) == (1, "")
    assert errors == "the audit trail is broken at line 2: was changed after it was written\n"


async def test_a_cut_tail_is_found_by_a_checkpoint_that_somebody_kept(
    registry_database_url: str, tmp_path: Path
) -> None:
    generate_secrets(tmp_path)
    environment = {
        "PASSGATE_DATABASE_URL": registry_database_url,
        "PASSGATE_AUDIT_KEY_FILE": str(tmp_path / "audit_key.pem"),
    }
    for name in ("one", "two"):
        assert (await command("create-admin-token", "--role", "owner", "--name", name, **environment))[0] == 0
    status, signed, _ = await command("checkpoint-audit", **environment)
    assert status == 0
    (tmp_path / "kept").write_text(signed)
    kept = ("verify-audit", "--checkpoint", str(tmp_path / "kept"))
    status, output, _ = await command(*kept, **environment)
    assert (status, output.startswith("the audit trail is intact: 2 lines, head ")) == (0, True)
    assert output.endswith(", compared with 1 checkpoint\n")
    connection = await asyncpg.connect(registry_database_url)
    await tamper(connection, "DELETE FROM key_registry.audit_line WHERE seq = 2")
    await connection.execute("DELETE FROM key_registry.audit_checkpoint")
    await connection.close()
    assert (await command("verify-audit", **environment))[0] == 0
    status, output, errors = await command(*kept, **environment)
    assert (status, output) == (1, "")
    assert errors == ("the audit trail is broken at line 2: is missing: a checkpoint was signed for 2 lines\n")


async def test_without_a_key_checkpoints_are_neither_signed_nor_taken_for_signed(
    registry_database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("x")
    for arguments in (("checkpoint-audit",), ("verify-audit", "--checkpoint", str(tmp_path / "kept"))):
        status, output, errors = await command(*arguments, PASSGATE_DATABASE_URL=registry_database_url)
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert "PASSGATE_AUDIT_KEY_FILE" in errors


async def test_months_are_exported_to_the_folder_of_the_setting_alone(
    registry_database_url: str, tmp_path: Path
) -> None:
    generate_secrets(tmp_path)
    folder = {"PASSGATE_AUDIT_ARCHIVE_DIR": str(tmp_path / "archive")}
    environment = {
        "PASSGATE_DATABASE_URL": registry_database_url,
        "PASSGATE_AUDIT_KEY_FILE": str(tmp_path / "audit_key.pem"),
    }
    assert (await command("create-admin-token", "--role", "owner", "--name", "x", **environment))[0] == 0
    status, _, errors = await command("export-audit", **environment)
    assert (status, "PASSGATE_AUDIT_ARCHIVE_DIR" in errors) == (2, True)
    status, output, _ = await command("export-audit", **environment, **folder)
    assert (status, output) == (0, "0 months exported and dropped\n")
    assert (await command("export-audit", "--month", "1999-12", **environment, **folder))[0] == 2
    month = datetime.now(UTC).strftime("%Y-%m")
    status, _, errors = await command("export-audit", "--month", month, **environment, **folder)
    assert (status, "not over" in errors) == (1, True)
    status, _, errors = await command("verify-audit", str(tmp_path / "absent.gz"), **environment)
    assert (status, "absent.gz" in errors, "checkpoint" in errors) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("verify-audit",), 0), (("create-admin-token", "--role", "owner", "--name", "x"), 1)],
    ids=["verify-audit", "create-admin-token"],
)
async def test_output_that_nobody_reads_is_a_failure_of_what_is_shown_once_alone(
    registry_database_url: str, arguments: tuple[str, ...], status: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {"PASSGATE_DATABASE_URL": registry_database_url}
    started = await asyncio.to_thread(fork, "services.key_registry", arguments, environment, writer, writer)
    os.close(writer)
    assert await asyncio.to_thread(read_number, started.status) == status
    os.close(started.status)


@pytest.mark.parametrize("arguments", [("verify-audit",), ("create-admin-token", "--role", "owner", "--name", "x")])
async def test_on_an_old_schema_a_command_is_one_line_and_status_2(
    database_url: str, arguments: tuple[str, ...]
) -> None:
    status, output, errors = await command(*arguments, PASSGATE_DATABASE_URL=database_url)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "run `python -m services.key_registry migrate`" in errors


async def test_a_token_for_a_company_that_does_not_exist_is_refused(registry_database_url: str) -> None:
    environment = {"PASSGATE_DATABASE_URL": registry_database_url}
    absent = "0190c000-0000-7000-8000-000000000001"
    status, output, errors = await command(
        "create-admin-token", "--role", "owner", "--name", "x", "--company-id", absent, **environment
    )
    assert (status, output, errors) == (1, "", "company_id does not refer to an existing company\n")


async def test_a_process_serves_and_drains_on_sigterm(database_url: str, tmp_path: Path) -> None:
    generate_secrets(tmp_path)
    port = free_port()
    environment = {
        "PASSGATE_DATABASE_URL": database_url,
        "PASSGATE_SERVICE_JWKS_FILE": str(tmp_path / "service_keys.json"),
        "PASSGATE_ADMIN_TOKEN_FILE": str(tmp_path / "admin_token"),
        "PASSGATE_PORT": str(port),
    }
    process = await started(**environment)
    async with aiohttp.ClientSession() as session:
        admin = Admin(session, f"http://127.0.0.1:{port}", read_secret(tmp_path / "admin_token"))
        ready = await responded(admin, "/health/ready", 503)
        assert ready["missing"] == {
            "first_owner": "the first owner's token is not registered yet",
            "history": "the history has not been compared yet",
            "postgresql": "the schema is not up to date: run `python -m services.key_registry migrate`",
        }
        await command("migrate", **environment)
        await responded(admin, "/health/ready", 200)
        await responded(admin, "/admin/v1/companies", 200)  # the first owner comes when the database does
        created = await admin.create("/admin-tokens", name="x", role="viewer")
        for path in (f"/companies/{created['token']}", f"/companies?client_prefix={created['token']}"):
            assert (await admin.with_token(created["token"]).get(path)).status in (200, 404)
    process.send_signal(signal.SIGTERM)
    output, _ = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert b"/admin/v1/companies/[redacted]" in output
    assert opaque.find_in(output.decode()) == []


async def responded(admin: Admin, path: str, status: int) -> dict[str, object]:
    """The JSON at `path` once its status is `status`."""
    async with asyncio.timeout(30):
        while True:
            try:
                response = await admin.get(admin.url + path)
                if response.status == status:
                    return dict(response.body)
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
