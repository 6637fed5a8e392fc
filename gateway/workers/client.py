"""Calls to the operators' application of one worker, over its Unix socket."""

from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.workers.samples import SAMPLES_PATH, Family, families_of
from shared.errors import Unavailable
from shared.logging import request_id

TIMEOUT_S = 1.5
"""Seconds for one call: a worker reports within the time limit of its own checks, which is shorter."""


class WorkerClient:
    """Each call takes `TIMEOUT_S` at most, and raises `Unavailable` when there is no response in that time."""

    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            # A connection each: the process behind the socket may be another one the next time.
            connector=aiohttp.UnixConnector(self._socket, force_close=True),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of the response."""
        if self._session is None:
            raise Unavailable("the worker has not been started")
        headers = {"X-Request-Id": rid} if (rid := request_id.get()) else {}
        try:
            async with self._session.get(f"http://worker{path}", headers=headers) as response:
                return response.status, orjson.loads(await response.read())
        except TimeoutError:
            raise Unavailable(f"no response within {TIMEOUT_S} s") from None
        except (aiohttp.ClientError, OSError, orjson.JSONDecodeError) as error:
            raise Unavailable("no response", detail=type(error).__name__) from None

    async def samples(self) -> list[Family]:
        """Its metrics as they are now."""
        status, value = await self.get(SAMPLES_PATH)
        if status != 200:
            raise Unavailable(f"unexpected status {status}")
        return families_of(value)
