"""`/admin/v1/events`: what happened to credentials and to what they depend on."""

from collections.abc import Collection
from functools import partial
from typing import Any, get_args

from aiohttp import web

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.field_types import parse_instant
from services.key_registry.catalog.paging import parse_page, text
from services.key_registry.catalog.resources import RESOURCES, Row
from services.key_registry.events.ports import EventFilter
from services.key_registry.events.reader import EventReading
from services.key_registry.events.responses import EventResponse
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, PAGING, TIME, page_model, problems
from services.key_registry.ports.events import Event
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response

_TYPES = get_args(EventType)
_NAMES = {"from": "start", "to": "end"}
FILTERS = (
    Parameter("company_id", description="Only events of this company: its id or its `client_prefix`."),
    Parameter("type", description="Only events of this type.", schema={"type": "string", "enum": list(_TYPES)}),
    Parameter("from", description="Only those of this time (RFC 3339) or later.", schema=TIME),
    Parameter("to", description="Only those from before this time (RFC 3339).", schema=TIME),
)
EVENTS = """\
Rotations, suspensions and revocations, expiries and what comes 90, 30, 7 and 1 days before them, leaks and used
quotas. Each is kept for `PASSGATE_EVENTS_KEPT_DAYS`, and goes to the webhooks that want it.
"""


def event_type(value: str) -> str:
    if value not in _TYPES:
        raise ValueError(f"must be one of {', '.join(_TYPES)}")
    return value


_PARSERS = {"company_id": text, "type": event_type, "from": parse_instant, "to": parse_instant}


class EventEndpoint:
    def __init__(self, events: EventReading, authentication: Authentication) -> None:
        self._events = events
        self._authentication = authentication

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), _PARSERS)
        filters = {_NAMES.get(name, name): value for name, value in requested.filters.items()}
        page = await self._events.page(caller.admin, EventFilter(**filters), requested)
        items = [
            _shown(kept.event, page.companies.get(kept.event.company_id), present=page.present)
            for kept in page.events
        ]
        return json_response({"items": items, "next_cursor": page.cursor}, headers=NO_STORE)


def event_endpoints(handlers: EventEndpoint, endpoint: partial[Endpoint]) -> list[Endpoint]:
    return [
        endpoint(
            "GET",
            f"{BASE}/events",
            handlers.page,
            "List events, the newest first",
            tag="events",
            description=EVENTS,
            parameters=(*FILTERS, *PAGING),
            responses={200: Response("One page", page_model(EventResponse)), **problems(401, 403, 422, 503)},
        )
    ]


def _shown(event: Event, company: Row | None, *, present: Collection[str]) -> dict[str, Any]:
    members = {
        "id": event.id,
        "type": event.type,
        "at": event.at,
        "company_id": event.company_id,
        "company": company,
        "request_id": event.request_id,
        "data": event.data,
        "deleted": event.data.get("kind") in RESOURCES and event.data.get("id") not in present,
    }
    return EventResponse.model_validate(members).model_dump(mode="json")
