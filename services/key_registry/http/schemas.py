"""What the endpoints of the admin API have in common: paths, parameters, pages, receipts and problems."""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, create_model

from services.key_registry.admin.receipts import DEFAULT_WAIT_S, MAX_WAIT_S
from services.key_registry.catalog.documentation.members import describe
from services.key_registry.catalog.paging import DEFAULT_LIMIT, MAX_FILTER, MAX_LIMIT
from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S
from services.key_registry.refused_calls.report_only.responses import StopTrial
from services.key_registry.refused_calls.report_only.trials import DEFAULT_TRIAL_S, MAX_TRIAL_S, MIN_TRIAL_S
from shared.contracts.key_registry import Status
from shared.http.endpoints import Parameter, Response
from shared.http.responses import NO_STORE

BASE = "/admin/v1"
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "The same key and body within 24 hours give the same response, the secret included, and create nothing new.",
    schema={
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[ -~]+$",
        "examples": ["5b9a0d5e-7d0f-4a3f"],
    },
)
VERSION = Parameter(
    "version",
    "path",
    "The number of the secret, as `versions` has it.",
    schema={"type": "integer", "minimum": 1, "examples": [1]},
)
PAGING = (
    Parameter(
        "limit",
        description="How many objects a page has at most.",
        schema={
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
            "examples": [DEFAULT_LIMIT],
        },
    ),
    Parameter(
        "cursor",
        description="`next_cursor` of the page before.",
        schema={"type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$", "examples": ["AZDA3gAAcACAAAAAAAAAAQ"]},
    ),
)
SEARCH = Parameter(
    "q",
    description="Words, each of which some word of the name, prefix, URI, comment or public key, or the last four "
    "characters of the secret, must begin with; "
    "of a booking: of its company or of its application.",
    schema={"type": "string", "minLength": 1, "maxLength": MAX_FILTER, "examples": ["blabla"]},
)
_TEXT = {"type": "string", "maxLength": MAX_FILTER}
_FILTERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "status": ("Only those of this status.", {"type": "string", "enum": list(get_args(Status))}),
    "client_prefix": ("Only of the company with this prefix.", {**_TEXT, "examples": ["blabla"]}),
    "company_uri": ("Only the company with this URI.", {**_TEXT, "examples": ["https://blabla.example"]}),
    "application_prefix": ("Only of the application with this prefix.", {**_TEXT, "examples": ["SMS"]}),
    "expires_soon": (
        "Only those that end within 30 days and have not yet (`true`), or only the others (`false`).",
        {"type": "string", "enum": ["true", "false"], "examples": ["true"]},
    ),
    "limited": (
        "Only those that have limits of their own and are not revoked (`true`), or only the others (`false`).",
        {"type": "string", "enum": ["true", "false"], "examples": ["true"]},
    ),
    "has_scopes": (
        "Only those that are granted a scope (`true`), or only the others (`false`).",
        {"type": "string", "enum": ["true", "false"], "examples": ["true"]},
    ),
    "company_id": ("Only of this company: its id or its `client_prefix`.", {**_TEXT, "examples": ["blabla"]}),
    "application_id": ("Only of this application: its id or prefix.", {**_TEXT, "examples": ["SMS"]}),
    "booking_id": (
        "Only of this booking: its id or `client_prefix:application_prefix`.",
        {**_TEXT, "examples": ["blabla:SMS"]},
    ),
}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
PROBLEMS: Mapping[int, str] = {
    400: "Not JSON, or a malformed header",
    401: "No valid admin token or session",
    403: "The token's role, or its company, does not allow this",
    404: "Absent, or another company's",
    409: "Taken, referred to, or revoked for ever",
    413: "Larger than 64 KiB",
    415: "Not JSON by its Content-Type, or encoded",
    429: "Too many failed attempts; see `Retry-After`",
    422: "Some members or parameters are invalid; `errors` names each",
    503: "The store is unavailable",
}


TIME = {"type": "string", "format": "date-time", "examples": ["2026-11-26T09:30:00Z"]}
AUDIT_FILTERS = (
    Parameter("company_id", description="Only lines of this company: its id or its `client_prefix`."),
    Parameter("action", description="Only this action, such as `company.created`."),
    Parameter("actor", description="Only what this actor did, such as `admin:<id>`."),
    Parameter("subject_kind", description="Only what was done to objects of this kind."),
    Parameter("subject", description="Only what was done to the object of this id, kid or key."),
    Parameter("request_id", description="Only what this request did."),
    Parameter("after", description="Only lines of this time (RFC 3339) or later.", schema=TIME),
    Parameter("before", description="Only lines from before this time (RFC 3339).", schema=TIME),
)
DECISION_FILTERS = (
    Parameter(
        "company_id", description="Only refusals of this company's credentials: its id or its `client_prefix`."
    ),
    Parameter("cause", description="Only those of this cause, a word of docs/refusals.md, such as `expired`."),
    Parameter("credential", description="Only those of the credential with this public id."),
    Parameter("from", description="Only those of this time (RFC 3339) or later.", schema=TIME),
    Parameter("to", description="Only those from before this time (RFC 3339).", schema=TIME),
)
DECISIONS = """\
Of calls that the gateway, the token issuer, the operator or the session tokens refused; accepted calls leave
nothing here. Kept for seven days within `PASSGATE_REFUSAL_TRACES_MAX_BYTES`; of more than ten a minute with one
cause and from one address, some are. So a request that is not here was not for that reason served: the log of the
process has its line, and the audit trail (`action=refusals.counted`) how many were refused. No secret and no body
is kept.
"""
WAIT = (
    Parameter(
        "wait",
        description="`applied`: respond once all have applied it.",
        schema={"type": "string", "enum": ["applied"]},
    ),
    Parameter(
        "timeout",
        description="Seconds to wait at most.",
        schema={"type": "number", "minimum": 0, "maximum": MAX_WAIT_S, "default": DEFAULT_WAIT_S},
    ),
)
TRIAL = (
    Parameter(
        "report_only",
        description="`true`: nothing is stopped; the calls that it would end are counted.",
        schema={"type": "string", "enum": ["true", "false"], "default": "false"},
    ),
    Parameter(
        "report_only_for",
        description="Seconds for which they are counted, with `report_only`.",
        schema={
            "type": "integer",
            "minimum": MIN_TRIAL_S,
            "maximum": MAX_TRIAL_S,
            "default": DEFAULT_TRIAL_S,
            "examples": [MAX_TRIAL_S],
        },
    ),
)
STOP = """\
With `report_only=true` nothing is stopped: for an hour, or as `report_only_for` says, the calls that it would end
are counted by every service, and `GET /report-only?kind=stop&name=<id>` lists them. It has begun everywhere within
five seconds. Another trial of the same object takes the place of the one before.
"""
RECEIPTS = f"""\
The id is what `Passgate-Receipt` named. `of` counts the processes that follow the changes; one that has not
reported for {FORGOTTEN_AFTER_S:g} s, or for its own staleness bound where that is longer, is no longer among
them, and refuses what it cannot look up. `ms` counts from the change to the report of the last one that applied
it. Receipts are kept for a week.
"""
CHECKPOINTS = """\
What the end of the trail was at a time, signed. They are made every hour while the trail grows, and kept for 400
days. Whoever keeps one can have the trail compared with it later. There are none while the registry has no
key for them.
"""
SIGNING_KEYS = f"""\
As the token issuer reported them at `as_of`, with what the gateways report now. A gateway that says nothing for
{FORGOTTEN_AFTER_S:g} s, or for its own staleness bound where that is longer, no longer counts.
"""
REVOCATIONS = """\
`id` is the `jti` of a JWT, the `kid` of a signing key, or the id that the audit trail has of a session token; never
the token itself. `until` is when nothing that it concerns can be alive any more: by default after the longest life
that there is. Revoked is final; again is harmless.
"""


def filter_parameter(name: str) -> Parameter:
    description, schema = _FILTERS.get(name, (f"Only those with this `{name}`.", {**_TEXT, "examples": ["x"]}))
    return Parameter(name, description=description, schema=schema)


def problems(*statuses: int) -> dict[int, Response]:
    return {s: Response(PROBLEMS[s], content_type="application/problem+json", schema=PROBLEM) for s in statuses}


def receipt_headers(receipt: int) -> dict[str, str]:
    """For every response to what changes something; see `/receipts/{id}`."""
    return {**NO_STORE, "Passgate-Receipt": str(receipt)}


@cache
def with_receipt(shown: type[BaseModel]) -> type[BaseModel]:
    return create_model(f"{shown.__name__.removesuffix('Response')}WithReceipt", __base__=shown, receipt=(int, ...))


@cache
def with_trial(shown: type[BaseModel]) -> type[BaseModel]:
    """The response to a suspension or a revocation, which may only have been tried."""
    return create_model(
        f"Stopped{shown.__name__.removesuffix('Response')}",
        __base__=with_receipt(shown),
        report_only=(StopTrial | None, None),
    )


@cache
def page_model(item: type[BaseModel]) -> type[BaseModel]:
    return create_model(
        f"{item.__name__.removesuffix('Response')}Page",
        __config__=ConfigDict(json_schema_extra=describe),
        items=(list[item], ...),  # type: ignore[valid-type]
        next_cursor=(str | None, ...),
    )
