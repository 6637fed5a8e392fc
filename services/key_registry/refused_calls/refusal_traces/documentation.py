"""What OpenAPI says of the members of what refused calls met."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members
from shared.contracts.refusal_traces import MEMBERS

_ID = "0190c0de-0000-7000-8000-000000000001"

DECISION_MEMBERS: Members = {
    "DecisionResponse.at": Member("When it was refused (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "DecisionResponse.status": Member("The status of the response.", 401),
    "DecisionResponse.company_id": Member(
        "The id of the company whose credential it is; null: a stranger's, or not known.", _ID
    ),
    "outcome": Member("What became of the call: `refused`.", "refused"),
    "cause": Member("Why, as a word of docs/refusals.md.", "insufficient_scope"),
    "route": Member("The route of the route file, or the endpoint of a service.", "site"),
    "method": Member("The request's method.", "GET"),
    "path": Member("The request's path, without its query and without what may be a secret.", "/v2.0/site"),
    "client": Member("The client's address; of IPv6 its /64.", "192.0.2.7"),
    "credential_kind": Member("The kind of the credential; empty: none, or not known.", "api_client"),
    "credential": Member(
        "Its public id; of one that is not known what names it without being a secret: `pgat_`, or a `kid`.",
        "pgck_4uVbJm2Qk8ZsX1cT7yNdWa",
    ),
    "DecisionResponse.credential_name": Member(
        "What people know it by: its name or comment, of a key pair its KID. null: not known, or deleted.",
        "Nightly report",
    ),
    "DecisionResponse.company": Member(
        "That company's name and prefix. null: it is not known, or is gone.",
        {"client_prefix": "blabla", "name": "BlaBla"},
    ),
    "steps": Member(
        "The checks in the order in which they were made, up to the one that failed; those of the gateway first.",
        [
            {
                "process": "gateway@host:17",
                "at": "2026-11-26T09:30:00Z",
                "check": "scope",
                "ok": False,
                "found": "articles:read",
                "expected": "site:read",
                "found_kind": "",
                "found_id": "",
            }
        ],
    ),
    "process": Member("The process that checked.", "gateway@host:17"),
    "check": Member("What was checked.", "scope"),
    "ok": Member("Whether it was as expected.", False),
    "found": Member("What there was, without what may be a secret.", "articles:read"),
    "expected": Member("What there has to be.", "site:read"),
    "found_kind": MEMBERS["found_kind"],
    "found_id": MEMBERS["found_id"],
}

describe = describing(DECISION_MEMBERS)
