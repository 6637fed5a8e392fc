"""Every endpoint with every role, over HTTP, as the application has them: none is left out."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.resources import RESOURCES
from tests.support.harness.key_registry import Admin, Running

ROLES = ("viewer", "editor", "owner")
FOR_STRANGERS = (
    ("post", "/admin/v1/invitations/inspect"),
    ("post", "/admin/v1/invitations/accept"),
    ("post", "/admin/v1/sessions"),
    ("post", "/admin/v1/sessions/second-factor"),
    ("post", "/admin/v1/sessions/passkey-options"),
    ("post", "/admin/v1/sessions/passkey"),
    ("get", "/admin/v1/sessions/methods"),
    ("post", "/admin/v1/sessions/openid"),
    ("post", "/admin/v1/sessions/openid/finish"),
    ("post", "/admin/v1/password-resets/inspect"),
    ("post", "/admin/v1/password-resets/follow"),
    ("post", "/admin/v1/portal-sessions/inspect"),
    ("post", "/admin/v1/portal-sessions/open"),
)
"""For who has the token of an invitation, a password reset or a portal's link, or a password."""
ROTATED = ("api-tokens", "access-keys", "api-clients", "admin-tokens")


@dataclass
class Everything:
    """One object of each kind, and what would make another."""

    ids: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)


async def everything(owner: Admin) -> Everything:
    found = Everything()
    company = await owner.company()
    booking = await owner.booking(company, "sms:send")
    application_id = booking["application_id"]
    of = {"company_id": company["id"]}
    found.bodies = {
        "companies": {"name": "x", "client_prefix": "x", "company_uri": "x"},
        "applications": {"name": "x", "application_prefix": "x", "scopes": []},
        "bookings": {**of, "application_id": application_id},
        "api-tokens": {"booking_id": booking["id"], "remote_application": "x"},
        "access-keys": {**of, "name": "x"},
        "api-clients": {**of, "comment": "x", "scopes": []},
        "key-pairs": {**of, "scopes": [], "algorithm": "EdDSA"},
        "admin-tokens": {"name": "x", "role": "viewer"},
    }
    found.ids = {"companies": company["id"], "applications": application_id, "bookings": booking["id"]}
    for path in ("api-tokens", "access-keys", "api-clients", "key-pairs", "admin-tokens"):
        found.ids[path] = (await owner.create(f"/{path}", **found.bodies[path]))["id"]
    return found


def expected(role: str, method: str, path: str) -> bool:
    """Whether the role reaches, by the words of the rule: not by the table that the code reads."""
    if path == "admin-tokens":
        return role == "owner"
    return method == "GET" or role != "viewer"


async def test_every_endpoint_holds_for_every_role(running: Running) -> None:
    there = await everything(running.owner)
    admins = {
        role: running.owner.with_token((await running.owner.create("/admin-tokens", name=role, role=role))["token"])
        for role in ROLES
    }
    calls = 0
    for role, path in itertools.product(ROLES, there.ids):
        one = f"/{path}/{there.ids[path]}"
        for method, target, body in [
            ("GET", f"/{path}", None),
            ("GET", one, None),
            ("PATCH", one, {}),
            ("POST", f"{one}/suspend", None),
            ("POST", f"{one}/resume", None),
            ("POST", f"/{path}", {"nonsense": 1}),
            ("POST", f"/{path}/{uuid7()}/revoke", None),
            ("GET", f"{one}/trial", None),
            ("DELETE", f"/{path}/{uuid7()}/trial", None),
            ("DELETE", f"/{path}/{uuid7()}", None),
        ]:
            if path == "admin-tokens" and method == "DELETE" and not target.endswith("/trial"):
                continue
            response = await admins[role].call(method, target, body)
            reaches = expected(role, method, path)
            assert (response.status != 403) is reaches, (role, method, target, response.status)
            assert response.status in (200, 404, 422, 403), (role, method, target, response.raw)
            calls += 1
        for target in ("/rotate", "/versions/1/revoke") if path in ROTATED else ():
            response = await admins[role].post(f"/{path}/{uuid7()}{target}")
            assert response.status == (404 if expected(role, "POST", path) else 403), (role, path, target)
    assert calls == len(ROLES) * (len(RESOURCES) * 10 - 1)
    for role in ROLES:
        for read in (
            "/audit",
            "/audit/verification",
            "/signing-keys",
            "/events",
            "/overview",
            "/system",
            "/expiries",
        ):
            assert (await admins[role].get(read)).status == 200, read
        assert (await admins[role].get("/expiries/days")).status == 200


Endpoints = set[tuple[str, str]]
"""Methods in lower case, as OpenAPI has them, and paths."""


def endpoints_of_objects() -> Endpoints:
    one = {
        ("get", ""),
        ("get", "/impact"),
        ("get", "/trial"),
        ("delete", "/trial"),
        ("patch", ""),
        ("post", "/suspend"),
        ("post", "/resume"),
        ("post", "/revoke"),
        ("delete", ""),
    }
    wanted: Endpoints = set()
    for resource in RESOURCES.values():
        path = f"/admin/v1/{resource.path}"
        wanted |= {("get", path), ("post", path), *((method, f"{path}/{{id}}{more}") for method, more in one)}
        if resource.path in ROTATED:
            more = (f"{path}/{{id}}/rotate", f"{path}/{{id}}/versions/{{version}}/revoke")
            wanted |= {("post", target) for target in more}
    return wanted - {("delete", "/admin/v1/admin-tokens/{id}")}


def endpoints_of_people() -> Endpoints:
    one_invitation = "/admin/v1/invitations/{id}"
    wanted = {("get", "/admin/v1/invitations"), ("post", "/admin/v1/invitations"), ("get", one_invitation)}
    wanted |= {("post", f"{one_invitation}/revoke"), ("get", "/admin/v1/me"), ("get", "/admin/v1/sessions")}
    wanted |= {("delete", "/admin/v1/sessions/{id}"), ("post", "/admin/v1/me/password"), *FOR_STRANGERS}
    second_factor = "/admin/v1/me/second-factor"
    wanted |= {("get", second_factor), ("post", f"{second_factor}/recovery-codes")}
    wanted |= {("post", f"{second_factor}/totp{act}") for act in ("", "/confirm", "/remove")}
    confirmations = "/admin/v1/me/openid-confirmations"
    wanted |= {("post", confirmations), ("post", f"{confirmations}/finish")}
    passkeys = "/admin/v1/me/passkeys"
    wanted |= {("get", passkeys), ("post", passkeys), ("post", f"{passkeys}/options")}
    wanted |= {("post", f"{passkeys}/{{id}}/remove")}
    one_person = "/admin/v1/people/{id}"
    wanted |= {("get", "/admin/v1/people"), ("get", one_person), ("patch", one_person)}
    wanted |= {("post", f"{one_person}/{act}") for act in ("suspend", "resume", "revoke", "reset-second-factor")}
    wanted |= {(method, f"{one_person}/password-reset") for method in ("post", "delete")}
    portal = "/admin/v1/companies/{id}/portal-sessions"
    wanted |= {("get", portal), ("post", portal), ("delete", f"{portal}/{{session}}")}
    return wanted


def other_endpoints() -> Endpoints:
    wanted = {("get", "/admin/v1/audit"), ("get", "/admin/v1/receipts/{id}")}
    wanted |= {("get", "/admin/v1/audit/checkpoints"), ("get", "/admin/v1/audit/keys")}
    wanted |= {("get", "/admin/v1/decisions"), ("get", "/admin/v1/decisions/{request_id}")}
    wanted |= {("get", "/admin/v1/revocations"), ("post", "/admin/v1/revocations")}
    wanted |= {("get", "/admin/v1/report-only"), ("post", "/admin/v1/leaks")}
    wanted |= {("get", "/admin/v1/usage"), ("post", "/admin/v1/search")}
    wanted |= {("get", "/admin/v1/signing-keys"), ("get", "/admin/v1/events")}
    wanted |= {("get", "/admin/v1/usage/credentials")}
    wanted |= {("get", "/admin/v1/expiries"), ("get", "/admin/v1/expiries/days")}
    wanted |= {("get", "/admin/v1/overview"), ("get", "/admin/v1/system"), ("get", "/admin/v1/audit/verification")}
    one_webhook = "/admin/v1/webhooks/{id}"
    wanted |= {("get", "/admin/v1/webhooks"), ("post", "/admin/v1/webhooks"), ("post", f"{one_webhook}/rotate")}
    wanted |= {("get", one_webhook), ("patch", one_webhook), ("delete", one_webhook)}
    deliveries = f"{one_webhook}/deliveries"
    wanted |= {("get", deliveries), ("post", f"{deliveries}/{{delivery}}/replay")}
    return wanted


async def test_the_documented_admin_endpoints_are_those_of_this_table(owner: Admin) -> None:
    document = (await owner.get(f"{owner.url}/openapi.json")).body
    documented = {
        (method, path) for path, item in document["paths"].items() for method in item if path.startswith("/admin/")
    }
    assert documented == endpoints_of_objects() | endpoints_of_people() | other_endpoints()
    for method, path in documented:
        security: list[Any] = [] if (method, path) in FOR_STRANGERS else [{"admin_token": []}]
        assert document["paths"][path][method].get("security", []) == security, path


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x", "Basic eDp5", "bearer pgad_x", "pgad_x"])
async def test_without_a_valid_token_every_endpoint_is_401_with_a_challenge(
    running: Running, authorization: str | None
) -> None:
    nobody = running.owner.with_token(None)
    headers = {} if authorization is None else {"Authorization": authorization}
    responses = [
        await nobody.call(method, target, headers=headers)
        for method, target in [
            ("GET", "/companies"),
            ("POST", "/companies"),
            ("GET", "/companies/x"),
            ("PATCH", "/companies/x"),
            ("DELETE", "/companies/x"),
            ("POST", "/companies/x/revoke"),
            ("GET", "/audit"),
            ("GET", "/decisions"),
            ("GET", "/usage"),
            ("GET", "/decisions/request-1"),
        ]
    ]
    assert {response.status for response in responses} == {401}
    assert all(response.headers["WWW-Authenticate"] == "Bearer" for response in responses)


async def test_the_scheme_is_read_without_regard_to_case(running: Running) -> None:
    owner = running.owner
    for scheme in ("bearer", "BEARER"):
        response = await owner.call("GET", "/companies", headers={"Authorization": f"{scheme} {owner.token}"})
        assert response.status == 200


async def test_a_revoked_admin_token_is_refused_at_once(owner: Admin) -> None:
    created = await owner.create("/admin-tokens", name="x", role="owner")
    other = owner.with_token(created["token"])
    assert (await other.get("/companies")).status == 200
    await owner.post(f"/admin-tokens/{created['id']}/suspend")
    assert (await other.get("/companies")).status == 401
    await owner.post(f"/admin-tokens/{created['id']}/resume")
    assert (await other.get("/companies")).status == 200
    await owner.post(f"/admin-tokens/{created['id']}/revoke")
    assert (await other.get("/companies")).status == 401


async def test_a_token_bound_to_a_company_sees_nothing_of_another(owner: Admin) -> None:
    there = await everything(owner)
    mine = await owner.company()
    token = (await owner.create("/admin-tokens", name="x", role="owner", company_id=mine["id"]))["token"]
    bound = owner.with_token(token)
    for path, id_ in there.ids.items():
        absent = await bound.get(f"/{path}/{uuid7()}")
        calls: list[tuple[str, str, Any]] = [
            ("GET", f"/{path}/{id_}", None),
            ("PATCH", f"/{path}/{id_}", {}),
            ("POST", f"/{path}/{id_}/suspend", None),
            ("POST", f"/{path}/{id_}/resume", None),
            ("POST", f"/{path}/{id_}/revoke", None),
            ("DELETE", f"/{path}/{id_}", None),
        ]
        if path in ROTATED:
            calls += [("POST", f"/{path}/{id_}/rotate", {}), ("POST", f"/{path}/{id_}/versions/1/revoke", None)]
        for method, target, body in calls:
            if (path, method) == ("admin-tokens", "DELETE"):
                continue
            response = await bound.call(method, target, body)
            assert response.status == 404, (method, target)
            assert response.body["detail"] == absent.body["detail"]
        seen = [item["id"] for item in (await bound.get(f"/{path}")).body["items"]]
        assert id_ not in seen
    assert (await bound.post("/companies", {})).status == 403
    assert (await bound.post("/applications", {})).status == 403
    assert (await bound.get("/companies")).body["items"][0]["id"] == mine["id"]
    lines = (await bound.get("/audit?limit=200")).body["items"]
    assert {line["company_id"] for line in lines} == {mine["id"]}
    assert (await bound.get(f"/audit?company_id={there.ids['companies']}")).body["items"] == []
