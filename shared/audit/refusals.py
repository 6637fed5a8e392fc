"""Refused credentials in the audit trail, within bounds that nobody who sends them can move.

A credential that we know (it was looked up or verified) has a line for each refusal, `LINES_PER_CREDENTIAL` a
minute at most, and then one line with the number of the others. What is sent without a credential that we know is
counted by cause, endpoint and the client's address, and becomes one line a minute, whatever the number of requests.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from shared.addresses.block import address_block
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.logging import request_id

WINDOW_S = 60.0
LINES_PER_CREDENTIAL = 60
"""Lines a window for one known credential, before its refusals are counted."""
MAX_CREDENTIALS = 1_000
"""Known credentials that are counted apart in a window; the rest are counted together."""
MAX_SOURCES = 50
"""Combinations of cause, endpoint and client that are counted apart in a window. After that clients become
`OTHER` for as many combinations again, and then the cause and the endpoint too."""
MAX_REQUEST_IDS = 20
"""The latest requests that a line with a count names."""
LOG_LINES_PER_WINDOW = 60
"""Counted refusals that are also logged one by one, with the request's id."""
MAX_TEXT_CHARACTERS = 100
"""Characters of a cause, an endpoint or a client."""
OTHER = "other"
ACTION = "refusals.counted"

Source = tuple[str, str, str]
"""Cause, endpoint, the client's address (of IPv6 its /64)."""


@dataclass(slots=True)
class _Excess:
    """Refusals of one known credential past its lines."""

    event: AuditEvent
    lines: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    request_ids: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_REQUEST_IDS))


class RefusalCounts:
    """The counts of one window, which begins with its first refusal and ends with `take`, once it is `due`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._clear()

    def _clear(self) -> None:
        self._began_at: float | None = None
        """By the monotonic clock."""
        self._since = 0.0
        self._known: dict[str, _Excess] = {}
        self._unknown: Counter[Source] = Counter()
        self._latest: deque[tuple[str, str]] = deque(maxlen=MAX_REQUEST_IDS)
        """Each request's id, and the cause."""
        self._logged = 0

    @property
    def due(self) -> bool:
        return self._began_at is not None and self._clock.monotonic() - self._began_at >= WINDOW_S

    def admit(self, event: AuditEvent) -> bool:
        """Whether this refusal of a known credential gets a line of its own; it is counted if not."""
        self._begin()
        key = event.actor if event.actor != "anonymous" else f"{event.subject_kind}:{event.subject}"
        excess = self._known.get(key)
        if excess is None:
            if len(self._known) >= MAX_CREDENTIALS:
                key, event = OTHER, AuditEvent(action=ACTION, actor="anonymous", at=event.at)
            excess = self._known.setdefault(key, _Excess(event))
        if key != OTHER and excess.lines < LINES_PER_CREDENTIAL:
            excess.lines += 1
            return True
        cause = str(event.detail.get("cause", ""))[:MAX_TEXT_CHARACTERS]
        excess.causes[cause if cause in excess.causes or len(excess.causes) < MAX_SOURCES else OTHER] += 1
        excess.request_ids.append(request_id.get())
        return False

    def count(self, *, cause: str, endpoint: str, client: str) -> bool:
        """Count a refusal of what names no credential that we know; whether it may be logged by itself as well."""
        self._begin()
        cause = cause[:MAX_TEXT_CHARACTERS]
        source = (cause, endpoint[:MAX_TEXT_CHARACTERS], address_block(client)[:MAX_TEXT_CHARACTERS])
        self._unknown[source if source in self._unknown else self._counted_as(*source)] += 1
        self._latest.append((request_id.get(), cause))
        self._logged += 1
        return self._logged <= LOG_LINES_PER_WINDOW

    def take(self) -> list[dict[str, Any]]:
        """The lines of this window, as members of an `AuditEvent` without actor and time; a new window follows."""
        period = {"since": self._since, "until": self._clock.now()}
        lines = [
            {
                "action": ACTION,
                "subject_kind": excess.event.subject_kind,
                "subject": excess.event.subject,
                "company_id": excess.event.company_id,
                "detail": {
                    "refused": excess.event.action,
                    "credential": key,
                    "count": excess.causes.total(),
                    "causes": dict(excess.causes),
                    "request_ids": list(excess.request_ids),
                    **period,
                },
            }
            for key, excess in self._known.items()
            if excess.causes
        ]
        if self._unknown:
            sources = [
                {"cause": cause, "endpoint": endpoint, "client": client, "count": count}
                for (cause, endpoint, client), count in self._unknown.most_common()
            ]
            latest = [{"request_id": id_, "cause": cause} for id_, cause in self._latest]
            detail = {"count": self._unknown.total(), "sources": sources, "latest": latest, **period}
            lines.append({"action": ACTION, "subject_kind": "unknown_credential", "detail": detail})
        self._clear()
        return lines

    def _begin(self) -> None:
        if self._began_at is None:
            self._began_at, self._since = self._clock.monotonic(), self._clock.now()

    def _counted_as(self, cause: str, endpoint: str, client: str) -> Source:
        for source, bound in (
            ((cause, endpoint, client), MAX_SOURCES),
            ((cause, endpoint, OTHER), 2 * MAX_SOURCES),
        ):
            if source in self._unknown or len(self._unknown) < bound:
                return source
        return (OTHER, OTHER, OTHER)
