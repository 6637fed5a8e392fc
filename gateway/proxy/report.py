"""What is written down about a request once it is over: its access-log line, its metrics, and its audit line."""

import time
from collections.abc import Mapping
from types import MappingProxyType

from gateway.credentials.call_usage import CLIENT_LEFT_STATUS, CallUsage
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.edge.client_origin import Origin
from gateway.forwarding.forward import Forward
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.metrics import GatewayMetrics
from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.refusal_trace import record_refusal
from gateway.proxy.upstream.failure_log import UpstreamFailureLog
from gateway.refused_calls.problems import Refusal
from shared.audit.ports import RefusalAudit
from shared.logging import access, access_admits, access_rendered, rendered_fields, request_id
from shared.logging.redaction import cut
from shared.metrics import DurationSeries
from shared.refusal_traces.recorder import RefusalTraces
from shared.usage.cells import Cell

LIVE_PATH = "/health/live"
"""Called so often, by what watches the process, that it has no access-log line."""
MAX_LOGGED_PATH_LENGTH = 512
MAX_CACHED_CALLS = 4096
_NOTHING: Mapping[str, object] = MappingProxyType({})


class Call:
    """One request on its way, and what will be written down about it."""

    __slots__ = (
        "cause",
        "company",
        "credential",
        "detail",
        "head",
        "identity",
        "origin",
        "repeated_call",
        "request_id",
        "route",
        "started",
        "status",
        "trace_id",
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
        self.identity: Identity | None = None
        """Of a call that was let through, and is counted when it ends."""
        self.company = ""
        self.credential = ""
        self.detail: Mapping[str, object] = _NOTHING
        self.upstream_seconds = 0.0
        self.repeated_call: RepeatedCall | None = None
        """As of a `Forward`."""
        self.trace_id = ""
        """Of the trace that it belongs to, where the gateway takes part in tracing."""


class Report:
    def __init__(
        self,
        audit: RefusalAudit,
        metrics: GatewayMetrics,
        traces: RefusalTraces | None = None,
        usage: CallUsage | None = None,
    ) -> None:
        self._audit = audit
        self._usage = usage
        self._traces = traces
        self._metrics = metrics
        self._upstream_durations = metrics.upstream_durations
        self._failures = UpstreamFailureLog(metrics)
        self._cache: BoundedCache[tuple[str | int, ...], _CachedReport] = BoundedCache(MAX_CACHED_CALLS)

    def refused(self, call: Call, refusal: Refusal) -> None:
        call.route, call.cause, call.detail = refusal.route, refusal.cause, refusal.detail
        self._metrics.refused(refusal.route, refusal.cause)
        if self._traces is not None:
            record_refusal(self._traces, refusal, call.head, call.origin, call.request_id, refusal.status)
        refused = refusal.credential
        if refused is not None:
            call.company, call.credential, call.detail = refused.company, refused.credential, refused.detail
            if self._usage is not None:
                call.identity = None
                self._usage.refused(refused, refusal.route, call.origin.client)
            request_id.set(call.request_id)
            report_refusal(self._audit, refused, route=refusal.route, origin=call.origin)

    def cut(self, call: Call, refusal: Refusal) -> None:
        """A response that has begun ends before its time."""
        call.cause, call.detail = refusal.cause, refusal.detail
        if self._traces is not None:
            record_refusal(self._traces, refusal, call.head, call.origin, call.request_id, call.status)
        refused = refusal.credential
        if refused is not None:
            call.detail = refused.detail
            request_id.set(call.request_id)
            report_refusal(self._audit, refused, route=refusal.route, origin=call.origin)

    def upstream_responded(self, call: Call, forward: Forward, seconds: float) -> None:
        call.upstream_seconds = seconds
        self._upstream_durations.observe(seconds, call.route, forward.route.upstream.name)

    def upstream_failed(self, call: Call, forward: Forward, error: UpstreamFailed) -> None:
        request_id.set(call.request_id)
        self._failures.note(forward, error)

    def ended(self, call: Call) -> None:
        seconds = time.perf_counter() - call.started
        head = call.head
        known = bool(call.company) and not call.cause and 0 < call.status < 400
        if known and not call.detail and isinstance(head, RequestHead):
            cached = self._cached_report(call, head)
            cached.durations.observe(seconds)
            if (cell := cached.cell) is not None:
                if cell.closed:
                    cell = cached.cell = self._cell(call) or cell
                cell.calls += 1
            access_rendered(
                cached.fields, call.request_id, seconds * 1000, call.upstream_seconds * 1000, trace_id=call.trace_id
            )
            return
        method, target = (head.method, head.target) if isinstance(head, RequestHead) else ("-", "-")
        status = call.status or CLIENT_LEFT_STATUS
        if call.identity is not None and self._usage is not None:
            self._usage.ended(call.identity, call.route, status, call.cause, call.origin.client)
        self._metrics.requests(call.route, method, status).observe(seconds)
        if known or (call.route != LIVE_PATH and access_admits(("request", call.route, str(status), call.cause))):
            self._log(call, method, target, status, seconds, sampled=not known)

    def _log(self, call: Call, method: str, target: str, status: int, seconds: float, *, sampled: bool) -> None:
        line = {
            "request_id": call.request_id,
            "duration_ms": round(seconds * 1000, 2),
            "upstream_ms": round(call.upstream_seconds * 1000, 2),
            **_fields_of(call, method, status),
        }
        if call.trace_id:
            line["trace_id"] = call.trace_id
        if call.cause:
            line["cause"] = call.cause
        access({"path": _logged_path(target), **call.detail}, own=line, sampled=sampled)

    def _cached_report(self, call: Call, head: RequestHead) -> "_CachedReport":
        repeated = call.repeated_call
        if repeated is None:
            return self._cached_report_by_key(call, head)
        cached = repeated.report
        if not isinstance(cached, _CachedReport) or cached.status != call.status:
            cached = repeated.report = self._cached_report_by_key(call, head)
        return cached

    def _cached_report_by_key(self, call: Call, head: RequestHead) -> "_CachedReport":
        path, origin, status = _logged_path(head.target), call.origin, call.status
        version = 0 if call.identity is None else call.identity.version
        caller = (call.company, call.credential, version)
        key = (call.route, head.method, path, status, *caller, origin.client, origin.peer)
        cached = self._cache.get(key)
        if cached is None:
            fields = rendered_fields({"path": path}, _fields_of(call, head.method, status))
            durations = self._metrics.requests(call.route, head.method, status)
            cached = _CachedReport(status, fields, durations, self._cell(call))
            self._cache.put(key, cached)
        return cached

    def _cell(self, call: Call) -> Cell | None:
        if self._usage is None or call.identity is None:
            return None
        return self._usage.cell(call.identity, call.route, "accepted", "", call.origin.client)


class _CachedReport:
    """What is the same of all calls that are alike: `fields` are those of the access-log line, rendered once."""

    __slots__ = ("cell", "durations", "fields", "status")

    def __init__(self, status: int, fields: bytes, durations: DurationSeries, cell: Cell | None) -> None:
        self.cell = cell
        self.status = status
        self.fields = fields
        self.durations = durations


def _fields_of(call: Call, method: str, status: int) -> dict[str, object]:
    """Those of its access-log line that are the same for all calls that are alike."""
    fields: dict[str, object] = {
        "method": method,
        "route": call.route,
        "status": status,
        **call.origin.log_fields,
    }
    if call.company:
        fields["company"], fields["credential"] = call.company, call.credential
    return fields


def _logged_path(target: str) -> str:
    path = target if "?" not in target else target.partition("?")[0]
    return cut(path, MAX_LOGGED_PATH_LENGTH)


def report_refusal(audit: RefusalAudit, refused: RefusedCredential, *, route: str, origin: Origin) -> None:
    """A line under the request's id for a credential that we know, without the credential itself; else a count.

    Known is what was verified here. Claims of a token whose signature is invalid say nothing.
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
            subject=refused.credential,
            company_id=refused.company_id,
            detail={"cause": refused.cause, **refused.detail, "endpoint": route, **origin.log_fields},
        )
    )
