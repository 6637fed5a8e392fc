"""No page is large, however many there are and however long their names; no redirect leads elsewhere."""

from typing import Any

import pytest

from services.console.admin_api import AdminApi
from services.console.http.bookings import APPLICATIONS_OFFERED
from services.console.http.operations.needs_attention import API_PAGE, ENOUGH
from services.console.pages.credentials.kinds import KINDS
from services.console.pages.events import EVENT_TYPES
from services.console.pages.needs_attention import CHECKS
from services.console.pages.refused_calls.titles import titles
from services.console.pages.renderer import Renderer
from services.console.pages.routes import MAX_ROUTES_BESIDE_CHOICE, MAX_SCOPES_IN_LIST, Opened
from services.console.session import Session
from shared.http.client import ServiceClient
from shared.refusal_traces.causes import CHECKS as CAUSES

MAX_PAGE_BYTES = 100_000
AT = "2026-11-27T09:30:00Z"
LONG = "x" * 1000
COMPANY = {"name": LONG[:200], "client_prefix": "p" * 64}
ASSETS = {"console.css": "/a.css", "console.js": "/a.js", "icon.svg": "/a.svg"}


def size_of(template: str, **values: Any) -> int:
    me = {"kind": "person", "name": "owner@example.com", "role": "owner", "company_id": None, "id": "1"}
    session = Session(AdminApi(ServiceClient("http://127.0.0.1:1"), {}), me, "c" * 64)
    given = {"form": dict.fromkeys(("company_id", "type", "cause", "kind", "name", "from", "to"), "")}
    text = Renderer(ASSETS).page(template, session=session, **{**given, **values}).text
    return len((text or "").encode())


def test_needs_attention() -> None:
    credential = {"id": "i" * 36, "comment": LONG, "company": COMPANY, "last_four": "abcd"}
    credential |= {"created_at": AT, "last_used_at": AT, "expires_at": AT}
    found = [(KINDS[2], credential)] * (ENOUGH - 1 + API_PAGE)
    values = {"check": CHECKS["idle"], "checks": CHECKS.values(), "company": "", "further": "?", "cut": False}
    assert size_of("operations/needs_attention.html", found=found, went_on=True, **values) < MAX_PAGE_BYTES


def test_applications_to_be_booked() -> None:
    scopes = [f"scope{number}:read" for number in range(200)]
    routes = [
        {"name": "r", "host": "", "path": f"/{LONG[:50]}", "prefix": False, "methods": None, "scopes": scopes[:1]}
    ]
    of = {"name": LONG[:100], "application_prefix": "p" * 64, "scopes": scopes, "id": "i" * 36}
    opens = Opened(dict.fromkeys(scopes, routes * 50), routes * 50)
    booking = {"id": "b" * 36, "application_id": of["id"], "application": of, "created_at": AT}
    values: dict[str, Any] = {
        "offered": [(of, opens)] * APPLICATIONS_OFFERED,
        "bookable": 500,
        "cut": True,
        "q": "",
    }
    values |= {"bookings": [{**booking, "effective_status": "active"}] * 20, "scopes": {of["id"]: scopes}}
    values |= {"max_routes": MAX_ROUTES_BESIDE_CHOICE, "max_scopes": MAX_SCOPES_IN_LIST}
    company = {**COMPANY, "effective_status": "active", "id": "c" * 36}
    assert size_of("bookings.html", company=company, **values) < MAX_PAGE_BYTES


def test_notices() -> None:
    data = {"kind": "api_token", "id": "i" * 36, "name": LONG, "url": "u" * 2000, "source": LONG, "expires_at": AT}
    event = {"at": AT, "type": "credential.leaked", "company": COMPANY, "data": data, "deleted": False}
    values = {"items": [event] * 50, "older": "?", "types": EVENT_TYPES}
    assert size_of("lists/notices.html", **values) < MAX_PAGE_BYTES


def test_report_only() -> None:
    item: dict[str, Any] = {
        "day": "2026-11-27",
        "company": COMPANY,
        "cause": "c" * 64,
        "kind": "stop",
        "name": "n" * 200,
        "object_kind": "api_client",
        "object_name": LONG,
    }
    item |= {"count": 2**53, "last_at": AT, "last_request_id": "r" * 128}
    values: dict[str, Any] = {"items": [item] * 50, "older": "?", "kinds": ("route",), "causes": titles(CAUSES)}
    assert size_of("lists/report_only.html", **values) < MAX_PAGE_BYTES


def test_webhooks() -> None:
    webhook: dict[str, Any] = {"id": "i" * 36, "name": LONG, "url": LONG * 2, "company": COMPANY, "enabled": True}
    webhook |= {"failing_since": AT, "last_delivered_at": AT}
    more = {"older": "?", "types": EVENT_TYPES, "filters": {"company_id": ""}, "filter_errors": {}, "opened": True}
    assert size_of("operations/webhooks.html", items=[webhook] * 50, form={}, **more) < MAX_PAGE_BYTES
    attempt = {"at": AT, "status": None, "error": "address_not_allowed", "ms": 10000}
    delivery: dict[str, Any] = {
        "id": 1,
        "created_at": AT,
        "event_type": "credential.version_revoked",
        "state": "dead",
    }
    delivery |= {"attempts": [attempt] * 30, "next_attempt_at": AT}
    webhook |= {"types": EVENT_TYPES, "created_at": AT, "previous_secret_until": AT}
    more = {"older": "?", "types": EVENT_TYPES, "filters": {"state": ""}, "asked": "", "path": "/webhooks/x"}
    states = ("pending", "delivered", "dead")
    page = {"webhook": webhook, "items": [delivery] * 25, "states": states, "form": {}}
    assert size_of("operations/webhook.html", **page, **more) < MAX_PAGE_BYTES


def test_a_redirect_leads_to_a_page_of_ours_and_that_of_a_sign_in_to_a_web_page() -> None:
    renderer = Renderer(ASSETS)
    assert renderer.redirect("/people?saved").headers["Location"] == "/people?saved"
    dropped = ("/\t/evil.example/", "/\n/evil.example/", "/\r\n/evil.example/", "/people\r\nSet-Cookie: x")
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example/", *dropped, "people", ""):
        with pytest.raises(ValueError, match="another site"):
            renderer.redirect(elsewhere)
    url = "https://provider.example/authorize?state=x"
    assert renderer.redirect_to_provider(url).headers["Location"] == url
    for no_page in ("javascript:alert(1)", "/people", ""):
        with pytest.raises(ValueError, match="no such URL"):
            renderer.redirect_to_provider(no_page)
