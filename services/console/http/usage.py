"""How much was called lately, for the pages of a company and of a credential."""

from collections.abc import Mapping, Sequence

from services.console.pages.sparkline import Sparkline, sparklines_of
from services.console.pages.usage import Week, first_day, week_of
from services.console.session import Session
from shared.clock import Clock
from shared.errors import Unavailable


class RecentUsage:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def week(self, session: Session, **which: str) -> Week | None:
        """Of a `company_id` or a `credential_id`. None: not known now; a page is shown without it."""
        first = first_day(self._clock.now())
        start = f"{first.isoformat()}T00:00:00Z"
        try:
            page = await session.api.get("/usage", by="day", limit="50", **{"from": start}, **which)
        except Unavailable:
            return None
        return week_of(page["items"], first)

    async def sparklines(self, session: Session, ids: Sequence[str]) -> Mapping[str, Sparkline] | None:
        """Of these credentials, by id. None: not known now."""
        if not ids:
            return {}
        try:
            found = await session.api.get("/usage/credentials", credential_id=",".join(ids))
        except Unavailable:
            return None
        return sparklines_of(found["items"])
