"""The gateway as a process of its own, as it is deployed, on ports that the system picks."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.harness.forking.async_process import AsyncForkedProcess, start_process

ROUTES = """
upstreams:
  echo: {{url: "http://127.0.0.1:{port}", connect_timeout: 0.5, keep_idle: 30}}
  one: {{url: "http://127.0.0.1:{port}", connections: 1}}
  gone: {{url: "http://127.0.0.1:9", connect_timeout: 0.3}}
routes:
  - name: echo
    prefix: /echo
    methods: any
    credential: none
    upstream: echo
    response_timeout: 1
    idle_timeout: 1
  - {{name: large, path: /large, methods: any, credential: none, upstream: echo, max_body: 10000000000}}
  - {{name: socket, path: /socket, methods: [GET], credential: none, upstream: echo, websocket: true}}
  - {{name: small, path: /small, methods: [POST], credential: none, upstream: echo, max_body: 1000}}
  - {{name: retry, path: /retry, methods: any, credential: none, upstream: echo, retry: true}}
  - {{name: one, path: /one, methods: [GET], credential: none, upstream: one}}
  - {{name: gone, path: /gone, methods: [GET, POST], credential: none, upstream: gone}}
  - {{name: protected, path: /protected, methods: [GET, POST], credential: jwt, scopes: [], upstream: echo}}
"""

LINE_WITHIN_S = 45.0
"""Seconds in which an expected line must be logged: as much as a start on a busy machine may take."""


@dataclass
class GatewayProcess:
    process: AsyncForkedProcess
    routes_file: Path
    port: int = 0
    ops_port: int = 0
    log: list[str] = field(default_factory=list)
    reader: asyncio.Task[None] | None = None

    def lines(self, event: str, after: int = 0) -> list[dict[str, object]]:
        return [line for line in map(_json, self.log[after:]) if line.get("event") == event]

    async def logged(self, event: str, *, after: int = 0, **members: object) -> dict[str, object]:
        """The first line like this among those after so many, which may be yet to come."""
        async with asyncio.timeout(LINE_WITHIN_S):
            while True:
                for line in self.lines(event, after):
                    if all(line.get(name) == value for name, value in members.items()):
                        return line
                await asyncio.sleep(0.01)


def _json(line: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@asynccontextmanager
async def gateway_process(
    directory: Path, secrets: Path, upstream_port: int, *, module: str = "gateway", **environment: str
) -> AsyncIterator[GatewayProcess]:
    routes = directory / "routes.yaml"
    routes.write_text(ROUTES.format(port=upstream_port))
    nowhere = {f"PASSGATE_{name}_URL": "http://127.0.0.1:9" for name in ("KEY_REGISTRY", "TOKEN_ISSUER")}
    process = await start_process(
        module,
        environment={
            **{name: value for name, value in os.environ.items() if not name.startswith("PASSGATE_")},
            **nowhere,
            "PASSGATE_PORT": "0",
            "PASSGATE_OPS_PORT": "0",
            "PASSGATE_FIRST_SNAPSHOT_WAIT": "0",
            "PASSGATE_GATEWAY_WORKERS": "1",
            "PASSGATE_ROUTES_FILE": str(routes),
            "PASSGATE_SERVICE_KEY_FILE": str(secrets / "service_keys" / "gateway.pem"),
            **environment,
        },
        merged=True,
    )
    gateway = GatewayProcess(process, routes)
    gateway.reader = asyncio.create_task(_read(gateway))
    try:
        gateway.port = int(str((await gateway.logged("public_listener.started"))["port"]))
        gateway.ops_port = int(str((await gateway.logged("server.listening", worker=None))["port"]))
        yield gateway
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 10)
        if process.returncode is None:
            process.kill()
        await gateway.reader


async def _read(gateway: GatewayProcess) -> None:
    async for line in gateway.process.stdout:
        gateway.log.append(line.decode())
