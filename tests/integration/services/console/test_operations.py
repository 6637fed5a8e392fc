"""Notices, what needs attention, signing keys and report-only: what each shows, to whom, and how much at most."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.console.http.operations import needs_attention
from shared.contracts.key_registry import ORIGIN_MARK, Position
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyCount
from shared.contracts.signing_keys import SigningKeyReport, SigningKeyReporter, SigningKeyStatus
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console

MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PAGES = (
    "/operations",
    "/notices",
    "/needs-attention",
    "/needs-attention?check=idle",
    "/expiries",
    "/webhooks",
    "/report-only",
    "/audit",
)


def days_ahead(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def company_with_keys(console: Console, *names: str, **members: Any) -> tuple[dict[str, Any], list[str]]:
    """A company, and the ids of its access keys."""
    admin = console.registry.owner
    company = await admin.company(name=f"Company {names[0]}")
    keys = [await admin.create("/access-keys", company_id=company["id"], name=n, **members) for n in names]
    return company, [key["id"] for key in keys]


async def reported(console: Console, company_id: str, **members: Any) -> None:
    at = time.time()
    given = {"cause": "rate_exceeded", "kind": "limit", "name": "company-rate", "count": 1, **members}
    count = ReportOnlyCount(company_id=company_id, first_at=at, last_at=at, **given)
    async with console.registry.client("gateway") as gateway:
        await gateway.add_report_only(ReportOnlyBatch(id=str(uuid4()), counts=(count,)))


async def test_the_top_bar_leads_to_every_page_of_operations(owner: Browser) -> None:
    await owner.open("/companies")
    for link in ("Notices", "Needs attention", "Operations"):
        assert (await owner.follow(link)).status == 200
    for link in (
        "System",
        "Routes",
        "Doctor",
        "Webhooks",
        "Signing keys",
        "Report-only",
        "Audit",
        "People",
        "API documentation",
    ):
        await owner.open("/operations")
        page = await owner.follow(link)
        assert page.url.endswith(owner.page.links.get(link, page.url)), link


async def test_the_api_documentation_shows_operators_more_than_a_company(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    partner = await console.person("viewer", company_id=company["id"])
    internal, public = (
        "/api-documentation/registry-internal/internal-changes",
        "/api-documentation/admin-api/companies",
    )
    for path, statuses in (
        (internal, (200, 404)),
        (public, (200, 200)),
        ("/api-documentation/error-codes", (200, 200)),
    ):
        pages = [await person.open(path) for person in (owner, partner)]
        assert tuple(page.status for page in pages) == statuses, path
        assert all(len(page.text.encode()) < 100_000 for page in pages)
    assert "/internal/" in (await owner.open("/api-documentation")).words
    assert "/internal/" not in (await partner.open("/api-documentation")).words
    assert (await owner.open("/api-documentation/nobody/x")).status == 404


async def test_notices_say_what_happened_to_what_and_are_filtered(owner: Browser, console: Console) -> None:
    company, [key] = await company_with_keys(console, f"noticed {MARKUP}")
    await console.registry.owner.post(f"/access-keys/{key}/suspend")
    await console.registry.owner.post(f"/access-keys/{key}/resume")
    prefix = company["client_prefix"]
    page = await owner.open(f"/notices?company_id={prefix}&type=&from=&to=")
    assert "Credential suspended" in page.words
    assert f"/companies/{prefix}/access-keys/{key}" in page.links.values()
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    filtered = await owner.open(f"/notices?company_id={prefix}&type=credential.resumed")
    assert filtered.words.count("access key") == 1
    assert "No notice like this" in (await owner.open(f"/notices?company_id={prefix}&from=2100-01-01")).words
    assert "No notice like this" in (await owner.open(f"/notices?company_id={prefix}&to=2020-01-01")).words


async def test_a_notice_leads_nowhere_once_its_credential_is_deleted(owner: Browser, console: Console) -> None:
    company, [gone, kept] = await company_with_keys(console, "gone", "kept")
    admin = console.registry.owner
    for key in (gone, kept):
        await admin.post(f"/access-keys/{key}/revoke")
    await admin.delete(f"/access-keys/{gone}")
    page = await owner.open(f"/notices?company_id={company['client_prefix']}&type=credential.revoked")
    prefix = f"/companies/{company['client_prefix']}/access-keys/"
    assert [path for path in page.links.values() if path.startswith(prefix)] == [f"{prefix}{kept}"]
    assert "gone access key, deleted" in " ".join(page.words.split())


async def test_a_wrong_filter_is_said_at_its_field_and_kept(owner: Browser) -> None:
    for path, field, typed in (
        ("/notices", "type", "nothing"),
        ("/notices", "from", "yesterday"),
        ("/report-only", "kind", "nothing"),
        ("/report-only", "to", "9"),
    ):
        page = await owner.open(f"{path}?{field}={typed}")
        assert page.status == 422, (path, field)
        assert 'class="wrong"' in page.text, (path, field)
    assert (await owner.open("/notices?cursor=nonsense")).status == 422


async def test_notices_go_on_page_after_page(owner: Browser, console: Console) -> None:
    company, [key] = await company_with_keys(console, "often")
    for _ in range(26):
        await console.registry.owner.post(f"/access-keys/{key}/suspend")
        await console.registry.owner.post(f"/access-keys/{key}/resume")
    page = await owner.open(f"/notices?company_id={company['client_prefix']}")
    assert page.text.count("<tr><td") == 50
    page = await owner.follow("Older ones")
    assert page.text.count("<tr><td") == 2
    assert "Older ones" not in page.links


async def test_what_expires_soon_is_listed_by_its_date(owner: Browser, console: Console) -> None:
    company, _ = await company_with_keys(console, "third", expires_at=days_ahead(20))
    admin = console.registry.owner
    for name, days in (("first", 2), ("second", 10), ("later", 40)):
        await admin.create("/access-keys", company_id=company["id"], name=name, expires_at=days_ahead(days))
    revoked = await admin.create("/access-keys", company_id=company["id"], name="revoked", expires_at=days_ahead(3))
    await admin.post(f"/access-keys/{revoked['id']}/revoke")
    page = await owner.open(f"/needs-attention?company_id={company['client_prefix']}")
    rows = [part.partition("<")[0] for part in page.text.split("/access-keys/")[1:]]
    assert [row.partition(">")[2] for row in rows] == ["first", "second", "third"]


async def test_each_check_finds_what_it_says_and_nothing_else(owner: Browser, console: Console) -> None:
    admin = console.registry.owner
    company, _ = await company_with_keys(console, "careless")
    ends = {"expires_at": days_ahead(300), "limits": {"quota": {"calls": 9, "per": "day"}}}
    await admin.create("/access-keys", company_id=company["id"], name="careful", **ends)
    two = await admin.create("/access-keys", company_id=company["id"], name="rotated", **ends)
    await admin.post(f"/access-keys/{two['id']}/rotate", {"keep_old_for": 3600})
    stopped = await admin.create("/access-keys", company_id=company["id"], name="stopped")
    await admin.post(f"/access-keys/{stopped['id']}/revoke")
    query = "UPDATE access_key SET created_at = now() - interval '91 days' WHERE id = $1"
    async with console.registry.database.connection() as connection:
        await connection.execute(query, two["id"])
    for check, expected in (
        ("never-expires", {"careless"}),
        ("no-limit", {"careless"}),
        ("idle", {"rotated"}),
        ("two-secrets", {"rotated"}),
    ):
        page = await owner.open(f"/needs-attention?check={check}&company_id={company['client_prefix']}")
        assert set(page.links) & {"careless", "careful", "rotated", "stopped"} == expected, check


async def test_needs_attention_looks_through_all_of_very_many_page_by_page(
    owner: Browser, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, keys = await company_with_keys(console, *(f"Key number {n}" for n in range(12)))
    monkeypatch.setattr(needs_attention, "API_PAGE", 2)
    monkeypatch.setattr(needs_attention, "ENOUGH", 3)
    monkeypatch.setattr(needs_attention, "MAX_CALLS", 3)
    seen: list[str] = []
    page = await owner.open(f"/needs-attention?check=never-expires&company_id={company['client_prefix']}")
    while True:
        found = [link.rpartition("/")[2] for link in page.links.values() if "/access-keys/" in link]
        assert len(found) <= 4
        seen += found
        if "Look further" not in page.links:
            break
        page = await owner.follow("Look further")
    assert sorted(seen) == sorted(keys)
    assert "None among the rest" in page.words or found


async def test_signing_keys_name_the_gateways_that_lack_one(owner: Browser, console: Console) -> None:
    assert "has not reported its keys yet" in (await owner.open("/signing-keys")).words
    key = SigningKeyStatus(kid="sk_next", algorithm="ES256", state="published", published_at=1_795_100_000.0)
    async with console.registry.client("gateway") as gateway, console.registry.calls("token_issuer") as issuer:
        for name, kids in (("gateway@a", ("sk_next",)), ("gateway@b", ())):
            await gateway.report(
                Position(instance=name, service="gateway", position=0, mark=ORIGIN_MARK, signing_keys=kids)
            )
        await SigningKeyReporter(issuer).report(SigningKeyReport(keys=(key,), read_at=1_795_100_001.0))
    page = await owner.open("/signing-keys")
    assert "1 of 2 lacks it: gateway@b" in " ".join(page.words.split())
    assert "gateway@a" not in page.words


async def test_what_would_have_been_refused_is_listed_by_company_and_cause(
    owner: Browser, console: Console
) -> None:
    company, _ = await company_with_keys(console, MARKUP)
    other, _ = await company_with_keys(console, "a neighbour")
    await reported(console, company["id"], count=1234, last_request_id="request-1")
    await reported(console, other["id"], cause="expired", kind="route", name=MARKUP)
    page = await owner.open(f"/report-only?company_id={company['client_prefix']}&cause=&kind=")
    assert "1,234" in page.words
    assert "Too many calls at a time" in page.words
    assert "a neighbour" not in page.words
    assert "a neighbour" in (await owner.open("/report-only?kind=route")).words
    assert "<img" not in owner.page.text
    assert "No call like this" in (await owner.open("/report-only?cause=never_heard_of")).words


async def test_a_company_finds_what_was_tried_by_the_name_of_what_was_to_be_stopped(console: Console) -> None:
    company, [key] = await company_with_keys(console, "ours")
    await reported(console, company["id"], kind="stop", name=key, cause="suspended")
    await reported(
        console, company["id"], kind="stop", name="0190c0de-0000-7000-8000-000000000001", cause="revoked"
    )
    person = await console.person("viewer", company_id=company["id"])
    await person.open("/portal")
    page = await person.follow("Report-only")
    words = " ".join(page.words.split())
    assert "The credential is suspended the stop of the access key" in words
    assert page.links["ours"] == f"/companies/{company['client_prefix']}/access-keys/{key}"
    assert key not in words, "its name, and not its id"
    assert "0190c0de" in words, "what is gone has its id"
    assert "Operations" not in page.links


async def test_a_companys_people_see_of_all_that_their_own_alone(console: Console) -> None:
    own, [_] = await company_with_keys(console, "ours")
    other, [theirs] = await company_with_keys(console, "theirs", expires_at=days_ahead(3))
    await console.registry.owner.post(f"/access-keys/{theirs}/suspend")
    await console.registry.owner.post(f"/access-keys/{theirs}/resume")
    await reported(console, other["id"])
    person = await console.person("owner", company_id=own["id"])
    for path in PAGES:
        for query in ("", f"company_id={other['client_prefix']}"):
            page = await person.open(f"{path}{'&' if '?' in path else '?'}{query}")
            assert page.status == 200, path
            assert "theirs" not in page.words.lower(), path
            assert theirs not in page.text, path
            assert other["id"] not in page.text, path
    assert (await person.open("/signing-keys")).status == 403
    assert "Signing keys" not in (await person.open("/operations")).links


async def test_a_viewer_is_offered_no_change(console: Console) -> None:
    viewer = await console.person("viewer")
    for path in (*PAGES, "/signing-keys"):
        page = await viewer.open(path)
        assert page.status == 200, path
        assert {button for form in page.forms for button in form.buttons} <= {"Sign out", "Filter", "Verify"}, path


async def test_no_page_has_an_inline_style_or_script(owner: Browser) -> None:
    for path in (*PAGES, "/signing-keys", "/webhooks?new=webhook"):
        page = await owner.open(path)
        assert "style=" not in page.text, path
        assert " onclick" not in page.text, path
        assert page.text.count("<script") == 1, path
