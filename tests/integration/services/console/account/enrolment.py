"""People at the console who have turned a second factor on."""

import re
import time

import pyotp

from tests.support.browser.browser import Browser
from tests.support.browser.page import Page
from tests.support.harness.console import PASSWORD, Console

STEP_S = 30


class Authenticator:
    """Shows each code once: the registry takes none twice, and its clock is the real one."""

    def __init__(self, secret: str) -> None:
        self._secret, self._used = secret, 0

    def code(self) -> str:
        """The first two of them are within half a minute of the present, whenever they are sent."""
        self._used = max(self._used + 1, int(time.time()) // STEP_S)
        return pyotp.TOTP(self._secret).generate_otp(self._used)


async def turned_on(browser: Browser) -> tuple[Authenticator, list[str]]:
    await browser.open("/account")
    await browser.follow("Turn on a second factor")
    page = await browser.press("Set up an authenticator", Current_password=PASSWORD)
    assert page.status == 201
    authenticator = Authenticator(page.labelled("Secret"))
    assert "<svg" in page.text
    assert "style=" not in page.text
    wrong = await browser.press("Turn on", Code="000000x")
    assert (wrong.status, wrong.labelled("Secret")) == (422, page.labelled("Secret"))
    page = await browser.press("Turn on", Code=authenticator.code())
    assert page.status == 201, page.words
    return authenticator, recovery_codes(page)


def recovery_codes(page: Page) -> list[str]:
    found = re.findall(r"(?:[a-z2-7]{4}-){3}[a-z2-7]{4}", page.values["codes"])
    assert len(found) == 10
    return found


async def sign_in(console: Console, email: str, path: str = "/sign-in") -> Browser:
    browser = console.browser()
    await browser.open(path)
    await browser.press("Sign in", E_mail=email, Password=PASSWORD)
    return browser
