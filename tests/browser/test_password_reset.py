"""A forgotten password in a real Chromium: an owner makes a link, and its page sets another one."""

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.browser import axe
from tests.browser.conftest import PASSWORD
from tests.browser.screens import FOLDER, WIDTHS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(240)
NEW = "a few words that are new"


def test_who_has_forgotten_the_password_signs_in_with_another(
    owner: "Page", browser: "Browser", values: dict[str, str], request: pytest.FixtureRequest
) -> None:
    scripts = request.node.callspec.params["owner"]
    email = f"{secrets.token_hex(4)}@example.com"
    context = browser.new_context(base_url=values["CONSOLE_URL"], java_script_enabled=scripts)
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    owner.goto("/people")
    owner.get_by_label("E-mail").fill(email)
    owner.get_by_label("All companies").check()
    owner.get_by_role("button", name="Make invitation link").click()
    page.goto(owner.get_by_label("One-time link").input_value())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Overview").wait_for()

    owner.goto("/people")
    owner.get_by_role("row").filter(has_text=email).get_by_role("button", name="Reset password").click()
    owner.get_by_text(f"Send this link to {email}").wait_for()
    link = owner.get_by_label("One-time link").input_value()
    assert link.startswith(f"{values['CONSOLE_URL']}/password-resets/")
    if scripts:
        assert axe.violations(owner) == []

    page.goto(link)
    page.get_by_text(email).wait_for()
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"password-reset-{scheme}-{width}.png", full_page=True)
            assert not scripts or axe.violations(page) == []
            box = page.locator("main").bounding_box()
            assert box is not None
            assert box["width"] <= width
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    page.get_by_text("The password is set. Sign in with it.").wait_for()
    assert "/password-resets/" not in page.url
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Overview").wait_for()
    assert complaints == []
    again = page.goto(link)
    assert again is not None
    assert again.status == 404
    context.close()
