"""The console as it runs, over a key registry that runs whole, and people at it."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from services.console.app import build_app
from services.console.config import Settings
from tests.support.browser.browser import Browser
from tests.support.browser.page import Page
from tests.support.harness.key_registry import Running
from tests.support.harness.serving import serving

PASSWORD = "correct horse battery"
NOBODY = "http://127.0.0.1:1"
"""Where nothing listens, whatever else runs on this machine."""


@dataclass
class Console:
    url: str
    registry: Running
    http: aiohttp.ClientSession

    def browser(self) -> Browser:
        """Of somebody who has never been here."""
        return Browser(self.http, self.url)

    async def invitation(self, role: str = "owner", **members: str) -> str:
        """The path of a one-time link."""
        created = await self.registry.owner.create("/invitations", role=role, **members)
        return f"/invitations/{created['token']}"

    async def person(self, role: str = "owner", **members: str) -> Browser:
        """Somebody with this role, signed in."""
        browser = self.browser()
        await browser.open(await self.invitation(role, **members))
        email = f"{secrets.token_hex(6)}@example.com"
        await browser.press("Create account", E_mail=email, Password=PASSWORD)
        assert browser.page.status == 200, browser.page.text
        return browser


async def email_of(browser: Browser) -> str:
    """Of whoever has signed in, as the top of each page has it."""
    await browser.open("/account")
    return shown_email(browser.page)


def shown_email(page: Page) -> str:
    found = re.search(r"[^\s@]+@[^\s@,]+", page.words)
    assert found is not None, page.words
    return found[0]


@asynccontextmanager
async def running_console(registry: Running, **more: Any) -> AsyncIterator[Console]:
    """`more` are settings."""
    settings = Settings(
        key_registry_url=registry.url, **registry.keys.settings("console"), **{"gateway_ops_url": NOBODY, **more}
    )
    async with (
        serving(await build_app(settings)) as url,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Console(url, registry, http)
