"""A migration that cannot be done says why, and changes nothing."""

import asyncpg

from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from tests.integration.services.key_registry.test_commands import command

UNTIL_NOW = """
ALTER TABLE key_registry.company DROP CONSTRAINT IF EXISTS company_client_prefix_key;
DROP INDEX key_registry.company_client_prefix_key, key_registry.company_company_uri_key;
DROP INDEX key_registry.application_application_prefix_key;
ALTER TABLE key_registry.company ADD CONSTRAINT company_client_prefix_key UNIQUE (client_prefix);
ALTER TABLE key_registry.company ADD CONSTRAINT company_company_uri_key UNIQUE (company_uri);
ALTER TABLE key_registry.application ADD CONSTRAINT application_application_prefix_key UNIQUE (application_prefix);
DROP INDEX key_registry.company_search, key_registry.application_search, key_registry.api_token_search,
    key_registry.access_key_search, key_registry.api_client_search, key_registry.key_pair_search,
    key_registry.admin_token_search;
"""
COMPANY = """INSERT INTO key_registry.company VALUES
    (gen_random_uuid(), 'x', $1, $2, 'active', now(), now(), now())"""


async def test_prefixes_that_differ_in_case_alone_are_named_and_nothing_is_changed(database_url: str) -> None:
    environment = {"PASSGATE_DATABASE_URL": database_url}
    assert (await command("migrate", **environment))[0] == 0
    before = previous_of("0005")
    connection = await asyncpg.connect(database_url)
    await connection.execute(UNTIL_NOW)
    await connection.execute(f"UPDATE {SCHEMA}.alembic_version SET version_num = '{before}'")
    await connection.execute(COMPANY, "Blue", "urn:blue")
    await connection.execute(COMPANY, "blue", "urn:other")
    status, output, errors = await command("migrate", **environment)
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "client_prefix Blue, blue" in errors
    assert await connection.fetchval(f"SELECT version_num FROM {SCHEMA}.alembic_version") == before
    await connection.execute(f"DELETE FROM {SCHEMA}.company WHERE client_prefix = 'blue'")
    assert (await command("migrate", **environment))[0] == 0
    await connection.close()


def previous_of(revision: str) -> str:
    (file,) = (MIGRATIONS / "versions").glob(f"{revision}_*.py")
    found: dict[str, object] = {}
    exec(compile(file.read_text(), file.name, "exec"), found)
    return str(found["down_revision"])
