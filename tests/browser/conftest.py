"""A stack that is up, a browser, and the first owner, who made an account by the one-time link."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_asyncio.plugin import PytestAsyncioFunction

from tests.browser.install import chromium
from tests.support.harness.local_stack import LocalStack, local_stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
EMAIL, PASSWORD = "owner@example.com", "correct horse battery"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those with an event loop first: Playwright's synchronous API leaves its own running until the end."""
    items.sort(key=lambda item: item.path.parent == HERE and not isinstance(item, PytestAsyncioFunction))


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    pytest.importorskip("playwright", reason="make test-browser")
    if chromium() is None:
        pytest.skip("there is no Chromium: make test-browser")
    with local_stack() as running:
        done = running.up()
        assert done.returncode == 0, done.stdout + done.stderr
        yield running


@pytest.fixture(scope="session")
def values(stack: LocalStack) -> dict[str, str]:
    """The variables of `demo.env`."""
    return stack.values()


@pytest.fixture(scope="session")
def browser(stack: LocalStack) -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))


@pytest.fixture(scope="session")
def signed_in(browser: "Browser", values: dict[str, str]) -> Any:
    """What a browser keeps of the first owner's session."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(values["CONSOLE_LINK"])
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Overview").wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(params=[True, False], ids=["scripts", "scriptless"])
def owner(
    request: pytest.FixtureRequest, browser: "Browser", signed_in: Any, values: dict[str, str]
) -> "Iterator[Page]":
    """The owner at the list of companies; whatever the browser complains of fails the test."""
    context = browser.new_context(
        base_url=values["CONSOLE_URL"], storage_state=signed_in, java_script_enabled=request.param
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/companies")
    yield page
    context.close()
    assert complaints == []
