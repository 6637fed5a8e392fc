"""The admin API as contracts have it: what each error looks like, and what is shown once."""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.partners import Admin, Object, Partner
from tests.e2e.protocols.rows import PROBLEM
from tests.e2e.wire import Reply

PATHS = ("/companies", "/applications", "/bookings", "/api-tokens", "/access-keys", "/api-clients", "/key-pairs")
ABSENT = str(uuid.UUID(int=7))


def check(reply: Reply, status: int, code: str, fields: set[str] | None = None) -> None:
    assert reply.status == status, reply.text
    assert reply.header("Content-Type") == PROBLEM
    reported = reply.json()
    assert (reported["status"], reported["code"]) == (status, code)
    assert reported["request_id"] == reply.header("X-Request-Id")
    if fields is not None:
        assert {error["field"] for error in reported["errors"]} == fields


def company(**members: Any) -> Object:
    name = uuid.uuid4().hex[:12]
    return {"name": name, "client_prefix": name, "company_uri": f"https://{name}.example", **members}


@pytest.mark.parametrize("path", [*PATHS, "/admin-tokens", "/audit"])
@pytest.mark.parametrize("token", ["", "junk", "pgad_" + "0" * 49])
def test_without_a_valid_admin_token_nothing_is_shown(admin: Admin, path: str, token: str) -> None:
    reply = Admin(admin.registry, token).call("GET", path)
    check(reply, 401, "unauthenticated")
    assert reply.header("WWW-Authenticate") == "Bearer"


@pytest.mark.parametrize("path", PATHS)
def test_what_is_absent_is_404_by_every_method(admin: Admin, path: str) -> None:
    for id_ in (ABSENT, "junk"):
        for reply in (
            admin.call("GET", f"{path}/{id_}"),
            admin.call("PATCH", f"{path}/{id_}", {}),
            admin.call("DELETE", f"{path}/{id_}"),
            *(admin.act(operation, path, id_) for operation in ("suspend", "resume", "revoke")),
        ):
            check(reply, 404, "not_found")


@pytest.mark.parametrize(
    ("path", "members", "fields"),
    [
        ("/companies", {}, {"name", "client_prefix", "company_uri"}),
        ("/companies", company(client_prefix="a b"), {"client_prefix"}),
        ("/companies", company(name="a\x01b"), {"name"}),
        ("/companies", company(more=1), {"more"}),
        ("/applications", {"name": "x", "application_prefix": "y", "scopes": ["a b"]}, {"scopes"}),
        ("/bookings", {"company_id": ABSENT, "application_id": ABSENT}, {"company_id", "application_id"}),
        ("/bookings", {"company_id": 1, "application_id": None}, {"company_id", "application_id"}),
        ("/api-tokens", {"booking_id": ABSENT, "remote_application": "x"}, {"booking_id"}),
        ("/api-tokens", {"booking_id": ABSENT, "remote_application": "x", "expires_at": "soon"}, {"expires_at"}),
        ("/access-keys", {"company_id": "$company", "name": "x", "max_ttl": 0}, {"max_ttl"}),
        ("/access-keys", {"company_id": "$company", "name": "x", "default_ttl": 9, "max_ttl": 8}, {"default_ttl"}),
        ("/api-clients", {"company_id": "$company", "comment": "", "scopes": []}, {"comment"}),
        ("/key-pairs", {"company_id": "$company", "scopes": [], "algorithm": "HS256"}, {"algorithm"}),
        ("/key-pairs", {"company_id": "$company", "scopes": [], "public_key": "junk"}, {"public_key"}),
    ],
)
def test_each_wrong_member_is_named(
    admin: Admin, partner: Partner, path: str, members: Object, fields: set[str]
) -> None:
    body = json.loads(json.dumps(members).replace("$company", partner.company["id"]))
    check(admin.call("POST", path, body), 422, "validation_failed", fields)


def test_a_taken_prefix_or_uri_is_409(admin: Admin, partner: Partner) -> None:
    for taken in ({"client_prefix": partner.prefix}, {"company_uri": partner.uri}):
        check(admin.call("POST", "/companies", company(**taken)), 409, "taken")
    application = {"name": "x", "application_prefix": "SMS", "scopes": []}
    check(admin.call("POST", "/applications", application), 409, "taken")


def test_what_is_referred_to_or_active_is_not_deleted(admin: Admin, partner: Partner) -> None:
    check(admin.call("DELETE", f"/companies/{partner.company['id']}"), 409, "conflict")
    check(admin.call("DELETE", f"/api-clients/{partner.api_client['id']}"), 409, "conflict")


def test_a_create_responds_with_201_with_its_location_and_its_secret_once(admin: Admin, partner: Partner) -> None:
    secrets = {
        "/api-tokens": (partner.api_token, {"token"}),
        "/access-keys": (partner.access_key, {"key"}),
        "/api-clients": (partner.api_client, {"secret"}),
        "/key-pairs": (partner.key_pair, {"private_key"}),
    }
    for path, (created, once) in secrets.items():
        shown = admin.show(path, created["id"])
        assert set(created) - set(shown) == once
        assert not any(created[name] in json.dumps(shown) for name in once)
    reply = admin.call("POST", "/companies", company())
    assert reply.header("Location") == f"/admin/v1/companies/{reply.json()['id']}"


def test_another_companys_objects_are_404_for_a_token_that_is_bound_to_one(admin: Admin, partner: Partner) -> None:
    other = admin.create("/companies", **company())
    created = admin.create("/admin-tokens", name="bound", role="owner", company_id=other["id"])
    bound = Admin(admin.registry, created["token"])
    for path, foreign in (("/companies", partner.company), ("/api-clients", partner.api_client)):
        check(bound.call("GET", f"{path}/{foreign['id']}"), 404, "not_found")
        check(bound.act("revoke", path, foreign["id"]), 404, "not_found")
    assert bound.call("GET", "/api-clients").json()["items"] == []
    assert bound.show("/companies", other["id"])["id"] == other["id"]


def test_a_viewer_only_reads(admin: Admin, partner: Partner) -> None:
    viewer = Admin(admin.registry, admin.create("/admin-tokens", name="viewer", role="viewer")["token"])
    assert viewer.show("/companies", partner.company["id"])
    for reply in (
        viewer.call("POST", "/companies", company()),
        viewer.call("PATCH", f"/companies/{partner.company['id']}", {"name": "x"}),
        viewer.act("suspend", "/companies", partner.company["id"]),
    ):
        check(reply, 403, "forbidden")
        assert reply.header("WWW-Authenticate") == 'Bearer error="insufficient_scope"'


def test_the_same_idempotency_key_makes_one_object_and_gives_one_response(admin: Admin, partner: Partner) -> None:
    body = {"company_id": partner.company["id"], "name": "once"}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (admin.call("POST", "/access-keys", body, key) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    check(admin.call("POST", "/access-keys", {**body, "name": "other"}, key), 422, "idempotency_key_reused")


def test_lists_are_paged_by_cursor(admin: Admin, partner: Partner) -> None:
    created = {admin.create("/access-keys", company_id=partner.company["id"], name=f"{n}")["id"] for n in range(3)}
    found, cursor = set(), ""
    for _ in range(10):
        page = admin.call("GET", f"/access-keys?company_id={partner.company['id']}&limit=2{cursor}").json()
        assert len(page["items"]) <= 2
        found |= {item["id"] for item in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert created <= found
    check(admin.call("GET", "/access-keys?limit=0&cursor=x&colour=red"), 422, "validation_failed",
          {"limit", "cursor", "colour"})  # fmt: skip


def test_every_change_is_in_the_audit_trail_with_its_request(admin: Admin, partner: Partner) -> None:
    reply = admin.call("PATCH", f"/companies/{partner.company['id']}", {"name": "renamed"})
    line = admin.audited(reply, "company.changed")
    assert (line["subject"], line["company_id"]) == (partner.company["id"], partner.company["id"])
    assert line["actor"].startswith("admin:")
    assert line["detail"]["now"] == {"name": "renamed"}
