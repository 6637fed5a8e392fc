"""The audit trail at the console: a file of its lines, and whether they are what was written."""

import csv
import io
from typing import Any

import aiohttp
import orjson
import pytest

from services.console.admin_api import AdminApi
from services.console.http.operations import audit
from services.key_registry.audit_trail import partial_verification
from shared.errors import Unavailable
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console
from tests.support.harness.registry_databases import tamper


async def test_file_has_the_lines_that_the_filters_leave(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company(name="=HYPERLINK(1)")
    for n in range(3):
        await console.registry.owner.create("/access-keys", company_id=company["id"], name=f"key {n}")
    page = await owner.open(f"/audit?company_id={company['client_prefix']}&action=access_key.created")
    assert page.status == 200
    assert "access_key.created" in page.words, "as the filter takes it"
    lines = [orjson.loads(line) for line in (await owner.follow("JSON lines")).text.splitlines()]
    assert [line["subject_name"] for line in lines] == ["key 2", "key 1", "key 0"]
    assert owner.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert owner.headers["Cache-Control"] == "no-store"
    await owner.open(f"/audit?company_id={company['client_prefix']}")
    rows = list(csv.DictReader(io.StringIO((await owner.follow("CSV")).text, newline="")))
    assert [row["action"] for row in rows] == ["access_key.created"] * 3 + ["company.created"]
    assert {row["company"] for row in rows} == {company["client_prefix"]}


async def test_file_goes_on_page_after_page_and_says_where_it_was_cut(
    owner: Browser, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await console.registry.owner.company()
    for n in range(4):
        await console.registry.owner.create("/access-keys", company_id=company["id"], name=f"key {n}")
    monkeypatch.setattr(audit, "LINES_PER_CALL", "2")
    path = f"/audit/download?format=jsonl&company_id={company['client_prefix']}"
    lines = (await owner.open(path)).text.splitlines()
    assert len(lines) == 5
    assert len(set(lines)) == 5
    monkeypatch.setattr(audit, "MAX_LINES", 2)
    lines = (await owner.open(path)).text.splitlines()
    assert len(lines) == 3
    assert "more" in orjson.loads(lines[-1])


async def test_file_that_cannot_be_finished_is_cut_off_and_never_looks_whole(
    owner: Browser, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await console.registry.owner.company()
    await console.registry.owner.create("/access-keys", company_id=company["id"], name="x")
    monkeypatch.setattr(audit, "LINES_PER_CALL", "1")
    get = AdminApi.get

    async def first_page_alone(api: AdminApi, path: str, **query: str) -> Any:
        if query.get("cursor"):
            raise Unavailable
        return await get(api, path, **query)

    monkeypatch.setattr(AdminApi, "get", first_page_alone)
    with pytest.raises(aiohttp.ClientPayloadError):
        await owner.open(f"/audit/download?format=jsonl&company_id={company['client_prefix']}")


async def test_wrong_filter_or_format_is_an_error_and_no_file(owner: Browser) -> None:
    assert (await owner.open("/audit/download?format=jsonl&after=yesterday")).status == 422
    assert (await owner.open("/audit/download?format=exe")).status == 404
    assert "Content-Disposition" not in owner.headers


async def test_trail_is_verified_part_after_part_with_what_has_come_of_it(
    owner: Browser, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    await console.registry.owner.company()
    await owner.open("/audit")
    await owner.press("Verify")
    page = await owner.press("Verify")
    assert "The trail is intact" in page.words
    monkeypatch.setattr(partial_verification, "MAX_LINES", 4)
    page = await owner.open("/audit/verify?run=")
    assert "4 of " in page.words
    parts = 0
    while "Go on" in page.links:
        parts += 1
        page = await owner.follow("Go on")
    assert parts > 0
    assert "The trail is intact" in page.words
    async with console.registry.database.connection() as connection:
        await tamper(connection, "UPDATE audit_line SET action = 'x' WHERE seq = 2")
    page = await owner.open("/audit/verify?run=")
    assert page.status == 200
    assert "The trail is broken at line 2." in page.words


async def test_companys_people_get_their_own_lines_and_do_not_verify(console: Console) -> None:
    admin = console.registry.owner
    own, other = await admin.company(), await admin.company()
    person = await console.person("viewer", company_id=own["id"])
    lines = [orjson.loads(line) for line in (await person.open("/audit/download?format=jsonl")).text.splitlines()]
    assert lines
    assert {line["company_id"] for line in lines} == {own["id"]}
    path = f"/audit/download?format=csv&company_id={other['client_prefix']}"
    assert other["id"] not in (await person.open(path)).text
    assert (await person.open("/audit/verify")).status == 404
    assert (await person.open("/audit/verify?run=")).status == 404
