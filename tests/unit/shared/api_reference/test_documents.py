"""What every service says of its API: each member with a meaning and an example, on complete, small pages."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import pytest

from shared.api_reference.documents import CACHED_S, ApiDocuments, Described, Source, sources_of
from shared.api_reference.endpoints import PAGES_PATH
from shared.api_reference.reference import reference_of
from shared.api_reference.rendering import ReferencePages
from shared.errors import Unavailable
from tests.support.browser.page import Page
from tests.support.clock import FakeClock
from tests.support.openapi_documents import documents

HREF = re.compile('href="([^"]+)"')
MAX_PAGE_BYTES = 90_000
"""Of the main part; the console's own frame is around it."""


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


@pytest.mark.parametrize("name", documents())
def test_every_member_and_parameter_has_a_description_and_an_example_that_is_valid(name: str) -> None:
    document = documents()[name]
    members = dict(properties({"paths": document["paths"], "components": document["components"]}))
    assert [path for path, member in members.items() if not member.get("description")] == []
    assert [path for path, member in members.items() if not member.get("examples")] == []
    wrong = {}
    for path, member in members.items():
        if "$ref" not in str(member) and not all(
            map(jsonschema_rs.validator_for(member).is_valid, member["examples"])
        ):
            wrong[path] = member["examples"]
    assert wrong == {}
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    parameters = [p for operation in operations for p in operation["parameters"] if p["in"] != "path"]
    assert [p["name"] for p in parameters if not p["description"]] == []


class Fetched:
    """A service's documents, and how often they were requested; away when `away`."""

    def __init__(self, name: str) -> None:
        self.name, self.count, self.away = name, 0, False

    async def fetch(self, path: str, *, timeout_s: float) -> bytes:
        self.count += 1
        if self.away:
            raise Unavailable("away")
        return orjson.dumps(documents()[self.name + ("_internal" if "internal" in path else "")])


def fetched() -> dict[str, Fetched]:
    return {name: Fetched(name) for name in documents() if not name.endswith("_internal")}


@pytest.fixture(scope="module")
async def described() -> list[Described]:
    return await ApiDocuments(sources_of(fetched()), FakeClock()).all()


async def test_each_page_shows_every_operation_and_member_and_leads_nowhere_but_to_what_there_is(
    described: list[Described],
) -> None:
    pages = ReferencePages(PAGES_PATH)
    index = pages.index(described, internal=True)
    assert len(described) == len(documents())
    found = {}
    for each in described:
        assert each.reference is not None
        assert each.document is not None
        for group in each.reference.groups:
            text = str(pages.group(each, group))
            assert len(text.encode()) < MAX_PAGE_BYTES, (each.source.slug, group.slug, len(text))
            page = Page(200, "", text)
            found[f"{PAGES_PATH}/{each.source.slug}/{group.slug}"] = page
            assert len(page.ids) == len(set(page.ids))
            assert {url[1:] for url in HREF.findall(text) if url.startswith("#")} <= set(page.ids)
        shown = {operation.id for group in each.reference.groups for operation in group.operations}
        stated = {
            operation["operationId"] for item in each.document["paths"].values() for operation in item.values()
        }
        assert shown == stated
    for url in HREF.findall(index):
        path, _, anchor = url.partition("#")
        assert path == f"{PAGES_PATH}/error-codes" or (
            path in found and (not anchor or anchor in found[path].ids)
        ), url
    assert len(index.encode()) < MAX_PAGE_BYTES
    assert len(str(pages.error_codes()).encode()) < MAX_PAGE_BYTES


async def test_what_only_services_may_call_is_left_out_for_others(described: list[Described]) -> None:
    pages = ReferencePages(PAGES_PATH)
    public = pages.index([each for each in described if not each.source.internal], internal=False)
    assert "/internal/" not in public


async def test_a_document_is_kept_for_a_while_and_while_its_service_is_away() -> None:
    service, clock = Fetched("operator_validator"), FakeClock()
    api = ApiDocuments(sources_of({"operator_validator": service}), clock)
    service.away = True
    (away,) = await api.all()
    assert away.reference is None
    assert "does not respond" in ReferencePages(PAGES_PATH).index([away], internal=True)
    service.away = False
    assert (await api.all())[0].reference is not None
    assert (await api.one("operator")) == (await api.all())[0]
    assert service.count == 2
    clock.advance(CACHED_S)
    service.away = True
    assert (await api.all())[0].reference is not None
    assert service.count == 3
    assert await api.one("nobody") is None


async def test_a_document_that_is_no_json_is_none() -> None:
    async def read() -> bytes:
        return b"<html>"

    (found,) = await ApiDocuments([Source("x", "X", "", read)], FakeClock()).all()
    assert found.document is None


def test_no_text_of_a_document_is_markup() -> None:
    nasty = "<script>`<b>`"
    schema = {"type": "object", "properties": {nasty: {"type": nasty, "description": nasty, "examples": [nasty]}}}
    operation = {
        "operationId": "x",
        "summary": nasty,
        "parameters": [],
        "responses": {"200": {"description": nasty}},
    }
    document = {
        "info": {"title": nasty, "description": nasty},
        "paths": {"/x": {"post": {**operation, "requestBody": {"content": {nasty: {"schema": schema}}}}}},
    }

    async def read() -> bytes:
        return b""

    reference = reference_of(document, "")
    described = Described(Source("x", nasty, nasty, read), document, reference)
    pages = ReferencePages(PAGES_PATH)
    for text in (pages.index([described], internal=True), pages.group(described, reference.groups[0])):
        assert "<script" not in text
        assert "<b>" not in text
