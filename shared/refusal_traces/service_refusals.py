"""What a refused call met at a service: the error that it ended in, and what was noted for the audit trail."""

from collections.abc import Sequence

from shared.addresses.block import address_block
from shared.audit.mismatch import begins_with
from shared.audit.origin import NotedRefusal
from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from shared.errors import Invalid, MethodNotAllowed, ServiceError
from shared.jose.errors import told_apart
from shared.limits.errors import AddressNotAllowed, RateExceeded
from shared.refusal_traces.causes import CHECKS, comes_after
from shared.refusal_traces.recorder import RefusalTraces
from shared.refusal_traces.steps import failed, found_stopped, passed, shown

MAX_NAME_CHARACTERS = 64
"""Of a member that is wrong: of one that is unknown the client chooses it."""


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
        word = _word(note, error, cause, status)
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
                credential=shown(note.subject or (note.mismatch.prefix if note.mismatch else "")),
                company_id=note.company_id,
                steps=tuple(_steps(word, method, route, note, error)),
            )

        source = f"{note.kind}:{note.subject}" if known else address
        self.record(word, source, known=known, trace=trace)


def _word(note: NotedRefusal, error: ServiceError | None, cause: str, status: int) -> str:
    """The first that is a cause with a check, which are those that docs/refusals.md explains."""
    of_error, code = ("", "") if error is None else (error.cause, error.code)
    known = (word for word in (note.cause, of_error, cause, code) if word in CHECKS)
    return next(known, "internal" if status >= 500 else "invalid_request")


def _wrong_fields(error: Invalid) -> str:
    """The names of all that is wrong, where the description does not say it: of none what it holds."""
    names = dict.fromkeys(shown(each.field)[:MAX_NAME_CHARACTERS] for each in error.errors)
    said = len(names) == 1 and error.description.startswith(f"{error.errors[0].field} ")
    return "" if said else ", ".join(names)


def _steps(cause: str, method: str, route: str, note: NotedRefusal, error: ServiceError | None) -> list[TraceStep]:
    steps = []
    if comes_after(cause, "method"):
        steps.append(passed("route", route))
    if note.subject:
        steps.append(passed("lookup", f"{note.kind} {note.subject}", "a credential that Passgate knows"))
    if isinstance(error, RateExceeded | AddressNotAllowed):
        return [*steps, failed(cause, error.exceeded.found, error.exceeded.expected)]
    if isinstance(error, MethodNotAllowed):
        return [*steps, failed(cause, method, ", ".join(error.allow))]
    if (stopped := note.stopped) is not None:
        return [*steps, found_stopped(cause, stopped.kind, stopped.id)]
    if (mismatch := note.mismatch) is not None:
        found = mismatch.text or f"{cause}: {begins_with(mismatch.prefix)}"
        return [*steps, failed(cause, found, mismatch.expected, kind=mismatch.kind)]
    description = "" if error is None or error.uniform else told_apart(cause, error.description)
    if isinstance(error, Invalid) and (names := _wrong_fields(error)):
        description = f"{description}: {names}"
    steps.append(failed(cause, f"{cause}: {description}" if description else cause))
    return steps
