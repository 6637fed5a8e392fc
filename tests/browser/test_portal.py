"""A partner in a real Chromium, let in by the vendor's backend: pages that fit, and the first call arriving."""

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.browser import axe
from tests.browser.screens import FOLDER, WIDTHS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(240)

PATHS = (
    "/portal", "/companies/blabla", "/portal/how-to-call", "/portal/how-to-call?language=java", "/portal/usage",
    "/portal/usage/access-keys",
    "/portal/refused-calls", "/portal/doctor", "/notices", "/people", "/portal/sessions", "/portal/activity",
    "/api-documentation",
)  # fmt: skip


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
