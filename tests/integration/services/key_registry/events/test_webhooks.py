"""/admin/v1/webhooks over HTTP: who gets which events, secrets, and what is refused."""

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from standardwebhooks import Webhook as Verifier
from uuid_utils.compat import uuid7

from services.key_registry.storage.postgres.company_traces import PostgresCompanyTraces
from tests.integration.services.key_registry.hostile_values import STRINGS, VALUES
from tests.integration.services.key_registry.tables import dump
from tests.support.harness.key_registry import Admin, Running
from tests.support.harness.webhook_receiver import Receiver, receiver, status
from tests.support.waiting import until

URL = "https://hooks.example/passgate?x=1"


async def company_with_key(owner: Admin) -> tuple[dict[str, Any], dict[str, Any]]:
    company = await owner.company()
    return company, await owner.create("/access-keys", company_id=company["id"], name="Shop")


async def stop(owner: Admin, key: dict[str, Any], operation: str = "suspend") -> None:
    assert (await owner.post(f"/access-keys/{key['id']}/{operation}")).status == 200


async def got(found: Receiver, count: int) -> None:
    await until(lambda: len(found.received) >= count)


async def remove(owner: Admin, *webhooks: dict[str, Any]) -> None:
    """The operator's own: they would get the events of other tests."""
    for webhook in webhooks:
        assert (await owner.delete(f"/webhooks/{webhook['id']}")).status == 204
        assert (await owner.get(f"/webhooks/{webhook['id']}")).status == 404


async def test_what_a_company_does_reaches_its_webhook_signed_and_is_in_the_log(running: Running) -> None:
    owner = running.owner
    company, key = await company_with_key(owner)
    async with receiver() as found:
        body = {"company_id": company["client_prefix"], "name": "Alerts", "url": found.url}
        created = await owner.create("/webhooks", **body)
        assert (created["company_id"], created["company"]["name"]) == (company["id"], company["name"])
        await stop(owner, key)
        await got(found, 1)
        (received,) = found.received
        verified = Verifier(created["secret"]).verify(received.body, received.headers)
        event = (await owner.get(f"/events?company_id={company['id']}")).body["items"][0]
        assert verified == {
            "id": event["id"],
            "type": "credential.suspended",
            "timestamp": event["at"],
            "company_id": company["id"],
            "client_prefix": company["client_prefix"],
            "data": event["data"],
        }
        assert received.headers["webhook-id"] == event["id"]
        assert (received.headers["content-type"], received.target) == ("application/json", "/hook?x=1")

        of = f"/webhooks/{created['id']}/deliveries"

        async def logged() -> bool:
            return bool((await owner.get(f"{of}?state=delivered")).body["items"])

        await until(logged)
        (delivery,) = (await owner.get(f"{of}?event_id={event['id']}")).body["items"]
        assert (delivery["event_type"], delivery["next_attempt_at"]) == (event["type"], None)
        assert [(a["status"], a["error"]) for a in delivery["attempts"]] == [(204, None)]
        assert (await owner.get(f"{of}?state=dead")).body["items"] == []
        assert (await owner.get(f"/webhooks/{created['id']}")).body["last_delivered_at"] is not None

        replayed = await owner.post(f"{of}/{delivery['id']}/replay")
        assert (replayed.status, replayed.body["state"], replayed.body["id"]) == (202, "pending", delivery["id"])
        await got(found, 2)
        assert found.ids == [event["id"]] * 2
        lines = (await owner.get(f"/audit?subject={created['id']}")).body["items"]
        assert [line["action"] for line in lines] == ["webhook.delivery_replayed", "webhook.created"]


async def test_each_webhook_gets_the_events_that_it_wants(running: Running) -> None:
    owner = running.owner
    company, key = await company_with_key(owner)
    _, other_key = await company_with_key(owner)
    async with receiver() as mine, receiver() as all_, receiver() as resumed, receiver() as nothing:
        of = {"company_id": company["id"], "name": "x"}
        await owner.create("/webhooks", **of, url=mine.url)
        await owner.create("/webhooks", **of, url=resumed.url, types=["credential.resumed"])
        off = await owner.create("/webhooks", **of, url=nothing.url, enabled=False)
        operators = await owner.create("/webhooks", name="x", url=all_.url)
        for stopped in (key, other_key):
            await stop(owner, stopped)
            await stop(owner, stopped, "resume")
        await got(all_, 4)
        await got(mine, 2)
        await got(resumed, 1)
        assert mine.ids == all_.ids[:2]
        assert resumed.ids == all_.ids[1:2]
        assert nothing.connections == 0
        assert (await owner.patch(f"/webhooks/{off['id']}", {"enabled": True})).body["enabled"]
        await stop(owner, key)
        await got(nothing, 1)
        assert len(nothing.received) == 1
        metrics = (await owner.get(f"{owner.url}/metrics")).raw.decode()
        assert 'webhook_attempts_total{outcome="delivered"}' in metrics
        await remove(owner, operators)


async def test_a_target_that_fails_gets_the_event_when_it_has_recovered(running: Running) -> None:
    owner = running.owner
    company, key = await company_with_key(owner)
    async with receiver(status(500)) as found:
        webhook = await owner.create("/webhooks", company_id=company["id"], name="x", url=found.url)
        await stop(owner, key)
        await got(found, 1)

        async def failing() -> bool:
            return (await owner.get(f"/webhooks/{webhook['id']}")).body["failing_since"] is not None

        await until(failing)
        found.respond = status(200)
        (delivery,) = (await owner.get(f"/webhooks/{webhook['id']}/deliveries?state=pending")).body["items"]
        assert delivery["attempts"][0]["status"] == 500
        await owner.post(f"/webhooks/{webhook['id']}/deliveries/{delivery['id']}/replay")
        await got(found, 2)
        assert len(set(found.ids)) == 1


async def test_the_secret_is_shown_once_sealed_at_rest_and_replaced_with_an_overlap(running: Running) -> None:
    owner = running.owner
    company, key = await company_with_key(owner)
    async with receiver() as found:
        body = {"company_id": company["id"], "name": "x", "url": found.url}
        once = await owner.post("/webhooks", body, headers={"Idempotency-Key": "w1"})
        again = await owner.post("/webhooks", body, headers={"Idempotency-Key": "w1"})
        assert (once.status, again.body) == (201, once.body)
        path = f"/webhooks/{once.body['id']}"
        assert once.headers["Location"] == f"/admin/v1{path}"
        rotation: dict[str, Any] = {"body": {"keep_old_for": 60}, "headers": {"Idempotency-Key": "w2"}}
        rotated = await owner.post(f"{path}/rotate", **rotation)
        assert rotated.status == 201
        assert rotated.body["previous_secret_until"] is not None
        assert (await owner.post(f"{path}/rotate", **rotation)).body == rotated.body
        secrets = [once.body["secret"], rotated.body["secret"]]
        assert len(set(secrets)) == 2
        third = await owner.post(f"{path}/rotate", {"keep_old_for": 60})
        assert (third.status, rotated.body["previous_secret_until"][:16] in third.body["detail"]) == (409, True)
        await stop(owner, key)
        await got(found, 1)
        for secret in secrets:
            Verifier(secret).verify(found.received[0].body, found.received[0].headers)
        assert (await owner.post(f"{path}/rotate", {"end_oldest": True})).status == 201
        ended = (await owner.post(f"{path}/rotate", {"keep_old_for": 0})).body
        assert ended["previous_secret_until"] is None
        await stop(owner, key, "resume")
        await got(found, 2)
        Verifier(ended["secret"]).verify(found.received[1].body, found.received[1].headers)
        assert len(found.received[1].headers["webhook-signature"].split()) == 1
        shown = [await owner.get(path), await owner.get(f"/webhooks?company_id={company['id']}")]
        places = [await dump(running), *(response.raw.decode() for response in shown)]
        for secret in (*secrets, ended["secret"]):
            assert all(secret not in place and secret[6:] not in place for place in places)


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example", "ftp://x", "https://u:p@hooks.example", "https://hooks.example#x", "x" * 3000),
        *("https://10.0.0.1", "https://192.168.1.1:8443", "https://169.254.169.254/latest", "https://[::1]"),
        *("https://[::ffff:10.0.0.1]", "https://2852039166", "https://0xa9fea9fe", "https://0", "https://10.1"),
        *("http://127.0.0.1:8081", "https://127.0.0.1:8101", "https://hooks.example:8103"),
        "http://127.0.0.1:1",  # where this registry takes Valkey to be
        "https://hooks.example/pgat_" + "a" * 49,
    ],
)
async def test_a_url_to_where_nothing_is_sent_is_refused_and_named(owner: Admin, url: str) -> None:
    refused = await owner.post("/webhooks", {"name": "x", "url": url})
    assert (refused.status, refused.fields) == (422, {"url"})


async def test_a_change_of_the_url_is_checked_as_well(owner: Admin) -> None:
    company, _ = await company_with_key(owner)
    webhook = await owner.create("/webhooks", company_id=company["id"], name="x", url=URL)
    path = f"/webhooks/{webhook['id']}"
    refused = await owner.patch(path, {"url": "https://10.0.0.1"})
    assert (refused.status, refused.fields) == (422, {"url"})
    changed = await owner.patch(path, {"name": "y", "types": ["credential.leaked"], "url": URL})
    assert (changed.status, changed.body["name"], changed.body["types"]) == (200, "y", ["credential.leaked"])
    assert changed.body["url"] == URL
    assert (await owner.patch(path, {})).body == changed.body


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({}, {"name", "url"}),
        ({"name": " ", "url": URL, "types": ["credential.gone"]}, {"name", "types"}),
        ({"name": "x", "url": URL, "types": ["credential.leaked"] * 2}, {"types"}),
        ({"name": "x", "url": URL, "enabled": 1, "secret": "x"}, {"enabled", "secret"}),
        ({"name": "x", "url": URL, "company_id": "nobody"}, {"company_id"}),
    ],
)
async def test_each_member_that_is_wrong_is_named(owner: Admin, members: dict[str, Any], named: set[str]) -> None:
    refused = await owner.post("/webhooks", members)
    assert refused.status == 422
    assert {field.split(".")[0] for field in refused.fields} == named


async def test_an_admin_of_a_company_has_that_companys_webhooks_alone(owner: Admin) -> None:
    company, _ = await company_with_key(owner)
    others = await owner.create("/webhooks", company_id=(await owner.company())["id"], name="x", url=URL)
    operators = await owner.create("/webhooks", name="x", url=URL, enabled=False)
    token = (await owner.create("/admin-tokens", name="x", role="editor", company_id=company["id"]))["token"]
    bound = owner.with_token(token)
    mine = await bound.create("/webhooks", name="x", url=URL)
    assert mine["company_id"] == company["id"]
    assert [item["id"] for item in (await bound.get("/webhooks")).body["items"]] == [mine["id"]]
    assert (await bound.get(f"/webhooks?company_id={others['company_id']}")).body["items"] == []
    refused = await bound.post("/webhooks", {"name": "x", "url": URL, "company_id": others["company_id"]})
    assert (refused.status, refused.fields) == (422, {"company_id"})
    for webhook in (others, operators, {"id": str(uuid7())}, {"id": "x"}):
        path = f"/webhooks/{webhook['id']}"
        for method, target, body in (
            ("GET", path, None),
            ("PATCH", path, {"name": "y"}),
            ("DELETE", path, None),
            ("POST", f"{path}/rotate", {}),
            ("GET", f"{path}/deliveries", None),
            ("POST", f"{path}/deliveries/1/replay", None),
        ):
            assert (await bound.call(method, target, body)).status == 404, (method, target)
    listed = (await owner.get("/webhooks?limit=200")).body["items"]
    assert {mine["id"], others["id"], operators["id"]} <= {item["id"] for item in listed}
    await remove(owner, operators)


async def test_only_who_may_edit_changes_webhooks(owner: Admin) -> None:
    webhook = await owner.create("/webhooks", name="x", url=URL, enabled=False)
    viewer = owner.with_token((await owner.create("/admin-tokens", name="x", role="viewer"))["token"])
    path = f"/webhooks/{webhook['id']}"
    for method, target, body, expected in (
        ("POST", "/webhooks", {"name": "x", "url": URL}, 403),
        ("PATCH", path, {}, 403),
        ("POST", f"{path}/rotate", {}, 403),
        ("POST", f"{path}/deliveries/1/replay", None, 403),
        ("DELETE", path, None, 403),
        ("GET", path, None, 200),
        ("GET", f"{path}/deliveries", None, 200),
        ("GET", "/webhooks", None, 200),
    ):
        assert (await viewer.call(method, target, body)).status == expected, (method, target)
        assert (await owner.with_token(None).call(method, target, body)).status == 401
    await remove(owner, webhook)


async def test_a_company_has_ten_webhooks_at_most(owner: Admin) -> None:
    company, _ = await company_with_key(owner)
    body = {"company_id": company["id"], "name": "x", "url": URL}
    for _ in range(10):
        assert (await owner.post("/webhooks", body)).status == 201
    assert (await owner.post("/webhooks", body)).status == 409


async def test_the_webhooks_of_a_company_are_exported_without_secrets_and_go_with_it(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    webhook = await owner.create("/webhooks", company_id=company["id"], name="x", url=URL)
    (exported,) = await PostgresCompanyTraces(running.database).webhooks(UUID(company["id"]))
    assert (exported["id"], exported["url"]) == (webhook["id"], URL)
    assert not {name for name in exported if "secret" in name}
    assert (await owner.delete(f"/companies/{company['id']}")).status == 204
    assert (await owner.get(f"/webhooks/{webhook['id']}")).status == 404


async def test_the_examples_of_the_document_work_when_they_are_sent(owner: Admin) -> None:
    schemas = (await owner.get(f"{owner.url}/openapi.json")).body["components"]["schemas"]
    (body,) = schemas["NewWebhook"]["examples"]
    created = await owner.post("/webhooks", body)
    assert created.status == 201
    path = f"/webhooks/{created.body['id']}"
    assert (await owner.patch(path, schemas["WebhookPatch"]["examples"][0])).status == 200
    assert (await owner.post(f"{path}/rotate", schemas["SecretRotation"]["examples"][0])).status == 201
    await remove(owner, created.body)


async def test_no_value_in_any_member_or_parameter_is_an_error_of_ours(owner: Admin) -> None:
    company = await owner.company()
    webhook = await owner.create("/webhooks", company_id=company["id"], name="x", url=URL)
    path = f"/webhooks/{webhook['id']}"
    values = [
        *STRINGS[::2],
        *VALUES[::2],
        *(f"https://{host}" for host in ("\0", "[", "]", "[::", "x:y", "x." * 500)),
    ]

    async def sent(method: str, target: str, **members: Any) -> int:
        return (await owner.call(method, target, raw=json.dumps(members).encode())).status

    for value in values:
        for member in ("name", "url", "types", "enabled"):
            assert await sent("PATCH", path, **{member: value}) in (200, 422), (member, value)
        assert await sent("POST", "/webhooks", company_id=value, name="") == 422
        assert await sent("POST", f"{path}/rotate", keep_old_for=value or -1) in (201, 422), value
    for text in map(quote, STRINGS[::2]):
        for query in ("/webhooks?company_id=", f"{path}/deliveries?state=", f"{path}/deliveries?event_id="):
            assert (await owner.get(query + text)).status in (200, 422), (query, text)
        for target in (f"/webhooks/{text}x", f"{path}/deliveries/{text}x/replay"):
            assert (await owner.post(target)).status in (404, 405), target
    assert (await owner.post(f"{path}/deliveries/{10**18 - 1}/replay")).status == 404
