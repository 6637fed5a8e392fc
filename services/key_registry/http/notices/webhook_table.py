"""The endpoints of webhooks, with what OpenAPI says of each."""

from functools import partial
from typing import get_args

from services.key_registry.events.webhooks.requests import NewWebhook, SecretRotation, WebhookPatch
from services.key_registry.events.webhooks.responses import CreatedWebhook, DeliveryResponse, WebhookResponse
from services.key_registry.http.notices.webhooks import PATH, WebhookEndpoints
from services.key_registry.http.objects import PATCH_TYPES
from services.key_registry.http.schemas import (
    IDEMPOTENCY_KEY,
    PAGING,
    filter_parameter,
    page_model,
    problems,
)
from services.key_registry.ports.webhooks import DeliveryState
from shared.http.endpoints import Endpoint, Parameter, Response

CREATE = """\
Events are sent as Standard Webhooks has it: a POST with `webhook-id`, `webhook-timestamp` and
`webhook-signature`. What is not accepted by a 2xx within ten seconds is tried again for three days, ever more
rarely, then kept as dead. A URL that leads to a private address is refused now and at each connection.
"""
ROTATE = "Deliveries are signed with both secrets for `keep_old_for` seconds, so that the receiver can change over."
REPLAY = """\
Tried at once, and again for three days if need be, whatever has become of it before, with the same `webhook-id`.
"""
_CREATED = Response("The webhook with its secret, which is shown this once", CreatedWebhook)
_DELIVERY = Parameter(
    "delivery",
    "path",
    "The delivery's number.",
    schema={"type": "integer", "minimum": 1, "examples": [42]},
)
_FILTERS = (
    Parameter(
        "state",
        description="Only those in this state.",
        schema={"type": "string", "enum": list(get_args(DeliveryState))},
    ),
    Parameter("event_id", description="Only that of this event.", schema={"type": "string", "format": "uuid"}),
)


def webhook_endpoints(handlers: WebhookEndpoints, admin: partial[Endpoint]) -> list[Endpoint]:
    endpoint, one = partial(admin, tag="webhooks"), f"{PATH}/{{id}}"
    return [
        *_webhooks(handlers, endpoint),
        *_one_webhook(handlers, endpoint, one),
        *_deliveries(handlers, endpoint, one),
    ]


def _webhooks(handlers: WebhookEndpoints, endpoint: partial[Endpoint]) -> list[Endpoint]:
    return [
        endpoint(
            "POST",
            PATH,
            handlers.create,
            "Create a webhook",
            description=CREATE,
            body=NewWebhook,
            parameters=(IDEMPOTENCY_KEY,),
            responses={201: _CREATED, **problems(400, 401, 403, 409, 413, 415, 422, 503)},
        ),
        endpoint(
            "GET",
            PATH,
            handlers.page,
            "List webhooks, the newest first",
            parameters=(filter_parameter("company_id"), *PAGING),
            responses={200: Response("One page", page_model(WebhookResponse)), **problems(401, 403, 422, 503)},
        ),
    ]


def _one_webhook(handlers: WebhookEndpoints, endpoint: partial[Endpoint], one: str) -> list[Endpoint]:
    shown = Response("The webhook", WebhookResponse)
    return [
        endpoint(
            "GET",
            one,
            handlers.show,
            "Show a webhook",
            responses={200: shown, **problems(401, 403, 404, 503)},
        ),
        endpoint(
            "PATCH",
            one,
            handlers.change,
            "Change a webhook",
            body=WebhookPatch,
            body_content_types=PATCH_TYPES,
            responses={200: shown, **problems(400, 401, 403, 404, 413, 415, 422, 503)},
        ),
        endpoint(
            "POST",
            f"{one}/rotate",
            handlers.rotate,
            "Give a webhook a new secret",
            description=ROTATE,
            body=SecretRotation,
            parameters=(IDEMPOTENCY_KEY,),
            responses={201: _CREATED, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
        ),
        endpoint(
            "DELETE",
            one,
            handlers.delete,
            "Delete a webhook and its deliveries",
            responses={204: Response("Deleted"), **problems(401, 403, 404, 503)},
        ),
    ]


def _deliveries(handlers: WebhookEndpoints, endpoint: partial[Endpoint], one: str) -> list[Endpoint]:
    return [
        endpoint(
            "GET",
            f"{one}/deliveries",
            handlers.deliveries,
            "List the deliveries to a webhook, the newest first",
            parameters=(*_FILTERS, *PAGING),
            responses={
                200: Response("One page", page_model(DeliveryResponse)),
                **problems(401, 403, 404, 422, 503),
            },
        ),
        endpoint(
            "POST",
            f"{one}/deliveries/{{delivery}}/replay",
            handlers.replay,
            "Deliver an event again",
            description=REPLAY,
            parameters=(_DELIVERY,),
            responses={202: Response("The delivery", DeliveryResponse), **problems(401, 403, 404, 503)},
        ),
    ]
