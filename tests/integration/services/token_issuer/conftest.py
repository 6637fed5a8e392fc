import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.token_issuer.__main__ import MIGRATIONS
from services.token_issuer.app import NAME
from services.token_issuer.config import Settings
from shared.postgres.migrations import migrate
from tests.integration.services.token_issuer.running import Issuer, running
from tests.support.registry import RegistryDouble
from tests.support.serving import ServiceKeys


@pytest.fixture
async def settings(database_url: str, redis_database: str, tmp_path: Path) -> Settings:
    await asyncio.to_thread(migrate, database_url, schema=NAME, folder=MIGRATIONS)
    keys = ServiceKeys(tmp_path)
    return Settings(
        database_url=database_url,
        redis_url=redis_database,
        master_key_file=tmp_path / "master_key",
        signing_key_bits=2048,
        changes_poll_interval=0.05,
        **keys.settings(NAME),
    )


@pytest.fixture
async def issuer(settings: Settings) -> AsyncIterator[Issuer]:
    async with running(settings, RegistryDouble()) as issuer:
        yield issuer
