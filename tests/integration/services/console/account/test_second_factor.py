"""A second factor as a person meets it: turned on from a QR code, entered at sign-in, turned off."""

from services.console.browser.cookies import NAME, PENDING_NAME
from tests.integration.services.console.account.enrolment import recovery_codes, sign_in, turned_on
from tests.support.browser.browser import Browser
from tests.support.browser.page import Page
from tests.support.harness.console import PASSWORD, Console, email_of


async def test_it_is_turned_on_asked_for_and_turned_off(console: Console) -> None:
    person = await console.person("owner")
    email = await email_of(person)
    authenticator, codes = await turned_on(person)

    browser = await sign_in(console, email, "/companies")
    assert browser.page.url.partition("?")[0].endswith("/sign-in/code")
    assert (NAME in browser.cookies, PENDING_NAME in browser.cookies) == (False, True)
    [line] = [line for line in browser.cookie_lines if line.startswith(PENDING_NAME)]
    parts = {part.strip().lower() for part in line.split(";")}
    assert {"httponly", "secure", "path=/", "samesite=lax", "max-age=300"} <= parts
    wrong = await browser.press("Continue", Code="abcdef")
    assert (wrong.status, "The code is wrong" in wrong.words) == (401, True)
    page = await browser.press("Continue", Code=authenticator.code())
    assert page.url.endswith("/companies")
    assert (NAME in browser.cookies, PENDING_NAME in browser.cookies) == (True, False)

    recovered = await sign_in(console, email)
    await recovered.press("Continue", Code=codes[0])
    await recovered.open("/account")
    assert "Recovery codes left: 9" in recovered.page.words
    await recovered.follow("Change second factor")
    off = {"Current_password": PASSWORD}
    assert (await recovered.press("Turn off", Code="abcdef", **off)).status == 422
    page = await recovered.press("New recovery codes", Code=codes[1], **off)
    assert page.status == 201
    assert codes[2] not in page.text
    fresh = recovery_codes(page)
    await recovered.open("/account/second-factor")
    page = await recovered.press("Turn off", Code=fresh[0], **off)
    assert "Off: the password is enough" in page.words
    assert NAME in (await sign_in(console, email)).cookies


async def test_another_password_is_set_with_a_code(console: Console) -> None:
    person = await console.person()
    email = await email_of(person)
    await person.open("/account")
    assert "Code" not in person.page.labels
    _, codes = await turned_on(person)
    await person.open("/account")
    fields = {"Current_password": PASSWORD, "New_password": "a new long one"}
    refused = await person.press("Change password", Code="abcdef", **fields)
    assert (refused.status, 'id="code-wrong"' in refused.text) == (422, True)
    page = await person.press("Change password", Code=codes[0], **fields)
    assert (page.status, "The password is changed" in page.words) == (200, True)
    assert NAME not in (await sign_in(console, email)).cookies


async def test_whoever_has_to_wait_is_told_so_on_the_page_with_its_form(console: Console) -> None:
    """Each of them in turn: whoever waits for one waits for all."""
    person = await console.person()
    fields = {"Current_password": "not it at all", "New_password": "a new long one"}
    await person.open("/account")
    for _ in range(5):
        assert (await person.press("Change password", **fields)).status == 422
    pages = [await person.press("Change password", **fields)]
    await person.open("/account/second-factor")
    pages.append(await person.press("Set up an authenticator", Current_password=PASSWORD))
    await person.open("/account/passkeys")
    csrf = [(name, value) for name, value in person.page.form_with("Sign out").fields if name == "csrf"]
    pages.append(await person.post("/account/passkeys/begin", [*csrf, ("password", PASSWORD)]))
    for page in pages:
        assert (page.status, "Too many attempts. Wait a minute" in page.words) == (429, True)
    assert all("Current password" in page.labels for page in pages[:2])
    assert "without the password" in pages[2].words, "the page of passkeys"


async def test_without_the_password_there_is_no_page_for_the_code(console: Console) -> None:
    browser = console.browser()
    page = await browser.open("/sign-in/code?next=//evil.example/")
    assert page.url.endswith("/sign-in")
    page = await browser.post("/sign-in/code", [("code", "000000"), ("next", "//evil.example/")])
    assert (page.status, page.form_with("Sign in").fields[0]) == (401, ("next", "/"))
    forged = await browser.post("/sign-in/code", [("code", "000000")], Sec_Fetch_Site="cross-site")
    assert forged.status == 403


async def test_somebody_elses_session_in_the_browser_does_not_outlive_the_password(console: Console) -> None:
    person, other = await console.person(), await console.person()
    email = await email_of(person)
    _, codes = await turned_on(person)
    browser = console.browser()
    browser.cookies[NAME] = other.cookies[NAME]
    await browser.open("/sign-in")
    await browser.press("Sign in", E_mail=email, Password=PASSWORD)
    assert NAME not in browser.cookies
    await browser.press("Continue", Code=codes[0])
    assert await email_of(browser) == email


async def test_whoever_signs_in_instead_leaves_no_sign_in_that_waits_for_a_code(console: Console) -> None:
    person, other = await console.person(), await console.person()
    email, others_email = await email_of(person), await email_of(other)
    await turned_on(person)
    browser = await sign_in(console, email)
    assert PENDING_NAME in browser.cookies
    await browser.open("/sign-in")
    await browser.press("Sign in", E_mail=others_email, Password=PASSWORD)
    assert (NAME in browser.cookies, PENDING_NAME in browser.cookies) == (True, False)


async def test_an_owner_resets_what_somebody_has_lost(console: Console, owner: Browser) -> None:
    person = await console.person("viewer")
    email = await email_of(person)
    await turned_on(person)
    before = resets(await owner.open("/people"))
    after = resets(await owner.press("Reset second factor"))  # of the newest, who are listed first
    assert (before - after, owner.page.status) == (1, 200)
    assert NAME in (await sign_in(console, email)).cookies


def resets(page: Page) -> int:
    return sum("Reset second factor" in form.buttons for form in page.forms)
