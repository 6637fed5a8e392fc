"""What strangers send leaves no line for each request."""

import asyncio
import uuid

from shared.audit.refusals import ACTION
from tests.support.harness.session_tokens import Stack

REQUESTS = 400


async def test_a_flood_of_unknown_keys_and_tokens_is_counted_in_the_audit_trail(stack: Stack) -> None:
    async with stack.copy() as service:

        async def send(n: int) -> int:
            if n % 2:
                response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=f"junk-{n}")
            else:
                response, _ = await service.call("GET", "/verify", x_api_token=str(uuid.uuid4()))
            return response.status

        for start in range(0, REQUESTS, 50):
            assert set(await asyncio.gather(*(send(n) for n in range(start, start + 50)))) == {403}
    lines = stack.registry.events
    assert {line.action for line in lines} == {ACTION}
    assert len(lines) <= 1 + REQUESTS // 100  # one, unless a busy machine takes minutes for this
    assert sum(line.detail["count"] for line in lines) <= REQUESTS
    causes = {(source["endpoint"], source["cause"]) for line in lines for source in line.detail["sources"]}
    assert causes == {("/verify", "unknown"), ("/generate", "malformed")}
