"""What OpenAPI says of the members of webhooks and of their deliveries."""

from typing import Any

from pydantic import BaseModel

from services.key_registry.catalog.documentation import members
from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members, describe_members

_ID = "0190c0de-0000-7000-8000-000000000001"
_AT = "2026-11-26T09:30:00Z"
WEBHOOK_MEMBERS: Members = {
    "NewWebhook.company_id": Member(
        "The company whose events it gets: its id or its `client_prefix`. null: the operator's, for the events of "
        "all companies. A token that is bound to a company creates that company's.",
        None,
    ),
    "WebhookResponse.company_id": Member("The company whose events it gets. null: all of them.", None),
    "WebhookResponse.company": Member("The name and prefix of the company. null: it is the operator's.", None),
    "name": Member("A name for people, on one line.", "Their alerts"),
    "url": Member(
        "Where events are sent: HTTPS, at an address that is public or in `PASSGATE_WEBHOOK_PRIVATE_NETWORKS` "
        "(there plain HTTP as well). Redirects are not followed.",
        "https://hooks.blabla.example/passgate",
    ),
    "types": Member("The types of the events that it gets. Empty: all.", ["credential.expiring"]),
    "enabled": Member("Whether it gets events. What is pending waits while it does not.", True),
    "secret": Member(
        "What deliveries are signed with, shown this once: `whsec_` and base64, as libraries of Standard Webhooks "
        "take it.",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0PdV1Xc7uVs=",
    ),
    "previous_secret_until": Member(
        "Until then deliveries are signed with the secret before as well. null: with one alone.", None
    ),
    "failing_since": Member("When the first of the attempts failed that have failed ever since. null: none.", None),
    "last_delivered_at": Member("When an event was last accepted. null: never.", _AT),
    "keep_old_for": Member(
        "Seconds for which deliveries are signed with the present secret beside the new one. 0: not at all.", 86400
    ),
    "end_oldest": Member("Whether the older of two secrets that deliveries are signed with ends at once.", False),
    "DeliveryResponse.id": Member("The delivery's number.", 42),
    "event_id": Member("The event's id, which is `webhook-id` of each attempt.", _ID),
    "event_type": Member("The event's type.", "credential.expiring"),
    "state": Member(
        "`pending` (to be tried, or tried again), `delivered` (accepted by a 2xx) or `dead` (given up after three "
        "days; replay it).",
        "delivered",
    ),
    "next_attempt_at": Member("When it is tried next, at the earliest. null: not by itself.", None),
    "finished_at": Member("When it was delivered or given up. null: not yet.", _AT),
    "attempts": Member(
        "The last 50 attempts, the oldest first.", [{"at": _AT, "status": 200, "error": None, "ms": 12}]
    ),
    "AttemptResponse.at": Member("When it began.", _AT),
    "AttemptResponse.status": Member("The status of the response. null: there was none.", 200),
    "AttemptResponse.error": Member(
        "Why it failed: `status`, `redirect`, `timed_out`, `unresolved`, `address_not_allowed`, "
        "`connection_failed`, `tls_failed`, `invalid_response` or `secret_unreadable`. null: it was accepted.",
        None,
    ),
    "AttemptResponse.ms": Member("Milliseconds that it took.", 12),
}

describe = describing(WEBHOOK_MEMBERS)


def describe_patch(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """As `describe`, for a change: a member that is not there stays as it is, so none has a default."""
    describe_members(WEBHOOK_MEMBERS, schema, model)
    members.describe_patch(schema, model)
