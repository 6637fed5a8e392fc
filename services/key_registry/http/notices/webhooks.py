"""`/admin/v1/webhooks`: where events are sent, and what has come of it."""

from dataclasses import asdict
from typing import Any, get_args
from uuid import UUID

from aiohttp import web

from services.key_registry.catalog.field_types import parse_id, parse_reference
from services.key_registry.catalog.paging import PageRequest, parse_page
from services.key_registry.catalog.permissions import Operation
from services.key_registry.events.webhooks.administration import WebhookAdministration
from services.key_registry.events.webhooks.ports import KeptDelivery
from services.key_registry.events.webhooks.reader import DeliveryFilter, WebhookReading
from services.key_registry.events.webhooks.requests import NewWebhook, SecretRotation, WebhookPatch
from services.key_registry.events.webhooks.responses import DeliveryResponse
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import PATCH_TYPES, idempotent_request
from services.key_registry.http.schemas import BASE
from services.key_registry.ports.webhooks import DeliveryState
from shared.errors import NotFound
from shared.http.body import validated
from shared.http.responses import NO_STORE, json_response

PATH = f"{BASE}/webhooks"


def _state(value: str) -> str:
    if value not in get_args(DeliveryState):
        raise ValueError(f"must be one of {', '.join(get_args(DeliveryState))}")
    return value


class WebhookEndpoints:
    def __init__(
        self, webhooks: WebhookAdministration, reading: WebhookReading, authentication: Authentication
    ) -> None:
        self._webhooks = webhooks
        self._reading = reading
        self._authentication = authentication

    async def create(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the secret."""
        caller = await self._authentication.caller(request)
        self._webhooks.permit(caller.admin, Operation.CREATE)
        members = await bodies.members(request)
        body = validated(NewWebhook, members)
        idempotent = idempotent_request(request, caller, "webhooks", members)
        created = await self._webhooks.create(caller.admin, body, idempotent)
        return _created(created)

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), {"company_id": parse_reference})
        company = requested.filters.get("company_id")
        return _page(*await self._reading.page(caller.admin, company, requested))

    async def show(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        return json_response(await self._reading.show(caller.admin, _id(request)), headers=NO_STORE)

    async def change(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        self._webhooks.permit(caller.admin, Operation.CHANGE)
        id_ = _id(request)
        patch = await bodies.model(request, WebhookPatch, *PATCH_TYPES)
        return json_response(await self._webhooks.change(caller.admin, id_, patch), headers=NO_STORE)

    async def rotate(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the new secret."""
        caller = await self._authentication.caller(request)
        self._webhooks.permit(caller.admin, Operation.ROTATE)
        id_ = _id(request)
        members = await bodies.members(request) if request.can_read_body else {}
        body = validated(SecretRotation, members)
        idempotent = idempotent_request(request, caller, f"webhooks/{id_}/rotate", members)
        return _created(await self._webhooks.rotate(caller.admin, id_, body, idempotent))

    async def delete(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        await self._webhooks.delete(caller.admin, _id(request))
        return web.Response(status=204, headers=NO_STORE)

    async def deliveries(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested: PageRequest = parse_page(list(request.query.items()), {"state": _state, "event_id": parse_id})
        which = DeliveryFilter(**requested.filters)
        found, cursor = await self._reading.deliveries(caller.admin, _id(request), which, requested)
        return _page([_shown(delivery) for delivery in found], cursor)

    async def replay(self, request: web.Request) -> web.Response:
        """202 with the delivery, which is tried again."""
        caller = await self._authentication.caller(request)
        id_, delivery_id = _id(request), _delivery_id(request)
        await self._webhooks.replay(caller.admin, id_, delivery_id)
        delivery = await self._reading.delivery(caller.admin, id_, delivery_id)
        return json_response(_shown(delivery), status=202, headers=NO_STORE)


def _created(shown: dict[str, Any]) -> web.Response:
    return json_response(shown, status=201, headers={**NO_STORE, "Location": f"{PATH}/{shown['id']}"})


def _page(items: Any, cursor: str | None) -> web.Response:
    return json_response({"items": list(items), "next_cursor": cursor}, headers=NO_STORE)


def _shown(delivery: KeptDelivery) -> dict[str, Any]:
    return DeliveryResponse.model_validate(asdict(delivery)).model_dump(mode="json")


def _id(request: web.Request) -> UUID:
    try:
        return parse_id(request.match_info["id"])
    except ValueError:
        raise NotFound("there is no such webhook") from None


def _delivery_id(request: web.Request) -> int:
    text = request.match_info["delivery"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("there is no such delivery")
    return int(text)
