"""A stop at the console: what it would end is said before, how far it has come after, and it can be tried."""

import time
from typing import Any
from uuid import uuid4

import pytest

from services.console.admin_api import AdminApi
from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from shared.errors import NotFound
from tests.integration.services.console.portal.visiting import visit
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console


@pytest.fixture
async def key(console: Console) -> dict[str, Any]:
    """An access key that was called twice, just now."""
    admin = console.registry.owner
    company = await admin.company()
    created = await admin.create("/access-keys", company_id=company["id"], name="server")
    now = time.time()
    count = UsageCount(
        kind="access_key", credential=created["id"], version=1, route="/generate", hour=int(now // 3600),
        outcome="accepted", calls=2, last_used_at=now,
    )  # fmt: skip
    async with console.registry.calls("session_tokens") as calls:
        await UsageClient(calls).add_usage(UsageBatch(source=str(uuid4()), number=1, counts=(count,)))
    return {**created, "page": f"/companies/{company['client_prefix']}/access-keys/{created['id']}"}


def key_path(key: dict[str, Any]) -> str:
    return f"/access-keys/{key['id']}"


@pytest.mark.parametrize(("act", "stopped"), [("suspend", "suspended"), ("revoke", "revoked")])
async def test_stop_says_what_it_would_end_before_and_who_has_applied_it_after(
    owner: Browser, console: Console, key: dict[str, Any], act: str, stopped: str
) -> None:
    await owner.open(key["page"])
    asked = await owner.press(act.capitalize())
    assert "No access token and no session token of it is valid now." in asked.words
    assert "Last call less than a minute ago; 2 calls in the last hour" in asked.words
    assert (await console.registry.owner.get(key_path(key))).body["status"] == "active"
    done = await owner.press(f"Yes, {act} it")
    assert (await console.registry.owner.get(key_path(key))).body["status"] == stopped
    assert f"{stopped.capitalize()} everywhere: applied by" in done.words
    assert "receipt=" in done.url


async def test_tried_stop_refuses_nothing_and_says_until_when(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(f"{key['page']}?ask=revoke")
    tried = await owner.press("Only try it for an hour")
    assert tried.status == 200
    assert "A revocation is tried until" in tried.words
    assert "beginning within five seconds of its start" in tried.words
    assert (await console.registry.owner.get(key_path(key))).body["status"] == "active"


async def test_a_trial_that_runs_is_on_its_page_and_can_be_ended_there(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    company = key["page"].split("/access-keys")[0]
    for path, act, name in ((key["page"], "suspend", "A suspension"), (company, "revoke", "A revocation")):
        await owner.open(f"{path}?ask={act}")
        await owner.press("Only try it for a day")
        viewer = await console.person("viewer")
        page = await viewer.open(path)
        assert f"{name} is tried until 20" in page.words
        assert "One of the operator's people began it." in page.words
        assert not any("End the trial" in form.buttons for form in page.forms), "a viewer ends none"
        await owner.open(path)
        ended = await owner.press("End the trial")
        assert (ended.status, "is tried until" in ended.words) == (200, False)
        assert "The trial has ended: within five seconds" in " ".join(ended.words.split())
        assert "The trial has ended" not in (await owner.open(path)).words
    assert (await console.registry.owner.get(f"{key_path(key)}/trial")).body == {"trial": None}


async def test_beside_a_registry_without_trials_pages_are_shown_and_stops_work(
    owner: Browser, key: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of the release before, while both are upgraded."""
    get = AdminApi.get

    async def of_before(api: AdminApi, path: str, **query: str) -> Any:
        if path.endswith("/trial"):
            raise NotFound("there is no such endpoint")
        return await get(api, path, **query)

    monkeypatch.setattr(AdminApi, "get", of_before)
    shown = await owner.open(key["page"])
    assert shown.status == 200
    await owner.press("Suspend")
    done = await owner.press("Yes, suspend it")
    assert "Suspended everywhere: applied by" in done.words


async def test_a_companys_own_people_end_the_trial_that_they_began_and_not_the_operators(
    console: Console,
) -> None:
    visiting = await visit(console)
    own = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    await visiting.admin.post(f"/companies/{visiting.company['id']}/suspend?report_only=true")
    await visiting.admin.post(f"/access-keys/{own['id']}/suspend?report_only=true")
    page = await visiting.browser.open(visiting.base)
    assert "A suspension is tried until" in page.words
    assert "Whoever runs the API began it." in page.words
    assert not any("End the trial" in form.buttons for form in page.forms)
    path = f"{visiting.base}/access-keys/{own['id']}"
    page = await visiting.browser.open(path)
    assert "Whoever runs the API began it." in page.words
    assert not any("End the trial" in form.buttons for form in page.forms)
    await visiting.browser.open(f"{path}?ask=suspend")
    assert (
        "whoever runs the api tries a stop"
        in (await visiting.browser.press("Only try it for an hour")).words.lower()
    )
    await visiting.admin.call("DELETE", f"/access-keys/{own['id']}/trial")
    await visiting.browser.open(f"{path}?ask=suspend")
    assert "Somebody of the company began it." in (await visiting.browser.press("Only try it for an hour")).words
    operator = await console.person("viewer")
    assert "Somebody of the company began it." in (await operator.open(path)).words
    await visiting.browser.open(path)
    assert "tried until" not in (await visiting.browser.press("End the trial")).words


async def test_company_names_what_depends_on_it_before_it_is_suspended(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    company = key["page"].split("/access-keys")[0]
    await owner.open(company)
    asked = await owner.press("Suspend company")
    assert "Depends on it: 1 access key." in asked.words
    done = await owner.press("Yes, suspend it")
    assert "Suspended everywhere" in done.words
    await owner.press("Resume company")
    assert "Resumed everywhere" in owner.page.words


async def test_receipt_of_another_object_and_what_is_none_are_not_shown(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    other = await console.registry.owner.company()
    response = await console.registry.owner.post(f"/companies/{other['id']}/suspend")
    for receipt in (str(response.body["receipt"]), "999999999", "x", "1" * 30, "-1"):
        page = await owner.open(f"{key['page']}?receipt={receipt}&look=99")
        assert page.status == 200
        assert "applied by" not in page.words


async def test_act_that_is_none_asks_nothing(owner: Browser, key: dict[str, Any]) -> None:
    page = await owner.open(f"{key['page']}?ask=<b>delete")
    assert "Yes," not in page.words
    assert "<b>delete" not in page.text


async def test_old_secret_may_end_once_nobody_uses_it(
    owner: Browser, console: Console, key: dict[str, Any]
) -> None:
    await owner.open(key["page"])
    rotated = await owner.press("Rotate", The_old_secret_ends="quiet")
    assert rotated.status == 201
    versions = (await console.registry.owner.get(key_path(key))).body["versions"]
    assert [version["state"] for version in versions] == ["current", "retiring"]
    assert [version["quiet_for"] for version in versions] == [None, 86400]
