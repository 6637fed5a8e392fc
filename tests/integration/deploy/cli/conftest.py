"""The command line over a registry that runs whole."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.cli.__main__ import main
from tests.support.harness.key_registry import Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate

LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \S.*\n", re.MULTILINE)
"""Of the registry, which runs in this very process and may log at any time."""

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture(scope="module")
async def registry(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    directory: Path = tmp_path_factory.mktemp("registry")
    key = directory / "webhook_key"
    key.write_text("k" * 42 + "w")
    async with (
        registry_template.copy() as url,
        running_registry(url, directory, webhook_key_file=key) as running,
    ):
        yield running


@pytest.fixture
def passgate(
    registry: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command as the owner: its exit status, output and errors."""
    monkeypatch.setenv("PASSGATE_KEY_REGISTRY_URL", registry.url)
    monkeypatch.setenv("PASSGATE_ADMIN_TOKEN", registry.owner.token or "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PASSGATE_VAR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    async def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = await asyncio.to_thread(main, arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        output, errors = capsys.readouterr()
        return status, LOG_LINE.sub("", output), errors

    return run
