"""`/rotate` and `/versions/{version}/revoke` of every credential that has a secret."""

from functools import partial

from aiohttp import web

from services.key_registry.admin.rotation import RotationService
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.requests import Rotation
from services.key_registry.catalog.resources import Resource
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import idempotent_request, reference_of
from services.key_registry.http.schemas import (
    BASE,
    IDEMPOTENCY_KEY,
    VERSION,
    problems,
    receipt_headers,
    with_receipt,
)
from shared.errors import NotFound
from shared.http.body import validated
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import json_response

ROTATE = """\
The new secret works at once, and the one that was current goes on for `keep_old_for` seconds, or until nobody has
used it for `keep_old_until_quiet_for` seconds, for 30 days at most. Everything else of the credential stays. At
most two secrets work at a time: a third is 409, unless `end_oldest` is true. What was issued with a secret (access
tokens, session tokens) goes on when that retires by itself, and ends with it where it is ended at once: by
`keep_old_for` 0, by `end_oldest`, or by `/versions/{version}/revoke`.
"""
REVOKE_VERSION = """\
Ends one secret at once, everywhere, and with it what was issued with it. The others go on. Again is harmless.
"""


class RotationEndpoints:
    def __init__(self, resource: Resource, rotation: RotationService, authentication: Authentication) -> None:
        self.resource = self._resource = resource
        self._rotation = rotation
        self._authentication = authentication
        self.path = f"{BASE}/{resource.path}"

    async def rotate(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the new secret."""
        caller = await self._authentication.caller(request)
        self._rotation.permit(caller.admin, Operation.ROTATE, self._resource)
        reference = reference_of(self._resource, request)
        members = await bodies.members(request) if request.can_read_body else {}
        body = validated(Rotation, members)
        what = f"{self._resource.path}/{reference}/rotate"
        idempotent = idempotent_request(request, caller, what, members)
        rotated = await self._rotation.rotate(caller.admin, self._resource, reference, body, idempotent)
        headers = {**receipt_headers(rotated.receipt), "Location": f"{self.path}/{rotated.response['id']}"}
        return json_response(rotated.response, status=201, headers=headers)

    async def revoke_version(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        await bodies.nothing(request)
        reference = reference_of(self._resource, request)
        number = _number(request.match_info["version"])
        ended = await self._rotation.revoke_version(caller.admin, self._resource, reference, number)
        body = {**ended.response, "receipt": ended.receipt}
        return json_response(body, headers=receipt_headers(ended.receipt))


def rotation_endpoints(handlers: RotationEndpoints, endpoint: partial[Endpoint]) -> list[Endpoint]:
    resource, one = handlers.resource, f"{handlers.path}/{{id}}"
    created = Response("Rotated. The new secret is shown this once.", resource.created_response)
    ended = Response(f"The {resource.noun}", with_receipt(resource.response))
    return [
        endpoint(
            "POST",
            f"{one}/rotate",
            handlers.rotate,
            f"Give {resource.a_noun} a new secret",
            tag=resource.path,
            description=ROTATE,
            body=Rotation,
            parameters=(IDEMPOTENCY_KEY,),
            responses={201: created, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
        ),
        endpoint(
            "POST",
            f"{one}/versions/{{version}}/revoke",
            handlers.revoke_version,
            f"End one secret of {resource.a_noun}",
            tag=resource.path,
            description=REVOKE_VERSION,
            parameters=(VERSION,),
            responses={200: ended, **problems(401, 403, 404, 503)},
        ),
    ]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise NotFound("there is no such version")
    return int(text)
