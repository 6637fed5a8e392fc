"""One request to each contestant before any load: what responds wrongly is not worth measuring."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.errors import StackError
from tests.bench.load import HOST, Request
from tests.bench.turns import Contestant

LIMIT = 5.0
"""Seconds for a response."""


@dataclass(frozen=True)
class Probe:
    """One request before any load: a response with `status` that holds `holds`, or the measurement is off."""

    contestant: str
    request: Request
    status: int
    holds: bytes = b""


async def check(contestants: Iterable[Contestant], probes: Iterable[Probe]) -> None:
    """Raises `StackError` naming the contestant that does not respond as it must."""
    ports = {contestant.name: contestant.port for contestant in contestants}
    for probe in probes:
        response = await _response(ports[probe.contestant], probe)
        status_line, _, _ = response.partition(b"\r\n")
        if status_line.split(b" ")[1:2] != [b"%d" % probe.status] or probe.holds not in response:
            request = probe.request
            raise StackError(
                f"{probe.contestant} responds to {request.method} {request.path.partition('?')[0]} with "
                f"{status_line.decode(errors='replace')!r} and not as it must ({probe.status}): nothing to measure"
            )


async def _response(port: int, probe: Probe) -> bytes:
    """All that comes back until the server closes, as it is asked to."""
    request = probe.request
    last_request = type(request)(
        request.method, request.path, {**request.headers, "Connection": "close"}, request.body
    )
    try:
        async with asyncio.timeout(LIMIT):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(last_request.wire(port))
            try:
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        raise StackError(f"{probe.contestant} does not respond: {type(error).__name__}") from None
