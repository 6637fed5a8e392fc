from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.services.key_registry.people.joining import CONSOLE_URL, People, running_people
from tests.integration.services.key_registry.people.openid.returning import OpenIdPeople
from tests.support.clock import FakeClock
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, running_provider


@pytest.fixture(scope="module")
async def people(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[People]:
    """A registry whose clock is to be moved, and people who join it."""
    directory: Path = tmp_path_factory.mktemp("registry")
    async with registry_template.copy() as url, running_people(url, directory) as running:
        yield running


@pytest.fixture(scope="module")
async def openid(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OpenIdPeople]:
    """A registry whose operator's people sign in by a provider alone, while those of companies have a choice."""
    directory: Path = tmp_path_factory.mktemp("registry")
    (directory / "client_secret").write_text(CLIENT_SECRET)
    clock = FakeClock()
    async with (
        running_provider(f"{CONSOLE_URL}/sign-in/openid/callback", clock.now) as provider,
        registry_template.copy() as url,
        running_people(
            url,
            directory,
            clock,
            openid_issuer=provider.issuer,
            openid_client_id=CLIENT_ID,
            openid_client_secret_file=directory / "client_secret",
            openid_name="Example",
            openid_required_for="operator",
        ) as people,
    ):
        yield OpenIdPeople(people, provider)
