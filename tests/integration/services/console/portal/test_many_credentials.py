"""A company with more credentials than a page shows: each is found, and none is read for nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from services.console.admin_api import AdminApi
from services.console.http.portal.calls import OFFERED_OF_A_KIND
from services.console.http.portal.home import ENDING_SHOWN
from services.console.http.portal.usage import SHOWN_OF_A_KIND, SHOWN_OF_ONE_KIND
from services.console.pages.credentials.kinds import KINDS
from tests.integration.services.console.portal.visiting import Visit, visit
from tests.support.harness.console import Console

PAGES = {"/portal": 11, "/portal/arrivals": 8, "/portal/how-to-call": 6, "/portal/usage": 12, "/portal/activity": 3}
"""With the most requests to the admin API that each may cost, that of the session included."""
SEARCHED = "Name, or last four characters"
LIMITS = {"quota": {"calls": 100, "per": "day"}}


async def keys_of(visiting: Visit, number: int, **members: Any) -> list[dict[str, Any]]:
    """The first one has a name of its own, for searches."""
    names = ["key originally", *(f"key number {n}" for n in range(1, number))]
    return [await visiting.admin.create("/access-keys", **visiting.of, name=name, **members) for name in names]


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()[:19] + "Z"


def shown(keys: Sequence[dict[str, Any]], links: dict[str, str]) -> list[str]:
    return [key["name"] for key in keys if key["name"] in links]


async def test_no_page_reads_all_credentials_of_a_company(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    visiting = await visit(console, limits=LIMITS)
    keys = await keys_of(visiting, SHOWN_OF_ONE_KIND + 5, limits=LIMITS, expires_at=in_days(9))
    asked: list[str] = []
    call = AdminApi._call

    async def counted(api: AdminApi, method: str, path: str, *more: Any) -> Any:
        asked.append(path)
        return await call(api, method, path, *more)

    monkeypatch.setattr(AdminApi, "_call", counted)
    lists = tuple(f"/{kind.path}?" for kind in KINDS)
    for called in (False, True):
        if called:
            for key in keys[:2]:
                await visiting.called(key, calls=2)
        for path, most in PAGES.items():
            asked.clear()
            page = await visiting.browser.open(path)
            assert page.status == 200, path
            assert len(asked) <= most, (path, asked)
            queries = [parse_qs(each.partition("?")[2]) for each in asked if each.startswith(lists)]
            assert all(int(query["limit"][0]) <= OFFERED_OF_A_KIND for query in queries), (path, asked)
            assert not any("cursor" in query for query in queries), path


async def test_code_is_offered_for_the_newest_and_found_for_every_other_one(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    keys = await keys_of(visiting, OFFERED_OF_A_KIND + 3)
    theirs = await other.admin.create("/access-keys", **other.of, name="key of theirs")
    page = await visiting.browser.open("/portal/how-to-call")
    assert f"{keys[-1]['name']} (Access key)" in page.words
    assert keys[0]["name"] not in page.words
    page = await visiting.browser.press("Find", **{SEARCHED: "originally"})
    assert keys[0]["name"] in page.words
    assert keys[-1]["name"] not in page.words
    page = await visiting.browser.open(f"/portal/how-to-call?credential={keys[0]['id']}")
    assert f'value="{keys[0]["id"]}" selected' in page.text
    assert keys[-1]["name"] in page.words, "the newest are still offered"
    page = await visiting.browser.open(f"/portal/how-to-call?credential={theirs['id']}&q=theirs")
    assert "None that can be called with is like this." in page.words
    assert theirs["id"] not in page.text
    await visiting.admin.post(f"/access-keys/{keys[0]['id']}/suspend")
    page = await visiting.browser.open(f"/portal/how-to-call?credential={keys[0]['id']}")
    assert keys[0]["id"] not in page.text, "nothing can be called with it"
    page = await visiting.browser.open("/portal/how-to-call?q=%22%22")
    assert page.status == 422
    assert "must contain 1 to 8 words" in page.words


async def test_every_limit_is_reached_from_usage_with_what_is_used_of_it(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    keys = await keys_of(visiting, SHOWN_OF_ONE_KIND + 3, limits=LIMITS)
    free = await visiting.admin.create("/access-keys", **visiting.of, name="free")
    theirs = await other.admin.create("/access-keys", **other.of, name="key of theirs", limits=LIMITS)
    await visiting.called(keys[0], calls=42)
    await other.called(theirs, calls=7)
    usage = await visiting.browser.open("/portal/usage")
    assert shown(keys, usage.links) == [key["name"] for key in (keys[0], *keys[-SHOWN_OF_A_KIND:])], (
        "the newest that have limits, and the one that was called"
    )
    await visiting.browser.press("Filter", **{SEARCHED: "originally"})
    assert "42 of 100 calls today" in visiting.browser.page.words
    await visiting.browser.open("/portal/usage")
    await visiting.browser.follow("Access keys")
    first = shown(keys, visiting.browser.page.links)
    assert len(first) == SHOWN_OF_ONE_KIND
    await visiting.browser.follow("Older ones")
    page = visiting.browser.page
    assert {*first, *shown(keys, page.links)} == {key["name"] for key in keys}
    assert "42 of 100 calls today" in page.words
    assert "Older ones" not in page.links
    for path in ("/portal/usage", "/portal/usage/access-keys"):
        for query in ("", "?q=key", "?q=theirs", "?q=free"):
            page = await visiting.browser.open(path + query)
            assert theirs["id"] not in page.text, (path, query)
            assert free["id"] not in page.text, (path, query)
    assert (await visiting.browser.open("/portal/usage/access-keys?q=%22%22")).status == 422
    assert (await visiting.browser.open("/portal/usage/nonsense")).status == 404


async def test_bookings_with_limits_are_beside_those_of_credentials(console: Console) -> None:
    visiting = await visit(console)
    members = {"name": "Text messages", "application_prefix": visiting.company["client_prefix"], "scopes": []}
    application = await visiting.admin.create("/applications", **members)
    booking = await visiting.admin.create(
        "/bookings", **visiting.of, application_id=application["id"], limits=LIMITS
    )
    page = await visiting.browser.open("/portal/usage")
    assert page.links["Text messages"] == f"{visiting.base}/booked-applications/{booking['id']}"
    assert "100 calls a day" in page.words


async def test_home_shows_those_that_end_first_and_where_the_others_are(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    keys = await keys_of(visiting, 2, expires_at=in_days(40))
    soon = [
        await visiting.admin.create("/access-keys", **visiting.of, name=f"ends {n}", expires_at=in_days(20 - n))
        for n in range(ENDING_SHOWN + 1)
    ]
    await visiting.admin.post(f"/access-keys/{soon[-1]['id']}/suspend")
    theirs = await other.admin.create("/access-keys", **other.of, name="theirs", expires_at=in_days(1))
    page = await visiting.browser.open("/portal")
    assert shown([*soon, *keys], page.links) == [key["name"] for key in soon[1:]]
    assert theirs["id"] not in page.text
    assert f"{soon[-1]['expires_at'][:10]}" in page.words
    assert "suspended" in page.words
    await visiting.browser.follow("Expiry calendar")
    assert visiting.browser.page.status == 200
