"""`passgate explain ID` leads from a refused call to its cause, and from there to what to do about it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.identifiers import credential_version_id
from shared.refusal_traces.steps import found_stopped
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


async def test_what_stopped_a_call_is_named_with_the_state_that_it_has_now(
    passgate: Run, registry: Running
) -> None:
    admin = registry.owner
    company = await admin.company(name="Blue Boats")
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    of = {"company_id": company["id"], "scopes": []}
    client = await admin.create("/api-clients", **of, comment="Nightly", expires_at=soon)
    other = await admin.create("/api-clients", **of, comment="Weekly")
    await admin.post(f"/companies/{company['id']}/suspend")
    await asyncio.sleep(1)
    for number, kind, id_, now in (
        (6011, "api_client", client["id"], "API client Nightly: expired"),
        (6012, "company", company["id"], "company Blue Boats: suspended"),
        (6013, "api_client", credential_version_id(other["id"], 1), "secret 1 of API client Weekly: "),
    ):
        step = found_stopped("stopped", kind, id_)
        output = await explained(passgate, registry, number, cause="stopped", steps=(step,))
        assert f"          now       {now}" in output


@pytest.mark.parametrize(("kind", "id_"), [("jwt", "j-1"), ("api_client", "0190c0de-0000-7000-8000-000000000001")])
async def test_of_what_stopped_a_call_and_is_no_object_any_more_nothing_is_said(
    passgate: Run, registry: Running, kind: str, id_: str
) -> None:
    step = found_stopped("stopped", kind, id_)
    output = await explained(passgate, registry, 6020 + len(kind), cause="stopped", steps=(step,))
    assert "          now " not in output
