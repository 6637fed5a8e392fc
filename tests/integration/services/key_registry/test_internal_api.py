"""The internal API: look-ups, feed, audit and revocations, for services that say who they are."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import quote

import pytest

from shared import opaque
from shared.contracts.key_registry import AuditEvent, Position, Revocation, Stopped
from shared.errors import Unavailable
from tests.support.harness.key_registry import Running


async def test_a_credential_is_found_the_moment_it_is_created_and_stopped_the_moment_it_is_revoked(
    running: Running,
) -> None:
    owner = running.owner
    company = await owner.company()
    booking = await owner.booking(company, "sms:send")
    created = await owner.create("/api-tokens", booking_id=booking["id"], remote_application="Shop")
    async with running.client("operator_validator") as client:
        record = await client.api_token(opaque.digest(created["token"]))
        assert record is not None
        assert record.active
        assert record.id == created["id"]
        await owner.post(f"/bookings/{booking['id']}/suspend")
        stopped = await client.api_token(opaque.digest(created["token"]))
        assert stopped is not None
        assert (stopped.status, stopped.booking_status, stopped.active) == ("active", "suspended", False)
        assert stopped.as_of > record.as_of


async def test_every_kind_of_credential_is_looked_up(running: Running) -> None:
    owner = running.owner
    of = {"company_id": (await owner.company())["id"]}
    key = await owner.create("/access-keys", **of, name="x")
    api_client = await owner.create("/api-clients", **of, comment="x", scopes=["site:read"], audience="aud")
    pair = await owner.create("/key-pairs", **of, scopes=["entity:*"], algorithm="ES256")
    async with running.client("token_issuer") as client:
        access_key = await client.access_key(opaque.digest(key["key"]))
        assert access_key is not None
        assert (access_key.default_ttl, access_key.max_ttl) == (3600, 86400)
        found = await client.api_client(api_client["key"])
        assert found is not None
        assert found.secret_digest == opaque.digest(api_client["secret"]).hex()
        assert (found.scopes, found.audience) == (("site:read",), "aud")
        key_pair = await client.key_pair(pair["kid"])
        assert key_pair is not None
        assert (key_pair.algorithm, key_pair.public_key["kid"]) == ("ES256", pair["kid"])


@pytest.mark.parametrize("key", ["x", "pgck_", "../x", "\u00e9", "a/b", "pgck_" + "0" * 22, "\0"])
async def test_what_does_not_exist_is_none(running: Running, key: str) -> None:
    async with running.client("token_issuer") as client, running.calls("token_issuer") as calls:
        assert await client.api_client(key) is None
        assert await client.key_pair(key) is None
        assert await client.api_token(opaque.digest(key)) is None
        assert await calls.get(f"/internal/v1/api-tokens/{quote(key, safe='')}") is None


async def test_many_look_ups_at_once_all_get_a_response(running: Running) -> None:
    created = await running.owner.create("/access-keys", company_id=(await running.owner.company())["id"], name="x")
    digests = [opaque.digest(created["key"]), *(opaque.digest(str(n)) for n in range(9))]
    async with running.client("session_tokens") as client:
        found = await asyncio.gather(*(client.access_key(digests[n % 10]) for n in range(200)))
    assert [record is not None for record in found] == [n % 10 == 0 for n in range(200)]


async def test_the_feed_is_followed_and_the_snapshot_holds_what_is_stopped(running: Running) -> None:
    owner = running.owner
    async with running.client("gateway") as client:
        start = (await client.snapshot()).as_of
        company = await owner.company()
        await owner.post(f"/companies/{company['id']}/suspend")
        page = await client.changes(start)
        assert [(c.seq, c.kind, c.id, c.status) for c in page.changes] == [
            (start + 1, "company", company["id"], "active"),
            (start + 2, "company", company["id"], "suspended"),
        ]
        assert (page.last, page.gap) == (start + 2, False)
        snapshot = await client.snapshot()
        assert snapshot.as_of == start + 2
        assert Stopped(kind="company", id=company["id"]) in snapshot.stopped


async def test_a_revocation_is_durable_in_the_feed_and_there_once(running: Running) -> None:
    async with running.client("token_issuer") as client:
        with pytest.raises(Unavailable):
            await client.revoke(Revocation(kind="jwt", id="j1", until=4e9))
        start = (await client.snapshot()).as_of
        until = time.time() + 3600
        revocation = Revocation(kind="jwt", id="j1", until=until, company_id="c", reason="requested")
        await client.revoke(revocation)
        await client.revoke(revocation)
        page = await client.changes(start)
        assert [(c.kind, c.id, c.status, c.until) for c in page.changes] == [("jwt", "j1", "revoked", until)]
        assert Stopped(kind="jwt", id="j1", until=until) in (await client.snapshot()).stopped
    (line,) = (await running.owner.get("/audit?action=jwt.revoked")).body["items"]
    assert (line["actor"], line["subject"], line["company_id"]) == ("service:token_issuer", "j1", "c")


async def test_audit_events_of_services_become_lines_in_one_chain(running: Running) -> None:
    async with running.client("token_issuer") as client:
        events = [
            AuditEvent(action="token.issued", actor="client:pgck_x", subject=str(n), request_id="r" * 8, at=1.5e9)
            for n in range(500)
        ]
        await asyncio.gather(*(client.audit(events) for _ in range(4)))
    page = (await running.owner.get("/audit?action=token.issued&limit=200")).body
    assert len(page["items"]) == 200
    assert page["items"][0]["request_id"] == "r" * 8
    for newer, older in zip(page["items"], page["items"][1:], strict=False):
        assert (newer["seq"], newer["previous_hash"]) == (older["seq"] + 1, older["hash"])


@pytest.mark.parametrize("actor", ["admin:1", "Admin:1", "service:gateway", "configuration", "command-line", ""])
async def test_a_service_speaks_for_itself_alone(running: Running, actor: str) -> None:
    async with running.client("token_issuer") as client:
        with pytest.raises(Unavailable) as refused:
            await client.audit([AuditEvent(action="x.done", actor=actor, at=1.0)])
    assert "422" in refused.value.detail


@pytest.mark.parametrize(
    ("service", "method", "path", "status"),
    [
        ("gateway", "GET", "api-clients/x", 403),
        ("sample_resources", "GET", "changes", 403),
        ("sample_resources", "GET", "snapshot", 403),
        ("sample_resources", "POST", "positions", 403),
        ("sample_resources", "POST", "audit", 403),
        ("gateway", "POST", "revocations", 403),
        ("operator_validator", "POST", "revocations", 403),
        ("token_issuer", "GET", "api-clients/x", 404),
        ("gateway", "GET", "changes", 200),
        ("gateway", "GET", "changes?after=-1", 422),
        ("gateway", "GET", "changes?after=x", 422),
        ("gateway", "GET", "changes?after=" + "9" * 30, 422),
        ("gateway", "GET", "changes?limit=1001", 422),
    ],
)
async def test_who_may_call_what(running: Running, service: str, method: str, path: str, status: int) -> None:
    headers = {"Authorization": running.keys.identity(service).authorization_for("key_registry")()}
    response = await running.owner.with_token(None).call(
        method, f"{running.url}/internal/v1/{path}", raw=None if method == "GET" else b"{}", headers=headers
    )
    assert response.status == status, response.raw


async def test_an_admin_token_opens_no_internal_endpoint(running: Running) -> None:
    for path in ("snapshot", "changes", "api-clients/x", "access-keys/x", "api-tokens/x", "key-pairs/x"):
        response = await running.owner.get(f"{running.url}/internal/v1/{path}")
        assert response.status == 401, path


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"events":5}',
        b'{"events":[{"action":"x","actor":"y","at":1e300}]}',
        b'{"events":[{"action":"x","actor":"y","at":-5}]}',
        b'{"events":[{"action":"x","actor":"y","at":"now"}]}',
        b'{"events":[{"action":"\\ud800","actor":"y","at":1}]}',
        b'{"events":[{"action":"x","actor":"y","at":1,"detail":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}]}",
    ],
)
async def test_hostile_audit_bodies_are_refused_or_taken_and_never_an_error_of_ours(
    running: Running, raw: bytes
) -> None:
    headers = {"Authorization": running.keys.identity("gateway").authorization_for("key_registry")()}
    response = await running.owner.with_token(None).call(
        "POST", f"{running.url}/internal/v1/audit", raw=raw, headers=headers
    )
    assert response.status in (204, 400, 422), response.raw


async def test_a_position_is_taken_from_the_service_itself_and_without_a_line_in_the_trail(
    running: Running,
) -> None:
    async with running.client("gateway") as client:
        before = await client.snapshot()
        lines = (await running.owner.get("/audit?limit=1")).body["items"]
        position = Position(instance="gateway@x:1-a", service="gateway", position=before.as_of)
        await client.report(position)
        await client.report(position)
        await client.report(position.model_copy(update={"leaving": True}))
        assert (await client.snapshot()).as_of == before.as_of
        assert (await running.owner.get("/audit?limit=1")).body["items"] == lines


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "token_issuer"},
        {"instance": ""},
        {"instance": "x" * 256},
        {"instance": "a\nb"},
        {"instance": "\ud800"},
        {"position": -1},
        {"position": 2**63},
        {"position": "many"},
        {"position": None},
        {"release": "x" * 65},
        {"release": "0.1\n"},
    ],
)
async def test_a_position_that_is_none_is_refused_naming_the_field(running: Running, wrong: dict[str, Any]) -> None:
    headers = {"Authorization": running.keys.identity("gateway").authorization_for("key_registry")()}
    body = {"instance": "gateway@x:1-a", "service": "gateway", "position": 1, **wrong}
    response = await running.owner.with_token(None).call(
        "POST", f"{running.url}/internal/v1/positions", raw=json.dumps(body).encode(), headers=headers
    )
    assert response.status in (400, 422), response.raw
    if b"errors" in response.raw and "\ud800" not in wrong.values():
        assert response.fields == set(wrong)
