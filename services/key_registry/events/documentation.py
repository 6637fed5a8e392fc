"""What OpenAPI says of the members of events."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

_ID = "0190c0de-0000-7000-8000-000000000001"
DATA = {
    "kind": "api_client",
    "id": _ID,
    "name": "pgck_7Jb2mVQx1dZsX0cT9yNdWa",
    "expires_at": "2026-12-26T09:30:00Z",
    "days_left": 30,
}
EVENT_MEMBERS: Members = {
    "EventResponse.id": Member("The event's id, a UUID: `webhook-id` of its deliveries.", _ID),
    "EventResponse.type": Member("What happened: see docs/webhooks.md.", "credential.expiring"),
    "EventResponse.at": Member("When it happened (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "EventResponse.company_id": Member("The company that it concerns. null: the operator alone.", _ID),
    "EventResponse.company": Member(
        "The name and prefix of the company. null: none, or it was deleted.",
        {"client_prefix": "blabla", "name": "BlaBla"},
    ),
    "EventResponse.request_id": Member(
        "The request that brought it about, as in the audit trail; empty for what the registry does by itself.",
        "0190c0de-1111-7000-8000-000000000001",
    ),
    "EventResponse.data": Member(
        "`kind`, `id` and `name` of what it happened to, and what is special to its type. Never a secret.", DATA
    ),
    "EventResponse.deleted": Member("Whether what it happened to is not there any more.", False),
}

describe = describing(EVENT_MEMBERS)
