"""`/admin/v1/revocations`: an operator stops one JWT, one session token, or a signing key."""

from dataclasses import asdict
from functools import partial
from typing import Any, get_args

from aiohttp import web

from services.key_registry.admin.revocations import Revocations
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.paging import parse_page, text
from services.key_registry.catalog.requests import NewRevocation, RevocableKind
from services.key_registry.catalog.resources import Row
from services.key_registry.catalog.responses import RevocationResponse
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import (
    BASE,
    PAGING,
    REVOCATIONS,
    page_model,
    problems,
    receipt_headers,
    with_receipt,
)
from services.key_registry.ports.store import KeptRevocation
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response


class RevocationEndpoints:
    def __init__(self, revocations: Revocations, authentication: Authentication) -> None:
        self._revocations = revocations
        self._authentication = authentication

    async def stop(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        self._revocations.permit(admin)
        body = await bodies.model(request, NewRevocation)
        kept, receipt = await self._revocations.stop_by_hand(admin, body)
        return json_response({**_shown(kept, None), "receipt": receipt}, headers=receipt_headers(receipt))

    async def page(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        requested = parse_page(list(request.query.items()), {"kind": _kind, "id": text})
        page = await self._revocations.page(admin, requested)
        items = [_shown(kept, page.companies.get(kept.company_id)) for kept in page.revocations]
        return json_response({"items": items, "next_cursor": page.cursor}, headers=NO_STORE)


def _shown(kept: KeptRevocation, company: Row | None) -> dict[str, Any]:
    members = {**asdict(kept), "company": company, "until": instant(kept.until), "at": instant(kept.at)}
    return RevocationResponse.model_validate(members).model_dump(mode="json")


def _kind(value: str) -> str:
    if value not in get_args(RevocableKind):
        raise ValueError(f"must be one of {', '.join(get_args(RevocableKind))}")
    return value


def revocation_endpoints(handlers: RevocationEndpoints, endpoint: partial[Endpoint]) -> list[Endpoint]:
    path, kinds = f"{BASE}/revocations", {"type": "string", "enum": list(get_args(RevocableKind))}
    filters = (
        Parameter("kind", description="Only those of this kind.", schema=kinds),
        Parameter("id", description="Only the one with this `jti`, `kid` or id."),
    )
    return [
        endpoint(
            "POST",
            path,
            handlers.stop,
            "Stop a JWT, a session token or a signing key",
            tag="revocations",
            description=REVOCATIONS,
            body=NewRevocation,
            responses={
                200: Response("It is stopped", with_receipt(RevocationResponse)),
                **problems(400, 401, 403, 413, 415, 422, 503),
            },
        ),
        endpoint(
            "GET",
            path,
            handlers.page,
            "List what is stopped so, the newest first",
            tag="revocations",
            parameters=(*filters, *PAGING),
            responses={200: Response("One page", page_model(RevocationResponse)), **problems(401, 403, 422, 503)},
        ),
    ]
