"""A passkey in a real browser, with Chromium's virtual authenticator: what the console's one script is for."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import EMAIL, PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.timeout(120)

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_signs_in_without_the_password(
    browser: "Browser", signed_in: Any, values: dict[str, str]
) -> None:
    context = browser.new_context(base_url=values["CONSOLE_URL"].replace("127.0.0.1", "localhost"))
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    page.goto("/sign-in?next=/account/passkeys")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("Name").fill("This laptop")
    page.get_by_role("button", name="Create passkey").click()
    page.get_by_role("button", name="Remove This laptop").wait_for()
    page.get_by_role("button", name="Sign out").click()

    page.goto("/sign-in?next=/account/passkeys")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Remove This laptop").click()
    page.get_by_role("heading", name="Remove This laptop?").wait_for()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Yes, remove it").click()
    page.get_by_text("There is none yet.").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The passkey was not accepted.").wait_for()
    assert [text for text in complaints if "401" not in text] == []
    context.close()
