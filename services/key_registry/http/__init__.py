"""The table of endpoints, with what OpenAPI says of each."""

from collections.abc import Sequence
from functools import partial

from services.key_registry.catalog.responses import (
    Receipt,
)
from services.key_registry.http.audit import AuditEndpoint, audit_endpoints
from services.key_registry.http.authentication import render_error
from services.key_registry.http.decisions import DecisionEndpoints
from services.key_registry.http.error_pages import error_page_endpoint
from services.key_registry.http.internal import InternalEndpoints
from services.key_registry.http.internal_table import SERVICE_TOKEN, internal_endpoints
from services.key_registry.http.leaks.reports import LeakEndpoint, leak_endpoint
from services.key_registry.http.notices.events import EventEndpoint, event_endpoints
from services.key_registry.http.notices.webhook_table import webhook_endpoints
from services.key_registry.http.notices.webhooks import WebhookEndpoints
from services.key_registry.http.objects import PATCH_TYPES, ResourceEndpoints, status_endpoints, trial_endpoints
from services.key_registry.http.operations.table import OperationHandlers, operation_endpoints
from services.key_registry.http.people.table import PeopleHandlers, people_endpoints
from services.key_registry.http.receipts import ReceiptEndpoint
from services.key_registry.http.report_only import ReportOnlyEndpoint, report_only_endpoint
from services.key_registry.http.revocations import RevocationEndpoints, revocation_endpoints
from services.key_registry.http.rotation import RotationEndpoints, rotation_endpoints
from services.key_registry.http.schemas import (
    BASE,
    DECISION_FILTERS,
    DECISIONS,
    IDEMPOTENCY_KEY,
    PAGING,
    RECEIPTS,
    SEARCH,
    SIGNING_KEYS,
    WAIT,
    filter_parameter,
    page_model,
    problems,
)
from services.key_registry.http.search import SearchEndpoint, search_endpoint
from services.key_registry.http.signing_keys import SigningKeyEndpoint
from services.key_registry.http.usage.calls import UsageEndpoint, usage_endpoint
from services.key_registry.http.usage.credentials import CredentialUsageEndpoint, credential_usage_endpoint
from services.key_registry.http.usage.impact import ImpactEndpoint, impact_endpoints
from services.key_registry.operations.signing_keys.responses import SigningKeysResponse
from services.key_registry.refused_calls.refusal_traces.responses import DecisionResponse
from shared.http.endpoints import Endpoint, Response

ADMIN_TOKEN = "admin_token"
_BEARER = "An admin token (`pgad_...`), or the token of a person's or a portal session (`pgps_...`)."
SECURITY_SCHEMES = {
    ADMIN_TOKEN: {"type": "http", "scheme": "bearer", "description": _BEARER},
    SERVICE_TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Services alone."},
}
_ADMIN = partial(Endpoint, security=ADMIN_TOKEN, render_error=render_error)


def endpoints(
    *,
    resources: Sequence[ResourceEndpoints],
    rotations: Sequence[RotationEndpoints],
    audit: AuditEndpoint,
    receipts: ReceiptEndpoint,
    revocations: RevocationEndpoints,
    decisions: DecisionEndpoints,
    signing_keys: SigningKeyEndpoint,
    events: EventEndpoint,
    webhooks: WebhookEndpoints,
    people: PeopleHandlers,
    report_only: ReportOnlyEndpoint,
    leaks: LeakEndpoint,
    usage: UsageEndpoint,
    credential_usage: CredentialUsageEndpoint,
    impact: ImpactEndpoint,
    search: SearchEndpoint,
    operations: OperationHandlers,
    internal: InternalEndpoints,
) -> list[Endpoint]:
    return [
        *(endpoint for handlers in resources for endpoint in _resource(handlers)),
        *(endpoint for rotation in rotations for endpoint in rotation_endpoints(rotation, _ADMIN)),
        *audit_endpoints(audit, _ADMIN),
        _receipt(receipts),
        *revocation_endpoints(revocations, _ADMIN),
        *_decisions(decisions),
        _signing_keys(signing_keys),
        *event_endpoints(events, _ADMIN),
        *webhook_endpoints(webhooks, _ADMIN),
        *people_endpoints(people, _ADMIN),
        report_only_endpoint(report_only, _ADMIN),
        leak_endpoint(leaks, _ADMIN),
        error_page_endpoint(),
        usage_endpoint(usage, _ADMIN),
        credential_usage_endpoint(credential_usage, _ADMIN),
        *impact_endpoints(impact, _ADMIN),
        search_endpoint(search, _ADMIN),
        *operation_endpoints(operations, _ADMIN),
        *internal_endpoints(internal),
    ]


def _resource(handlers: ResourceEndpoints) -> list[Endpoint]:
    resource, all_, one = handlers.resource, handlers.path, f"{handlers.path}/{{id}}"
    endpoint = partial(_ADMIN, tag=resource.path)
    created = Response("Created. What is secret is shown this once.", resource.created_response)
    page = Response("One page", page_model(resource.response))
    shown = Response(f"The {resource.noun}", resource.response)
    found = [
        endpoint(
            "POST",
            all_,
            handlers.create,
            f"Create {resource.a_noun}",
            body=resource.create,
            parameters=(IDEMPOTENCY_KEY,),
            responses={201: created, **problems(400, 401, 403, 409, 413, 415, 422, 503)},
        ),
        endpoint(
            "GET",
            all_,
            handlers.page,
            f"List {resource.path}, the newest first",
            parameters=(SEARCH, *map(filter_parameter, resource.filters), *PAGING),
            responses={200: page, **problems(401, 403, 422, 503)},
        ),
        endpoint(
            "GET",
            one,
            handlers.show,
            f"Show {resource.a_noun}",
            responses={200: shown, **problems(401, 403, 404, 503)},
        ),
        endpoint(
            "PATCH",
            one,
            handlers.change,
            f"Change {resource.a_noun}",
            body=resource.change,
            body_content_types=PATCH_TYPES,
            responses={200: shown, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
        ),
    ]
    found += status_endpoints(handlers, endpoint) + trial_endpoints(handlers, endpoint)
    if resource.deletable != "never":
        responses = {204: Response("Deleted"), **problems(401, 403, 404, 409, 503)}
        found.append(endpoint("DELETE", one, handlers.delete, f"Delete {resource.a_noun}", responses=responses))
    return found


def _decisions(handlers: DecisionEndpoints) -> list[Endpoint]:
    endpoint = partial(_ADMIN, "GET", tag="decisions", description=DECISIONS)
    return [
        endpoint(
            f"{BASE}/decisions/{{request_id}}",
            handlers.show,
            "Show what a refused call met, step by step",
            responses={
                200: Response("The checks, in order", DecisionResponse),
                **problems(401, 403, 404, 422, 503),
            },
        ),
        endpoint(
            f"{BASE}/decisions",
            handlers.page,
            "List refused calls, the newest first",
            parameters=(*DECISION_FILTERS, *PAGING),
            responses={200: Response("One page", page_model(DecisionResponse)), **problems(401, 403, 422, 503)},
        ),
    ]


def _receipt(handlers: ReceiptEndpoint) -> Endpoint:
    return _ADMIN(
        "GET",
        f"{BASE}/receipts/{{id}}",
        handlers.show,
        "Show who has applied a change",
        tag="receipts",
        description=RECEIPTS,
        parameters=WAIT,
        responses={200: Response("The receipt", Receipt), **problems(401, 403, 404, 422, 503)},
    )


def _signing_keys(handlers: SigningKeyEndpoint) -> Endpoint:
    return _ADMIN(
        "GET",
        f"{BASE}/signing-keys",
        handlers.show,
        "List the signing keys, and the gateways that lack one",
        tag="signing-keys",
        description=SIGNING_KEYS,
        responses={200: Response("The keys", SigningKeysResponse), **problems(401, 403, 422, 503)},
    )
