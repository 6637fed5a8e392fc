"""Which route takes a request, as the gateway itself says, and what each scope of an application opens."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from gateway.http.routes import RouteEndpoints
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
    assert (await person.open("/routes")).text.count("<tr><td>") == 3
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


async def test_without_a_gateway_the_pages_say_so(owner: Browser, console: Console) -> None:
    booking = await console.registry.owner.booking(await console.registry.owner.company(), "sms:send")
    for path in ("/routes", "/routes?url=/x", f"/applications/{booking['application_id']}"):
        page = await owner.open(path)
        assert page.status == 200
        assert "The gateway does not respond" in page.words, path


async def test_companys_people_see_no_routes(console: Console) -> None:
    company = await console.registry.owner.company()
    person = await console.person("owner", company_id=company["id"])
    assert (await person.open("/routes?url=/")).status == 404
    assert "Routes" not in (await person.open("/operations")).links
