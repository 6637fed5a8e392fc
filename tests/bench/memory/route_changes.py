"""The shipped route file with one more upstream and a route to it, of which something is different every second."""

import asyncio
from pathlib import Path

from deploy.local.stack import ROOT
from tests.bench.peers import nginx

INTERVAL_S = 1.0
SHIPPED = ROOT / "deploy" / "routes.yaml"


class RouteChanges:
    """Writes `file` when it is created, and again and again while it runs; `count` is how often."""

    def __init__(self, file: Path, upstream_port: int) -> None:
        self.count = 0
        self._file = file
        self._shipped = SHIPPED.read_text(encoding="utf-8")
        self._upstream_port = upstream_port
        self._write()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            self._write()

    def _write(self) -> None:
        """In one step: the gateway sees the old file or the new one."""
        new = self._file.with_suffix(".new")
        new.write_text(changed(self._shipped, self._upstream_port, self.count), encoding="utf-8")
        new.replace(self._file)
        self.count += 1


def changed(shipped: str, upstream_port: int, number: int) -> str:
    """Both the upstream and the route are others than before: the gateway makes a new pool and a new table."""
    upstream = f"  large:\n    url: http://127.0.0.1:{upstream_port}\n    keep_idle: {30 + number % 7}\n"
    route = f"""
  - name: large
    path: {nginx.LARGE}
    methods: [GET, POST]
    credential: jwt
    scopes: [site:read]
    upstream: large
    response_timeout: {20 + number % 5}
"""
    return shipped.replace("upstreams:\n", f"upstreams:\n{upstream}", 1).rstrip() + "\n" + route
