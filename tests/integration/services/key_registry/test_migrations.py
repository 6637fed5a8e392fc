"""A migration that cannot be done says why, and changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from services.key_registry.storage.postgres import SCHEMA
from tests.integration.services.key_registry.command import command
from tests.support.harness.key_registry import migrate_to

BEFORE = "0004"
"""The revision before the one that makes names unique without regard to case."""
BEFORE_ONE_SUBJECT = "0036"
PERSON = f"""INSERT INTO {SCHEMA}.person (id, email, password_hash, role, status, created_at, updated_at)
    VALUES (gen_random_uuid(), $1, 'x', 'viewer', $2, now(), now()) RETURNING id"""
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


async def test_of_people_with_one_subject_of_a_provider_the_first_who_may_sign_in_keeps_it(
    database_url: str, tmp_path: Path
) -> None:
    """Before, one could be bound to several: whoever was bound later is refused, until an owner has looked."""
    await migrate_to(BEFORE_ONE_SUBJECT, database_url, tmp_path)
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"SET search_path TO {SCHEMA}")
    bound = (("revoked", "one", 1), ("active", "one", 2), ("active", "one", 3), ("active", "two", 3))
    ids = []
    for number, (status, subject, day) in enumerate(bound):
        person = await connection.fetchval(PERSON, f"p{number}@example.com", status)
        at = datetime(2026, 11, day, tzinfo=UTC)
        await connection.execute("INSERT INTO person_identity VALUES ($1, 'urn:x', $2, $3)", person, subject, at)
        ids.append(person)
    assert (await command("migrate", PASSGATE_DATABASE_URL=database_url))[0] == 0
    left = await connection.fetch("SELECT person_id, subject FROM person_identity ORDER BY subject")
    assert [tuple(record) for record in left] == [(ids[1], "one"), (ids[3], "two")]
    await connection.close()
