"""`passgate explain ID` leads from a refused call to its cause, and from there to what to do about it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from deploy.cli.operations import records
from services.key_registry.catalog.versions import MAX_SHOWN_VERSIONS
from shared.identifiers import credential_version_id
from shared.refusal_traces.steps import found_stopped
from tests.integration.deploy.cli.conftest import Run
from tests.support.harness.key_registry import Admin, Running
from tests.support.traces import trace

NUMBERS = count(6100)


async def explained(passgate: Run, registry: Running, number: int, **members: Any) -> str:
    kept = trace(number, at=time.time(), **members)
    async with registry.client("gateway") as client:
        await client.add_traces([kept])
    status, output, errors = await passgate("explain", kept.request_id)
    assert (status, errors) == (0, "")
    return output


async def test_a_call_that_was_refused_a_moment_ago_is_explained_once_it_has_been_reported(
    passgate: Run, registry: Running
) -> None:
    kept = trace(next(NUMBERS), at=time.time())
    asked = asyncio.ensure_future(passgate("explain", kept.request_id))
    await asyncio.sleep(records.LOOK_INTERVAL_S)
    async with registry.client("gateway") as client:
        await client.add_traces([kept])
    status, output, errors = await asked
    assert (status, errors) == (0, "")
    assert kept.request_id in output


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


@pytest.mark.parametrize("kind", ["api_client", "access_key", "api_token", "admin_token"])
@pytest.mark.parametrize("end", ["revoked", "rotated away", "of long ago"])
async def test_of_a_secret_that_was_ended_its_own_state_is_said_and_which_one_is_current(
    passgate: Run, registry: Running, kind: str, end: str
) -> None:
    admin = registry.owner
    path, credential = await a_credential(admin, kind)
    of_it = f"{path}/{credential['id']}"
    at_once = {"keep_old_for": 0 if end != "revoked" else 3600}
    rotations = MAX_SHOWN_VERSIONS + 1 if end == "of long ago" else 1
    for _ in range(rotations):
        assert (await admin.post(f"{of_it}/rotate", at_once)).status == 201
    if end == "revoked":
        assert (await admin.post(f"{of_it}/versions/1/revoke")).status == 200
    versions = (await admin.get(of_it)).body["versions"]
    since = f" since {versions[-1]['retires_at']}" if end != "of long ago" else ""
    step = found_stopped("stopped", kind, credential_version_id(credential["id"], 1))
    output = await explained(passgate, registry, next(NUMBERS), cause="stopped", steps=(step,))
    called = f"{kind.replace('_', ' ').replace('api', 'API')} Nightly"
    current = rotations + 1
    assert f"now       secret 1 of {called}: retired{since}; secret {current} is current\n" in output
    assert f"now       {called}: active\n" in output


async def a_credential(admin: Admin, kind: str) -> tuple[str, dict[str, Any]]:
    company = await admin.company()
    of = {"company_id": company["id"]}
    match kind:
        case "api_client":
            return "/api-clients", await admin.create("/api-clients", **of, scopes=[], comment="Nightly")
        case "access_key":
            return "/access-keys", await admin.create("/access-keys", **of, name="Nightly")
        case "api_token":
            booking = await admin.booking(company, "site:read")
            of_it = {"booking_id": booking["id"], "remote_application": "Nightly"}
            return "/api-tokens", await admin.create("/api-tokens", **of_it)
        case _:
            return "/admin-tokens", await admin.create("/admin-tokens", name="Nightly", role="viewer")


@pytest.mark.parametrize(("kind", "id_"), [("jwt", "j-1"), ("api_client", "0190c0de-0000-7000-8000-000000000001")])
async def test_of_what_stopped_a_call_and_is_no_object_any_more_nothing_is_said(
    passgate: Run, registry: Running, kind: str, id_: str
) -> None:
    step = found_stopped("stopped", kind, id_)
    output = await explained(passgate, registry, 6020 + len(kind), cause="stopped", steps=(step,))
    assert "          now " not in output
