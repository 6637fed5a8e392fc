"""`/admin/v1/audit`: the trail, its signed checkpoints, and the keys that they are verified with."""

from functools import partial
from typing import Any

from aiohttp import web

from services.key_registry.admin.audit_reader import AuditPage, AuditReader, actor_of
from services.key_registry.audit_trail.chain import AuditFilter, Line
from services.key_registry.audit_trail.checkpoints import CheckpointKeys, read_checkpoint
from services.key_registry.audit_trail.ports import KeptCheckpoint, Month
from services.key_registry.audit_trail.responses import (
    ArchivedMonth,
    AuditCheckpoint,
    AuditKeys,
    AuditLine,
    AuditPageResponse,
)
from services.key_registry.catalog.field_types import instant, parse_instant
from services.key_registry.catalog.paging import parse_page, parse_query, text
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import AUDIT_FILTERS, BASE, CHECKPOINTS, PAGING, page_model, problems
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

TEXTS = ("company_id", "action", "actor", "subject_kind", "subject", "request_id")
TIMES = ("after", "before")
FILTERS = {**dict.fromkeys(TEXTS, text), **dict.fromkeys(TIMES, parse_instant)}


class AuditEndpoint:
    def __init__(
        self, reader: AuditReader, authentication: Authentication, keys: CheckpointKeys | None = None
    ) -> None:
        self._reader = reader
        self._authentication = authentication
        self._jwks = {"keys": []} if keys is None else keys.jwks()

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), FILTERS)
        page = await self._reader.page(caller.admin, AuditFilter(**requested.filters), requested)
        items = [_shown(line, page) for line in page.lines]
        archived = [_archived(month) for month in page.archived]
        return json_response(
            {"items": items, "next_cursor": page.cursor, "archived_months": archived}, headers=NO_STORE
        )

    async def checkpoints(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), {})
        found, cursor = await self._reader.checkpoints(caller.admin, requested)
        items = [_checkpoint(kept) for kept in found]
        return json_response({"items": items, "next_cursor": cursor}, headers=NO_STORE)

    async def keys(self, request: web.Request) -> web.Response:
        self._reader.permit((await self._authentication.caller(request)).admin)
        parse_query(list(request.query.items()), {})
        return json_response(self._jwks, headers=NO_STORE)


def _archived(month: Month) -> dict[str, Any]:
    shown = ArchivedMonth(
        month=month.name,
        first_seq=month.first_seq,
        last_seq=0 if month.last is None else month.last.seq,
        file=month.file or "",
        sha256=(month.sha256 or b"").hex(),
    )
    return shown.model_dump(mode="json")


def _checkpoint(kept: KeptCheckpoint) -> dict[str, Any]:
    signed = read_checkpoint(kept.jws, None)
    shown = AuditCheckpoint(
        count=signed.count, head=signed.head.hex(), at=instant(signed.at), epoch=signed.epoch, jws=kept.jws
    )
    return shown.model_dump(mode="json")


def _shown(line: Line, page: AuditPage) -> dict[str, Any]:
    members = {
        **line._asdict(),
        "actor_name": page.names.get(actor_of(line)),
        "subject_name": page.names.get((line.subject_kind, line.subject)),
        "hash": line.hash.hex(),
        "previous_hash": line.previous_hash.hex(),
        "company": page.companies.get(line.company_id),
        "erased": line.erased_detail is not None,
    }
    return AuditLine.model_validate(members).model_dump(mode="json")


def audit_endpoints(handlers: AuditEndpoint, admin: partial[Endpoint]) -> list[Endpoint]:
    endpoint = partial(admin, "GET", tag="audit")
    refused = problems(401, 403, 422, 503)
    return [
        endpoint(
            f"{BASE}/audit",
            handlers.page,
            "List audit lines, the newest first",
            parameters=(*AUDIT_FILTERS, *PAGING),
            responses={200: Response("One page", AuditPageResponse), **refused},
        ),
        endpoint(
            f"{BASE}/audit/checkpoints",
            handlers.checkpoints,
            "List signed checkpoints of the audit trail, the newest first",
            description=CHECKPOINTS,
            parameters=PAGING,
            responses={200: Response("One page", page_model(AuditCheckpoint)), **refused},
        ),
        endpoint(
            f"{BASE}/audit/keys",
            handlers.keys,
            "Show the keys that checkpoints are verified with",
            responses={200: Response("A JWK Set", AuditKeys), **refused},
        ),
    ]
