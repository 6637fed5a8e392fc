"""Which route takes a request, as the gateway itself says, and what each scope of an application opens."""

import secrets
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from gateway.http.routes import RouteEndpoints
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.route_watch import RouteWatch
from gateway.routing.table import RouteTable
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.serving import serving
from tests.support.http1.heads import route_of

TABLE = RouteTable(
    (
        route_of(name="sms", path="/sms/send", methods=frozenset({"POST"}), scopes=("sms:send",), line=7),
        route_of(name="both", path="/sms/both", scopes=("sms:send", "other:read"), line=9),
        route_of(name="rest", path="/", prefix=True, line=3),
        route_of(CredentialKind.API_TOKEN, name="inbox", path="/inbox", application="MAILER"),
    )
)


@pytest.fixture(scope="module")
async def with_gateway(console: Console) -> AsyncIterator[tuple[Console, Any]]:
    """A console whose gateway has `TABLE`, and what it watches."""
    watch = SimpleNamespace(table=TABLE, errors=[])
    endpoints, app = RouteEndpoints(cast("RouteWatch", watch)), web.Application()
    app.router.add_get("/routes", endpoints.routes)
    app.router.add_get("/routes/explain", endpoints.explain)
    async with serving(app) as url, running_console(console.registry, gateway_ops_url=url) as running:
        yield running, watch


async def test_request_leads_to_its_route_with_what_it_needs_and_why_no_other(
    with_gateway: tuple[Console, Any],
) -> None:
    console, _ = with_gateway
    person = await console.person("viewer")
    await person.open("/routes")
    page = await person.press("Find route", Method="POST", URL_or_path="https://any.example/sms/send?x=1")
    words = " ".join(page.words.split())
    assert "Route sms takes it, line 7 of the route file." in words
    assert "sms:send" in words
    assert "rest, line 3: it is a prefix" in words
    page = await person.open("/routes?method=GET&url=/sms/send")
    assert "No route takes it: 405." in page.words
    page = await person.open("/routes?method=NONSENSE&url=%3Cscript%3Ealert")
    assert "No route takes it: 400." in page.words
    assert "<script>alert" not in page.text


async def test_routes_are_listed_and_searched_with_what_is_wrong_with_the_file(
    with_gateway: tuple[Console, Any],
) -> None:
    console, watch = with_gateway
    person = await console.person("viewer")
    assert (await person.open("/routes")).text.count("<tr><td>") == 4
    assert (await person.open("/routes?q=other:read")).text.count("<tr><td>") == 1
    watch.errors.append("routes.yaml:4: <b>wrong</b>")
    page = await person.open("/routes")
    assert "The route file is invalid" in page.words
    assert "<b>wrong" not in page.text
    watch.errors.clear()


async def test_a_limit_that_names_a_route_which_the_gateway_lacks_is_pointed_out(
    with_gateway: tuple[Console, Any],
) -> None:
    console, _ = with_gateway
    limits = {"routes": ["sms", "gone"]}
    company = await console.registry.owner.company(limits=limits)
    path = f"/companies/{company['client_prefix']}/settings/limits"
    words = (await (await console.person("viewer")).open(path)).words
    assert "The gateway has no route called gone now" in words
    partner = await console.person("viewer", company_id=company["id"])
    assert "no route called" not in (await partner.open(path)).words


async def test_application_shows_the_routes_that_each_scope_opens(with_gateway: tuple[Console, Any]) -> None:
    console, _ = with_gateway
    booking = await console.registry.owner.booking(await console.registry.owner.company(), "sms:send", "sms:idle")
    person = await console.person("viewer")
    page = await person.open(f"/applications/{booking['application_id']}")
    assert page.links["both"] == "/routes?q=both"
    assert "with 1 other scope" in page.words
    assert "no route needs it" in page.words
    assert "rest" not in page.links


async def test_a_scope_that_no_route_needs_is_said_where_it_is_chosen(with_gateway: tuple[Console, Any]) -> None:
    console, _ = with_gateway
    company = await console.registry.owner.company()
    await console.registry.owner.booking(company, "sms:send", "sms:idle")
    client = await console.registry.owner.create(
        "/api-clients", company_id=company["id"], comment="x", scopes=["sms:idle"]
    )
    person = await console.person("editor")
    base = f"/companies/{company['client_prefix']}"
    for path in ("/api?new=api-client", "/settings/key-generation", f"/api-clients/{client['id']}/change"):
        page = await person.open(base + path)
        assert page.words.count("no route needs it") == 1, path
        assert page.text.count("<code>sms:idle</code></label>") == 1, "the name of the choice is the scope alone"


async def test_what_is_booked_says_to_both_sides_which_calls_it_opens(with_gateway: tuple[Console, Any]) -> None:
    console, _ = with_gateway
    admin = console.registry.owner
    company = await admin.company()
    of = {"name": "Mailer", "application_prefix": "MAILER", "scopes": ["sms:send", "sms:idle"]}
    application = await admin.create("/applications", **of)
    booking = await admin.create("/bookings", company_id=company["id"], application_id=application["id"])
    path = f"/companies/{company['client_prefix']}/booked-applications"
    operator, partner = await console.person("viewer"), await console.person("viewer", company_id=company["id"])
    for person in (operator, partner):
        assert "sms:send" in (await person.open(path)).words
        assert (await person.open(path.rpartition("/")[0])).links["Mailer"] == f"{path}/{booking['id']}"
        page = await person.open(f"{path}/{booking['id']}")
        words = " ".join(page.words.split())
        assert "sms:send" in words
        assert "POST /sms/send" in words
        assert "its API tokens" in words
        assert "any method /inbox" in words
        assert "no route needs it" in words
        assert "the validator about them" not in words
        assert ("inbox" in page.links) == (person is operator), "names of routes are the operator's"
    other = await admin.booking(company, "other:read")
    assert "No route takes API tokens of it" in (await partner.open(f"{path}/{other['id']}")).words


async def test_each_application_that_can_be_booked_says_what_it_opens(with_gateway: tuple[Console, Any]) -> None:
    console, _ = with_gateway
    admin = console.registry.owner
    company, name = await admin.company(), f"n{secrets.token_hex(4)}"
    for prefix in ("a", "b"):
        of = {"name": name, "application_prefix": f"{prefix}{name}", "scopes": [f"{prefix}{name}:read", "sms:send"]}
        await admin.create("/applications", **of)
    person = await console.person("editor")
    page = await person.open(f"/companies/{company['client_prefix']}/booked-applications?q={name}")
    words = " ".join(page.words.split())
    assert (
        f"a{name}:read: no route needs it sms:send: POST /sms/send; any method /sms/both, with 1 other scope"
        in words
    )
    assert "application_id" not in dict(page.form_with("Book application").fields), "none is chosen beforehand"


async def test_without_a_gateway_the_pages_say_so(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    booking = await console.registry.owner.booking(company, "sms:send")
    booked = f"/companies/{company['client_prefix']}/booked-applications/{booking['id']}"
    for path in ("/routes", "/routes?url=/x", f"/applications/{booking['application_id']}", booked):
        page = await owner.open(path)
        assert page.status == 200
        assert "The gateway does not respond" in page.words, path


async def test_companys_people_see_no_routes(console: Console) -> None:
    company = await console.registry.owner.company()
    person = await console.person("owner", company_id=company["id"])
    assert (await person.open("/routes?url=/")).status == 404
    assert "Routes" not in (await person.open("/operations")).links
