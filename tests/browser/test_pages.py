"""How pages look: nothing is cut off or needs scrolling sideways, in light and dark, on a desk and in a hand.

The screenshots go to `var/screenshots`, for people to look at.
"""

import time
from typing import TYPE_CHECKING

import pytest

from tests.browser import axe
from tests.browser.screens import FOLDER, SCROLLED, WIDTHS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(240)

PATHS = (
    "/", "/system", "/expiries", "/audit/verify", "/routes", "/routes?url=/nowhere", "/doctor",
    "/companies", "/companies?new=company", "/companies/blabla", "/companies/blabla?ask=suspend",
    "/companies/blabla/booked-applications", "/companies/blabla/api", "/companies/blabla/api?new=api-client",
    "/companies/blabla/access-keys", "/companies/blabla/settings", "/companies/blabla/settings/key-generation",
    "/companies/blabla/settings/limits", "/notices", "/needs-attention",
    "/needs-attention?check=never-expires", "/operations",
    "/webhooks", "/webhooks?new=webhook", "/signing-keys", "/report-only",
    "/applications", "/applications?new=application", "/search", "/explain", "/audit", "/people",
    "/account", "/account/second-factor", "/account/passkeys", "/sign-in", "/api-documentation",
    "/api-documentation/tokens/tokens", "/api-documentation/admin-api/companies", "/api-documentation/error-codes",
    "/companies/blabla/credentials/api-tokens", "/companies/blabla/people",
)  # fmt: skip
LOW_LINKS = """() => [...document.querySelectorAll("header a, nav a, .crumbs a, td > a")]
    .filter(a => a.checkVisibility() && !a.matches(".skip") && a.getBoundingClientRect().height < 24)
    .map(a => a.textContent)"""
"""Links of a list that a finger does not hit (WCAG 2.5.8)."""


@pytest.mark.parametrize("path", PATHS)
def test_page_fits_and_its_fields_have_labels(owner: "Page", path: str, request: pytest.FixtureRequest) -> None:
    scripts = request.node.callspec.params["owner"]
    wrong: dict[tuple[str, int], list[str]] = {}
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            owner.set_viewport_size({"width": width, "height": 900})
            owner.emulate_media(color_scheme=scheme)
            owner.goto(path)
            name = path.strip("/").translate(str.maketrans("/?=", "---")) or "overview"
            owner.screenshot(path=FOLDER / f"{name}-{scheme}-{width}.png", full_page=True)
            if scripts:
                wrong[scheme, width] = axe.violations(owner)
            assert owner.locator("h1").count() == 1
            box = owner.locator("main").bounding_box()
            assert box is not None
            assert box["width"] <= width
            assert owner.evaluate(LOW_LINKS) == [], (scheme, width)
    assert {shown: found for shown, found in wrong.items() if found} == {}
    for field in owner.locator("input:not([type=hidden]), select, textarea:not([hidden])").all():
        assert field.is_hidden() or field.evaluate("e => e.labels.length > 0")


def test_the_menu_is_one_line_in_a_hand_and_opens_without_scripts(owner: "Page") -> None:
    owner.set_viewport_size({"width": 390, "height": 900})
    owner.goto("/companies")
    header = owner.locator("header").bounding_box()
    assert header is not None
    assert header["height"] < 60
    assert owner.get_by_role("link", name="Search").is_hidden()
    owner.get_by_text("Menu", exact=True).click()
    owner.get_by_role("link", name="Search").click()
    owner.get_by_role("heading", name="Search").wait_for()
    owner.set_viewport_size({"width": 1280, "height": 900})
    assert owner.get_by_text("Menu", exact=True).is_hidden()
    assert owner.get_by_role("link", name="Companies").is_visible()


@pytest.mark.parametrize(
    "path", ["/", "/companies", "/companies/blabla", "/companies/blabla/booked-applications", "/applications"]
)
def test_what_is_looked_at_most_needs_no_scrolling_sideways_in_a_hand(owner: "Page", path: str) -> None:
    owner.set_viewport_size({"width": 390, "height": 900})
    owner.goto(path)
    assert owner.evaluate(SCROLLED) == []


def test_a_new_company_is_shown_what_each_application_opens_and_chooses_one(owner: "Page") -> None:
    prefix = f"book{time.time_ns()}"
    owner.goto("/companies?new=company")
    owner.get_by_label("Name").fill("Booking")
    owner.get_by_label("Client prefix").fill(prefix)
    owner.get_by_label("Company URL").fill(f"https://{prefix}.example")
    owner.get_by_role("button", name="Create company").click()
    owner.get_by_role("link", name="book an application").click()
    choices = owner.get_by_role("radio")
    assert [choice.is_checked() for choice in choices.all()] == [False] * choices.count()
    website = owner.get_by_role("radio", name="Website (WEBSITE)")
    assert "/website/v1/yachts" in (owner.locator(f"#{website.get_attribute('aria-describedby')}").inner_text())
    website.check()
    owner.get_by_role("button", name="Book application").click()
    owner.get_by_role("heading", name="Website", exact=True).wait_for()
    assert owner.get_by_role("row", name="website:read:yachts").get_by_text("/website/v1/yachts").is_visible()
