"""Where a company's people begin: the first call is waited for, and then is seen arriving."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from services.console.admin_api import Object, segment, together
from services.console.http.portal.company import own_company, own_company_id, own_credentials
from services.console.http.usage import RecentUsage
from services.console.pages.portal.arrivals import arrivals
from services.console.pages.portal.refusals import of_calls
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.clock import Clock

HOURS = 24
REFUSED_SHOWN = "8"
TAG_CHARACTERS = 32


class HomePages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, clock: Clock) -> None:
        self._renderer = renderer
        self._usage = usage
        self._clock = clock

    async def show(self, _: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        calls, credentials, week = await together(
            self._calls(session),
            own_credentials(session, company["id"]),
            self._usage.week(session, company_id=company["id"]),
        )
        soon = [pair for pair in credentials if pair[1].get("expires_soon") and pair[1]["status"] == "active"]
        return self._renderer.page(
            "portal/home.html",
            session=session,
            company=company,
            base=_base(company["id"]),
            arrivals=arrivals(credentials, *calls),
            week=week,
            soon=soon,
        )

    async def arrivals(self, request: web.Request, session: Session) -> web.Response:
        """The part of the page that changes, for the script that looks again every few seconds.

        304 (RFC 9110 section 15.4.5) where nothing was called since: then nobody reads the credentials.
        """
        company_id = own_company_id(session)
        calls = await self._calls(session)
        tag = f'"{hashlib.sha256(orjson.dumps(calls)).hexdigest()[:TAG_CHARACTERS]}"'
        if request.headers.get("If-None-Match") == tag:
            return self._renderer.not_modified(tag)
        found = arrivals(await own_credentials(session, company_id), *calls)
        page = self._renderer.page("portal/arrivals.html", session=session, base=_base(company_id), arrivals=found)
        if found.state != "no_credential":  # the first credential changes the page before any call does
            page.headers["ETag"] = tag
        return page

    async def _calls(self, session: Session) -> tuple[list[Object], Sequence[Mapping[str, Any]]]:
        """Of the last hours by credential and route, and the refused ones."""
        since = (datetime.fromtimestamp(self._clock.now(), UTC) - timedelta(hours=HOURS)).isoformat()
        usage, refused = await together(
            session.api.get(
                "/usage", by="hour", group_by="credential_id,route", limit="200", **{"from": since[:19] + "Z"}
            ),
            session.api.get("/decisions", limit=REFUSED_SHOWN),
        )
        return usage["items"], of_calls(refused["items"])


def _base(company_id: str) -> str:
    """Of the pages of the company."""
    return f"/companies/{segment(company_id)}"
