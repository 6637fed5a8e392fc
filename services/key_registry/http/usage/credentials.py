"""`/admin/v1/usage/credentials`: how much each of several credentials was called, by day."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from aiohttp import web

from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import number, parse_query
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.usage.reader import UsageReader
from services.key_registry.usage.responses import CredentialDaysResponse
from shared.errors import Unprocessable
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response
from shared.identifiers import UUID_FORM

MAX_CREDENTIALS = 100
MAX_DAYS = 31
DEFAULT_DAYS = 7
_PARAMETERS = (
    Parameter(
        "credential_id",
        required=True,
        description=f"The ids of at most {MAX_CREDENTIALS} credentials, with commas between them.",
        schema={
            "type": "string",
            "pattern": f"^{UUID_FORM.pattern}(,{UUID_FORM.pattern}){{0,{MAX_CREDENTIALS - 1}}}$",
            "examples": ["0190c0de-0000-7000-8000-000000000001"],
        },
    ),
    Parameter(
        "days",
        description="How many days, today included, in UTC.",
        schema={"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DEFAULT_DAYS, "examples": [7]},
    ),
)


class CredentialUsageEndpoint:
    def __init__(self, reader: UsageReader, authentication: Authentication) -> None:
        self._reader = reader
        self._authentication = authentication

    async def show(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        known = {"credential_id": _ids, "days": number(1, MAX_DAYS)}
        given = parse_query(list(request.query.items()), known)
        if "credential_id" not in given:
            raise Unprocessable.field("credential_id", "is required")
        items = await self._reader.by_credential(admin, given["credential_id"], given.get("days", DEFAULT_DAYS))
        shown = CredentialDaysResponse(items=items)
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)


def credential_usage_endpoint(handlers: CredentialUsageEndpoint, endpoint: partial[Endpoint]) -> Endpoint:
    return endpoint(
        "GET",
        f"{BASE}/usage/credentials",
        handlers.show,
        "Show how much several credentials were called on each day",
        tag="usage",
        parameters=_PARAMETERS,
        responses={
            200: Response("In the order of the ids", CredentialDaysResponse),
            **problems(401, 403, 422, 503),
        },
    )


def _ids(value: str) -> Sequence[UUID]:
    ids = [parse_id(part) for part in value.split(",")]
    if len(set(ids)) < len(ids) or len(ids) > MAX_CREDENTIALS:
        raise ValueError(f"must be 1 to {MAX_CREDENTIALS} ids, each once, with commas between them")
    return ids
