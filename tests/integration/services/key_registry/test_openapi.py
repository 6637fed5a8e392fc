"""The documents of the registry's APIs say what is done, of every member, with examples that work."""

from collections.abc import Iterator
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


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield f"{path}.{name}", member
        for name, inner in schema.items():
            if name != "examples":
                yield from properties(inner, f"{path}.{name}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner, path)


@pytest.mark.parametrize(("path", "at_least"), [("/openapi.json", 100), ("/openapi/internal.json", 60)])
async def test_every_member_and_parameter_has_a_description_and_an_example(
    owner: Admin, path: str, at_least: int
) -> None:
    found = await document(owner, path)
    members = dict(properties(found["components"]["schemas"]))
    assert len(members) > at_least
    assert [name for name, member in members.items() if not member.get("description")] == []
    assert [name for name, member in members.items() if "examples" not in member] == []
    operations = [operation for item in found["paths"].values() for operation in item.values()]
    for parameter in (p for o in operations for p in o["parameters"] if p["in"] != "path"):
        assert parameter["description"], parameter


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
