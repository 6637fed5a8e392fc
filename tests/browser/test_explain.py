"""Calls through the gateway that went wrong are explained to the operator, on a desk and in a hand."""

import base64
import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from shared.opaque import API_CLIENT_SECRET, mint
from tests.browser import axe
from tests.browser.screens import FOLDER, WIDTHS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(240)


def refused(url: str, *, data: bytes | None = None, **fields: str) -> str:
    """The request id of the response."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as response:
            return str(response.headers["X-Request-Id"])
    except urllib.error.HTTPError as error:
        with error:
            return str(error.headers["X-Request-Id"])


def calls(values: dict[str, str]) -> dict[str, tuple[str, str]]:
    """A request id, and what is said of it, by the name of a mistake."""
    gateway, token = values["GATEWAY_URL"], values["API_TOKEN"]
    swapped = base64.b64encode(f"{values['CLIENT_SECRET']}:{values['CLIENT_KEY']}".encode()).decode()
    cut_off = base64.b64encode(f"{values['CLIENT_KEY']}:{values['CLIENT_SECRET'][:-1]}".encode()).decode()
    another = base64.b64encode(f"{values['CLIENT_KEY']}:{mint(API_CLIENT_SECRET)}".encode()).decode()
    grant, form = b"grant_type=client_credentials", "application/x-www-form-urlencoded"
    ends = "z" if token[-1] != "z" else "y"
    validator = f"{gateway}/OKIT.Operator.Api/api/tokenvalidator?applicationPrefix=SMS&clientPrefix=BlaBla"
    sms: dict[str, Any] = {"data": b"{}", "X_Client_Prefix": values["CLIENT_PREFIX"]}
    return {
        "token-as-bearer": (
            refused(f"{gateway}/v2.0/site", Authorization=f"Bearer {token}"),
            "An API token was sent where another kind of credential belongs",
        ),
        "mistyped-token": (
            refused(f"{gateway}/sms/v1/messages", X_Api_Token=token[:-1] + ends, **sms),
            "An API token was mistyped or cut off",
        ),
        "swapped": (
            refused(f"{gateway}/auth/token", data=grant, Authorization=f"Basic {swapped}", Content_Type=form),
            "The key and the secret of an API client were swapped",
        ),
        "secret-cut-off": (
            refused(f"{gateway}/auth/token", data=grant, Authorization=f"Basic {cut_off}", Content_Type=form),
            "The API client's secret was mistyped or cut off",
        ),
        "another-secret": (
            refused(f"{gateway}/auth/token", data=grant, Authorization=f"Basic {another}", Content_Type=form),
            "The secret is not one of this API client's",
        ),
        "nothing": (refused(f"{gateway}/auth/token", data=grant, Content_Type=form), "No credential was sent"),
        "capital-letters": (refused(validator, X_Api_Token=token), "The client prefix is not that of the token"),
    }


def test_each_mistake_is_named_and_no_secret_is_shown(
    owner: "Page", values: dict[str, str], request: pytest.FixtureRequest
) -> None:
    scripts = request.node.callspec.params["owner"]
    for name, (request_id, title) in calls(values).items():
        link = owner.locator(f'a[href$="request_id={request_id}"]')
        for _ in range(40):  # traces are there some seconds after the call
            owner.goto("/explain")
            if link.count():
                break
            owner.wait_for_timeout(250)
        link.click()
        assert owner.locator("h1").inner_text() == title
        for secret in ("API_TOKEN", "CLIENT_SECRET"):
            assert values[secret] not in owner.content()
        assert re.search(r"\dT\d\d:", owner.locator("main").inner_text()) is None
        look_at(owner, f"explain-{name}", scripts=scripts)
    owner.goto(f"/explain?company_id={values['CLIENT_PREFIX']}&cause=wrong_secret")
    assert owner.locator("tbody tr").count() >= 1
    owner.goto("/explain")
    look_at(owner, "explain-list", scripts=scripts)


def look_at(page: "Page", name: str, *, scripts: bool) -> None:
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"{name}-{scheme}-{width}.png", full_page=True)
            box = page.locator("main").bounding_box()
            assert box is not None
            assert box["width"] <= width
            if scripts:
                assert axe.violations(page) == []
