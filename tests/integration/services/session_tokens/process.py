"""Session tokens as a process of their own."""

import asyncio

import aiohttp

from tests.support.harness.session_tokens import Stack


def environment_of(stack: Stack, port: int) -> dict[str, str]:
    keys = {f"PASSGATE_{name.upper()}": str(path) for name, path in stack.keys.settings("session_tokens").items()}
    return {
        "PASSGATE_PORT": str(port),
        "PASSGATE_REDIS_URL": stack.redis_url,
        "PASSGATE_KEY_REGISTRY_URL": stack.registry_url,
        **keys,
    }


async def is_ready(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                async with http.get(f"{url}/health/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
