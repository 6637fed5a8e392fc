"""What a refused call met at the gateway, step by step. Nothing is checked here: it is decided already."""

from collections.abc import Mapping

from gateway.credentials.refused import RefusedCredential
from gateway.edge.client_origin import Origin
from gateway.http1.request_head import RequestHead
from gateway.refused_calls.problems import Refusal
from shared.addresses.block import address_block
from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from shared.jose.errors import InvalidToken
from shared.jose.verifier import parse
from shared.opaque import claimed_prefix
from shared.refusal_traces.causes import comes_after
from shared.refusal_traces.recorder import RefusalTraces
from shared.refusal_traces.steps import failed, found_stopped, passed, shown

NO_ROUTE = "unmatched"
_UPSTREAM_CAUSES = {
    "connect_timeout": "no connection came within connect_timeout",
    "response_timeout": "no response began within response_timeout",
    "response_stalled": "no more of the response came within idle_timeout",
    "invalid_response": "the response is invalid",
    "connections_in_use": "no connection to spare",
}
"""Of those that have no reason that says it all."""


def record_refusal(
    traces: RefusalTraces, refusal: Refusal, head: object, origin: Origin, request_id: str, status: int
) -> None:
    """Nothing, if there are too many like it."""
    refused = refusal.credential
    known = refused is not None and refused.company_id is not None
    client = address_block(origin.client)
    source = f"{refused.kind}:{refused.credential}" if known and refused is not None else client

    def trace(at: float, service: str, process: str) -> RefusalTrace:
        request = head if isinstance(head, RequestHead) else None
        return RefusalTrace(
            request_id=request_id,
            at=at,
            service=service,
            process=process,
            route=shown(refusal.route),
            method=shown(request.method)[:32] if request else "",
            path=shown(request.target.partition("?")[0]) if request else "",
            status=status,
            cause=refusal.cause,
            client=client,
            credential_kind="" if refused is None else refused.kind,
            credential=_credential(refusal, request),
            company_id=refused.company_id if refused is not None else None,
            steps=tuple(_steps(refusal, request)),
        )

    traces.record(refusal.cause, source, known=known, trace=trace)


def _steps(refusal: Refusal, request: RequestHead | None) -> list[TraceStep]:
    """Those that have passed for certain, and the one that failed."""
    cause, steps = refusal.cause, []
    if request is not None and comes_after(cause, "request"):
        steps.append(passed("request", f"{request.method} {request.target.partition('?')[0]}"))
    if refusal.route != NO_ROUTE and comes_after(cause, "method"):
        steps += [passed("route", refusal.route), passed("method", request.method if request else "")]
    refused = refusal.credential
    if refused is not None and comes_after(cause, "credential"):
        sent = _name_of(request) or "a credential"
        steps.append(passed("credential", sent, "a credential of a kind that the route accepts"))
        if refused.credential:
            found = f"{refused.kind} {refused.credential} of {refused.company or refused.company_id}"
            steps.append(passed("genuine", found, "a credential that Passgate has issued, unchanged"))
        if comes_after(cause, "status"):
            steps.append(passed("status", "active", "the credential and what it depends on are active"))
    steps.append(_failed(refusal, refused, request))
    return steps


def _failed(refusal: Refusal, refused: RefusedCredential | None, request: RequestHead | None) -> TraceStep:
    detail = {**refusal.detail, **(refused.detail if refused is not None else {})}
    if (mismatch := refusal.mismatch) is not None:
        return failed(refusal.cause, mismatch.text, mismatch.expected, kind=mismatch.kind)
    if "needed_scopes" in detail:
        return failed(refusal.cause, detail["granted_scopes"], str(detail["needed_scopes"]))
    if isinstance(stopped := detail.get("stopped"), Mapping):
        return found_stopped(refusal.cause, str(stopped["kind"]), str(stopped["id"]))
    if refused is not None and (refused.found is not None or refused.expected):
        found = detail.get("reason", "") if refused.found is None else refused.found
        return failed(refusal.cause, found, refused.expected, kind=refused.found_kind)
    if "upstream" in detail:
        return failed(refusal.cause, _upstream_failure(refusal.cause, detail))
    allowed = dict(refusal.fields).get("Allow", "")
    if request is not None and refusal.cause == "no_route":
        path = request.target.partition("?")[0]
        return failed(refusal.cause, f"{f'host {request.host}' if request.host else 'no host'}, path {path}")
    if request is not None and refusal.cause == "method_not_allowed":
        return failed(refusal.cause, request.method, allowed)
    said = refusal.description if refused is None else refusal.cause
    return failed(refusal.cause, detail.get("reason") or said, allowed)


def _upstream_failure(cause: str, detail: Mapping[str, object]) -> str:
    """Which upstream it was, where, and what went wrong."""
    words = [str(word) for word in (_UPSTREAM_CAUSES.get(cause), detail.get("reason")) if word]
    return f"upstream {detail['upstream']} at {detail['address']}: {': '.join(words)}"


def _credential(refusal: Refusal, request: RequestHead | None) -> str:
    refused = refusal.credential
    if refused is None:
        return refusal.mismatch.prefix if refusal.mismatch else ""
    return shown(refused.credential) or refused.prefix or _name_of(request)


def _name_of(request: RequestHead | None) -> str:
    """What says which credential it is and is no secret: the prefix of its kind, or the `kid` of a JWT."""
    if request is None:
        return ""
    if request.authorization is not None:
        token = request.authorization.partition(" ")[2].strip()
        try:
            return f"kid {shown(parse(token).header.kid)}"
        except InvalidToken:
            return claimed_prefix(token) or "a bearer token"
    for name in ("x-api-token", "x-api-key"):
        for value in request.values(name):
            return claimed_prefix(value) or "a token in X-Api-Token"
    return "a session token in the query" if "apitoken=" in request.target else ""
