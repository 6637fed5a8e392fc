"""All upstreams of one run, those that change while it lasts, and where they are."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.soak import ways
from tests.soak.servers import HOST, Script, Server, never_accepting, refusing, running
from tests.soak.ways import SCRIPTS, Way

NAME = "moving.example"
AT = ("127.0.0.3", "127.0.0.4")
"""Where the name may lead to."""
NOWHERE: tuple[list[str] | None, ...] = (None, [], ["169.254.169.254"], ["::ffff:169.254.169.254"])
CHANGE_INTERVAL_S = 1.5


@dataclass
class Upstreams:
    """`servers`, `ways` and `urls` by the upstream's name, which is its route's too."""

    servers: Mapping[str, list[Server]]
    ways: Mapping[str, Way]
    urls: Mapping[str, list[str]]
    names_file: Path

    @property
    def open(self) -> int:
        """Connections to all of them."""
        return sum(server.open for servers in self.servers.values() for server in servers)

    async def flap(self) -> None:
        """Until cancelled: what comes and goes does, and the name leads elsewhere."""
        flapping = [self.servers["flapping"][0], self.servers["flapping-beside-good"][0]]
        while True:
            await asyncio.sleep(CHANGE_INTERVAL_S * random.uniform(0.5, 1.5))
            for server in flapping:
                server.up = random.random() < 0.5
            write_name(self.names_file, random.choice(([AT[0]], [AT[1]], [*AT], *NOWHERE)))


def write_name(file: Path, found: list[str] | None) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps({NAME: found}), encoding="ascii")
    new.replace(file)


@asynccontextmanager
async def upstreams(directory: Path) -> AsyncIterator[Upstreams]:
    servers: dict[str, list[Server]] = {}
    urls: dict[str, list[str]] = {}
    expected = {name: way for name, (_, way) in SCRIPTS.items()}
    async with AsyncExitStack() as stack:

        async def serve(name: str, script: Script, *hosts: str, port: int = 0) -> list[int]:
            found = [Server(script) for _ in hosts]
            servers[name] = found
            ports = []
            for server, host in zip(found, hosts, strict=True):
                ports.append(await stack.enter_async_context(running(server, host, port)))
                port = port if host == HOST else ports[0]
            return ports

        for name, (script, _) in SCRIPTS.items():
            urls[name] = [f"http://{HOST}:{port}" for port in await serve(name, script, HOST)]
        for name, way, count in (
            ("good", ways.GOOD, 2),
            ("flapping", ways.FLAPPING, 1),
            ("flapping-beside-good", ways.FLAPPING_BESIDE_GOOD, 2),
        ):
            expected[name] = way
            urls[name] = [f"http://{HOST}:{port}" for port in await serve(name, ways.good, *[HOST] * count)]
        expected["moving"] = ways.MOVING
        urls["moving"] = [f"http://{NAME}:{(await serve('moving', ways.good, *AT))[0]}"]
        for name, way, port in (
            ("never-accepting", ways.NEVER_ACCEPTING, never_accepting()),
            ("refusing", ways.REFUSING, refusing()),
        ):
            expected[name] = way
            urls[name] = [f"http://{HOST}:{await stack.enter_async_context(port)}"]
        names_file = directory / "names.json"
        write_name(names_file, [AT[0]])
        yield Upstreams(servers, expected, urls, names_file)
