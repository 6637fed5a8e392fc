"""An operator stops one JWT, one session token, or a signing key."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from shared.contracts.key_registry import Revocation, Stopped
from tests.support.harness.key_registry import Admin, Running

SESSION_ID = "5e" * 32


@pytest.mark.parametrize(
    ("kind", "id_"), [("jwt", "one-jti"), ("session_token", SESSION_ID), ("signing_key", "key-1")]
)
async def test_what_an_operator_stops_is_in_the_feed_the_snapshot_the_list_and_the_audit_trail(
    running: Running, kind: str, id_: str
) -> None:
    owner = running.owner
    async with running.client("gateway") as client:
        start = (await client.snapshot()).as_of
        response = await owner.post("/revocations", {"kind": kind, "id": id_, "reason": "leaked"})
        assert response.status == 200, response.raw
        assert response.body["receipt"] == int(response.headers["Passgate-Receipt"]) == start + 1
        (change,) = (await client.changes(start)).changes
        assert (change.kind, change.id, change.status) == (kind, id_, "revoked")
        assert change.until == pytest.approx(time.time() + MAX_TOKEN_LIFE_S, abs=60)
        assert Stopped(kind=change.kind, id=id_, until=change.until) in (await client.snapshot()).stopped
    listed = (await owner.get(f"/revocations?kind={kind}&id={id_}")).body["items"]
    assert listed == [{name: value for name, value in response.body.items() if name != "receipt"}]
    assert (listed[0]["reason"], listed[0]["company_id"]) == ("leaked", None)
    (line,) = (await owner.get(f"/audit?action={kind}.revoked&subject={id_}")).body["items"]
    assert line["actor"].startswith("admin:")
    assert (await owner.get(f"/receipts/{start + 1}")).body["subject"] == id_


async def test_again_is_the_same_and_for_longer_is_a_change(owner: Admin) -> None:
    first = await owner.post("/revocations", {"kind": "jwt", "id": "again"})
    await owner.company()
    assert (await owner.post("/revocations", {"kind": "jwt", "id": "again"})).body == first.body
    longer = await owner.post("/revocations", {"kind": "jwt", "id": "again", "until": _in(MAX_TOKEN_LIFE_S + 99)})
    assert longer.body["receipt"] > first.body["receipt"]
    assert longer.body["until"] > first.body["until"]
    soon = await owner.post("/revocations", {"kind": "jwt", "id": "again", "until": _in(60)})
    assert soon.body == longer.body


@pytest.mark.parametrize("earlier", ["an operator", "the issuer"])
async def test_a_token_that_was_stopped_for_a_shorter_time_stays_stopped_for_the_longest_life(
    running: Running, earlier: str
) -> None:
    owner, id_ = running.owner, f"stopped-by-{earlier.split()[1]}"
    body = {"kind": "jwt", "id": id_}
    if earlier == "an operator":
        await owner.post("/revocations", {**body, "until": _in(60)})
    else:
        async with running.client("token_issuer") as client:
            await client.revoke(Revocation(kind="jwt", id=id_, until=time.time() + 60))
    longer = await owner.post("/revocations", body)
    until = datetime.fromisoformat(longer.body["until"]).timestamp()
    assert until == pytest.approx(time.time() + MAX_TOKEN_LIFE_S, abs=60)
    async with running.client("gateway") as client:
        stopped = {entry.id: entry.until for entry in (await client.snapshot()).stopped}
    assert stopped[id_] == pytest.approx(until, abs=1)
    assert (await owner.post("/revocations", body)).body == longer.body


async def test_a_signing_key_stays_stopped_for_the_longest_life_whatever_is_requested(owner: Admin) -> None:
    response = await owner.post("/revocations", {"kind": "signing_key", "id": "key-2", "until": _in(60)})
    until = datetime.fromisoformat(response.body["until"]).timestamp()
    assert until == pytest.approx(time.time() + MAX_TOKEN_LIFE_S, abs=60)


async def test_editors_stop_viewers_read_and_bound_tokens_name_none(owner: Admin) -> None:
    company = await owner.company()

    async def token(role: str, **more: Any) -> Admin:
        created = await owner.create("/admin-tokens", name="x", role=role, **more)
        return owner.with_token(created["token"])

    body = {"kind": "jwt", "id": "roles"}
    viewer, editor = await token("viewer"), await token("editor")
    bound = await token("owner", company_id=company["id"])
    assert (await viewer.post("/revocations", body)).status == 403
    assert (await bound.post("/revocations", body)).status == 403
    assert (await owner.with_token(None).post("/revocations", body)).status == 401
    assert (await editor.post("/revocations", body)).status == 200
    assert len((await viewer.get("/revocations?id=roles")).body["items"]) == 1
    assert (await bound.get("/revocations")).body["items"] == []


async def test_a_company_sees_what_was_stopped_of_its_own(running: Running) -> None:
    company = await running.owner.company()
    created = await running.owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    async with running.calls("token_issuer") as calls:
        body = {"kind": "jwt", "id": "of-company", "until": time.time() + 60, "company_id": company["id"]}
        await calls.post("/internal/v1/revocations", body)
    items = (await running.owner.with_token(created["token"]).get("/revocations")).body["items"]
    assert [item["id"] for item in items] == ["of-company"]


async def test_pages_hold_each_once_and_no_deleted_credential(owner: Admin) -> None:
    key = await owner.create("/access-keys", company_id=(await owner.company())["id"], name="x")
    for n in range(5):
        await owner.post("/revocations", {"kind": "jwt", "id": f"page-{n}"})
    await owner.post(f"/access-keys/{key['id']}/revoke")
    await owner.delete(f"/access-keys/{key['id']}")
    seen: list[str] = []
    path = "/revocations?kind=jwt&limit=2"
    while path:
        page = (await owner.get(path)).body
        seen += [item["id"] for item in page["items"]]
        path = page["next_cursor"] and f"/revocations?kind=jwt&limit=2&cursor={page['next_cursor']}"
    assert seen[:5] == [f"page-{n}" for n in reversed(range(5))]
    assert len(seen) == len(set(seen))
    assert key["id"] not in seen


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "company"}, "kind"),
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"id": "a\x7f"}, "id"),
        ({"id": 5}, "id"),
        ({"id": "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiJ4In0.c2ln"}, "id"),
        ({"kind": "session_token", "id": "0b1f7f5e-4b3c-4ad9-8d11-6c1de8a8b6a1"}, "id"),
        ({"until": "2001-01-01T00:00:00Z"}, "until"),
        ({"until": "9999-01-01T00:00:00Z"}, "until"),
        ({"until": "soon"}, "until"),
        ({"until": 5}, "until"),
        ({"reason": "x" * 256}, "reason"),
        ({"reason": "a\nb"}, "reason"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_revocation_that_is_wrong_is_422_naming_the_field_and_not_repeating_it(
    owner: Admin, wrong: dict[str, Any], field: str
) -> None:
    response = await owner.post("/revocations", {"kind": "jwt", "id": "x", **wrong})
    assert (response.status, response.fields) == (422, {field}), response.raw
    assert b"eyJ" not in response.raw
    assert b"0b1f7f5e" not in response.raw
    assert (await owner.get("/revocations?kind=company&limit=0")).fields == {"kind", "limit"}


def _in(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()
