"""A partner in a real Chromium, let in by the vendor's backend: pages that fit, and the first call arriving."""

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.browser import axe
from tests.browser.screens import FOLDER, SCROLLED, WIDTHS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(240)

PATHS = (
    "/portal", "/companies/blabla", "/portal/how-to-call", "/portal/how-to-call?language=java", "/portal/usage",
    "/portal/usage/access-keys",
    "/portal/refused-calls", "/report-only", "/portal/doctor", "/notices", "/people", "/portal/sessions",
    "/portal/activity",
    "/api-documentation",
)  # fmt: skip

BROKEN_WORDS = """() => [...document.querySelectorAll("code.path")].flatMap(code => [...code.childNodes])
    .filter(node => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return node.nodeType === Node.TEXT_NODE && range.getClientRects().length > 1;
    }).map(node => node.data)"""
"""Segments of paths that are on more than one line."""


class Backend:
    """The vendor's own backend, with its admin token."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        response = requests.post(
            f"{self._values['REGISTRY_URL']}/admin/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._values['ADMIN_TOKEN']}"},
            timeout=30,
        )
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def link(self, company: str) -> str:
        return str(
            self.post(f"/companies/{company}/portal-sessions", name="jo@blabla.example", role="owner")["url"]
        )


@pytest.fixture(scope="session")
def backend(values: dict[str, str]) -> Backend:
    return Backend(values)


def entered(browser: "Browser", link: str, *, scripts: bool, base_url: str) -> "tuple[Page, list[str]]":
    """The page after "Continue", and what the browser complains of from then on."""
    context = browser.new_context(base_url=base_url, java_script_enabled=scripts)
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(link)
    page.get_by_role("button", name="Continue").click()
    return page, complaints


@pytest.mark.parametrize("scripts", [True, False])
def test_partners_pages_fit_and_their_fields_have_labels(
    browser: "Browser", backend: Backend, values: dict[str, str], scripts: bool
) -> None:
    page, complaints = entered(browser, backend.link("blabla"), scripts=scripts, base_url=values["CONSOLE_URL"])
    wrong: list[str] = []
    for path in PATHS:
        page.goto(path)
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                if scripts:
                    wrong += [f"{path} {scheme} {width}: {found}" for found in axe.violations(page)]
                name = path.strip("/").translate(str.maketrans("/?=", "---"))
                page.screenshot(path=FOLDER / f"partner-{name}-{scheme}-{width}.png", full_page=True)
                box = page.locator("main").bounding_box()
                assert box is not None
                assert box["width"] <= width, path
        assert page.locator("h1").count() == 1, path
        for field in page.locator("input:not([type=hidden]), select, textarea:not([hidden])").all():
            assert field.is_hidden() or field.evaluate("e => e.labels.length > 0"), path
    page.context.close()
    assert complaints == []
    assert wrong == []


@pytest.mark.parametrize("scripts", [True, False])
def test_first_call_is_waited_for_and_arrives_by_itself(
    browser: "Browser", backend: Backend, values: dict[str, str], scripts: bool
) -> None:
    prefix = f"first{int(time.time() * 1000)}"
    backend.post("/companies", name="First", client_prefix=prefix, company_uri=f"https://{prefix}.example")
    key = backend.post("/access-keys", company_id=prefix, name="server")
    page, complaints = entered(browser, backend.link(prefix), scripts=scripts, base_url=values["CONSOLE_URL"])
    page.get_by_role("heading", name="Waiting for the first call").wait_for()
    called = requests.post(
        f"{values['GATEWAY_URL']}/generate", json={"userId": "42"}, headers={"x-api-key": key["key"]}, timeout=30
    )
    assert called.status_code == 200
    page.get_by_role("heading", name="The first call has arrived").wait_for(timeout=60_000)
    page.context.close()
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_calls_are_read_in_a_hand_without_scrolling_and_paths_break_at_slashes_alone(
    browser: "Browser", backend: Backend, values: dict[str, str], scripts: bool
) -> None:
    prefix = f"hand{int(time.time() * 1000)}"
    backend.post("/companies", name="Hand", client_prefix=prefix, company_uri=f"https://{prefix}.example")
    booking = backend.post("/bookings", company_id=prefix, application_id="SMS")
    token = backend.post("/api-tokens", booking_id=booking["id"], remote_application="A name that is rather long")
    sent = requests.post(
        f"{values['GATEWAY_URL']}/sms/v1/messages",
        json={"to": "+4912345", "text": "hello"},
        headers={"X-Api-Token": token["token"], "X-Client-Prefix": prefix},
        timeout=30,
    )
    assert sent.status_code == 202
    page, complaints = entered(browser, backend.link(prefix), scripts=scripts, base_url=values["CONSOLE_URL"])
    page.set_viewport_size({"width": 390, "height": 900})
    for path in ("/portal", "/portal/usage"):
        page.goto(path)
        page.get_by_text("checks the API token, for a service that was sent it").wait_for(timeout=60_000)
        page.get_by_role("cell", name="sms", exact=True).wait_for(timeout=60_000)
        numbers = page.locator("td.number:visible").all()
        assert len(numbers) >= 2 * 3, path
        for box in (number.bounding_box() for number in numbers):
            assert box is not None
            assert box["x"] + box["width"] <= 390, path
        assert page.evaluate(SCROLLED) == [], path
        page.set_viewport_size({"width": 240, "height": 900})
        assert page.evaluate(BROKEN_WORDS) == [], path
        page.set_viewport_size({"width": 390, "height": 900})
    page.context.close()
    assert complaints == []
