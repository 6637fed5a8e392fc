"""`/admin/v1`: the same endpoints for every resource."""

import json
from collections.abc import Mapping
from functools import partial

from aiohttp import web

from services.key_registry.access.visibility import Reference
from services.key_registry.admin.objects import ObjectService
from services.key_registry.catalog.field_types import parse_reference
from services.key_registry.catalog.paging import boolean, filter_parser, number, parse_page, parse_query, words
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import Resource
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication, Caller
from services.key_registry.http.schemas import (
    BASE,
    STOP,
    TRIAL,
    problems,
    receipt_headers,
    with_receipt,
    with_trial,
)
from services.key_registry.recording.idempotency import IdempotentRequest
from services.key_registry.refused_calls.report_only.responses import StopTrial, TrialResponse
from services.key_registry.refused_calls.report_only.trials import DEFAULT_TRIAL_S, MAX_TRIAL_S, MIN_TRIAL_S, Trials
from shared.errors import Invalid, NotFound, Unprocessable
from shared.http.body import validated
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

PATCH_TYPES = ("application/json", "application/merge-patch+json")


_TRIAL = {"report_only": boolean, "report_only_for": number(MIN_TRIAL_S, MAX_TRIAL_S)}


class ResourceEndpoints:
    """The endpoints of one resource, below `path`."""

    def __init__(
        self, resource: Resource, objects: ObjectService, authentication: Authentication, trials: Trials
    ) -> None:
        self._trials = trials
        self.resource = self._resource = resource
        self._objects = objects
        self._authentication = authentication
        self.path = f"{BASE}/{resource.path}"
        self._filters = {name: filter_parser(name) for name in resource.filters} | {"q": words}

    async def create(self, request: web.Request) -> web.Response:
        """201 with `Location`; the one response that contains the secret."""
        caller = await self._authentication.caller(request)
        self._objects.permit(caller.admin, Operation.CREATE, self._resource)
        members = await bodies.members(request)
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
        change = bodies.change_of(self._resource, await bodies.members(request, *PATCH_TYPES))
        changed = await self._objects.change(caller.admin, self._resource, reference, change)
        return json_response(changed.response, headers=receipt_headers(changed.receipt))

    async def set_status(self, operation: Operation, request: web.Request) -> web.Response:
        """What is misspelt in the query, or in a body, stops nothing: it may have been meant as `report_only`."""
        caller = await self._authentication.caller(request)
        await bodies.nothing(request)
        reference = reference_of(self._resource, request)
        tried = parse_query(list(request.query.items()), {} if operation is Operation.RESUME else _TRIAL)
        if tried.get("report_only"):
            return await self._try_stop(caller, operation, reference, tried.get("report_only_for", DEFAULT_TRIAL_S))
        if tried.get("report_only_for"):
            raise Unprocessable.field("report_only_for", "is for report_only=true")
        changed = await self._objects.set_status(caller.admin, operation, self._resource, reference)
        body = {**changed.response, "receipt": changed.receipt}
        return json_response(body, headers=receipt_headers(changed.receipt))

    async def _try_stop(
        self, caller: Caller, operation: Operation, reference: Reference, seconds: int
    ) -> web.Response:
        (shown, receipt), trial = await self._trials.begin(
            caller.admin, operation, self._resource, reference, seconds
        )
        body = {**shown, "receipt": receipt, "report_only": StopTrial.of(trial).model_dump(mode="json")}
        return json_response(body, headers=receipt_headers(receipt))

    async def trial(self, request: web.Request) -> web.Response:
        """Which stop of it is tried now."""
        caller = await self._authentication.caller(request)
        trial = await self._trials.running(caller.admin, self._resource, reference_of(self._resource, request))
        response = TrialResponse(trial=None if trial is None else StopTrial.of(trial))
        return self._response(response.model_dump(mode="json"))

    async def end_trial(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        await self._trials.end(caller.admin, self._resource, reference_of(self._resource, request))
        return web.Response(status=204)

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
    return IdempotentRequest.of(keys[0], admin_token=caller.token, admin_id=caller.admin.bearer_id, request=content)


def status_endpoints(handlers: ResourceEndpoints, endpoint: partial[Endpoint]) -> list[Endpoint]:
    return [
        _status_endpoint(handlers, o, endpoint) for o in (Operation.SUSPEND, Operation.RESUME, Operation.REVOKE)
    ]


def trial_endpoints(handlers: ResourceEndpoints, endpoint: partial[Endpoint]) -> list[Endpoint]:
    path, noun = f"{handlers.path}/{{id}}/trial", handlers.resource.a_noun
    return [
        endpoint(
            "GET",
            path,
            handlers.trial,
            f"Show whether a stop of {noun} is tried",
            responses={200: Response("The trial", TrialResponse), **problems(401, 403, 404, 503)},
        ),
        endpoint(
            "DELETE",
            path,
            handlers.end_trial,
            f"End the trial of a stop of {noun}",
            description="Within five seconds nothing is counted for it any more. Where none runs, nothing changes. "
            "A company's token ends those alone that one of the company began.",
            responses={204: Response("None runs now"), **problems(401, 403, 404, 503)},
        ),
    ]


def _status_endpoint(handlers: ResourceEndpoints, operation: Operation, endpoint: partial[Endpoint]) -> Endpoint:
    resource, resumes = handlers.resource, operation is Operation.RESUME
    shown = with_receipt(resource.response) if resumes else with_trial(resource.response)
    return endpoint(
        "POST",
        f"{handlers.path}/{{id}}/{operation}",
        partial(handlers.set_status, operation),
        f"{operation.title()} {resource.a_noun}",
        description="" if resumes else STOP,
        parameters=() if resumes else TRIAL,
        responses={200: Response(f"The {resource.noun}", shown), **problems(401, 403, 404, 409, 422, 503)},
    )
