"""`/admin/v1/usage`: calls by period, and by company, credential and route."""

import base64
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import get_args

from aiohttp import web

from services.key_registry.access.visibility import Reference
from services.key_registry.catalog.field_types import instant, parse_instant, parse_reference
from services.key_registry.catalog.paging import parse_page, text
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, PAGING, page_model, problems
from services.key_registry.usage.ports import By, Group
from services.key_registry.usage.reader import UsagePage, UsageReader, UsageRequest
from services.key_registry.usage.responses import UsageResponse
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response

DESCRIPTION = """\
Calls that carried a credential of yours, at the gateway, its decision endpoint, the token endpoints, the operator
and the session tokens; in UTC. Counted in each process and added up every few seconds: see docs/usage.md for what
is lost with a process that is killed, and how long what is kept. A period without a call is left out.
"""
MAX_OFFSET = 10_000_000
MAX_CREDENTIALS = 100


class UsageEndpoint:
    def __init__(self, reader: UsageReader, authentication: Authentication) -> None:
        self._reader = reader
        self._authentication = authentication

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), _FILTERS)
        given = requested.filters
        end, offset = given.get("to"), 0
        if requested.cursor is not None:
            end, offset = _position(requested.cursor)
        found = await self._reader.page(
            caller.admin,
            UsageRequest(
                given.get("by", "day"),
                given.get("from"),
                end,
                given.get("company_id"),
                given.get("credential_id"),
                given.get("route"),
                given.get("group_by", ()),
                requested.limit,
                offset,
            ),
        )
        cursor = _cursor(found, offset + requested.limit) if found.more else None
        items = [item.model_dump(mode="json") for item in found.items]
        return json_response({"items": items, "next_cursor": cursor}, headers=NO_STORE)


def usage_endpoint(handlers: UsageEndpoint, endpoint: partial[Endpoint]) -> Endpoint:
    return endpoint(
        "GET",
        f"{BASE}/usage",
        handlers.page,
        "Show how much was called, the newest period first",
        tag="usage",
        description=DESCRIPTION,
        parameters=(*_PARAMETERS, *PAGING),
        responses={200: Response("One page", page_model(UsageResponse)), **problems(401, 403, 422, 503)},
    )


def _by(value: str) -> By:
    for by in get_args(By):
        if by == value:
            return by  # type: ignore[no-any-return]
    raise ValueError(f"must be one of {', '.join(get_args(By))}")


def _credentials(value: str) -> Sequence[Reference]:
    found = [parse_reference(part) for part in value.split(",")]
    if len(set(found)) < len(found) or len(found) > MAX_CREDENTIALS:
        raise ValueError(f"must be 1 to {MAX_CREDENTIALS} ids, keys or kids, each once, with commas between them")
    return found


def _groups(value: str) -> Sequence[Group]:
    groups, known = value.split(","), get_args(Group)
    if len(set(groups)) < len(groups) or not set(groups) <= set(known):
        raise ValueError(f"must be one or several of {', '.join(known)}, each once, with commas between them")
    return [group for group in known if group in groups]


_FILTERS = {
    "from": parse_instant,
    "to": parse_instant,
    "by": _by,
    "company_id": parse_reference,
    "credential_id": _credentials,
    "route": text,
    "group_by": _groups,
}
_TIME = {"type": "string", "format": "date-time", "examples": ["2026-11-26T09:30:00Z"]}
_NAMED = {"type": "string", "maxLength": 255}
_PARAMETERS = (
    Parameter(
        "from",
        description="From the period with this time (RFC 3339) on. Unless given: a day, 30 days or a year before "
        "`to`, by `by`; of a total 30 days.",
        schema=_TIME,
    ),
    Parameter(
        "to", description="Only periods that begin before this time (RFC 3339); now unless given.", schema=_TIME
    ),
    Parameter(
        "by",
        description="How long a period is. `total`: all days from that of `from` on are one, and what was called "
        "most comes first.",
        schema={"type": "string", "enum": list(get_args(By)), "default": "day"},
    ),
    Parameter(
        "company_id",
        description="Only credentials of this company: its id or its `client_prefix`.",
        schema={**_NAMED, "examples": ["blabla"]},
    ),
    Parameter(
        "credential_id",
        description="Only this credential: its id; of an API client also its `key`, of a key pair its `kid`. Or "
        f"several, at most {MAX_CREDENTIALS}, with commas between them.",
        schema={"type": "string", "examples": ["pgck_4uVbJm2Qk8ZsX1cT7yNdWa"]},
    ),
    Parameter(
        "route",
        description="Only calls of this route of the route file, or of this path of a service.",
        schema={**_NAMED, "examples": ["site"]},
    ),
    Parameter(
        "group_by",
        description="Apart by these: one or several of `company_id`, `credential_id` and `route`, with commas.",
        schema={**_NAMED, "examples": ["credential_id"]},
    ),
)


def _cursor(page: UsagePage, offset: int) -> str:
    """Where the next page begins, and the `to` of this one."""
    microseconds = int(page.end.timestamp() * 1_000_000)
    position = microseconds.to_bytes(8) + offset.to_bytes(8)
    return base64.urlsafe_b64encode(position).rstrip(b"=").decode()


def _position(cursor: bytes) -> tuple[datetime, int]:
    microseconds = min(int.from_bytes(cursor[:8]), 253_402_300_799_000_000)
    return instant(microseconds / 1_000_000), min(int.from_bytes(cursor[8:]), MAX_OFFSET)
