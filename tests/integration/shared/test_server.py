"""The process of a service, whatever became of its standard output."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from shared.http.app import service_app
from shared.http.health import Health
from shared.http.server import serve
from shared.settings.config import ConfigError, ServiceSettings
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", "</dev/null >/dev/full"])
async def test_standard_output_that_is_closed_or_full_is_no_reason_to_fail(redirection: str) -> None:
    """It serves, and a SIGTERM ends it with status 0."""
    started, starter = os.pipe()
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'exec "$0" -m tests.support.empty_service {redirection}', sys.executable,
        env={**os.environ, "READY_FD": str(starter), "PASSGATE_PORT": "0"}, pass_fds=(starter,),
    )  # fmt: skip
    os.close(starter)
    try:
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            assert await asyncio.to_thread(os.read, started, 1) == b"1"
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        os.close(started)
        if process.returncode is None:
            process.kill()
            await process.wait()


class Resource:
    """Records its life. With `fault` it does not start."""

    def __init__(self, life: list[str], name: str, fault: Exception | None = None) -> None:
        self._life, self._name, self._fault = life, name, fault

    async def start(self) -> None:
        if self._fault is not None:
            raise self._fault
        self._life.append(f"{self._name} started")

    async def stop(self) -> None:
        self._life.append(f"{self._name} stopped")


@pytest.mark.parametrize("fails", ["listening", "a resource"])
async def test_what_was_started_is_stopped_when_the_start_fails(fails: str) -> None:
    life: list[str] = []
    resources = [Resource(life, "first"), Resource(life, "second")]
    if fails == "a resource":
        resources.append(Resource(life, "third", ConfigError("no port")))
    app = service_app("things", [], health=Health("things"), metrics=CollectorRegistry(), resources=resources)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = ServiceSettings(port=taken.getsockname()[1])
        with pytest.raises(ConfigError):
            await serve(app, settings, asyncio.Event())
    assert life == ["first started", "second started", "second stopped", "first stopped"]


async def test_liveness_beside_the_loop_is_as_the_application_responds(tmp_path: Path) -> None:
    """HEAD as well, and with the caller's request id."""
    app = service_app("things", [], health=Health("things"), metrics=CollectorRegistry())
    stop, path = asyncio.Event(), tmp_path / "things.sock"
    running = asyncio.create_task(serve(app, ServiceSettings(), stop, socket=path))
    await until(path.exists)
    responses = []
    for method, field in (("GET", "Accept: */*"), ("GET", "Passgate-Time: ?"), ("HEAD", "Accept: */*")):
        reader, writer = await asyncio.open_unix_connection(str(path))
        fields = f"Host: a\r\n{field}\r\nX-Request-Id: 0123abcd0123abcd\r\nConnection: close"
        writer.write(f"{method} /health/live HTTP/1.1\r\n{fields}\r\n\r\n".encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        lines = {line for line in head.split("\r\n") if not line.startswith(("Date: ", "Passgate-Time: "))}
        responses.append((lines, body))
        writer.close()
    stop.set()
    await running
    beside, from_application, head_only = responses
    assert beside == from_application
    assert "X-Request-Id: 0123abcd0123abcd" in beside[0]
    assert head_only == (beside[0], "")
