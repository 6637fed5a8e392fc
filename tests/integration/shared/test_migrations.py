"""`migrate` of each service that owns tables: one line and a status, whatever the database holds."""

import asyncio

import asyncpg
import pytest

from tests.support.free_port import free_port
from tests.support.harness.commands import Ended, run_command

SCHEMAS = ("key_registry", "token_issuer")


async def migrate(service: str, database_url: str) -> Ended:
    environment = {"PASSGATE_DATABASE_URL": database_url}
    return await asyncio.to_thread(run_command, f"services.{service}", "migrate", environment=environment)


@pytest.mark.parametrize("service", SCHEMAS)
async def test_a_schema_of_a_later_release_is_one_line_and_status_2(service: str, database_url: str) -> None:
    assert (await migrate(service, database_url))[0] == 0
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        await connection.execute(f"UPDATE {service}.alembic_version SET version_num = '9999'")
        status, output, errors = await migrate(service, database_url)
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert service in errors
        assert "9999" in errors
        assert await connection.fetchval(f"SELECT version_num FROM {service}.alembic_version") == "9999"
    finally:
        await connection.close(timeout=10)


@pytest.mark.parametrize("service", SCHEMAS)
async def test_a_database_that_is_away_is_one_line_and_status_1(service: str) -> None:
    url = f"postgresql://passgate:hidden@127.0.0.1:{free_port()}/passgate"
    status, output, errors = await migrate(service, url)
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "hidden" not in errors
