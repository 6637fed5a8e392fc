"""Credentials that want looking after: what expires soon, and what nobody watches over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from services.console.admin_api import Object
from services.console.http.lists.filtered_list import MAX_FILTER_CHARACTERS
from services.console.pages.credentials.expiries import credentials_of
from services.console.pages.credentials.kinds import BY_PATH, KINDS, Kind
from services.console.pages.needs_attention import CHECKS, SOON_DAYS, Check
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.clock import Clock

API_PAGE = 100
"""Credentials that one call of the admin API gets."""
MAX_CALLS = 10
"""Of the admin API, for one page of ours."""
ENOUGH = 50
"""Found credentials after which no further call is made."""
EXPIRING_PER_PAGE = "100"
Found = tuple[Kind, Object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk through all credentials is: in the list of one kind after the other."""

    kind: Kind
    cursor: str = ""

    def after(self, next_cursor: str | None) -> "Place | None":
        if next_cursor:
            return Place(self.kind, next_cursor)
        following = KINDS.index(self.kind) + 1
        return Place(KINDS[following]) if following < len(KINDS) else None


class NeedsAttentionPages:
    def __init__(self, renderer: Renderer, clock: Clock) -> None:
        self._renderer = renderer
        self._clock = clock

    async def show(self, request: web.Request, session: Session) -> web.Response:
        check = CHECKS.get(request.query.get("check", ""))
        company = request.query.get("company_id", "").strip()[:MAX_FILTER_CHARACTERS]
        if check is None:
            values = await self._expiring(request, session, company)
        else:
            values = await self._found(request, session, company, check)
        return self._renderer.page(
            "operations/needs_attention.html",
            session=session,
            check=check,
            checks=CHECKS.values(),
            company=company,
            **values,
        )

    async def _expiring(self, request: web.Request, session: Session, company: str) -> dict[str, Any]:
        """What expires soon, in the order in which it does."""
        until = datetime.fromtimestamp(self._clock.now(), UTC) + timedelta(days=SOON_DAYS)
        cursor, to = request.query.get("cursor", ""), f"{until:%Y-%m-%dT%H:%M:%SZ}"
        page = await session.api.get("/expiries", limit=EXPIRING_PER_PAGE, cursor=cursor, company_id=company, to=to)
        following = urlencode({"company_id": company, "cursor": page["next_cursor"] or ""})
        return {
            "found": credentials_of(page["items"]),
            "further": f"?{following}" if page["next_cursor"] else "",
            "went_on": bool(cursor),
        }

    async def _found(self, request: web.Request, session: Session, company: str, check: Check) -> dict[str, Any]:
        """What a check finds, from where the page before this one has ended."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        place = Place(BY_PATH.get(request.query.get("kind", ""), KINDS[0]), request.query.get("cursor", ""))
        found: list[Found] = []
        left: Place | None = None
        async for kind, items, following in _walk(session, place, company_id=company, status="active"):
            left = following
            found += [(kind, item) for item in items if check.finds(item, now)]
            if len(found) >= ENOUGH:
                break
        query = {"check": check.name, "company_id": company}
        if left is not None:
            query |= {"kind": left.kind.path, "cursor": left.cursor}
        return {
            "found": found,
            "further": f"?{urlencode(query)}" if left is not None else "",
            "went_on": "kind" in request.query,
        }


async def _walk(
    session: Session, place: Place, **filters: str
) -> AsyncIterator[tuple[Kind, list[Object], Place | None]]:
    """Page after page of the admin API, each with where the walk goes on; None at the end of all."""
    for _ in range(MAX_CALLS):
        page = await session.api.get(f"/{place.kind.path}", limit=str(API_PAGE), cursor=place.cursor, **filters)
        following = place.after(page["next_cursor"])
        yield place.kind, page["items"], following
        if following is None:
            return
        place = following
