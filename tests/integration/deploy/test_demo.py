"""The demo is whole after each start: what its shell variables hold works."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.demo import Urls, seed
from tests.support.harness.key_registry import Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate


@pytest.fixture
async def registry(registry_template: RegistryTemplate, tmp_path: Path) -> AsyncIterator[Running]:
    async with registry_template.copy() as url, running_registry(url, tmp_path) as running:
        yield running


async def test_the_demo_keeps_what_works_and_replaces_what_was_rotated_away_or_stopped(
    registry: Running, tmp_path: Path
) -> None:
    other = "http://127.0.0.1:9"
    urls = Urls(gateway=other, operator=other, sessions=other, issuer=other, registry=registry.url, console=other)

    async def seeded() -> dict[str, str]:
        return await seed(urls, registry.owner.token or "", tmp_path / "demo.env")

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
