"""Who gets in, and until when."""

import pytest

from services.console.browser.cookies import NAME
from tests.support.browser.browser import Browser
from tests.support.harness.console import PASSWORD, Console, email_of

PAGES = ("/", "/companies", "/applications", "/explain", "/audit", "/people", "/account", "/companies/x/settings")


async def signed_in_again(
    console: Console, email: str, password: str = PASSWORD, path: str = "/sign-in"
) -> Browser:
    browser = console.browser()
    await browser.open(path)
    await browser.press("Sign in", E_mail=email, Password=password)
    return browser


async def test_first_owners_link_makes_one_account_and_then_nothing(console: Console) -> None:
    link = await console.invitation()
    first, second = console.browser(), console.browser()
    await first.open(link)
    await second.open(link)
    given = {"E_mail": "first@example.com", "Password": PASSWORD}
    assert (await first.press("Create account", **given)).url == f"{console.url}/"
    assert (await second.press("Create account", **{**given, "E_mail": "second@example.com"})).status == 404
    assert (await console.browser().open(link)).status == 404


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"E_mail": "nobody", "Password": PASSWORD}, "email"),
        ({"E_mail": "somebody@example.com", "Password": "short"}, "password"),
    ],
)
async def test_wrong_account_names_the_field_keeps_what_was_typed_and_uses_nothing_up(
    console: Console, typed: dict[str, str], field: str
) -> None:
    browser, link = console.browser(), await console.invitation()
    await browser.open(link)
    page = await browser.press("Create account", **typed)
    assert page.status == 422
    assert f'id="{field}-wrong"' in page.text
    assert page.labelled("E-mail") == typed["E_mail"]
    assert page.labelled("Password") == ""
    assert (await console.browser().open(link)).status == 200


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_session_every_page_leads_to_sign_in_and_back(console: Console, path: str) -> None:
    person = await console.person()
    page = await console.browser().open(path)
    assert page.url.partition("?")[0].endswith("/sign-in")
    browser = await signed_in_again(console, await email_of(person), path=path)
    assert browser.page.url.partition("?")[0].endswith(path)


async def test_a_link_to_another_site_is_not_followed_after_signing_in(console: Console) -> None:
    person = await console.person()
    path = "/sign-in?next=https://evil.example/"
    browser = await signed_in_again(console, await email_of(person), path=path)
    assert browser.page.url.startswith(console.url)


async def test_wrong_password_and_unknown_person_look_the_same(console: Console) -> None:
    person = await console.person()
    pages = [
        (await signed_in_again(console, email, password)).page
        for email, password in ((await email_of(person), "wrong password"), ("nobody@example.com", PASSWORD))
    ]
    assert [page.status for page in pages] == [401, 401]
    assert pages[0].words == pages[1].words


async def test_each_sign_in_is_a_new_session_that_only_the_browser_has(console: Console) -> None:
    person = await console.person()
    email = await email_of(person)
    browser = console.browser()
    browser.cookies[NAME] = person.cookies[NAME]  # of somebody else
    await browser.open("/sign-in")
    await browser.press("Sign in", E_mail=email, Password=PASSWORD)
    assert browser.cookies[NAME] != person.cookies[NAME]


async def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(console: Console) -> None:
    [line] = [line for line in (await console.person()).cookie_lines if line.startswith(NAME)]
    assert line.startswith("__Host-")
    assert {"httponly", "secure", "path=/", "samesite=lax"} <= {part.strip().lower() for part in line.split(";")}
    assert "domain" not in line.lower()


async def test_after_signing_out_the_session_is_worth_nothing(console: Console) -> None:
    person = await console.person()
    token = person.cookies[NAME]
    await person.open("/companies")
    await person.press("Sign out")
    assert NAME not in person.cookies
    stolen = console.browser()
    stolen.cookies[NAME] = token
    assert (await stolen.open("/companies")).url.partition("?")[0].endswith("/sign-in")


async def test_a_person_ends_a_session_elsewhere_and_changes_the_password(console: Console) -> None:
    here = await console.person()
    email = await email_of(here)
    there = await signed_in_again(console, email)
    await here.open("/account")
    await here.press("Sign out there")
    assert (await there.open("/account")).url.partition("?")[0].endswith("/sign-in")
    wrong = await here.press("Change password", Current_password="not it at all", New_password="a new long one")
    assert wrong.status == 422
    await here.press("Change password", Current_password=PASSWORD, New_password="a new long one")
    assert "The password is changed" in here.page.words
    assert (await signed_in_again(console, email)).page.status == 401
    assert (await signed_in_again(console, email, "a new long one")).page.status == 200


async def test_who_has_tried_too_often_learns_when_to_come_again(console: Console) -> None:
    email, browser = await email_of(await console.person()), console.browser()
    for _ in range(10):
        await browser.open("/sign-in")
        page = await browser.press("Sign in", E_mail=email, Password="a wrong password")
        if page.status == 429:
            break
    assert page.status == 429
    assert 1 <= int(browser.headers["Retry-After"]) <= 900
    assert "Too many attempts" in page.text
