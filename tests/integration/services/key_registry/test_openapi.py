"""The examples in the documents of the registry's APIs work, and each document has a page."""

from typing import Any

import pytest

from services.key_registry.catalog.resources import RESOURCES
from tests.support.harness.key_registry import Admin

NAMES = {
    "companies": "blabla",
    "applications": "SMS",
    "bookings": "blabla:SMS",
}
IN_ORDER = ("companies", "applications", "bookings", "api-tokens", "access-keys", "api-clients", "key-pairs")


async def document(owner: Admin, path: str = "/openapi.json") -> Any:
    return (await owner.get(owner.url + path)).body


async def test_the_example_of_every_create_and_change_works_when_it_is_sent(owner: Admin) -> None:
    schemas = (await document(owner))["components"]["schemas"]
    by_path = {resource.path: resource for resource in RESOURCES.values()}
    for path in (*IN_ORDER, "admin-tokens"):
        (body,) = schemas[by_path[path].create.__name__]["examples"]
        created = await owner.post(f"/{path}", body)
        assert created.status == 201, (path, body, created.raw)
        assert all(created.body[name] == value for name, value in body.items() if not name.endswith("_id"))
        (change,) = schemas[by_path[path].change.__name__]["examples"]
        reference = NAMES.get(path, created.body["id"])
        changed = await owner.patch(f"/{path}/{reference}", change)
        assert changed.status == 200, (path, change, changed.raw)
        if by_path[path].secret is not None:
            (rotation,) = schemas["Rotation"]["examples"]
            rotated = await owner.post(f"/{path}/{created.body['id']}/rotate", rotation)
            assert rotated.status == 201, (path, rotated.raw)
    (revocation,) = schemas["NewRevocation"]["examples"]
    assert (await owner.post("/revocations", revocation)).status == 200


async def test_internal_endpoints_have_a_page_of_their_own(owner: Admin) -> None:
    admin, internal = await document(owner), await document(owner, "/openapi/internal.json")
    assert {path.split("/")[1] for path in admin["paths"]} == {"admin"}
    assert {path.split("/")[1] for path in internal["paths"]} == {"internal"}
    assert list(admin["components"]["securitySchemes"]) == ["admin_token"]
    assert list(internal["components"]["securitySchemes"]) == ["service_token"]


@pytest.mark.parametrize(
    ("page", "start", "shown"),
    [("/docs", "start.js", "/openapi.json"), ("/docs/internal", "start-internal.js", "/openapi/internal.json")],
)
async def test_each_page_shows_its_own_document(owner: Admin, page: str, start: str, shown: str) -> None:
    assert f"/docs/{start}" in (await owner.get(owner.url + page)).raw.decode()
    assert f'"{shown}"' in (await owner.get(f"{owner.url}/docs/{start}")).raw.decode()
