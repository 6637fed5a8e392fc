"""A company whose people are at the portal, and calls that it has made."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console
from tests.support.harness.key_registry import Admin
from tests.support.traces import trace


@dataclass
class Visit:
    console: Console
    company: dict[str, Any]
    browser: Browser
    """Somebody who has followed the link of a portal session."""

    @property
    def admin(self) -> Admin:
        return self.console.registry.owner

    @property
    def base(self) -> str:
        return f"/companies/{self.company['client_prefix']}"

    @property
    def of(self) -> dict[str, str]:
        return {"company_id": self.company["id"]}

    async def called(self, credential: dict[str, Any], kind: Any = "access_key", **members: Any) -> None:
        now = time.time()
        given = {"outcome": "accepted", "calls": 1, "last_used_at": now, "route": "site", **members}
        count = UsageCount(kind=kind, credential=credential["id"], version=1, hour=int(now // 3600), **given)
        async with self.console.registry.calls("gateway") as calls:
            await UsageClient(calls).add_usage(UsageBatch(source=str(uuid4()), number=1, counts=(count,)))

    async def refused(self, number: int, **members: Any) -> str:
        """The request id of a call of the company that was refused."""
        given = {"credential_kind": "api_token", **members}
        kept = trace(number, at=time.time(), company_id=self.company["id"], **given)
        async with self.console.registry.client("gateway") as client:
            await client.add_traces([kept])
        return kept.request_id


async def visit(console: Console, role: str = "editor", **members: Any) -> Visit:
    company = await console.registry.owner.company(**members)
    return Visit(console, company, await enter(console, company, role))


async def enter(console: Console, company: dict[str, Any], role: str = "editor") -> Browser:
    body = {"name": "Jo of BlaBla", "role": role}
    created = await console.registry.owner.create(f"/companies/{company['id']}/portal-sessions", **body)
    browser = console.browser()
    await browser.open(created["path"])
    await browser.press("Continue")
    assert browser.page.status == 200, browser.page.text
    return browser
