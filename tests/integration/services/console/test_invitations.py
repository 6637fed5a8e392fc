"""Whom an operator invites is chosen: what is left empty never lets anybody see all companies."""

import pytest

from tests.support.browser.browser import Browser
from tests.support.browser.page import Page
from tests.support.harness.console import Console


@pytest.mark.parametrize("chosen", [{}, {"sees": "one"}, {"sees": "all", "company_id": "own"}, {"sees": "x"}])
async def test_nobody_is_invited_before_it_is_chosen(
    owner: Browser, console: Console, chosen: dict[str, str]
) -> None:
    company = await console.registry.owner.company()
    page = await invite(owner, chosen, company["client_prefix"])
    assert (page.status, "One-time link" in page.words) == (422, False)


@pytest.mark.parametrize("chosen", [{"sees": "all"}, {"sees": "one", "company_id": "own"}])
async def test_who_is_chosen_gets_a_link(owner: Browser, console: Console, chosen: dict[str, str]) -> None:
    company = await console.registry.owner.company()
    page = await invite(owner, chosen, company["client_prefix"])
    assert page.status == 201
    assert "One-time link" in page.labels


async def test_the_invitation_says_to_which_company_and_by_whom(console: Console) -> None:
    company = await console.registry.owner.company()
    by_nobody = await console.browser().open(await console.invitation("editor", company_id=company["id"]))
    assert f"You are invited as editor of {company['name']}" in by_nobody.words
    inviter = await console.person("owner", company_id=company["id"])
    await inviter.open("/people")
    page = await inviter.press("Make invitation link", Role="viewer")
    seen = await console.browser().open(page.labelled("One-time link"))
    email = (await console.registry.owner.get(f"/people?company_id={company['id']}")).body["items"][0]["email"]
    assert f"{email} invites you as viewer of {company['name']}" in seen.words


async def invite(owner: Browser, chosen: dict[str, str], prefix: str) -> Page:
    await owner.open("/people")
    kept = [field for field in owner.page.form_with("Make invitation link").fields if field[0] in ("csrf", "key")]
    given = {name: prefix if value == "own" else value for name, value in chosen.items()}
    return await owner.post("/people/invitations", [*kept, ("role", "viewer"), *given.items()])
