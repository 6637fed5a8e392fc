"""Usage on the pages of a company and of a credential."""

import time
from typing import Any
from uuid import uuid4

from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console


async def called(console: Console, key: dict[str, Any], days_ago: int = 0, **members: Any) -> None:
    at = time.time() - days_ago * 86400
    given = {"outcome": "accepted", "calls": 1, "last_used_at": at, **members}
    count = UsageCount(
        kind="access_key", credential=key["id"], version=1, route="/generate", hour=int(at // 3600), **given
    )
    async with console.registry.calls("session_tokens") as calls:
        await UsageClient(calls).add_usage(UsageBatch(source=str(uuid4()), number=1, counts=(count,)))


async def test_calls_of_the_week_are_drawn_and_said_on_both_pages(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company = await admin.company()
    key = await admin.create("/access-keys", company_id=company["id"], name="server")
    quiet = await admin.create("/access-keys", company_id=company["id"], name="quiet")
    await called(console, key, calls=1200)
    await called(console, key, days_ago=6, calls=34)
    await called(console, key, days_ago=8, calls=500)
    await called(console, key, calls=5, outcome="refused", cause="rate_exceeded")
    base = f"/companies/{company['client_prefix']}"
    for path in (base, f"{base}/access-keys/{key['id']}"):
        page = await owner.open(path)
        assert "1,239 calls in the last 7 days" in page.words
        assert "Calls of the last 7 days: 1,234 accepted, 5 refused, 0 failed." in page.words
        assert "Too many calls at a time" in page.words
        assert page.text.count("<rect") == 3
        assert "Last used" in page.words
        assert "style=" not in page.text
    company_page = await owner.open(base)
    assert 'aria-label="Calls by day, the oldest first: 34, 0, 0, 0, 0, 0, 1,205"' in company_page.text
    assert company_page.text.count('class="spark"') == 1, "no drawing of what was not called"
    page = await owner.open(f"{base}/access-keys/{quiet['id']}")
    assert "No call in the last 7 days." in page.words
    assert "<svg" not in page.text
