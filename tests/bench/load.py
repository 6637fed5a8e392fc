"""One turn of load: wrk, on 127.0.0.1 alone, for a fixed time."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

from deploy.errors import StackError

HOST = "127.0.0.1"
CONNECTIONS = 48
SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT_S = 5
PACED_TIMEOUT_S = 20
"""The same where connections wait before each request: wrk counts that time too."""
GRACE = 15.0
"""Seconds beyond its turn after which wrk is taken for stuck."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def wire(self, port: int) -> bytes:
        """HTTP/1.1, on a connection that stays open."""
        headers = {"Host": f"{HOST}:{port}", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + self.body


@dataclass(frozen=True)
class Load:
    """How wrk sends: from the request number `first` on, over so many `connections`.

    A status that is not `expected` is an error; where none is given, one from 400 on is. Each connection waits
    before each request, `wait_ms` on average; 0 is as fast as it can. It runs on `cores` alone, if any are given.
    """

    first: int = 0
    connections: int = CONNECTIONS
    expected: tuple[int, ...] = ()
    wait_ms: float = 0
    cores: frozenset[int] | None = None


@dataclass(frozen=True)
class Turn:
    """What wrk saw. `sent` counts also the requests that were still in flight when it stopped.

    `statuses` counts responses where it was said which are expected.
    """

    sent: int
    responded: int
    seconds: float
    p50_ms: float
    p99_ms: float
    statuses: Mapping[int, int] = field(default_factory=dict)


AS_FAST_AS_IT_CAN = Load()


def paced(per_second: float, connections: int = CONNECTIONS) -> Load:
    """Load of about `per_second` requests, as long as responses take little time beside the waiting."""
    return Load(connections=connections, wait_ms=connections / per_second * 1000)


def wrk() -> str:
    """The load generator. Raises `StackError` when it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise StackError("wrk, which makes the load, is not installed: `make bench-peers` as root")
    return found


def write_requests(requests: Sequence[Request], port: int, path: Path) -> None:
    """The file that `load.lua` reads. It holds credentials: mode 0600."""
    path.touch(mode=0o600)
    wires = [request.wire(port) for request in requests]
    path.write_bytes(b"".join(b"%d\n%b" % (len(wire), wire) for wire in wires))


async def run_turn(port: int, requests: Path, seconds: int, load: Load = AS_FAST_AS_IT_CAN) -> Turn:
    """`seconds` of load on `port`. Raises `StackError` when any response was an error, or none came."""
    script = (str(requests), str(load.first), ",".join(map(str, load.expected)), str(load.wait_ms))
    timeout = f"--timeout={PACED_TIMEOUT_S if load.wait_ms else TIMEOUT_S}s"
    child = await asyncio.create_subprocess_exec(
        wrk(), "--threads=1", f"--connections={load.connections}", f"--duration={seconds}s", timeout,
        f"--script={SCRIPT}", f"http://{HOST}:{port}", "--", *script,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=partial(os.sched_setaffinity, 0, load.cores) if load.cores else None,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(child.communicate(), seconds + GRACE)
    except TimeoutError:
        raise StackError(f"wrk did not end within {seconds + GRACE:.0f} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise StackError(f"wrk failed: {output.decode(errors='replace')}")
    return _turn(output, load)


def _turn(output: bytes, load: Load) -> Turn:
    counted = orjson.loads(output.strip().rpartition(b"\n")[2])
    wrong = counted["unexpected"] if load.expected else counted["errors"]
    if wrong or counted["broken"] or not counted["responded"]:
        seen = f": {counted['statuses']}" if load.expected else ""
        raise StackError(
            f"of {counted['responded']} responses {wrong} were errors{seen}, "
            f"and {counted['broken']} requests got none: nothing to measure"
        )
    return Turn(
        sent=counted["sent"],
        responded=counted["responded"],
        seconds=counted["microseconds"] / 1e6,
        p50_ms=counted["p50"] / 1e3,
        p99_ms=counted["p99"] / 1e3,
        statuses={int(status): number for status, number in counted["statuses"].items()},
    )
