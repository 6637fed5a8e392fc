"""`/admin/v1/report-only`: what would have been refused."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any, get_args

from aiohttp import web

from services.key_registry.catalog.field_types import parse_instant
from services.key_registry.catalog.paging import parse_page, text
from services.key_registry.catalog.resources import Row
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, PAGING, page_model, problems
from services.key_registry.refused_calls.report_only.keeper import ReportOnlyKeeper
from services.key_registry.refused_calls.report_only.ports import KEPT_DAYS, DayCount, ReportOnlyFilter
from services.key_registry.refused_calls.report_only.responses import ReportOnlyResponse
from services.key_registry.refused_calls.report_only.tried_objects import TriedObject
from shared.contracts.report_only import ReportOnlyKind
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response

REPORT_ONLY = f"""\
Calls that would have been refused and were not, because what would refuse them is report-only: a route, a scope of
one, or a limit. One object for a day (UTC), a company, a cause, and what it is that is report-only. Kept for
{KEPT_DAYS} days; counts of the last seconds may not be there yet.
"""
_KINDS = get_args(ReportOnlyKind)
_TIME = {"type": "string", "format": "date-time", "examples": ["2026-11-26T00:00:00Z"]}
FILTERS = (
    Parameter("company_id", description="Only calls of this company: its id or its `client_prefix`."),
    Parameter("cause", description="Only those of this cause, a word of docs/refusals.md, such as `expired`."),
    Parameter(
        "kind", description="Only of what is report-only so.", schema={"type": "string", "enum": list(_KINDS)}
    ),
    Parameter(
        "name",
        description="Only of the route, scope or limit of this name, or of the object with this id or public name "
        "(prefix, key, kid, or both prefixes of a booking) whose stop is tried. 422 where none of them has it; a "
        "route is known if it was called within the days that usage is kept.",
    ),
    Parameter("from", description="Only those of the day of this time (RFC 3339), in UTC, or later.", schema=_TIME),
    Parameter("to", description="Only those from before the day of this time (RFC 3339).", schema=_TIME),
)


class ReportOnlyEndpoint:
    def __init__(self, keeper: ReportOnlyKeeper, authentication: Authentication) -> None:
        self._keeper = keeper
        self._authentication = authentication

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), _PARSED)
        filters = {_NAMES.get(name, name): value for name, value in requested.filters.items()}
        name = filters.pop("name", None)
        page = await self._keeper.page(caller.admin, ReportOnlyFilter(**filters), name, requested)
        items = [
            _shown(count, page.companies.get(count.company_id), page.objects.get(count.name))
            for count in page.counts
        ]
        return json_response({"items": items, "next_cursor": page.cursor}, headers=NO_STORE)


def report_only_endpoint(handlers: ReportOnlyEndpoint, endpoint: partial[Endpoint]) -> Endpoint:
    return endpoint(
        "GET",
        f"{BASE}/report-only",
        handlers.page,
        "List what would have been refused, the newest first",
        tag="report-only",
        description=REPORT_ONLY,
        parameters=(*FILTERS, *PAGING),
        responses={200: Response("One page", page_model(ReportOnlyResponse)), **problems(401, 403, 422, 503)},
    )


def _shown(count: DayCount, company: Row | None, tried: TriedObject | None) -> dict[str, Any]:
    members = {name: getattr(count, name) for name in ReportOnlyResponse.model_fields if hasattr(count, name)}
    more = {
        "company_id": count.company_id or None,
        "company": company,
        "object_kind": tried.kind if tried and count.kind == "stop" else None,
        "object_name": tried.name if tried and count.kind == "stop" else None,
    }
    shown = ReportOnlyResponse.model_validate({**members, **more})
    return shown.model_dump(mode="json")


def _day(value: str) -> date:
    at: datetime = parse_instant(value)
    return at.astimezone(UTC).date()


def _kind(value: str) -> str:
    if value not in _KINDS:
        raise ValueError(f"must be one of {', '.join(_KINDS)}")
    return value


_PARSED = {"company_id": text, "cause": text, "kind": _kind, "name": text, "from": _day, "to": _day}
_NAMES = {"from": "start", "to": "end"}
