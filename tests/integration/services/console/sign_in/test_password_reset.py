"""A forgotten password as a person meets it: an owner makes a link, whose page sets another one."""

import re

from services.console.browser.cookies import NAME, PENDING_NAME
from tests.integration.services.console.account.enrolment import sign_in, turned_on
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, email_of

NEW = "a password that is new"


async def link_for(owner: Browser, console: Console, email: str) -> str:
    """Made on the page of people for the newest of them, who is listed first."""
    await owner.open("/people")
    page = await owner.press("Reset password")
    assert page.status == 201
    assert f"Send this link to {email}" in page.words
    link = page.labelled("One-time link")
    assert link.startswith(f"{console.url}/password-resets/")
    return link.removeprefix(console.url)


async def test_a_link_sets_another_password_and_the_person_signs_in_with_it(
    console: Console, owner: Browser
) -> None:
    person = await console.person("viewer")
    email = await email_of(person)
    link = await link_for(owner, console, email)
    browser = console.browser()
    page = await browser.open(link)
    assert (page.status, email in page.words) == (200, True)
    page = await browser.press("Set password", New_password="short")
    assert (page.status, 'id="password-wrong"' in page.text) == (422, True)
    page = await browser.press("Set password", New_password=NEW)
    assert page.url == f"{console.url}/sign-in?password=set"
    assert "The password is set" in page.words
    assert NAME not in browser.cookies, "nobody is signed in by a link"
    assert (await person.open("/account")).url.partition("?")[0].endswith("/sign-in")
    page = await browser.press("Sign in", E_mail=email, Password=NEW)
    assert (page.status, NAME in browser.cookies) == (200, True)
    used = await console.browser().open(link)
    assert (used.status, "ask an owner" in used.words) == (404, True)


async def test_a_second_factor_is_asked_for_with_the_new_password_too(console: Console, owner: Browser) -> None:
    person = await console.person("viewer")
    email = await email_of(person)
    await turned_on(person)
    link = await link_for(owner, console, email)
    browser = console.browser()
    await browser.open(link)
    await browser.press("Set password", New_password=NEW)
    page = await browser.press("Sign in", E_mail=email, Password=NEW)
    assert (page.url.partition("?")[0].endswith("/sign-in/code"), NAME in browser.cookies) == (True, False)
    assert PENDING_NAME in browser.cookies


async def test_an_owner_sees_that_a_link_is_out_and_withdraws_it(console: Console, owner: Browser) -> None:
    email = await email_of(await console.person("viewer"))
    link = await link_for(owner, console, email)
    page = await owner.open("/people")
    assert page.text.count("/password-reset/withdraw") == 1
    assert link not in page.text
    await owner.press("Withdraw password link")
    assert (await console.browser().open(link)).status == 404
    assert NAME in (await sign_in(console, email)).cookies


async def test_nobody_is_offered_it_for_themselves_and_others_than_owners_not_at_all(console: Console) -> None:
    owner = await console.person("owner")
    page = await owner.open("/people")
    own = re.findall(r"<tr><td>[^<]*</td>", page.text)
    assert page.text.count("Reset password") == len(own) - 1
    editor = await console.person("editor")
    assert "Reset password" not in (await editor.open("/people")).text


async def test_another_site_neither_makes_nor_uses_a_link(console: Console, owner: Browser) -> None:
    email = await email_of(await console.person("viewer"))
    link = await link_for(owner, console, email)
    forged = await console.browser().post(link, [("password", NEW)], Sec_Fetch_Site="cross-site")
    assert forged.status == 403
    action = owner.page.form_with("Reset password").action
    assert (await owner.post(action, [("key", "x")])).status == 403, "without the form's own token"
    assert NAME in (await sign_in(console, email)).cookies
