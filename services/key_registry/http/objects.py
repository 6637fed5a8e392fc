"""`/admin/v1`: the same endpoints for every resource."""

import json
from collections.abc import Mapping

from aiohttp import web

from services.key_registry.admin.idempotency import IdempotentRequest
from services.key_registry.admin.objects import ObjectService
from services.key_registry.admin.visibility import Reference
from services.key_registry.catalog.field_types import parse_reference
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import Resource
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication, Caller
from services.key_registry.http.schemas import BASE, receipt_headers
from services.key_registry.paging import filter_parser, parse_page, words
from shared.errors import Invalid, NotFound
from shared.http.body import validated
from shared.http.responses import NO_STORE, json_response

PATCH_TYPES = ("application/json", "application/merge-patch+json")


class ResourceEndpoints:
    """The endpoints of one resource, below `path`."""

    def __init__(self, resource: Resource, objects: ObjectService, authentication: Authentication) -> None:
        self.resource = self._resource = resource
        self._objects = objects
        self._authentication = authentication
        self.path = f"{BASE}/{resource.path}"
        self._filters = {name: filter_parser(name) for name in resource.filters} | {"q": words}

    async def create(self, request: web.Request) -> web.Response:
        """201 with `Location`; the one response that contains the secret."""
        caller = await self._authentication.caller(request)
        self._objects.permit(caller.admin, Operation.CREATE, self._resource)
        members = bodies.members(await bodies.raw_json(request))
        body = validated(self._resource.create, members)
        idempotent = idempotent_request(request, caller, self._resource.path, members)
        created = await self._objects.create(caller.admin, self._resource, body, idempotent)
        headers = {**receipt_headers(created.receipt), "Location": f"{self.path}/{created.response['id']}"}
        return json_response(created.response, status=201, headers=headers)

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), self._filters)
        return self._response(await self._objects.page(caller.admin, self._resource, requested))

    async def show(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        return self._response(
            await self._objects.show(caller.admin, self._resource, reference_of(self._resource, request))
        )

    async def change(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        self._objects.permit(caller.admin, Operation.CHANGE, self._resource)
        reference = reference_of(self._resource, request)
        change = bodies.change_of(self._resource, bodies.members(await bodies.raw_json(request, *PATCH_TYPES)))
        changed = await self._objects.change(caller.admin, self._resource, reference, change)
        return json_response(changed.response, headers=receipt_headers(changed.receipt))

    async def set_status(self, operation: Operation, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        reference = reference_of(self._resource, request)
        changed = await self._objects.set_status(caller.admin, operation, self._resource, reference)
        body = {**changed.response, "receipt": changed.receipt}
        return json_response(body, headers=receipt_headers(changed.receipt))

    async def delete(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        receipt = await self._objects.delete(caller.admin, self._resource, reference_of(self._resource, request))
        return web.Response(status=204, headers=receipt_headers(receipt))

    def _response(self, value: Mapping[str, object]) -> web.Response:
        return json_response(value, headers=NO_STORE)


def reference_of(resource: Resource, request: web.Request) -> Reference:
    """The object that the path names. Raises `NotFound` for what can be no name of one."""
    try:
        return parse_reference(request.match_info["id"])
    except ValueError:
        raise NotFound(f"there is no such {resource.noun}") from None


def idempotent_request(
    request: web.Request, caller: Caller, what: str, members: Mapping[str, object]
) -> IdempotentRequest | None:
    """`what` is done with `members`, under the `Idempotency-Key`; None when there is none."""
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    if len(keys) > 1:
        raise Invalid.field("Idempotency-Key", "is repeated")
    content = json.dumps([what, members], sort_keys=True).encode()
    return IdempotentRequest.of(keys[0], admin_token=caller.token, admin_id=caller.admin.id, request=content)
