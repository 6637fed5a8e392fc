"""A migration that cannot be done says why, and changes nothing."""

from pathlib import Path

import asyncpg

from services.key_registry.storage.postgres import SCHEMA
from tests.integration.services.key_registry.test_commands import command
from tests.support.harness.key_registry import migrate_to

BEFORE = "0004"
"""The revision before the one that makes names unique without regard to case."""
COMPANY = f"""INSERT INTO {SCHEMA}.company VALUES
    (gen_random_uuid(), 'x', $1, $2, 'active', now(), now(), now())"""


async def test_prefixes_that_differ_in_case_alone_are_named_and_nothing_is_changed(
    database_url: str, tmp_path: Path
) -> None:
    await migrate_to(BEFORE, database_url, tmp_path)
    environment = {"PASSGATE_DATABASE_URL": database_url}
    connection = await asyncpg.connect(database_url)
    await connection.execute(COMPANY, "Blue", "urn:blue")
    await connection.execute(COMPANY, "blue", "urn:other")
    status, output, errors = await command("migrate", **environment)
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "client_prefix Blue, blue" in errors
    assert await connection.fetchval(f"SELECT version_num FROM {SCHEMA}.alembic_version") == BEFORE
    await connection.execute(f"DELETE FROM {SCHEMA}.company WHERE client_prefix = 'blue'")
    assert (await command("migrate", **environment))[0] == 0
    await connection.close()
