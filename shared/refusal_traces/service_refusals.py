"""What a refused call met at a service: the error that it ended in, and what was noted for the audit trail."""

from collections.abc import Sequence

from shared.audit.origin import NotedRefusal
from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from shared.errors import ServiceError
from shared.http.client_address import address_block
from shared.limits.errors import AddressNotAllowed, RateExceeded
from shared.refusal_traces.causes import CHECKS, comes_after
from shared.refusal_traces.presented import begins_with
from shared.refusal_traces.recorder import RefusalTraces
from shared.refusal_traces.steps import failed, passed, shown


class ServiceRefusals(RefusalTraces):
    """Of a service, whose middleware says how each refused request ended."""

    def record_response(
        self,
        *,
        request_id: str,
        method: str,
        path: str,
        route: str,
        status: int,
        client: str,
        error: ServiceError | None,
        noted: Sequence[NotedRefusal],
        cause: str,
    ) -> None:
        """`cause`: that of a response which is no error. Nothing, if there are too many like it."""
        note = noted[-1] if noted else NotedRefusal(cause)
        word = _word(note.cause, getattr(error, "cause", ""), "" if error is None else error.detail, cause)
        word = word or ("" if error is None else error.code) or "invalid_request"
        known = note.company_id is not None
        address = address_block(client)

        def trace(at: float, service: str, process: str) -> RefusalTrace:
            return RefusalTrace(
                request_id=request_id,
                at=at,
                service=service,
                process=process,
                route=shown(route),
                method=shown(method)[:32],
                path=shown(path),
                status=status,
                cause=word[:64],
                client=address[:64],
                credential_kind=note.kind,
                credential=shown(note.subject or note.presented),
                company_id=note.company_id,
                steps=tuple(_steps(word, route, note, error)),
            )

        source = f"{note.kind}:{note.subject}" if known else address
        self.record(word, source, known=known, trace=trace)


def _word(*candidates: str) -> str:
    return next((one for one in candidates if one in CHECKS), "")


def _steps(cause: str, route: str, note: NotedRefusal, error: ServiceError | None) -> list[TraceStep]:
    steps = []
    if comes_after(cause, "method"):
        steps.append(passed("route", route))
    if note.subject:
        steps.append(passed("lookup", f"{note.kind} {note.subject}", "a credential that Passgate knows"))
    if isinstance(error, RateExceeded | AddressNotAllowed):
        return [*steps, failed(cause, error.exceeded.found, error.exceeded.expected)]
    found, expected = getattr(error, "found", ""), getattr(error, "expected", "")
    if found or note.presented:
        return [*steps, failed(cause, found or f"{cause}: {begins_with(note.presented)}", expected)]
    description = "" if error is None else error.description
    steps.append(failed(cause, f"{cause}: {description}" if description else cause))
    return steps
