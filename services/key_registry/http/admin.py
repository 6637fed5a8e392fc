"""`/admin/v1`: the same endpoints for every resource."""

import json
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, create_model

from services.key_registry.admin.idempotency import IdempotentRequest
from services.key_registry.admin.objects import ObjectService
from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import Resource
from services.key_registry.http import bodies
from services.key_registry.http.authentication import SCHEME, Authentication, Caller, render_error
from services.key_registry.paging import filter_parser, parse_page
from shared.errors import Invalid, NotFound
from shared.http.body import validated
from shared.http.endpoints import Endpoint, Handler, Parameter, Response
from shared.http.responses import NO_STORE, json_response

BASE = "/admin/v1"
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "The same key and body within 24 hours give the same answer, the secret included, and make nothing new.",
    schema={"type": "string", "minLength": 1, "maxLength": 255},
)
PAGING = (
    Parameter("limit", schema={"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
    Parameter("cursor", description="`next_cursor` of the page before."),
)
PROBLEMS: Mapping[int, str] = {
    400: "Not JSON, or a malformed header",
    401: "No good admin token",
    403: "The token's role does not reach",
    404: "Absent, or another company's",
    409: "Taken, referred to, or revoked for good",
    413: "Larger than 64 KiB",
    415: "Not application/json",
    422: "Some members or parameters are wrong; `errors` names each",
    503: "The store is away",
}


def problems(*statuses: int) -> dict[int, Response]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {s: Response(PROBLEMS[s], content_type="application/problem+json", schema=schema) for s in statuses}


class ResourceEndpoints:
    """The endpoints of one resource."""

    def __init__(self, resource: Resource, registry: ObjectService, authentication: Authentication) -> None:
        self._resource = resource
        self._registry = registry
        self._authentication = authentication
        self._path = f"{BASE}/{resource.path}"
        self._filters = {name: filter_parser(name) for name in resource.filters}

    async def create(self, request: web.Request) -> web.Response:
        """201 with `Location`; the one answer that holds the secret."""
        caller = await self._authentication.caller(request)
        self._registry.permit(caller.admin, Operation.CREATE, self._resource)
        members = bodies.members(await bodies.raw_json(request))
        body = validated(self._resource.create, members)
        attempt = self._attempt(request, caller, members)
        made = await self._registry.create(caller.admin, self._resource, body, attempt)
        headers = {**receipt_headers(made.receipt), "Location": f"{self._path}/{made.shown['id']}"}
        return json_response(made.shown, status=201, headers=headers)

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        asked = parse_page(list(request.query.items()), self._filters)
        return self._response(await self._registry.page(caller.admin, self._resource, asked))

    async def show(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        return self._response(await self._registry.show(caller.admin, self._resource, self._id(request)))

    async def change(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        self._registry.permit(caller.admin, Operation.CHANGE, self._resource)
        id_ = self._id(request)
        change = bodies.change_of(self._resource, bodies.members(await bodies.raw_json(request)))
        changed = await self._registry.change(caller.admin, self._resource, id_, change)
        return json_response(changed.shown, headers=receipt_headers(changed.receipt))

    async def set_status(self, operation: Operation, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        id_ = self._id(request)
        changed = await self._registry.set_status(caller.admin, operation, self._resource, id_)
        body = {**changed.shown, "receipt": changed.receipt}
        return json_response(body, headers=receipt_headers(changed.receipt))

    async def delete(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        receipt = await self._registry.delete(caller.admin, self._resource, self._id(request))
        return web.Response(status=204, headers=receipt_headers(receipt))

    def _response(self, value: Mapping[str, object]) -> web.Response:
        return json_response(value, headers=NO_STORE)

    def _id(self, request: web.Request) -> UUID:
        try:
            return parse_id(request.match_info["id"])
        except ValueError:
            raise NotFound(f"there is no such {self._resource.noun}") from None

    def _attempt(
        self, request: web.Request, caller: Caller, members: Mapping[str, object]
    ) -> IdempotentRequest | None:
        keys = request.headers.getall("Idempotency-Key", [])
        if not keys:
            return None
        if len(keys) > 1:
            raise Invalid.field("Idempotency-Key", "is there more than once")
        asked = json.dumps([self._resource.path, members], sort_keys=True).encode()
        return IdempotentRequest.of(keys[0], admin_token=caller.token, admin_id=caller.admin.id, request=asked)

    def endpoints(self) -> list[Endpoint]:
        """What OpenAPI says of them beside their handlers."""
        resource, one, shown = self._resource, f"{self._path}/{{id}}", self._resource.shown
        endpoint = partial(Endpoint, tag=resource.path, security=SCHEME, render_error=render_error)
        found = [
            endpoint(
                "POST",
                self._path,
                self.create,
                f"Make a {resource.noun}",
                body=resource.create,
                parameters=(IDEMPOTENCY_KEY,),
                responses={
                    201: Response("Made. What is secret is shown this once.", resource.created),
                    **problems(400, 401, 403, 409, 413, 415, 422, 503),
                },
            ),
            endpoint(
                "GET",
                self._path,
                self.page,
                f"List {resource.path}, the newest first",
                parameters=(*map(Parameter, resource.filters), *PAGING),
                responses={200: Response("One page", page_model(shown)), **problems(401, 403, 422, 503)},
            ),
            endpoint("GET", one, self.show, f"Show a {resource.noun}", responses=self._shown(401, 403, 404, 503)),
            endpoint(
                "PATCH",
                one,
                self.change,
                f"Change a {resource.noun}",
                body=resource.change,
                responses=self._shown(400, 401, 403, 404, 409, 413, 415, 422, 503),
            ),
        ]
        for operation in (Operation.SUSPEND, Operation.RESUME, Operation.REVOKE):
            handler: Handler = partial(self.set_status, operation)
            summary = f"{operation.title()} a {resource.noun}"
            responses = {
                200: Response(f"The {resource.noun}", with_receipt(shown)),
                **problems(401, 403, 404, 409, 503),
            }
            found.append(endpoint("POST", f"{one}/{operation}", handler, summary, responses=responses))
        if resource.deletable != "never":
            responses = {204: Response("Deleted"), **problems(401, 403, 404, 409, 503)}
            found.append(endpoint("DELETE", one, self.delete, f"Delete a {resource.noun}", responses=responses))
        return found

    def _shown(self, *statuses: int) -> dict[int, Response]:
        return {200: Response(f"The {self._resource.noun}", self._resource.shown), **problems(*statuses)}


def receipt_headers(receipt: int) -> dict[str, str]:
    """For every answer to what changes something; see `/receipts/{id}`."""
    return {**NO_STORE, "Passgate-Receipt": str(receipt)}


def with_receipt(shown: type[BaseModel]) -> type[BaseModel]:
    return create_model(f"{shown.__name__}WithReceipt", __base__=shown, receipt=(int, ...))


def page_model(item: type[BaseModel]) -> type[BaseModel]:
    return create_model(f"{item.__name__}Page", items=(list[item], ...), next_cursor=(str | None, None))  # type: ignore[valid-type]
