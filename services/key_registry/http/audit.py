"""`GET /admin/v1/audit`: the trail, the newest line first."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from services.key_registry.admin.audit_reader import AuditReader
from services.key_registry.audit_trail import AuditFilter, Line
from services.key_registry.catalog.field_types import parse_instant
from services.key_registry.catalog.resources import Row
from services.key_registry.catalog.responses import AuditLine
from services.key_registry.http.authentication import Authentication
from services.key_registry.paging import parse_page, text
from shared.http.responses import NO_STORE, json_response

TEXTS = ("company_id", "action", "actor", "subject_kind", "subject", "request_id")
TIMES = ("after", "before")
FILTERS = {**dict.fromkeys(TEXTS, text), **dict.fromkeys(TIMES, parse_instant)}


class AuditEndpoint:
    def __init__(self, reader: AuditReader, authentication: Authentication) -> None:
        self._reader = reader
        self._authentication = authentication

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), FILTERS)
        page = await self._reader.page(caller.admin, AuditFilter(**requested.filters), requested)
        items = [_shown(line, page.companies.get(line.company_id)) for line in page.lines]
        return json_response({"items": items, "next_cursor": page.cursor}, headers=NO_STORE)


def _shown(line: Line, company: Row | None) -> dict[str, Any]:
    members = {
        **asdict(line),
        "hash": line.hash.hex(),
        "previous_hash": line.previous_hash.hex(),
        "company": company,
    }
    return AuditLine.model_validate(members).model_dump(mode="json")
