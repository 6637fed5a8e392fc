"""Readiness of the deployables and of the stores, checked as a load balancer and as a client would."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import asyncpg
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

POLL_INTERVAL_S = 0.1
"""Seconds between two requests to one process."""
TIMEOUT_S = 2.0
SILENT = f"does not respond within {TIMEOUT_S:g} s"
UNREACHABLE = "does not listen"
REFUSED = "refuses: "
WRONG_URL = "cannot be connected to by its URL"


async def readiness(session: aiohttp.ClientSession, url: str) -> str:
    """Empty when the process at `url` is ready; else why it is not."""
    try:
        status, body = await _get(session, f"{url}/health/ready")
    except aiohttp.ClientConnectorError:
        return UNREACHABLE
    except TimeoutError:
        return SILENT
    except aiohttp.ClientError:
        return "closes the connection without a response"
    if status == 200:
        return ""
    missing = body.get("missing")
    if not isinstance(missing, dict) or not missing:
        return f"responds with status {status}"
    return "waits for " + ", ".join(f"{name} ({reason})" for name, reason in missing.items())


async def degradation(session: aiohttp.ClientSession, url: str) -> str:
    """What a process that is ready has to do without, and why: an optional dependency, a route file not in use."""
    try:
        _, body = await _get(session, f"{url}/health")
    except (aiohttp.ClientError, TimeoutError):
        return ""
    dependencies = body.get("dependencies")
    entries = dependencies.items() if isinstance(dependencies, dict) else ()
    return ", ".join(f"{name} ({entry.get('reason')})" for name, entry in entries if entry.get("state") == "down")


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as response:
        try:
            body = await response.json(content_type=None)
        except ValueError:
            body = None
        return response.status, body if isinstance(body, dict) else {}


async def all_states(urls: Mapping[str, str]) -> dict[str, str]:
    """For each process `ready`, `ready, degraded: ...` or why it is not ready; all requested at once."""

    async def state(session: aiohttp.ClientSession, url: str) -> str:
        if reason := await readiness(session, url):
            return reason
        missing = await degradation(session, url)
        return f"ready, degraded: {missing}" if missing else "ready"

    async with aiohttp.ClientSession(trust_env=False) as session:
        states = await asyncio.gather(*(state(session, url) for url in urls.values()))
    return dict(zip(urls, states, strict=True))


async def postgres_state(dsn: str) -> str:
    """`ready` if it takes a query; else why it does not."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            connection = await asyncpg.connect(dsn, timeout=TIMEOUT_S)
            try:
                await connection.fetchval("SELECT 1")
            finally:
                connection.terminate()
    except TimeoutError:
        return SILENT
    except OSError:
        return UNREACHABLE
    except asyncpg.PostgresError as error:
        return f"{REFUSED}{error}"
    except (asyncpg.InterfaceError, ValueError):  # whose text may have the password
        return WRONG_URL
    return "ready"


async def valkey_state(url: str) -> str:
    """`ready` if it responds to PING; else why it does not."""
    try:
        client = redis.asyncio.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        async with client:
            await client.ping()
    except redis.exceptions.TimeoutError:
        return SILENT
    except redis.exceptions.AuthenticationError as error:
        return f"{REFUSED}{error}"
    except redis.exceptions.ConnectionError:
        return UNREACHABLE
    except redis.exceptions.RedisError as error:
        return f"{REFUSED}{error}"
    except ValueError:
        return WRONG_URL
    return "ready"


async def all_readiness(urls: Mapping[str, str]) -> dict[str, str]:
    """`readiness` by name, all requested at once."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        responses = await asyncio.gather(*(readiness(session, url) for url in urls.values()))
    return dict(zip(urls, responses, strict=True))


async def until_ready(url: str, limit: float, held: Callable[[], bool] = lambda: False) -> str:
    """Wait until the process at `url` is ready. Empty when it is; after `limit` seconds, why it is not.

    While it is `held` by what it waits for, its time does not run.
    """
    deadline = time.monotonic() + limit
    async with aiohttp.ClientSession(trust_env=False) as session:
        while True:
            reason = await readiness(session, url)
            if held():
                deadline = time.monotonic() + limit
            if not reason or time.monotonic() > deadline:
                return reason
            await asyncio.sleep(POLL_INTERVAL_S)
