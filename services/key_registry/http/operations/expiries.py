"""`/admin/v1/expiries`: what ends when."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.catalog.field_types import parse_instant
from services.key_registry.catalog.paging import number, parse_page, parse_query, text
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, PAGING, TIME, page_model, problems
from services.key_registry.operations.expiries import DEFAULT_DAYS, MAX_DAYS, Expiries
from services.key_registry.operations.responses import ExpiryDays, ExpiryResponse
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response

_COMPANY = Parameter("company_id", description="Only credentials of this company: its id or its `client_prefix`.")
_FROM = Parameter(
    "from", description="Only those that end at this time (RFC 3339) or later; now unless given.", schema=TIME
)
_TO = Parameter(
    "to",
    description=f"Only those that end before this time (RFC 3339); {DEFAULT_DAYS} days after `from` unless given.",
    schema=TIME,
)
_DAYS = Parameter(
    "days",
    description="How many days, today included.",
    schema={"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DEFAULT_DAYS, "examples": [30]},
)


class ExpiryEndpoints:
    def __init__(self, expiries: Expiries, authentication: Authentication) -> None:
        self._expiries = expiries
        self._authentication = authentication

    async def page(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        filters = {"company_id": text, "from": parse_instant, "to": parse_instant}
        requested = parse_page(list(request.query.items()), filters)
        given = requested.filters
        found, cursor = await self._expiries.page(
            admin, given.get("company_id"), given.get("from"), given.get("to"), requested
        )
        items = [item.model_dump(mode="json") for item in found]
        return json_response({"items": items, "next_cursor": cursor}, headers=NO_STORE)

    async def days(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        given = parse_query(list(request.query.items()), {"company_id": text, "days": number(1, MAX_DAYS)})
        shown = await self._expiries.days(admin, given.get("company_id"), given.get("days", DEFAULT_DAYS))
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)


def expiry_endpoints(handlers: ExpiryEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint, refused = partial(admin, "GET", tag="expiries"), problems(401, 403, 422, 503)
    return [
        endpoint(
            f"{BASE}/expiries",
            handlers.page,
            "List credentials that end, the first to end first",
            parameters=(_COMPANY, _FROM, _TO, *PAGING),
            responses={200: Response("One page", page_model(ExpiryResponse)), **refused},
        ),
        endpoint(
            f"{BASE}/expiries/days",
            handlers.days,
            "Show how many credentials end on each day",
            parameters=(_COMPANY, _DAYS),
            responses={200: Response("The days", ExpiryDays), **refused},
        ),
    ]
