"""What becomes of a refusal besides its answer: it is counted, and leaves a line in the audit trail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.token_issuer.oauth_errors import Refusal, TooManyWrongSecrets
from shared.audit import Audit
from shared.errors import ServiceError


class Refusals:
    """`count` gets every error that a request ends in."""

    def __init__(self, audit: Audit, count: Callable[[ServiceError], None]) -> None:
        self._audit = audit
        self._count = count

    @contextmanager
    def told(self, *, endpoint: str, address: str) -> Iterator[None]:
        """Around the handling of one request."""
        try:
            yield
        except ServiceError as error:
            self._count(error)
            if isinstance(error, (Refusal, TooManyWrongSecrets)):
                self._note(error, endpoint, address)
            raise

    def _note(self, error: Refusal | TooManyWrongSecrets, endpoint: str, address: str) -> None:
        subject = error.subject
        self._audit.note(
            self._audit.event(
                "token.refused",
                actor="anonymous",
                subject_kind=subject.kind if subject else "",
                subject=subject.id if subject else "",
                company_id=subject.company_id if subject else None,
                detail={
                    "error": error.code,
                    "cause": error.detail or error.description,
                    "endpoint": endpoint,
                    "address": address,
                },
            )
        )
