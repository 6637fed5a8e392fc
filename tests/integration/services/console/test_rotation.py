"""Rotating at the console: what ends at once is asked before, and what goes on is said after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.services.console.portal.visiting import enter
from tests.support.browser.browser import Browser
from tests.support.browser.page import Page
from tests.support.harness.console import Console
from tests.support.waiting import until


@pytest.fixture
async def key(console: Console) -> dict[str, Any]:
    admin = console.registry.owner
    company = await admin.company()
    created = await admin.create("/access-keys", company_id=company["id"], name="server")
    return {**created, "page": f"/companies/{company['client_prefix']}/access-keys/{created['id']}"}


async def states(console: Console, key: dict[str, Any]) -> dict[int, str]:
    found = (await console.registry.owner.get(f"/access-keys/{key['id']}")).body["versions"]
    return {version["version"]: version["state"] for version in found}


def words(page: Page) -> str:
    return " ".join(page.words.split())


async def test_rotation_that_ends_the_old_secret_now_is_asked_before(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(key["page"])
    asked = await owner.press("Rotate", The_old_secret_ends="0")
    assert "Rotate server, and end version 1 now?" in words(asked)
    assert "Version 1, the current secret: it has not been used." in words(asked)
    assert "every gateway refuses it, and the tokens that were issued with it. This is for ever." in words(asked)
    assert await states(console, key) == {1: "current"}, "nothing was done yet"
    done = await owner.press("Yes, rotate it")
    assert done.status == 201
    assert await states(console, key) == {2: "current", 1: "retired"}


async def test_a_question_that_is_cancelled_leaves_every_secret(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(key["page"])
    await owner.press("Rotate", The_old_secret_ends="0")
    page = await owner.follow("Cancel")
    assert "Yes, rotate it" not in page.words
    assert await states(console, key) == {1: "current"}


async def test_a_confirmed_rotation_that_is_sent_twice_shows_the_same_secret(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(key["page"])
    await owner.press("Rotate", The_old_secret_ends="0")
    form = owner.page.form_with("Yes, rotate it")
    first = (await owner.post(form.action, form.fields)).labelled("Access key")
    assert (await owner.post(form.action, form.fields)).labelled("Access key") == first
    assert await states(console, key) == {2: "current", 1: "retired"}


async def test_third_secret_is_refused_in_the_words_of_the_page_and_offers_the_way_out(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(key["page"])
    await owner.press("Rotate", The_old_secret_ends="86400")
    until = (await console.registry.owner.get(f"/access-keys/{key['id']}")).body["versions"][1]["retires_at"]
    await owner.open(key["page"])
    refused = await owner.press("Rotate", The_old_secret_ends="604800")
    assert refused.status == 409
    assert "end_oldest" not in refused.words
    assert "Two secrets work already, and a third cannot beside them." in words(refused)
    assert f"Version 1 works until {until[:10]} {until[11:16]} UTC: wait until it has ended" in words(refused)
    assert "The current secret goes on: it ends in 7 days." in words(refused)
    assert '<option value="604800" selected>' in refused.text, "what was chosen is kept"
    assert await states(console, key) == {2: "current", 1: "retiring"}
    done = await owner.press("Yes, rotate it")
    assert done.status == 201
    assert await states(console, key) == {3: "current", 2: "retiring", 1: "retired"}
    versions = (await console.registry.owner.get(f"/access-keys/{key['id']}")).body["versions"]
    kept = datetime.fromisoformat(versions[1]["retires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < kept < timedelta(days=7)


@pytest.mark.parametrize("ticked", [False, True])
async def test_both_secrets_that_a_rotation_would_end_are_named_before(
    owner: Browser, console: Console, key: dict[str, Any], ticked: bool
) -> None:
    await console.registry.owner.post(f"/access-keys/{key['id']}/rotate", {"keep_old_for": 3600})
    await owner.open(key["page"])
    form = owner.page.form_with("Rotate")
    chosen = {"keep_old_for": "0", **({"end_oldest": "yes"} if ticked else {})}
    fields = [(name, value) for name, value in form.fields if name not in {"keep_old_for", "end_oldest"}]
    asked = await owner.post(form.action, [*fields, *chosen.items()])
    assert "and end version 1 and version 2 now?" in words(asked)
    assert ("a third cannot beside them" in words(asked)) is not ticked
    assert (await owner.press("Yes, rotate it")).status == 201
    assert await states(console, key) == {3: "current", 2: "retired", 1: "retired"}


async def test_end_of_the_secret_that_is_retiring_is_asked_before_as_well(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await console.registry.owner.post(f"/access-keys/{key['id']}/rotate", {"keep_old_for": 3600})
    await owner.open(key["page"])
    form = owner.page.form_with("Rotate")
    fields = [field for field in form.fields if field[0] != "end_oldest"]
    asked = await owner.post(form.action, [*fields, ("end_oldest", "yes")])
    assert "Rotate server, and end version 1 now?" in words(asked)
    assert "Version 1, which is retiring" in words(asked)
    assert await states(console, key) == {2: "current", 1: "retiring"}


@pytest.mark.parametrize(
    ("overlap", "how"), [("3600", ""), ("quiet", ", or until it was unused for 24 h, if that is sooner")]
)
async def test_page_of_the_new_secret_says_how_long_the_old_one_works(
    owner: Browser, console: Console, key: dict[str, Any], overlap: str, how: str
) -> None:
    await owner.open(key["page"])
    rotated = await owner.press("Rotate", The_old_secret_ends=overlap)
    old = (await console.registry.owner.get(f"/access-keys/{key['id']}")).body["versions"][1]
    until_when = f"{old['retires_at'][:10]} {old['retires_at'][11:16]} UTC"
    assert f"The old secret, version 1 (…{old['last_four']}), works until {until_when}{how}." in words(rotated)
    assert "The old secret has ended" not in words(rotated)


async def test_page_of_the_new_secret_says_that_the_old_one_has_ended(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(key["page"])
    await owner.press("Rotate", The_old_secret_ends="0")
    assert "The old secret has ended" in words(await owner.press("Yes, rotate it"))


async def test_page_of_a_first_secret_speaks_of_no_old_one(owner: Browser, key: dict[str, Any]) -> None:
    await owner.open(f"{key['page'].rpartition('/')[0]}?new=access-key")
    created = await owner.press("Create access key", Name="another")
    assert (created.status, "old secret" in created.words) == (201, False)


async def test_credential_that_has_expired_is_refused_in_the_words_of_the_page(
    owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    soon = f"{(datetime.now(UTC) + timedelta(seconds=1)).isoformat()[:-6]}Z"
    created = await admin.create("/access-keys", company_id=company["id"], name="server", expires_at=soon)
    path = f"/access-keys/{created['id']}"
    await owner.open(f"/companies/{company['client_prefix']}{path}")

    async def expired() -> bool:
        return bool((await admin.get(path)).body["effective_status"] == "expired")

    await until(expired)
    refused = await owner.press("Rotate", The_old_secret_ends="3600")
    assert refused.status == 409
    assert "It has expired: choose a later end under Change, and rotate it then." in words(refused)
    assert "expires_at" not in refused.words


async def test_who_may_not_rotate_is_asked_nothing_and_refused(console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company()
    created = await admin.create("/access-keys", company_id=company["id"], name="server")
    path = f"/companies/{company['client_prefix']}/access-keys/{created['id']}"
    viewer = await enter(console, company, "viewer")
    page = await viewer.open(path)
    csrf = next(f for form in page.forms for f in form.fields if f[0] == "csrf")
    refused = await viewer.post(f"{path}/rotate", [csrf, ("keep_old_for", "0")])
    assert (refused.status, "Yes, rotate it" in refused.words) == (403, False)
