"""The demo is whole after each start: what its shell variables hold works."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.demo import Urls, seed
from services.key_registry.storage.postgres import SCHEMA
from tests.support.harness.key_registry import Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate


@pytest.fixture
async def registry(registry_template: RegistryTemplate, tmp_path: Path) -> AsyncIterator[Running]:
    async with registry_template.copy() as url, running_registry(url, tmp_path) as running:
        yield running


@pytest.fixture
def seeded(registry: Running, tmp_path: Path) -> Callable[[], Awaitable[dict[str, str]]]:
    other = "http://127.0.0.1:9"
    urls = Urls(gateway=other, operator=other, sessions=other, issuer=other, registry=registry.url, console=other)

    async def run() -> dict[str, str]:
        return await seed(urls, registry.owner.token or "", tmp_path / "demo.env")

    return run


async def test_the_demo_keeps_what_works_and_replaces_what_was_rotated_away_or_stopped(
    registry: Running, seeded: Callable[[], Awaitable[dict[str, str]]]
) -> None:
    first = await seeded()
    names = {"API_TOKEN", "ACCESS_KEY", "CLIENT_SECRET", "KEY_ID"}
    assert await seeded() == first
    await registry.owner.post(f"/access-keys/{first['ACCESS_KEY_ID']}/rotate", {"keep_old_for": 3600})
    await registry.owner.post(f"/api-clients/{first['API_CLIENT_ID']}/rotate", {"keep_old_for": 0})
    await registry.owner.post(f"/api-tokens/{first['API_TOKEN_ID']}/versions/1/revoke")
    second = await seeded()
    assert {name for name in names if second[name] != first[name]} == {"CLIENT_SECRET", "API_TOKEN"}
    await registry.owner.post(f"/key-pairs/{first['KEY_PAIR_ID']}/revoke")
    third = await seeded()
    assert {name for name in names if third[name] != second[name]} == {"KEY_ID"}


async def test_the_demo_of_the_first_release_keeps_its_secrets_until_they_are_rotated_away(
    registry: Running, seeded: Callable[[], Awaitable[dict[str, str]]]
) -> None:
    """That release kept no last characters of a secret."""
    first = await seeded()
    async with registry.database.connection() as connection:
        for table in ("api_token", "access_key", "api_client", "credential_version"):
            await connection.execute(f"UPDATE {SCHEMA}.{table} SET last_four = NULL")
    assert await seeded() == first
    await registry.owner.post(f"/access-keys/{first['ACCESS_KEY_ID']}/rotate", {"keep_old_for": 3600})
    assert await seeded() == first
    await registry.owner.post(f"/access-keys/{first['ACCESS_KEY_ID']}/versions/1/revoke")
    second = await seeded()
    assert {name for name in second if second[name] != first[name]} == {"ACCESS_KEY", "ACCESS_KEY_ID"}
