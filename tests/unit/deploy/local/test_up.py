"""How long `make up` waits, and for what."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
import redis.asyncio
import redis.exceptions

from deploy.errors import StackError
from deploy.local import report, up
from deploy.local.command import Command
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import DEPLOYABLES, Stack
from deploy.local.stores.postgres import Postgres
from deploy.local.stores.valkey import Valkey
from deploy.local.up import Up
from tests.support.free_port import free_port

OF = {deployable.name: deployable for deployable in DEPLOYABLES}


async def test_no_process_is_given_up_while_a_schema_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that wait for the registry either: their time begins once it can start."""
    migrated, out = asyncio.Event(), io.StringIO()

    async def migrate(_: Command, __: Path, still: Callable[[], None]) -> None:
        still()
        await migrated.wait()

    async def is_current(*_: Any) -> bool:
        return False

    async def start(*_: Any) -> Any:
        return SimpleNamespace(log="log", last_words=lambda: "waits for the registry")

    async def listens() -> None: ...

    monkeypatch.setattr(up, "READY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(report, "STILL_INTERVAL_S", 0.0)
    monkeypatch.setattr(up, "run_to_end", migrate)
    monkeypatch.setattr(up, "is_current", is_current)
    ports = {f"PASSGATE_{name}_PORT": str(free_port()) for name in ("KEY_REGISTRY", "SESSION_TOKENS")}
    ports["PASSGATE_DATABASE_URL"] = "postgresql://here.example/passgate"
    here = Up(Stack(tmp_path, ports), RunFile(tmp_path / "run"), Report(out))
    monkeypatch.setattr(here, "_start", start)
    database = asyncio.create_task(listens())
    registry = asyncio.create_task(here._deployable(OF["key_registry"], database))
    waiting = asyncio.create_task(here._deployable(OF["session_tokens"], None))
    seeding = asyncio.create_task(here._seed())
    await asyncio.sleep(0.8)
    assert not any(task.done() for task in (registry, waiting, seeding))
    assert "still waiting for the schema of key_registry to be migrated" in out.getvalue()
    migrated.set()
    for task in (registry, waiting):
        with pytest.raises(StackError, match="is not ready after 0 s: it does not listen"):
            await task
    assert await seeding == {}


async def test_a_database_that_recovers_has_as_long_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int] = []

    async def connect(*_: Any, **__: Any) -> Any:
        if len(said) < 20:
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        raise OSError("gone")

    monkeypatch.setattr(asyncpg, "connect", connect)
    with pytest.raises(StackError, match="not ready after 0 s: gone"):
        await Postgres(tmp_path, 1, "password").wait_ready(0.1, still=lambda: said.append(1))
    assert len(said) == 20


async def test_a_valkey_that_loads_its_data_has_as_long_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int] = []

    async def ping(_: Any) -> Any:
        if len(said) < 20:
            raise redis.exceptions.BusyLoadingError("loading the dataset in memory")
        raise redis.exceptions.ConnectionError("gone")

    monkeypatch.setattr(redis.asyncio.Redis, "ping", ping)
    with pytest.raises(StackError, match="not ready after 0 s: gone"):
        await Valkey(tmp_path, 1, "password").wait_ready(0.1, still=lambda: said.append(1))
    assert len(said) == 20
