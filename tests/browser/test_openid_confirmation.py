"""A fresh sign-in at an OpenID provider in a real Chromium, which says what cookies come from another site."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.browser.conftest import ARGUMENTS
from tests.browser.install import chromium
from tests.support.harness.console import Console, running_console
from tests.support.harness.key_registry import running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider

pytestmark = pytest.mark.timeout(120)
CONSOLE_URL = "http://localhost:8106"
CALLBACK = "/sign-in/openid/callback"


@pytest.fixture
async def both(
    registry_template: RegistryTemplate, tmp_path: Path
) -> AsyncIterator[tuple[Console, OpenIdProvider]]:
    """The console is at `localhost` for the browser, and the provider at 127.0.0.1: two sites."""
    pytest.importorskip("playwright", reason="make test-browser")
    if chromium() is None:
        pytest.skip("there is no Chromium: make test-browser")
    (tmp_path / "webhook_key").write_text("k" * 42 + "w")
    (tmp_path / "client_secret").write_text(CLIENT_SECRET)
    settings: dict[str, Any] = {
        "webhook_key_file": tmp_path / "webhook_key",
        "console_url": CONSOLE_URL,
        "openid_client_id": CLIENT_ID,
        "openid_client_secret_file": tmp_path / "client_secret",
        "openid_name": "Example",
    }
    async with (
        running_provider(f"{CONSOLE_URL}{CALLBACK}", time.time) as provider,
        registry_template.copy() as url,
        running_registry(url, tmp_path, openid_issuer=provider.issuer, **settings) as registry,
        running_console(registry) as console,
    ):
        console.url = console.url.replace("127.0.0.1", "localhost")
        provider.console = f"{console.url}{CALLBACK}"
        yield console, provider


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "scriptless"])
async def test_who_has_no_password_turns_on_a_second_factor(
    both: tuple[Console, OpenIdProvider], *, scripts: bool
) -> None:
    from playwright.async_api import async_playwright

    console, provider = both
    provider.email = "jo@example.com"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        context = await browser.new_context(base_url=console.url, java_script_enabled=scripts)
        page, complaints = await context.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.goto(await console.invitation())
        await page.get_by_role("link", name="Create account with Example").click()
        await page.get_by_role("heading", name="Overview").wait_for()
        await page.goto("/account/second-factor")
        await page.get_by_role("link", name="Confirm with Example").click()
        await page.get_by_text("Example has confirmed that it is you").wait_for()
        assert page.url == f"{console.url}/account/second-factor"
        assert await page.get_by_label("Current password").count() == 0
        await page.get_by_role("button", name="Set up an authenticator").click()
        secret = await page.get_by_role("textbox", name="Secret").input_value()
        await page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
        await page.get_by_role("button", name="Turn on").click()
        await page.get_by_role("heading", name="Recovery codes").wait_for()
        assert complaints == []
        await browser.close()
    assert provider.asked_anew == 1
