"""What all workers share is there before the first of them, and is gone after the last."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.workers.group import Workers
from shared.settings.config import ConfigError


def workers(script: str, **settings: object) -> Workers:
    given = Settings.model_validate({"port": 0, "ops_port": 0, "shutdown_grace": 0.1, **settings})
    return Workers(given, 2, command=("sh", "-c", script))


@pytest.fixture(autouse=True)
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where directories for sockets are made: one with a short name, which `tmp_path` may not be."""
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        yield Path(short)


@pytest.mark.parametrize("setting", ["port", "ops_port"])
async def test_a_taken_port_is_reported_before_any_worker_starts(directory: Path, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"PASSGATE_{setting.upper()}: cannot listen on 127.0.0.1:{number}"):
            await workers(f"touch {directory}/started", **{setting: number}).start()
    assert list(directory.iterdir()) == []


async def test_workers_that_cannot_run_as_they_are_configured_are_an_error_and_leave_nothing(
    directory: Path,
) -> None:
    with pytest.raises(ConfigError, match="worker 0 cannot run as it is configured"):
        await workers("exit 2").start()
    assert list(directory.iterdir()) == []


async def test_the_sockets_are_where_only_this_user_can_reach_them(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.workers.group.UP_LIMIT_S", 0.1)
    group = workers("exec sleep 60")
    await group.start()
    (private,) = directory.iterdir()
    assert private.stat().st_mode & 0o777 == 0o700
    await group.stop()
    assert list(directory.iterdir()) == []


async def test_a_directory_that_is_too_long_a_path_for_a_socket_is_an_error(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = directory / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(ConfigError, match="TMPDIR"):
        await workers("exit 0").start()
    assert list(long.iterdir()) == []


async def test_a_directory_that_cannot_be_written_is_an_error(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(directory / "absent"))
    with pytest.raises(ConfigError, match="TMPDIR"):
        await workers("exit 0").start()
