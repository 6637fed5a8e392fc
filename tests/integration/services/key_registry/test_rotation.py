"""Rotation over HTTP: the secrets as services look them up, receipts, and what is not rotated."""

import asyncio
import secrets
from typing import Any

import pytest

from shared import opaque
from tests.support.harness.key_registry import Admin, Responded, Running
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


async def posted(owner: Admin, path: str, body: Any = None) -> Responded:
    """A busy machine's 503 is tried again with the same `Idempotency-Key`, as every client should."""
    key = {"Idempotency-Key": secrets.token_hex(16)}
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        while (response := await owner.post(path, body, headers=key)).status == 503:
            await asyncio.sleep(0.05)  # the database's turn, not ours
    return response


async def access_key(owner: Admin) -> dict[str, str]:
    return await owner.create("/access-keys", company_id=(await owner.company())["id"], name="x")


async def test_without_a_body_the_old_secret_goes_on_for_a_day_and_services_find_both(running: Running) -> None:
    owner = running.owner
    created = await access_key(owner)
    rotated = await posted(owner, f"/access-keys/{created['id']}/rotate")
    assert rotated.status == 201
    assert rotated.headers["Location"] == f"/admin/v1/access-keys/{created['id']}"
    assert rotated.headers["Cache-Control"] == "no-store"
    assert [version["state"] for version in rotated.body["versions"]] == ["current", "retiring"]
    async with running.client("session_tokens") as client:
        old = await client.access_key(opaque.digest(created["key"]))
        new = await client.access_key(opaque.digest(rotated.body["key"]))
    assert old is not None
    assert new is not None
    assert old.id == new.id == created["id"]
    assert (old.version, new.version, new.retires_at) == (1, 2, None)
    assert old.retires_at is not None
    assert rotated.body["versions"] == (await owner.get(f"/access-keys/{created['id']}")).body["versions"]


async def test_an_api_client_is_rotated_by_its_public_name_and_keeps_it(running: Running) -> None:
    owner = running.owner
    company_id = (await owner.company())["id"]
    created = await owner.create("/api-clients", company_id=company_id, comment="x", scopes=[])
    rotated = (await posted(owner, f"/api-clients/{created['key']}/rotate", {"keep_old_for": 60})).body
    assert (rotated["id"], rotated["key"]) == (created["id"], created["key"])
    async with running.client("token_issuer") as client:
        found = await client.api_client(created["key"])
    assert found is not None
    assert [secret.digest for secret in found.secrets] == [
        opaque.digest(secret).hex() for secret in (rotated["secret"], created["secret"])
    ]


async def test_the_end_of_one_secret_has_a_receipt_and_a_line(owner: Admin) -> None:
    created = await access_key(owner)
    await posted(owner, f"/access-keys/{created['id']}/rotate", {})
    ended = await posted(owner, f"/access-keys/{created['id']}/versions/1/revoke")
    assert ended.status == 200
    assert ended.headers["Passgate-Receipt"] == str(ended.body["receipt"])
    receipt = (await owner.get(f"/receipts/{ended.body['receipt']}")).body
    assert (receipt["kind"], receipt["subject"], receipt["status"]) == ("access_key", created["id"], "active")
    (line, *_) = (await owner.get(f"/audit?subject={created['id']}")).body["items"]
    assert (line["action"], line["detail"]["version"]) == ("access_key.version_revoked", 1)


async def test_a_third_secret_is_a_conflict_that_says_what_to_do(owner: Admin) -> None:
    path = f"/access-keys/{(await access_key(owner))['id']}/rotate"
    assert (await posted(owner, path, {})).status == 201
    refused = await posted(owner, path, {})
    assert refused.status == 409
    assert "end_oldest" in refused.body["detail"]
    assert (await posted(owner, path, {"end_oldest": True})).status == 201


async def test_a_secret_that_retires_by_itself_is_announced_by_the_registry(owner: Admin) -> None:
    created = await access_key(owner)
    await posted(owner, f"/access-keys/{created['id']}/rotate", {"keep_old_for": 1})

    async def announced() -> bool:
        lines = (await owner.get(f"/audit?subject={created['id']}")).body["items"]
        return bool(lines[0]["action"] == "access_key.version_retired")

    await until(announced)


@pytest.mark.parametrize("path", ["companies", "applications", "bookings", "key-pairs"])
async def test_what_has_no_secret_is_not_rotated(owner: Admin, path: str) -> None:
    assert (await posted(owner, f"/{path}/x/rotate", {})).status == 404


@pytest.mark.parametrize("number", ["x", "-1", "1.0", "9" * 20, "\u0661"])
async def test_what_is_no_number_of_a_version_is_not_found(owner: Admin, number: str) -> None:
    created = await access_key(owner)
    assert (await posted(owner, f"/access-keys/{created['id']}/versions/{number}/revoke")).status == 404


async def test_a_quiet_period_is_shown_and_one_that_is_wrong_is_named(owner: Admin) -> None:
    created = await access_key(owner)
    path = f"/access-keys/{created['id']}/rotate"
    for wrong in ({"keep_old_until_quiet_for": n} for n in (0, -1, 2_592_001, "60", 1.5)):
        refused = await posted(owner, path, wrong)
        assert (refused.status, refused.fields) == (422, {"keep_old_until_quiet_for"})
    both = await posted(owner, path, {"keep_old_until_quiet_for": 60, "keep_old_for": 60})
    assert (both.status, both.fields) == (422, {"keep_old_for"})
    rotated = await posted(owner, path, {"keep_old_until_quiet_for": 60})
    versions = rotated.body["versions"]
    assert [(version["state"], version["quiet_for"]) for version in versions] == [
        ("current", None),
        ("retiring", 60),
    ]
