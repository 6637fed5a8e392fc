"""What is written down about a request once it is over: its access-log line, its metrics, and its audit line."""

import time
from collections.abc import Mapping
from types import MappingProxyType

from gateway.credentials.identity import RefusedCredential
from gateway.decision import Forward
from gateway.http1.request import BadRequest, RequestHead
from gateway.metrics import GatewayMetrics
from gateway.origin import Origin
from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream.failure_log import UpstreamFailureLog
from gateway.refusal import Refusal
from shared.audit.trail import RefusalAudit
from shared.logging import access, request_id

CLIENT_LEFT = 499
LIVE = "/health/live"
MAX_LOGGED_PATH_LENGTH = 512
_NOTHING: Mapping[str, object] = MappingProxyType({})


class Call:
    """One request on its way, and what will be written down about it."""

    __slots__ = (
        "cause",
        "company",
        "credential",
        "detail",
        "head",
        "origin",
        "request_id",
        "route",
        "started",
        "status",
        "upstream_seconds",
    )

    def __init__(self, head: RequestHead | BadRequest, origin: Origin, request_id: str) -> None:
        self.head = head
        self.origin = origin
        self.request_id = request_id
        self.started = time.perf_counter()
        self.route = "unmatched"
        self.status = 0
        """Of the response; 0 as long as none has begun."""
        self.cause = ""
        self.company = ""
        self.credential = ""
        self.detail: Mapping[str, object] = _NOTHING
        self.upstream_seconds = 0.0


class Report:
    def __init__(self, audit: RefusalAudit, metrics: GatewayMetrics) -> None:
        self._audit = audit
        self._metrics = metrics
        self._failures = UpstreamFailureLog(metrics)

    def refused(self, call: Call, refusal: Refusal) -> None:
        call.route, call.cause, call.detail = refusal.route, refusal.cause, refusal.detail
        self._metrics.refused(refusal.route, refusal.cause)
        refused = refusal.credential
        if refused is not None:
            call.company, call.credential, call.detail = refused.company, refused.subject, refused.detail
            request_id.set(call.request_id)
            report_refusal(self._audit, refused, route=refusal.route, origin=call.origin)

    def upstream_responded(self, call: Call, forward: Forward, seconds: float) -> None:
        call.upstream_seconds = seconds
        self._metrics.upstream_responded(call.route, forward.route.upstream.name, seconds)

    def upstream_failed(self, call: Call, forward: Forward, error: UpstreamFailed) -> None:
        request_id.set(call.request_id)
        self._failures.note(forward, error)

    def ended(self, call: Call) -> None:
        seconds = time.perf_counter() - call.started
        head = call.head
        method, target = (head.method, head.target) if isinstance(head, RequestHead) else ("-", "-")
        status = call.status or CLIENT_LEFT
        self._metrics.observe(call.route, method, status, seconds)
        if call.route == LIVE:
            return
        line = {
            "request_id": call.request_id,
            "method": method,
            "route": call.route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "upstream_ms": round(call.upstream_seconds * 1000, 2),
            **call.origin.log_fields,
        }
        if call.company:
            line["company"], line["credential"] = call.company, call.credential
        if call.cause:
            line["cause"] = call.cause
        known = bool(call.company) and not call.cause and status < 400
        access(
            {"path": target.partition("?")[0][:MAX_LOGGED_PATH_LENGTH], **call.detail},
            own=line,
            sample=None if known else ("request", call.route, str(status), call.cause),
        )


def report_refusal(audit: RefusalAudit, refused: RefusedCredential, *, route: str, origin: Origin) -> None:
    """A line under the request's id for a credential that we know, without the credential itself; else a count.

    Known is what was verified here. Claims of a token whose signature does not hold say nothing.
    """
    if refused.noted:
        return
    if refused.company_id is None:
        audit.count_refusal(cause=refused.cause, endpoint=route, client=origin.client, logged=True)
        return
    audit.note_refusal(
        audit.event(
            "credential.refused",
            actor="anonymous",
            subject_kind=refused.kind,
            subject=refused.subject,
            company_id=refused.company_id,
            detail={"cause": refused.cause, **refused.detail, "route": route, **origin.log_fields},
        )
    )
