"""Where the operator's people begin, and what the platform runs on."""

import time
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

from deploy.generate_secrets import generate_secrets
from services.key_registry.storage.postgres.audit_trail.checkpoints import PostgresCheckpoints
from shared.contracts.key_registry import ORIGIN_MARK, Position
from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.key_registry import running_registry
from tests.support.harness.registry_databases import RegistryTemplate


async def test_overview_leads_from_nothing_to_the_first_call(empty_console: Console) -> None:
    console, owner = empty_console, await empty_console.person("owner")
    page = await owner.open("/")
    assert "What to do next" in page.words
    assert "nothing is let through" in page.words
    page = await owner.press("New company")
    assert page.labelled("Client prefix") == ""
    admin = console.registry.owner
    company = await admin.company()
    assert "New application" in {b for form in (await owner.open("/")).forms for b in form.buttons}
    await admin.booking(company, "sms:send")
    key = await admin.create("/access-keys", company_id=company["id"], name="x")
    page = await owner.open("/")
    assert "See the first call arrive" in page.words
    path = f"/companies/{company['client_prefix']}"
    assert page.links[company["name"]] == path
    assert page.links[f"x of {company['name']}"] == f"{path}/access-keys/{key['id']}"
    assert f"SMS for {company['name']}" in page.links
    assert "A step counts as done whoever took it" in page.words
    assert page.links["Begin with a company of yours"] == "/companies?new=company"
    hour = int(time.time() // 3600)
    of = {"kind": "access_key", "credential": key["id"], "version": 1, "route": "/generate", "hour": hour}
    counts = (
        UsageCount(**of, outcome="accepted", calls=1234),
        UsageCount(**of, outcome="refused", cause="rate_exceeded", calls=5),
    )
    async with console.registry.calls("session_tokens") as calls:
        await UsageClient(calls).add_usage(UsageBatch(source=str(uuid4()), number=1, counts=counts))
    page = await owner.open("/")
    assert "What to do next" not in page.words
    assert "Calls of the last 24 hours: 1,234 accepted, 5 refused, 0 failed." in page.words
    assert "Too many calls at a time" in page.words
    assert "Not counted: calls of the admin API" in page.words
    assert page.text.count("<rect") == 2
    assert "style=" not in page.text


async def test_overview_shows_a_stop_until_it_is_everywhere_and_names_who_is_behind(
    owner: Browser, console: Console
) -> None:
    company = await console.registry.owner.company(name="<b>Stopped</b>", client_prefix="stopped")
    await console.registry.owner.post(f"/companies/{company['id']}/revoke")
    async with console.registry.client("gateway") as gateway:
        behind = Position(instance="gateway@slow", service="gateway", position=0, mark=ORIGIN_MARK)
        await gateway.report(behind)
        page = await owner.open("/")
        assert "stopped" in page.words
        assert "0 of 1" in page.words
        assert "<b>Stopped" not in page.text
        page = await owner.follow("Which process is behind")
        assert "gateway@slow" in page.words
        assert "behind" in page.words
        await gateway.report(behind.model_copy(update={"leaving": True}))
    assert "every suspension and revocation is applied everywhere" in (await owner.open("/")).words


async def test_system_says_what_is_down_and_whether_it_is_needed(owner: Browser) -> None:
    words = " ".join((await owner.open("/system")).words.split())
    assert "downoptional" in words.replace(" ", ""), "nothing listens at the Valkey of these tests"
    assert "postgresql" in words
    assert "The database was never found set back." in words
    assert "no key signs checkpoints" in words


async def test_system_says_of_a_trail_without_a_checkpoint_whether_a_key_will_sign_one(
    registry_template: RegistryTemplate, tmp_path: Path
) -> None:
    generate_secrets(tmp_path / "secrets")
    key_file = tmp_path / "secrets" / "audit_key.pem"
    async with (
        registry_template.copy() as url,
        running_registry(url, tmp_path, audit_key_file=key_file) as registry,
        running_console(registry) as console,
    ):
        owner = await console.person("owner")
        with patch.object(PostgresCheckpoints, "newest", return_value=[]):
            assert "none yet: the key registry signs one every hour" in (await owner.open("/system")).words


async def test_who_is_of_one_company_begins_at_its_portal_and_sees_no_system(console: Console) -> None:
    company = await console.registry.owner.company()
    person = await console.person("owner", company_id=company["id"])
    assert (await person.open("/")).url.endswith("/portal")
    assert (await person.open("/system")).status == 403
    assert "Overview" not in person.page.links


async def test_viewer_is_offered_no_change(console: Console) -> None:
    viewer = await console.person("viewer")
    for path in ("/", "/system"):
        page = await viewer.open(path)
        assert page.status == 200
        assert {button for form in page.forms for button in form.buttons} == {"Sign out"}
