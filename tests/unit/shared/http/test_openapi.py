"""The documents have the shape from which generators make clients: `make test-clients` makes some."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.openapi_documents import documents, public_documents

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
REFERENCE = "#/components/schemas/"


def operations(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.parametrize("name", documents())
def test_every_operation_has_a_name_of_its_own_its_path_parameters_and_one_type_of_body(name: str) -> None:
    found = list(operations(documents()[name]))
    names = [operation["operationId"] for _, operation in found]
    assert len(names) == len({each.lower() for each in names})
    assert [each for each in names if not IDENTIFIER.fullmatch(each)] == []
    for path, operation in found:
        given = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert given == set(re.findall(r"{(\w+)}", path)), path
        assert len(operation.get("requestBody", {"content": {"": {}}})["content"]) == 1, path
        assert all(len(response.get("content", {})) <= 1 for response in operation["responses"].values()), path


@pytest.mark.parametrize("name", documents())
def test_every_reference_leads_to_an_object(name: str) -> None:
    schemas = documents()[name]["components"]["schemas"]
    assert {each.removeprefix(REFERENCE) for each in references(documents()[name])} <= set(schemas)


@pytest.mark.parametrize("name", public_documents())
def test_no_object_has_the_name_of_a_list_or_object_in_it(name: str) -> None:
    """In a generated client the one would be a variable in the place of the other."""
    schemas = documents()[name]["components"]["schemas"]
    for each, schema in schemas.items():
        members = schema.get("properties", {}).items()
        held = {member.replace("_", "") for member, of in members if of.get("type") in ("array", "object")}
        assert each.lower() not in held
