"""What the rules of report-only counts need of their storage; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyKind, TrialStop

KEPT_DAYS = 30
"""Days for which a day's counts are kept, beside that day."""
BATCH_IDS_KEPT_S = 86400.0
"""Seconds for which a batch that is sent again is recognized."""
MAX_ROWS_A_DAY = 20_000
"""Combinations of company, cause and name that are counted apart in a day; then names, and then companies, are
counted together."""


@dataclass(frozen=True, slots=True)
class ReportOnlyFilter:
    company_id: str | None = None
    cause: str | None = None
    kind: str | None = None
    names: Sequence[str] | None = None
    """Any of these."""
    start: date | None = None
    """Those of this day or later."""
    end: date | None = None
    """Those from before this day."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """The calls of one day that are alike. `number` grows in the order in which the first of each came."""

    number: int
    day: date
    company_id: str
    cause: str
    kind: ReportOnlyKind
    name: str
    count: int
    first_at: datetime
    last_at: datetime
    last_request_id: str


class DefinedScopes(NamedTuple):
    report_only: Sequence[str]
    """The oldest application's first."""
    enforced: Sequence[str]


class ReportOnlyStore(Protocol):
    async def add(self, batch: ReportOnlyBatch) -> None:
        """Add the counts to those of their days. A batch that is known already changes nothing."""
        ...

    async def prune(self) -> None:
        """Delete what is older than `KEPT_DAYS` and `BATCH_IDS_KEPT_S`, by the store's own clock."""
        ...

    async def trials(self) -> Sequence[TrialStop]:
        """Those that have not ended, at most `MAX_TRIAL_STOPS`."""
        ...

    async def scopes(self) -> DefinedScopes:
        """Those that active applications define."""
        ...

    async def defined_scopes(self) -> Sequence[str]:
        """Those that any application defines."""
        ...

    async def newest(self, which: ReportOnlyFilter, before: int | None, limit: int) -> Sequence[DayCount]:
        """The newest first, those with a number below `before` only."""
        ...


class CalledRoutes(Protocol):
    async def was_called(self, route: str, company_id: UUID | None) -> bool:
        """Whether usage knows a call of the route: by a credential of this company, or None: of any."""
        ...
