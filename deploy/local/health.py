"""Readiness of the deployables, asked as a load balancer would ask."""

import asyncio
import time
from collections.abc import Mapping

import aiohttp

PAUSE = 0.1
"""Seconds between two questions to one process."""


async def readiness(session: aiohttp.ClientSession, url: str) -> str:
    """Empty when the process at `url` is ready; else why it is not."""
    try:
        async with session.get(f"{url}/health/ready", timeout=aiohttp.ClientTimeout(total=2)) as response:
            if response.status == 200:
                return ""
            body = await response.json(content_type=None)
            missing = body.get("missing") if isinstance(body, dict) else None
    except aiohttp.ClientConnectorError:
        return "does not listen"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return type(error).__name__
    if not isinstance(missing, dict) or not missing:
        return f"answers {response.status}"
    return "waits for " + ", ".join(f"{name} ({reason})" for name, reason in missing.items())


async def all_readiness(urls: Mapping[str, str]) -> dict[str, str]:
    """`readiness` by name, all asked at once."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        responses = await asyncio.gather(*(readiness(session, url) for url in urls.values()))
    return dict(zip(urls, responses, strict=True))


async def until_ready(url: str, limit: float) -> str:
    """Wait until the process at `url` is ready. Empty when it is; after `limit` seconds, why it is not."""
    deadline = time.monotonic() + limit
    async with aiohttp.ClientSession(trust_env=False) as session:
        while True:
            reason = await readiness(session, url)
            if not reason or time.monotonic() > deadline:
                return reason
            await asyncio.sleep(PAUSE)
