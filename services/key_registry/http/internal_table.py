"""The part of the table that is for the other services alone; wire types: `shared.contracts`."""

from functools import partial

from pydantic import BaseModel

from services.key_registry.changes.feed import MAX_PAGE
from services.key_registry.http.internal import MAX_AFTER, InternalEndpoints
from services.key_registry.http.schemas import PROBLEM
from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S
from shared import opaque
from shared.contracts import key_registry as wire
from shared.contracts.limits import QuotaNoticeBatch
from shared.contracts.refusal_traces import TraceBatch
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyList
from shared.contracts.signing_keys import Gateways, LiveTokens, SigningKeyReport
from shared.contracts.usage.messages import UsageBatch
from shared.http.endpoints import Endpoint, Handler, Parameter, Response
from shared.identifiers import KID, SHA256, anchored

SERVICE_TOKEN = "service_token"
BASE = "/internal/v1"
MARKS = """\
`mark` is that of the position `after`. Positions of a history that was lost (a restore, a failover) have other
marks: `gap` is true for them, and where changes after the position are no longer kept. Then load a snapshot.
"""
PROBLEMS = {
    400: "Not JSON",
    401: "No valid service token",
    403: "This service may not call this",
    404: "There is none",
    413: "The body is too large",
    415: "Not JSON by its Content-Type, or encoded",
    422: "Some members or parameters are invalid; `errors` names each",
    503: "The store is unavailable, or the clock is wrong; see Retry-After",
}
DIGEST = Parameter(
    "digest",
    "path",
    "SHA-256 of the secret, in hex.",
    schema={"type": "string", "pattern": anchored(SHA256), "examples": ["9f" * 32]},
)
KEY = Parameter(
    "kid",
    "path",
    "The key's public name.",
    schema={"type": "string", "pattern": anchored(KID), "examples": ["sk_4uVbJm2Qk8ZsX1cT7yNdWa"]},
)
AFTER = Parameter(
    "after",
    description="The position that was applied last; 0 for the beginning.",
    schema={"type": "integer", "minimum": 0, "maximum": MAX_AFTER, "default": 0, "examples": [41]},
)
MARK = Parameter(
    "mark", description="The mark of `after`, where it is known.", schema={"type": "string", "examples": ["origin"]}
)
LIMIT = Parameter(
    "limit",
    description="How many changes a page has at most.",
    schema={"type": "integer", "minimum": 0, "maximum": MAX_PAGE, "default": MAX_PAGE, "examples": [MAX_PAGE]},
)
_INTERNAL = partial(Endpoint, tag="internal", security=SERVICE_TOKEN)
_DIRECT = partial(_INTERNAL, direct=True)


def internal_endpoints(handlers: InternalEndpoints) -> list[Endpoint]:
    return [
        *_lookups(handlers),
        *_feed(handlers),
        *_reports(handlers),
        *_stops(handlers),
        _signing_keys(handlers),
        _live_tokens(handlers),
        _trial_stops(handlers),
    ]


def _lookups(handlers: InternalEndpoints) -> list[Endpoint]:
    return [
        _lookup("api-tokens", DIGEST, handlers.api_token, wire.ApiToken),
        _lookup("access-keys", DIGEST, handlers.access_key, wire.AccessKey),
        _lookup("api-clients", _public_id(opaque.API_CLIENT_KEY), handlers.api_client, wire.ApiClient),
        _lookup("key-pairs", _public_id(opaque.KEY_PAIR), handlers.key_pair, wire.KeyPair),
    ]


def _lookup(path: str, parameter: Parameter, handler: Handler, model: type[BaseModel]) -> Endpoint:
    return _INTERNAL(
        "GET",
        f"{BASE}/{path}/{{{parameter.name}}}",
        handler,
        f"Look up by {parameter.name.replace('_', ' ')}",
        parameters=(parameter,),
        responses={
            200: Response("The credential, whatever its status", model),
            **_problems(401, 403, 404, 503),
        },
    )


def _feed(handlers: InternalEndpoints) -> list[Endpoint]:
    return [
        _DIRECT(
            "GET",
            f"{BASE}/changes",
            handlers.changes,
            "What changed after a position, in order",
            description=MARKS,
            parameters=(AFTER, MARK, LIMIT),
            poll=True,
            responses={200: Response("A page of the feed", wire.ChangePage), **_problems(401, 403, 422, 503)},
        ),
        _DIRECT(
            "GET",
            f"{BASE}/snapshot",
            handlers.snapshot,
            "All that is stopped now",
            responses={200: Response("The snapshot", wire.Snapshot), **_problems(401, 403, 503)},
        ),
        _DIRECT(
            "POST",
            f"{BASE}/positions",
            handlers.report,
            "Report which change was applied last",
            description=f"A process that does not report for {FORGOTTEN_AFTER_S:g} s, or for its `staleness_bound` "
            "where that is longer, is forgotten; one that reports `leaving`, at once.",
            body=wire.Position,
            poll=True,
            responses={204: Response("Known to every copy of the registry"), **_WRITE_PROBLEMS},
        ),
    ]


def _signing_keys(handlers: InternalEndpoints) -> Endpoint:
    return _DIRECT(
        "POST",
        f"{BASE}/signing-keys",
        handlers.signing_keys,
        "Report the signing keys",
        body=SigningKeyReport,
        poll=True,
        responses={200: Response("What each gateway has", Gateways), **_WRITE_PROBLEMS},
    )


def _live_tokens(handlers: InternalEndpoints) -> Endpoint:
    return _INTERNAL(
        "GET",
        f"{BASE}/signing-keys/{{kid}}/live-tokens",
        handlers.live_tokens,
        "Count the access tokens of a signing key that have not expired",
        parameters=(KEY,),
        responses={200: Response("How many", LiveTokens), **_problems(401, 403, 404, 503)},
    )


def _trial_stops(handlers: InternalEndpoints) -> Endpoint:
    return _DIRECT(
        "GET",
        f"{BASE}/trial-stops",
        handlers.trial_stops,
        "The stops that are tried, and the scopes that are report-only",
        poll=True,
        responses={200: Response("As of now", ReportOnlyList), **_problems(401, 403, 503)},
    )


def _reports(handlers: InternalEndpoints) -> list[Endpoint]:
    """What services know of calls."""
    kept, durable = "Those that there is room for are kept", "The counts are durable"
    again = "A batch whose `number` is not above the last of its `source` was added before, and is not added again."
    return [
        _report("audit", handlers.audit, "Add lines to the audit trail", wire.AuditBatch, "All lines are durable"),
        _report("refusal-traces", handlers.add_traces, "Report what refused calls met", TraceBatch, kept),
        _report(
            "report-only",
            handlers.add_report_only,
            "Report how many calls would have been refused",
            ReportOnlyBatch,
            durable,
        ),
        _report(
            "quota-notices",
            handlers.add_quota_notices,
            "Report quotas that are nearly or wholly used",
            QuotaNoticeBatch,
            "Their events are durable",
        ),
        _report("usage", handlers.add_usage, "Report how often credentials were used", UsageBatch, durable, again),
    ]


def _report(
    path: str, handler: Handler, summary: str, body: type[BaseModel], done: str, description: str = ""
) -> Endpoint:
    return _DIRECT(
        "POST",
        f"{BASE}/{path}",
        handler,
        summary,
        description=description,
        body=body,
        poll=True,
        responses={204: Response(done), **_WRITE_PROBLEMS},
    )


def _stops(handlers: InternalEndpoints) -> list[Endpoint]:
    return [
        _DIRECT(
            "POST",
            f"{BASE}/held-secrets",
            handlers.end_secret,
            "End a secret, by its holder",
            body=wire.HeldSecret,
            responses={200: Response("It has ended, if it was one", wire.HeldSecretEnded), **_WRITE_PROBLEMS},
        ),
        _DIRECT(
            "POST",
            f"{BASE}/revocations",
            handlers.revoke,
            "Revoke what the registry does not keep",
            body=wire.Revocation,
            responses={200: Response("The revocation is durable", wire.Revoked), **_WRITE_PROBLEMS},
        ),
    ]


def _public_id(prefix: str) -> Parameter:
    pattern = f"^{prefix}_[0-9A-Za-z]{{{opaque.ID_CHARACTERS}}}$"
    example = f"{prefix}_4uVbJm2Qk8ZsX1cT7yNdWa"
    return Parameter(
        "public_id",
        "path",
        "The client's key, or the `kid`.",
        schema={"type": "string", "pattern": pattern, "examples": [example]},
    )


def _problems(*statuses: int) -> dict[int, Response]:
    return {s: Response(PROBLEMS[s], content_type="application/problem+json", schema=PROBLEM) for s in statuses}


_WRITE_PROBLEMS = _problems(400, 401, 403, 413, 415, 422, 503)
