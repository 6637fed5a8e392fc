"""What a leak report is about: where a string was found and who says so, and what became of what it held."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from services.key_registry.catalog.permissions import Admin
from shared import opaque
from shared.contracts.key_registry import Kind
from shared.logging.redaction import redacted

Ending = Literal["ended", "already_ended", "unknown", "not_ours", "left_out"]
"""`unknown` has the form of a secret of ours and was never one; `not_ours` has not even that. `left_out`: there
may be secrets that were not looked at."""

FoundKind = Kind | Literal["person_session", "invitation", "portal_session", "password_reset"]

MAX_URL_CHARACTERS = 2048
MAX_SOURCE_CHARACTERS = 255


@dataclass(frozen=True)
class Report:
    """`actor` as in the audit trail. What is `given` may hold secrets; `detail` holds none."""

    actor: str
    given: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, actor: str, *, url: str | None = None, source: str | None = None, **detail: Any) -> "Report":
        return cls(actor, {"url": url, "source": source, **detail})

    @cached_property
    def detail(self) -> Mapping[str, Any]:
        """For the audit line and the event. What may be a secret is redacted: only once something has ended, since
        whoever reports chooses how long that takes."""
        return {"reason": "leaked", **{name: redacted(text) for name, text in self.given.items() if text}}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one string was, as far as it was anything."""

    outcome: Ending
    kind: FoundKind | None = None
    id: str | None = None
    """The registry's id of the credential, or the `jti` of an access token."""
    version: int | None = None
    name: str | None = None
    """What people know the credential by; of an access token the public id of the one that it was issued to."""
    last_four: str | None = None
    company_id: str | None = None
    receipt: int | None = None

    @property
    def real(self) -> bool:
        """Whether it is, or once was, a credential of ours."""
        return self.outcome in ("ended", "already_ended")


NOT_OURS = Finding("not_ours")
LEFT_OUT = Finding("left_out")
EndFound = Callable[[str, Report, Admin | None], Awaitable[Finding | None]]
"""What a secret was, once it has ended; None when nobody has it, or not for the admin. Raises `Unavailable`."""


def unknown(secret: str) -> Finding:
    """Of a secret that is well formed, and that nobody has."""
    return Finding("unknown", last_four=opaque.last_four(secret))
