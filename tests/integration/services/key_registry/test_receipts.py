"""Receipts over HTTP: named by every call that changes something, and shown by any copy of the registry."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.key_registry import ORIGIN_MARK, KeyRegistryClient, Position
from tests.support.harness.key_registry import Admin, Responded, Running, running_registry

CONSUMERS = {"gateway": "gateway@a:1-x", "token_issuer": "token_issuer@a:2-x", "session_tokens": "session@b:3-x"}

APPLICATION = {"name": "SMS", "application_prefix": "SMS", "scopes": ["sms:send"]}


def receipt_of(response: Responded) -> int:
    return int(response.headers["Passgate-Receipt"])


async def report(client: KeyRegistryClient, service: str, position: int, *, leaving: bool = False) -> None:
    mark = (await client.changes(position - 1, limit=1)).changes[0].mark if position else ORIGIN_MARK
    instance = CONSUMERS[service]
    await client.report(Position(instance=instance, service=service, position=position, mark=mark, leaving=leaving))


async def test_every_call_that_changes_something_names_its_receipt(owner: Admin) -> None:
    company = await owner.company()
    of = {"company_id": company["id"], "name": "x"}
    created = await owner.post("/access-keys", of, headers={"Idempotency-Key": "once"})
    one = f"/access-keys/{created.body['id']}"
    again = await owner.post("/access-keys", of, headers={"Idempotency-Key": "once"})
    assert receipt_of(again) == receipt_of(created)
    receipts = [receipt_of(created), receipt_of(await owner.patch(one, {"name": "y"}))]
    for operation, status in (("suspend", "suspended"), ("resume", "active"), ("revoke", "revoked")):
        response = await owner.post(f"{one}/{operation}")
        assert response.body["receipt"] == receipt_of(response)
        receipts.append(receipt_of(response))
        shown = (await owner.get(f"/receipts/{receipts[-1]}")).body
        assert (shown["kind"], shown["subject"], shown["status"]) == ("access_key", created.body["id"], status)
        assert shown["at"].endswith("Z")
        assert (await owner.post(f"{one}/{operation}")).body["receipt"] == receipts[-1]
    receipts.append(receipt_of(await owner.delete(one)))
    assert receipts == list(range(receipts[0], receipts[0] + 6))


async def test_applied_on_three_of_three_is_shown_by_another_copy_than_the_one_that_was_reported_to(
    registry_database_url: str, tmp_path: Path
) -> None:
    async with (
        running_registry(registry_database_url, tmp_path / "a") as one,
        running_registry(registry_database_url, tmp_path / "b") as other,
        one.client("gateway") as gateway,
        one.client("token_issuer") as issuer,
        one.client("session_tokens") as sessions,
    ):
        clients = {"gateway": gateway, "token_issuer": issuer, "session_tokens": sessions}
        for service, client in clients.items():
            await report(client, service, 0)
        company = await one.owner.company()
        receipt = receipt_of(await one.owner.post(f"/companies/{company['id']}/suspend"))
        waiting = asyncio.create_task(other.owner.get(f"/receipts/{receipt}?wait=applied"))
        for service in ("gateway", "token_issuer"):
            await report(clients[service], service, receipt)
        pending = (await other.owner.get(f"/receipts/{receipt}")).body
        assert (pending["state"], pending["applied"], pending["of"]) == ("pending", 2, 3)
        assert pending["waiting_for"] == [CONSUMERS["session_tokens"]]
        next_one = receipt_of(await one.owner.post("/applications", APPLICATION))
        await report(sessions, "session_tokens", next_one)
        applied = (await waiting).body
        assert (applied["state"], applied["applied"], applied["of"]) == ("applied", 3, 3)
        assert applied["ms"] == max(consumer["ms"] for consumer in applied["consumers"])
        later = receipt_of(await one.owner.post(f"/companies/{company['id']}/resume"))
        await report(gateway, "gateway", later)
        await report(issuer, "token_issuer", later)
        await report(sessions, "session_tokens", receipt, leaving=True)
        assert (await other.owner.get(f"/receipts/{later}")).body["of"] == 2


async def test_waiting_ends_at_its_time_out_with_what_is_so(running: Running) -> None:
    owner = running.owner
    async with running.client("gateway") as client:
        await report(client, "gateway", 0)
        receipt = receipt_of(await owner.post(f"/companies/{(await owner.company())['id']}/suspend"))
        response = await owner.get(f"/receipts/{receipt}?wait=applied&timeout=0.2")
        assert (response.status, response.body["state"]) == (200, "pending")
        await report(client, "gateway", receipt, leaving=True)
        assert (await owner.get(f"/receipts/{receipt}?wait=applied")).body["state"] == "applied"


async def test_a_receipt_names_its_object_as_people_know_it(owner: Admin) -> None:
    company = await owner.company()
    booking = await owner.booking(company)
    application = (await owner.get(f"/applications/{booking['application_id']}")).body
    of, scopes = {"company_id": company["id"]}, {"scopes": ["site:read"]}
    token = await owner.create("/api-tokens", booking_id=booking["id"], remote_application="Shop")
    client = await owner.create("/api-clients", **of, **scopes, comment="x")
    pair = await owner.create("/key-pairs", **of, **scopes, algorithm="ES256")
    key = await owner.create("/access-keys", **of, name="demo")
    admin = await owner.create("/admin-tokens", **of, name="Ann", role="viewer")
    for path, object_, name in (
        ("api-tokens", token, "Shop"),
        ("api-clients", client, client["key"]),
        ("key-pairs", pair, pair["kid"]),
        ("access-keys", key, "demo"),
        ("admin-tokens", admin, "Ann"),
        ("bookings", booking, f"{company['client_prefix']}:{application['application_prefix']}"),
        ("applications", application, application["application_prefix"]),
        ("companies", company, company["client_prefix"]),
    ):
        receipt = (await owner.post(f"/{path}/{object_['id']}/suspend")).body["receipt"]
        for query in ("", "?wait=applied&timeout=0"):
            shown = (await owner.get(f"/receipts/{receipt}{query}")).body
            assert (shown["subject"], shown["subject_name"]) == (object_["id"], name)


async def test_a_receipt_of_what_is_deleted_or_not_kept_has_no_name(owner: Admin) -> None:
    company = await owner.company()
    deleted = receipt_of(await owner.delete(f"/companies/{company['id']}"))
    jwt = receipt_of(await owner.post("/revocations", {"kind": "jwt", "id": "j-nameless"}))
    for receipt in (deleted, jwt):
        assert (await owner.get(f"/receipts/{receipt}")).body["subject_name"] is None


async def test_receipts_are_for_viewers_too_and_another_companys_is_404(owner: Admin) -> None:
    mine, other = await owner.company(), await owner.company()

    async def with_role(**body: Any) -> Admin:
        return owner.with_token((await owner.create("/admin-tokens", name="x", role="viewer", **body))["token"])

    viewer, bound = await with_role(), await with_role(company_id=mine["id"])
    for company, status in ((mine, 200), (other, 404)):
        receipt = receipt_of(await owner.post(f"/companies/{company['id']}/suspend"))
        assert (await viewer.get(f"/receipts/{receipt}")).status == 200
        await owner.post(f"/companies/{mine['id']}/resume")
        assert (await bound.get(f"/receipts/{receipt}")).status == status
    assert (await owner.with_token(None).get(f"/receipts/{receipt}")).status == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0", 404),
        ("x", 404),
        ("-1", 404),
        ("9" * 18, 404),
        ("9" * 5000, 404),
        ("%00", 404),
        ("1?wait=x", 422),
        ("1?wait=applied&timeout=11", 422),
        ("1?wait=applied&timeout=-1", 422),
        ("1?wait=applied&timeout=nan", 422),
        ("1?wait=applied&timeout=.", 422),
        ("1?wait=applied&timeout=1e1", 422),
        ("1?colour=red", 422),
    ],
)
async def test_odd_receipts_are_refused(owner: Admin, path: str, status: int) -> None:
    assert (await owner.get(f"/receipts/{path}")).status == status


async def test_what_a_service_stops_has_a_receipt_and_the_same_again(running: Running) -> None:
    async with running.calls("token_issuer") as calls:
        body = {"kind": "jwt", "id": "j-receipt", "until": time.time() + 60}
        first = await calls.post("/internal/v1/revocations", body)
        await running.owner.company()
        assert await calls.post("/internal/v1/revocations", body) == first
    shown = (await running.owner.get(f"/receipts/{first['receipt']}")).body
    assert (shown["kind"], shown["subject"], shown["status"]) == ("jwt", "j-receipt", "revoked")
