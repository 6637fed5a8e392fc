"""Reports refusals beside their response: each is counted in the metrics, and enters the audit trail."""

from collections.abc import Callable
from types import TracebackType

import structlog

from services.token_issuer.oauth_errors import Refusal, Subject, TooManyWrongSecrets
from services.token_issuer.usage import ClientUsage
from shared.audit.ports import RefusalAudit
from shared.errors import ServiceError
from shared.limits.errors import AddressNotAllowed, BeyondLimit, RateExceeded

log = structlog.get_logger()


class Refusals:
    """`count` gets every error that a request ends in."""

    def __init__(self, audit: RefusalAudit, count: Callable[[ServiceError], None], usage: ClientUsage) -> None:
        self._audit = audit
        self._usage = usage
        self._count = count

    def reporting(self, *, endpoint: str, address: str) -> "_Reporting":
        """Around the handling of one request."""
        return _Reporting(self, endpoint, address)

    def report(self, error: ServiceError, endpoint: str, address: str) -> None:
        """What a request ended in."""
        self._count(error)
        if isinstance(error, (Refusal, TooManyWrongSecrets, RateExceeded, AddressNotAllowed)):
            self._report(error, endpoint, address)

    def _report(self, error: Refusal | TooManyWrongSecrets | BeyondLimit, endpoint: str, address: str) -> None:
        """A line for a client that exists; a count for what only claims to be one."""
        subject, cause, mismatch = error.subject, error.cause or error.description, None
        if isinstance(error, Refusal):
            mismatch = error.mismatch
            if error.cause:
                log.info("request.refused", code=error.code, reason=error.description, detail=error.cause)
        if not isinstance(subject, Subject):
            # The line above, or that of the middleware, has the cause, and not what it begins with.
            has_prefix = mismatch is not None and mismatch.prefix != ""
            self._audit.count_refusal(
                cause=cause,
                endpoint=endpoint,
                client=address,
                logged=bool(error.cause) and not has_prefix,
                mismatch=mismatch,
            )
            return
        self._usage.refused(subject, error, endpoint, address)
        self._audit.note_refusal(
            self._audit.event(
                "token.refused",
                actor="anonymous",
                subject_kind=subject.kind,
                subject=subject.id,
                company_id=subject.company_id,
                detail={"error": error.code, "cause": cause, "endpoint": endpoint, "client": address},
            ),
            mismatch=mismatch,
            stopped=subject.stopped,
        )


class _Reporting:
    __slots__ = ("_address", "_endpoint", "_refusals")

    def __init__(self, refusals: Refusals, endpoint: str, address: str) -> None:
        self._refusals, self._endpoint, self._address = refusals, endpoint, address

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ServiceError):
            self._refusals.report(error, self._endpoint, self._address)
