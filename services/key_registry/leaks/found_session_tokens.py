"""Ends a session token that was found: the line of the audit trail about its creation says whose it is.

The registry knows session tokens by their ids alone, which come from the token and do not lead back to it.
"""

from datetime import timedelta

from services.key_registry.admin.revocations import Revocations
from services.key_registry.audit_trail.chain import AuditFilter
from services.key_registry.audit_trail.ports import AuditLines
from services.key_registry.catalog.field_types import MAX_TTL_S, instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.leaks.finding import Ending, Finding, Report
from shared.clock import Clock
from shared.contracts.key_registry import Revocation

CREATED = "session_token.created"
MARGIN = timedelta(minutes=2)
"""After its end for which the revocation is kept: clocks differ."""


class FoundSessionTokens:
    """One that was created a moment ago is not known yet: its line comes within seconds. Again changes nothing."""

    def __init__(self, lines: AuditLines, revocations: Revocations, clock: Clock) -> None:
        self._lines = lines
        self._revocations = revocations
        self._clock = clock

    async def end(self, id_: str, report: Report, *, by: Admin | None) -> Finding | None:
        """What the token with this id was, once it has ended; None when there is none, or not for `by`.

        Raises `Unavailable`.
        """
        now = self._clock.now()
        which = AuditFilter(subject=id_, action=CREATED, after=instant(now - MAX_TTL_S) - MARGIN)
        lines = await self._lines.newest(which, None, 1)
        if not lines:
            return None
        [line] = lines
        if by is not None and by.company_id is not None and str(by.company_id) != line.company_id:
            return None
        ttl = line.detail.get("ttl", MAX_TTL_S)  # None of it is left of a company that was erased
        until = line.at.timestamp() + ttl + MARGIN.total_seconds()
        if until <= now:
            return Finding("already_ended", kind="session_token", id=id_, company_id=line.company_id)
        revocation = Revocation(
            kind="session_token", id=id_, until=until, company_id=line.company_id, reason="leaked", leaked=True
        )
        receipt, is_new = await self._revocations.end(revocation, report.actor, report.detail, by=by)
        outcome: Ending = "ended" if is_new else "already_ended"
        return Finding(outcome, kind="session_token", id=id_, company_id=line.company_id, receipt=receipt)
