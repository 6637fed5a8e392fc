"""A company's own people at every documented endpoint: their role decides, and no other company exists for them."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from uuid_utils.compat import uuid7

from services.key_registry.catalog.resources import RESOURCES
from tests.integration.services.key_registry.people.joining import People
from tests.support.harness.key_registry import Admin, Responded

ROLES = ("viewer", "editor", "owner")
OWNERS_ALONE = ("admin-tokens", "invitations")
"""Whatever is done there; reading too."""
OWNERS_CHANGE = ("people",)
ONES_OWN = {"me", "sessions"}
READS = {("POST", "/search")}
OF_NOBODY = {("POST", "/revocations"), ("POST", "/companies"), ("POST", "/applications"), ("POST", "/bookings")}
"""What a company's people never do, whatever their role; and so nothing below."""
WEBHOOK = "http://127.0.0.1:9/"
RESOURCES_BY_PATH = {resource.path for resource in RESOURCES.values()}
PLATFORMS = ("companies", "applications", "bookings")
"""Of their own they see them, and change nothing of them."""


@dataclass
class Estate:
    """A company with one object of each kind, by the first segment of its path.

    `traces`: what nobody else may see of it.
    """

    company: dict[str, Any]
    ids: dict[str, str] = field(default_factory=dict)
    traces: set[bytes] = field(default_factory=set)


async def estate(people: People) -> Estate:
    owner = people.owner
    company = await owner.company(name=f"Estate {uuid7().hex}")
    booking = await owner.booking(company, "sms:send")
    of = {"company_id": company["id"]}
    found = Estate(company, {"companies": company["id"], "bookings": booking["id"]})
    found.ids["applications"] = booking["application_id"]
    for path, body in {
        "api-tokens": {"booking_id": booking["id"], "remote_application": "x"},
        "access-keys": {**of, "name": "x"},
        "api-clients": {**of, "comment": "x", "scopes": []},
        "key-pairs": {**of, "scopes": [], "algorithm": "EdDSA"},
        "admin-tokens": {**of, "name": "x", "role": "viewer"},
        "invitations": {**of, "role": "viewer"},
        "webhooks": {**of, "name": "x", "url": WEBHOOK},
    }.items():
        found.ids[path] = (await owner.create(f"/{path}", **body))["id"]
    found.ids["people"] = (await people.join("viewer", company_id=company["id"])).id
    portal = await owner.create(f"/companies/{company['id']}/portal-sessions", name="x")
    found.ids["portal-sessions"] = portal["id"]
    revoked = await owner.post(f"/api-tokens/{found.ids['api-tokens']}/suspend")
    found.ids["receipts"] = revoked.headers["Passgate-Receipt"]
    ids = {id_ for noun, id_ in found.ids.items() if noun != "receipts"}
    found.traces = {text.encode() for text in (company["client_prefix"], company["name"], *ids)}
    return found


def body_of(method: str, path: str, mine: Estate) -> Any:
    """One that is valid for its endpoint, so that nothing but the caller decides."""
    company = {"company_id": mine.company["id"]}
    creates: dict[str, Any] = {
        "/companies": {"name": "x", "client_prefix": "x", "company_uri": "https://x.example"},
        "/applications": {"name": "x", "application_prefix": "x", "scopes": []},
        "/bookings": {**company, "application_id": mine.ids["applications"]},
        "/api-tokens": {"booking_id": mine.ids["bookings"], "remote_application": "y"},
        "/access-keys": {**company, "name": "y"},
        "/api-clients": {**company, "comment": "y", "scopes": []},
        "/key-pairs": {**company, "scopes": [], "algorithm": "EdDSA"},
        "/admin-tokens": {"name": "y", "role": "viewer"},
        "/invitations": {"role": "viewer"},
        "/webhooks": {"name": "y", "url": WEBHOOK},
        "/search": {"text": "nothing"},
        "/leaks": {"found": [{"text": "nothing of ours"}]},
        "/revocations": {"kind": "jwt", "id": "x"},
        "/me/password": {"password": "not it, but long", "new": "another long password"},
        "/companies/{id}/portal-sessions": {"name": "y"},
    }
    if method == "PATCH":
        return {"role": "viewer"} if path.startswith("/people") else {}
    return creates.get(path, {}) if method == "POST" else None


def reaches(role: str, method: str, path: str) -> bool:
    """Whether the role is enough, by the words of the rule: not by the table that the code reads."""
    noun = path.split("/")[1]
    if noun in ONES_OWN:
        return True
    if noun in OWNERS_ALONE or (noun in OWNERS_CHANGE and method != "GET"):
        return role == "owner"
    return method == "GET" or (method, path) in READS or role != "viewer"


def below_the_platform(method: str, path: str) -> bool:
    """Whether no role of a company is enough."""
    if path in ("/signing-keys", "/overview", "/system", "/audit/verification") or (method, path) in OF_NOBODY:
        return True
    if path.endswith("/portal-sessions/{session}"):
        return False
    return method != "GET" and path.split("/")[1] in PLATFORMS


def filled(path: str, of: Estate) -> str:
    """`path` with the ids of what that company has; what it has not is an id of nothing."""
    noun, nothing = path.split("/")[1], str(uuid7())
    id_ = of.ids.get(noun, "1" if noun == "receipts" else nothing)
    return (
        path.replace("{id}", id_)
        .replace("{session}", of.ids["portal-sessions"])
        .replace("{version}", "1")
        .replace("{delivery}", "1")
        .replace("{request_id}", "request-1")
    )


def in_order(operation: tuple[str, str]) -> tuple[bool, bool, str]:
    """What is final comes last, so that all else is there before."""
    method, path = operation
    return method == "DELETE", path.endswith("revoke"), path


async def operations(people: People) -> list[tuple[str, str]]:
    """Every endpoint that the document gives to who has a bearer token."""
    document = (await people.owner.get(f"{people.owner.url}/openapi.json")).body
    found = [
        (method.upper(), path.removeprefix("/admin/v1"))
        for path, item in document["paths"].items()
        for method, described in item.items()
        if path.startswith("/admin/") and described.get("security")
    ]
    return sorted(found, key=in_order)


async def test_every_documented_endpoint_holds_for_every_role_and_hides_every_other_company(people: People) -> None:
    every, other = await operations(people), await estate(people)
    assert len(every) > len(RESOURCES) * 8
    served = 0
    for role in ROLES:
        mine = await estate(people)
        caller = (await people.join(role, company_id=mine.company["id"])).admin
        for method, path in every:
            where = (role, method, path)
            if "{id}" in path and path.split("/")[1] not in ONES_OWN:
                foreign = await call(caller, method, path, other, mine)
                hidden = 404 if reaches(role, method, path) and path != "/signing-keys" else 403
                assert foreign.status == hidden, (*where, foreign.status, foreign.raw)
                assert not leaked(foreign, other), where
            own = await call(caller, method, path, mine, mine)
            allowed = reaches(role, method, path) and not below_the_platform(method, path)
            assert (own.status != 403) is allowed, (*where, own.status, own.raw)
            assert own.status in (200, 201, 202, 204, 403, 404, 409, 422), (*where, own.raw)
            assert not leaked(own, other), where
            served += own.status < 300
    assert 2 * served > len(ROLES) * len(every), "most of it was really done, not refused for something else"
    for noun, id_ in other.ids.items():
        if noun in RESOURCES_BY_PATH:
            shown = (await people.owner.get(f"/{noun}/{id_}")).body
            assert shown["status"] == ("suspended" if noun == "api-tokens" else "active"), noun


async def call(caller: Admin, method: str, path: str, target: Estate, mine: Estate) -> Responded:
    return await caller.call(method, filled(path, target), body_of(method, path, mine))


def leaked(response: Responded, other: Estate) -> set[bytes]:
    return {trace for trace in other.traces if trace in response.raw}


async def test_no_list_shows_another_company_however_it_is_filtered(people: People) -> None:
    mine, other = await estate(people), await estate(people)
    caller = (await people.join("owner", company_id=mine.company["id"])).admin
    lists = [path for method, path in await operations(people) if method == "GET" and "{" not in path]
    names = (other.company["id"], other.company["client_prefix"])
    for path, name, filter_ in itertools.product(lists, names, ("company_id", "q")):
        response = await caller.get(f"{path}?{filter_}={name}")
        assert response.status in (200, 403, 422), path
        assert response.status != 200 or not response.body.get("items"), (path, filter_)
    for name in (*names, other.ids["access-keys"]):
        assert (await caller.post("/search", {"text": name})).body["items"] == []
