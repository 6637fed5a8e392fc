"""POST /admin/v1/leaks and the end of a secret by its holder, over HTTP and PostgreSQL."""

import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from services.key_registry.http.leaks.reports import MAX_BODY_BYTES
from services.key_registry.leaks.github import KEY_IDENTIFIER, SIGNATURE
from shared import opaque
from shared.contracts.key_registry import AuditEvent, HeldSecret
from shared.contracts.session_tokens import session_token_id
from shared.jose.private_keys import public_half_of
from tests.integration.services.key_registry.people.joining import People
from tests.integration.services.key_registry.people.password_resets.resetting import made
from tests.support.clock import FakeClock
from tests.support.harness.key_registry import Admin, Responded, Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.unit.services.key_registry.http.leaks.key_documents import document
from tests.unit.services.key_registry.leaks.github_keys import KEY


@pytest.fixture(scope="module")
async def running(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A registry that GitHub may report to."""
    directory = tmp_path_factory.mktemp("registry")
    keys = directory / "github.json"
    keys.write_bytes(document("current"))
    async with (
        registry_template.copy() as url,
        running_registry(url, directory, github_secret_scanning_keys=str(keys)) as registry,
    ):
        yield registry


async def access_key(owner: Admin) -> dict[str, str]:
    return await owner.create("/access-keys", company_id=(await owner.company())["id"], name="Shop")


def alert(token: str, **members: Any) -> dict[str, Any]:
    return {"token": token, "type": "passgate", "url": "https://git.example/x", "source": "content", **members}


async def from_github(
    running: Running,
    body: bytes,
    *,
    key: ec.EllipticCurvePrivateKey = KEY,
    identifier: str = "current",
    signature: str | None = None,
) -> Responded:
    made = base64.b64encode(key.sign(body, ec.ECDSA(SHA256()))).decode()
    stranger = running.owner.with_token(None)
    headers = {KEY_IDENTIFIER: identifier, SIGNATURE: made if signature is None else signature}
    return await stranger.post("/leaks", raw=body, headers=headers)


async def test_report_says_of_each_string_what_it_was_and_ends_it_with_a_receipt(running: Running) -> None:
    owner = running.owner
    created = await access_key(owner)
    unknown = opaque.mint(opaque.API_TOKEN)
    report = {
        "found": [
            {"text": f"KEY={created['key']}", "url": "https://git.example/x", "source": "scan"},
            {"text": unknown},
            {"text": "hello"},
        ]
    }
    first = await owner.post("/leaks", report)
    assert (first.status, first.headers["Cache-Control"]) == (200, "no-store")
    one, other, none = first.body["items"]
    assert (one["outcome"], one["kind"], one["id"], one["name"]) == ("ended", "access_key", created["id"], "Shop")
    assert (one["label"], one["company"]["name"]) == ("true_positive", "BlaBla")
    assert (other["outcome"], other["label"], other["last_four"]) == ("unknown", "false_positive", unknown[-4:])
    assert (none["outcome"], none["kind"], none["index"]) == ("not_ours", None, 2)
    assert (await owner.get(f"/receipts/{one['receipt']}")).body["subject"] == created["id"]
    async with running.client("session_tokens") as client:
        found = await client.access_key(opaque.digest(created["key"]))
    assert found is not None
    assert found.version_revoked
    again = (await owner.post("/leaks", report)).body["items"]
    assert [item["outcome"] for item in again] == ["already_ended", "unknown", "not_ours"]
    assert again[0]["receipt"] == one["receipt"]
    events = (await owner.get(f"/events?company_id={created['company_id']}&type=credential.leaked")).body["items"]
    assert [event["data"]["url"] for event in events] == ["https://git.example/x"]
    for secret in (created["key"], unknown):
        assert secret not in json.dumps([first.body, again, (await owner.get("/audit")).body, events])


async def test_each_member_that_is_wrong_is_named_and_a_flood_is_refused(owner: Admin) -> None:
    wrong = await owner.post("/leaks", {"found": [{"text": ""}, {"text": "x", "url": 7}, {"odd": 1}], "more": 1})
    assert wrong.fields == {"found.0.text", "found.1.url", "found.2.text", "found.2.odd", "more"}
    assert (await owner.post("/leaks", {"found": []})).fields == {"found"}
    assert (await owner.post("/leaks", {"found": [{"text": "x"}] * 1001})).fields == {"found"}
    assert (await owner.post("/leaks", raw=b" " * (MAX_BODY_BYTES + 1))).status == 413
    assert (await owner.post("/leaks", raw=b"[]")).status == 400
    for secret in (opaque.mint(opaque.API_TOKEN),):
        rejected = await owner.post("/leaks", {"found": [{"text": secret, "url": 7}]})
        assert secret not in rejected.raw.decode()


async def test_roles_reach_as_for_other_writes(running: Running) -> None:
    owner = running.owner
    created = await access_key(owner)
    report = {"found": [{"text": created["key"]}]}
    for role, status in (("viewer", 403), ("editor", 200)):
        admin = owner.with_token((await owner.create("/admin-tokens", name="x", role=role))["token"])
        assert (await admin.post("/leaks", report)).status == status
    assert (await owner.with_token(None).post("/leaks", report)).status == 401


async def test_admin_of_another_company_neither_ends_nor_learns_of_a_secret(running: Running) -> None:
    owner = running.owner
    created, other = await access_key(owner), await owner.company()
    token = (await owner.create("/admin-tokens", name="x", role="editor", company_id=other["id"]))["token"]
    report = {"found": [{"text": created["key"]}, {"text": opaque.mint(opaque.ACCESS_KEY)}]}
    items = (await owner.with_token(token).post("/leaks", report)).body["items"]
    one, other = ({**item, "index": 0, "last_four": ""} for item in items)
    assert one == other
    assert (await owner.get(f"/access-keys/{created['id']}")).body["versions"][0]["state"] == "current"


async def test_signed_report_of_github_ends_secrets_and_gets_its_labels(running: Running) -> None:
    owner = running.owner
    created = await access_key(owner)
    body = json.dumps([alert(created["key"]), alert(opaque.mint(opaque.ACCESS_KEY)), alert("x")]).encode()
    for _ in range(2):
        response = await from_github(running, body)
        assert response.status == 200
        labels = [each["label"] for each in response.body]
        assert labels == ["true_positive", "false_positive", "false_positive"]
        assert created["key"] not in response.raw.decode()
    line = (await owner.get(f"/audit?subject={created['id']}&limit=1")).body["items"][0]
    assert (line["actor"], line["action"]) == ("github", "access_key.version_revoked")
    assert line["detail"]["url"] == "https://git.example/x"


async def test_report_that_github_has_not_signed_ends_nothing(running: Running) -> None:
    owner = running.owner
    created = await access_key(owner)
    body = json.dumps([alert(created["key"])]).encode()
    stranger = ec.generate_private_key(ec.SECP256R1())
    refused = [
        await from_github(running, body, key=stranger),
        await from_github(running, body, identifier="other"),
        await from_github(running, body, identifier="x" * 300),
        await from_github(running, body, signature=""),
        await owner.with_token(None).post("/leaks", raw=body, headers={KEY_IDENTIFIER: "current"}),
        await owner.post("/leaks", raw=body, headers={KEY_IDENTIFIER: "current", SIGNATURE: "x"}),
    ]
    assert [response.status for response in refused] == [401] * len(refused)
    assert len({response.body["detail"] for response in refused}) == 1
    assert (await owner.get(f"/access-keys/{created['id']}")).body["versions"][0]["state"] == "current"
    malformed = await from_github(running, b"[{}]")
    assert malformed.status == 400


async def test_github_is_a_stranger_until_its_keys_are_set(registry_database_url: str, tmp_path: Path) -> None:
    async with running_registry(registry_database_url, tmp_path) as registry:
        response = await from_github(registry, json.dumps([alert("x")]).encode())
        assert (response.status, response.body["detail"]) == (
            401,
            "an admin token is required, in one Authorization: Bearer field",
        )


async def test_holder_ends_the_secret_and_no_service_ends_one_for_another_that_may_not(running: Running) -> None:
    owner = running.owner
    created = await access_key(owner)
    digest = opaque.digest(created["key"]).hex()
    async with running.client("token_issuer") as client:
        for kind, found in (("api_token", False), ("access_key", True), ("access_key", True)):
            held = HeldSecret(kind=kind, digest=digest, client="192.0.2.7")
            assert await client.end_secret(held) is found
    line, *_ = (await owner.get(f"/audit?subject={created['id']}")).body["items"]
    assert (line["actor"], line["detail"]["client"], line["detail"]["by"]) == (
        "anonymous",
        "192.0.2.7",
        "its holder",
    )
    async with running.calls("operator_validator") as calls:
        status, _ = await calls.request("POST", "/internal/v1/held-secrets", b"{}")
    assert status == 403


async def test_private_key_and_session_token_end_in_a_report_and_by_their_holder(running: Running) -> None:
    owner = running.owner
    company = (await owner.company())["id"]
    token = str(uuid4())
    created = AuditEvent(
        action="session_token.created",
        actor=f"access_key:{company}",
        subject_kind="session_token",
        subject=session_token_id(token),
        company_id=company,
        at=time.time(),
        detail={"ttl": 60, "uses": None},
    )
    async with running.client("session_tokens") as client:
        await client.audit([created])
    for algorithm, by_holder in (("RS256", False), ("ES256", True), ("EdDSA", False)):
        pair = await owner.create("/key-pairs", company_id=company, scopes=[], algorithm=algorithm)
        if by_holder:
            half = public_half_of(pair["private_key"]) or b""
            async with running.client("token_issuer") as client:
                assert await client.end_secret(HeldSecret(kind="key_pair", digest=half.hex()))
        else:
            [item] = (await owner.post("/leaks", {"found": [{"text": pair["private_key"]}]})).body["items"]
            assert (item["outcome"], item["kind"], item["name"]) == ("ended", "key_pair", pair["kid"])
        assert (await owner.get(f"/key-pairs/{pair['id']}")).body["status"] == "revoked"
    async with running.client("token_issuer") as client:
        held = HeldSecret(kind="session_token", digest=session_token_id(token))
        assert [await client.end_secret(held), await client.end_secret(held)] == [True, True]
        assert not await client.end_secret(HeldSecret(kind="session_token", digest=session_token_id(str(uuid4()))))
    [item] = (await owner.post("/leaks", {"found": [{"text": f"?apitoken={token}"}]})).body["items"]
    assert (item["outcome"], item["kind"], item["company"]["name"]) == ("already_ended", "session_token", "BlaBla")
    kept = (await owner.get("/revocations?kind=session_token")).body["items"]
    assert session_token_id(token) in {revocation["id"] for revocation in kept}
    events = (await owner.get(f"/events?company_id={company}&type=credential.leaked")).body["items"]
    assert sorted(event["data"]["kind"] for event in events) == ["key_pair"] * 3 + ["session_token"]


async def test_whoever_holds_a_session_or_an_invitation_ends_it(running: Running) -> None:
    people = People(running, FakeClock())
    joined, invitation = await people.join(), await people.invite()
    reset = await made(running.owner, joined)
    async with running.client("token_issuer") as client:
        for kind, secret in (
            ("person_session", joined.admin.token or ""),
            ("invitation", invitation["token"]),
            ("password_reset", reset["token"]),
        ):
            assert await client.end_secret(HeldSecret(kind=kind, digest=opaque.digest(secret).hex()))
        assert not await client.end_secret(HeldSecret(kind="portal_link", digest="0" * 64))
    assert (await joined.admin.get("/me")).status == 401
    assert (await running.owner.get(f"/people/{joined.id}")).body["password_reset_until"] is None
    assert (await running.owner.get(f"/invitations/{invitation['id']}")).body["status"] == "revoked"
