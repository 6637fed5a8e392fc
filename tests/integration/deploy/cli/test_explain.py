"""`passgate explain ID` leads from a refused call to its cause, and from there to what to do about it."""

import time
from typing import Any

from tests.integration.deploy.cli.conftest import Run
from tests.support.harness.key_registry import Running
from tests.support.traces import trace


async def explained(passgate: Run, registry: Running, number: int, **members: Any) -> str:
    kept = trace(number, at=time.time(), **members)
    async with registry.client("gateway") as client:
        await client.add_traces([kept])
    status, output, errors = await passgate("explain", kept.request_id)
    assert (status, errors) == (0, "")
    return output


async def test_the_place_where_the_page_explains_the_cause_is_named(passgate: Run, registry: Running) -> None:
    for number, cause, anchor in (
        (6001, "invalid_scope", "invalid_scope"),
        (6002, "jti_used", "invalid_grant-jti_used"),
        (6003, "stale", "stale-503"),
    ):
        output = await explained(passgate, registry, number, cause=cause)
        assert output.endswith(f"what to do about {cause}: docs/refusals.md#{anchor}\n")
