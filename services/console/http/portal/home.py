"""Where a company's people begin: the first call is waited for, and then is seen arriving."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from services.console.admin_api import Object, segment, together
from services.console.http.companies import newest_credentials
from services.console.http.portal.company import own_company, own_company_id
from services.console.http.usage import RecentUsage
from services.console.pages.credentials.expiries import credentials_of
from services.console.pages.credentials.kinds import KINDS, Kind
from services.console.pages.portal.arrivals import Arrivals, State, arrivals
from services.console.pages.refused_calls.calls import of_calls
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.clock import Clock

HOURS = 24
REFUSED_SHOWN = "8"
ENDING_DAYS = 30
ENDING_SHOWN = 10
LONG_AGO_DAYS = 1100
"""For which calls are counted."""
TAG_CHARACTERS = 32
EXAMINED = 5
"""Credentials of each kind that are active and have rights, for whether one works: where there are more, one is
taken to."""
BEFORE_ANY_CALL = ("nothing_booked", "no_credential", "stopped", "no_scopes")
"""States that a credential's own page changes, before any call does."""


class Calls(NamedTuple):
    """Of the last hours."""

    usage: list[Object]
    """By hour, credential and route, the newest first."""
    more: bool
    refused: Sequence[Mapping[str, Any]]


class HomePages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, clock: Clock) -> None:
        self._renderer = renderer
        self._usage = usage
        self._clock = clock

    async def show(self, _: web.Request, session: Session) -> web.Response:
        company_id = own_company_id(session)
        company, calls, (ending, more_end), week = await together(
            own_company(session),
            self._calls(session),
            session.api.newest("/expiries", ENDING_SHOWN, to=self._at(days=ENDING_DAYS)),
            self._usage.week(session, company_id=company_id),
        )
        return self._renderer.page(
            "portal/home.html",
            session=session,
            company=company,
            base=_base(company_id),
            arrivals=await self._arrivals(session, calls),
            week=week,
            ending=credentials_of(ending),
            more_end=more_end,
        )

    async def arrivals(self, request: web.Request, session: Session) -> web.Response:
        """The part of the page that changes, for the script that looks again every few seconds.

        304 (RFC 9110 section 15.4.5) where nothing was called since: then nothing else is read.
        """
        company_id = own_company_id(session)
        calls = await self._calls(session)
        tag = f'"{hashlib.sha256(orjson.dumps([*calls])).hexdigest()[:TAG_CHARACTERS]}"'
        if request.headers.get("If-None-Match") == tag:
            return self._renderer.not_modified(tag)
        found = await self._arrivals(session, calls)
        page = self._renderer.page("portal/arrivals.html", session=session, base=_base(company_id), arrivals=found)
        if found.state not in BEFORE_ANY_CALL and found.lacks is None:
            page.headers["ETag"] = tag
        return page

    async def _calls(self, session: Session) -> Calls:
        (usage, more), refused = await together(
            session.api.newest(
                "/usage", 200, by="hour", group_by="credential_id,route", **{"from": self._at(hours=-HOURS)}
            ),
            session.api.get("/decisions", limit=REFUSED_SHOWN),
        )
        return Calls(usage, more, of_calls(refused["items"]))

    async def _arrivals(self, session: Session, calls: Calls) -> Arrivals:
        if calls.usage or calls.refused:
            found = arrivals(calls.usage, calls.refused, more=calls.more)
        else:
            before, _ = await session.api.newest("/usage", 1, by="day", **{"from": self._at(days=-LONG_AGO_DAYS)})
            found = Arrivals("calls") if before else Arrivals(await _next_step(session), idle=False)
        next_step = await _next_step(session) if found.idle else "waiting"
        return replace(found, lacks=next_step if next_step in BEFORE_ANY_CALL else None)

    def _at(self, **later: int) -> str:
        """Of a time so much later, RFC 3339."""
        at = datetime.fromtimestamp(self._clock.now(), UTC) + timedelta(**later)
        return f"{at.isoformat()[:19]}Z"


async def _next_step(session: Session) -> State:
    """What a company has to do before its next call, unless it is "waiting". What is revoked is no credential."""
    with_rights = await together(
        *(session.api.newest(f"/{kind.path}", EXAMINED, status="active", **_rights_filter(kind)) for kind in KINDS)
    )
    if any(more or any(map(_works, items)) for items, more in with_rights):
        return "waiting"
    active = [
        credential for _, credential in (await newest_credentials(session, EXAMINED, status="active")).credentials
    ]
    if any(map(_works, active)):
        return "no_scopes"
    stopped = active or (await newest_credentials(session, 1, status="suspended")).credentials
    if stopped:
        return "stopped"
    booked, _ = await session.api.newest("/bookings", 1, status="active")
    return "no_credential" if booked else "nothing_booked"


def _rights_filter(kind: Kind) -> dict[str, str]:
    return {"has_scopes": "true"} if kind.has_scopes else {}


def _works(credential: Object) -> bool:
    return bool(credential["effective_status"] == "active")


def _base(company_id: str) -> str:
    """Of the pages of the company."""
    return f"/companies/{segment(company_id)}"
