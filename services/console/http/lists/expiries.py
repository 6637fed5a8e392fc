"""What ends when: a calendar, and the credentials of one day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from services.console.http.lists.filtered_list import MAX_FILTER_CHARACTERS, NO_DAY
from services.console.pages.credentials.expiries import CALENDAR_DAYS, WEEKDAYS, credentials_of, months_of
from services.console.pages.needs_attention import CHECKS
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.clock import Clock
from shared.errors import Unprocessable

PER_PAGE = "100"


class ExpiryPages:
    def __init__(self, renderer: Renderer, clock: Clock) -> None:
        self._renderer = renderer
        self._clock = clock

    async def show(self, request: web.Request, session: Session) -> web.Response:
        """With a `day` its credentials; raises `Unprocessable` for what is no day."""
        company = request.query.get("company_id", "").strip()[:MAX_FILTER_CHARACTERS]
        if typed := request.query.get("day", ""):
            values = await self._day(request, session, company, _day(typed))
        else:
            values = await self._calendar(session, company)
        return self._renderer.page(
            "lists/expiries.html", session=session, company=company, checks=CHECKS.values(), **values
        )

    async def _calendar(self, session: Session, company: str) -> dict[str, Any]:
        today = datetime.fromtimestamp(self._clock.now(), UTC).date()
        found = await session.api.get("/expiries/days", days=str(CALENDAR_DAYS), company_id=company)
        total = sum(item["credentials"] for item in found["items"])
        months, until = months_of(found["items"], today), found["counted_until"]
        return {"day": None, "months": months, "weekdays": WEEKDAYS, "total": total, "until": until, "today": today}

    async def _day(self, request: web.Request, session: Session, company: str, day: date) -> dict[str, Any]:
        times = {"from": f"{day}T00:00:00Z", "to": f"{day + timedelta(days=1)}T00:00:00Z"}
        cursor = request.query.get("cursor", "")
        page = await session.api.get("/expiries", limit=PER_PAGE, cursor=cursor, company_id=company, **times)
        query = {"day": day.isoformat(), "company_id": company, "cursor": page["next_cursor"] or ""}
        further = f"/expiries?{urlencode(query)}" if page["next_cursor"] else ""
        return {"day": day, "found": credentials_of(page["items"]), "further": further}


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unprocessable.field("day", NO_DAY) from None
    if not 2000 <= day.year < 9000:
        raise Unprocessable.field("day", NO_DAY)
    return day
