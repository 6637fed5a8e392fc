"""Ids by public name over HTTP, and clients that are right: nothing here needs a UUID."""

import itertools
import secrets
from typing import Any

import pytest

from tests.support.harness.key_registry import Admin

BOM = b"\xef\xbb\xbf"


async def test_a_company_is_set_up_without_any_uuid(owner: Admin) -> None:
    prefix, application = (f"{kind}{secrets.token_hex(4)}" for kind in "cA")
    await owner.create("/companies", name="Blue", client_prefix=prefix, company_uri=f"https://{prefix}.example")
    await owner.create("/applications", name="SMS", application_prefix=application, scopes=["sms:send"])
    booking = await owner.create("/bookings", company_id=prefix, application_id=application)
    token = await owner.create("/api-tokens", booking_id=f"{prefix}:{application}", remote_application="Shop")
    client = await owner.create("/api-clients", company_id=prefix.upper(), comment="x", scopes=["sms:send"])
    for path in (f"/companies/{prefix}", f"/applications/{application}", f"/bookings/{prefix}:{application}"):
        assert (await owner.get(path)).status == 200, path
    for path, query, created in [
        ("/bookings", f"company_id={prefix}&application_id={application}", booking),
        ("/api-tokens", f"booking_id={prefix}:{application}", token),
        ("/api-tokens", f"company_id={prefix.upper()}", token),
        ("/api-clients", f"company_id={prefix}&key={client['key']}", client),
        ("/api-clients", f"client_prefix={prefix.upper()}", client),
    ]:
        items = (await owner.get(f"{path}?{query}")).body["items"]
        assert [item["id"] for item in items] == [created["id"]], (path, query)
    assert (await owner.post(f"/api-clients/{client['key']}/suspend")).body["status"] == "suspended"
    lines = (await owner.get(f"/audit?company_id={prefix}")).body["items"]
    assert {line["company_id"] for line in lines} == {booking["company_id"]}
    assert all(line["company"] == {"client_prefix": prefix, "name": "Blue"} for line in lines)


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
async def test_for_every_role_a_name_reaches_as_far_as_the_id(owner: Admin, role: str) -> None:
    mine, other = await owner.company(), await owner.company()
    bound = owner.with_token(
        (await owner.create("/admin-tokens", name="x", role=role, company_id=mine["client_prefix"]))["token"]
    )
    client = await owner.create("/api-clients", company_id=other["id"], comment="x", scopes=[])
    calls = itertools.product(
        ("", "/suspend", "/resume", "/revoke"),
        [("companies", other["client_prefix"], other["id"]), ("api-clients", client["key"], client["id"])],
    )
    for action, (path, name, id_) in calls:
        method = "POST" if action else "GET"
        by_name, by_id, absent = [
            await bound.call(method, f"/{path}/{reference}{action}") for reference in (name, id_, "nobody")
        ]
        assert by_name.status == by_id.status == absent.status, (path, action)
        assert by_name.body["detail"] == absent.body["detail"]
    for query in (f"company_id={other['client_prefix']}", f"q={client['key']}", "company_id=nobody"):
        response = await bound.get(f"/api-clients?{query}")
        assert (response.status, response.body["items"]) == (200, [])
    assert (await bound.get(f"/audit?company_id={other['client_prefix']}")).body["items"] == []


async def test_prefixes_and_uris_are_unique_without_regard_to_case(owner: Admin) -> None:
    company = await owner.company()
    for member in ("client_prefix", "company_uri"):
        body = {
            "name": "x",
            "client_prefix": f"n{secrets.token_hex(4)}",
            "company_uri": f"urn:{secrets.token_hex(4)}",
        }
        response = await owner.post(
            "/companies", {**body, member: company[member].upper().replace("HTTPS", "https")}
        )
        assert (response.status, response.body["detail"]) == (409, f"{member} is taken")


@pytest.mark.parametrize("comment", ["one\r\ntwo", "one\ntwo\tthree"])
async def test_a_comment_has_the_line_ends_of_its_system(owner: Admin, comment: str) -> None:
    of = {"company_id": (await owner.company())["id"], "scopes": []}
    assert (await owner.create("/api-clients", **of, comment=comment))["comment"] == comment
    refused = await owner.post("/api-clients", {**of, "comment": "one\rtwo"})
    assert (refused.status, refused.fields) == (422, {"comment"})


async def test_a_merge_patch_is_a_patch_and_nothing_else(owner: Admin) -> None:
    company = await owner.company()
    headers = {"Content-Type": "application/merge-patch+json"}
    changed = await owner.call("PATCH", f"/companies/{company['id']}", {"name": "New"}, headers=headers)
    assert (changed.status, changed.body["name"]) == (200, "New")
    assert (await owner.call("POST", "/companies", {}, headers=headers)).status == 415
    other = await owner.call("PATCH", f"/companies/{company['id']}", {}, headers={"Content-Type": "text/plain"})
    assert (other.status, "application/merge-patch+json" in other.body["detail"]) == (415, True)


async def test_a_byte_order_mark_is_reported_as_one(owner: Admin) -> None:
    response = await owner.post("/companies", raw=BOM + b"{}")
    assert (response.status, "byte order mark" in response.body["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"status": "suspended"}, "/suspend, /resume or /revoke"),
        ({"client_prefix": "x"}, "fixed when a company is created"),
        ({"effective_status": "active"}, "read-only"),
    ],
)
async def test_a_patch_of_what_it_cannot_change_says_what_can(
    owner: Admin, members: dict[str, Any], message: str
) -> None:
    response = await owner.patch(f"/companies/{(await owner.company())['id']}", members)
    assert (response.status, response.fields) == (422, set(members))
    assert message in response.body["errors"][0]["message"]
