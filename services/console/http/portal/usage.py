"""How much of its limits a company has used, and by what."""

from collections.abc import Mapping, Sequence
from typing import get_args

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.http.companies import company_path
from services.console.http.credentials import kind_of
from services.console.http.lists.filtered_list import filtered_list, typed_filters
from services.console.http.portal.company import own_company, own_company_id, searched_credentials
from services.console.http.usage import RecentUsage
from services.console.pages.credentials.kinds import Kind
from services.console.pages.portal.limits_used import Limited, Per, called, limited, quota_period, starts, used_of
from services.console.pages.renderer import Renderer
from services.console.pages.usage import first_day
from services.console.session import Session
from shared.clock import Clock
from shared.errors import Unprocessable

SHOWN_OF_A_KIND = 5
SHOWN_OF_ONE_KIND = 20
MOST_CALLED = "20"
Used = dict[str, int]
"""Calls of the day or month that a quota is for, by the credential's id; of the whole company under ""."""


class UsagePages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, clock: Clock) -> None:
        self._renderer = renderer
        self._usage = usage
        self._clock = clock

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company_id = own_company_id(session)
        company, found, (bookings, more_bookings), week, by_credential, by_route = await together(
            own_company(session),
            searched_credentials(request, session, SHOWN_OF_A_KIND, limited="true"),
            self._bookings(session, typed_filters(request, ("q",))[1]),
            self._usage.week(session, company_id=company_id),
            self._most_called(session, "credential_id"),
            self._most_called(session, "route"),
        )
        base, credentials = company_path(company), found.newest.credentials
        used = await self._used(session, company, [item for _, item in credentials])
        limits = [] if found.form["q"] else [_of_company(company, base, used)]
        limits += [_of_booking(booking, base) for booking in bookings]
        limits += [_of_credential(kind, item, base, used) for kind, item in credentials]
        return self._renderer.page(
            "portal/usage.html",
            session=session,
            status=found.status,
            company=company,
            week=week,
            limits=[each for each in limits if each is not None],
            more_of=found.newest.more_of,
            more_bookings=more_bookings,
            form=found.form,
            errors=found.errors,
            by_credential=called(by_credential),
            by_route=called(by_route),
        )

    async def of_kind(self, request: web.Request, session: Session) -> web.Response:
        """The limits of all credentials of one kind, page by page."""
        own_company_id(session)
        kind = kind_of(request)
        company, found = await together(
            own_company(session),
            filtered_list(request, session, f"/{kind.path}", ("q",), limit=SHOWN_OF_ONE_KIND, limited="true"),
        )
        used, base = await self._used(session, company, found.items), company_path(company)
        limits = [_of_credential(kind, item, base, used) for item in found.items]
        return self._renderer.page(
            "portal/limits.html",
            session=session,
            company=company,
            kind=kind,
            limits=[each for each in limits if each is not None],
            **found.values,
            status=found.status,
        )

    async def _bookings(self, session: Session, typed: Mapping[str, str]) -> tuple[list[Object], bool]:
        try:
            return await session.api.newest("/bookings", SHOWN_OF_A_KIND, limited="true", **typed)
        except Unprocessable:  # what was typed: said at its field
            return [], False

    async def _used(self, session: Session, company: Object, credentials: Sequence[Object]) -> Used:
        """Of those that have a quota."""
        ids: dict[Per, list[str]] = {
            per: [item["id"] for item in credentials if quota_period(item["limits"]) == per]
            for per in get_args(Per)
        }
        start = starts(self._clock.now())
        which = [
            {"from": start[per], "group_by": "credential_id", "credential_id": ",".join(of)}
            for per, of in ids.items()
            if of
        ]
        if (per := quota_period(company["limits"])) is not None:
            which.append({"from": start[per]})
        pages = await together(*(session.api.get("/usage", by="total", limit="100", **each) for each in which))
        return {id_: number for page in pages for id_, number in used_of(page["items"]).items()}

    async def _most_called(self, session: Session, group_by: str) -> list[Object]:
        start = f"{first_day(self._clock.now()).isoformat()}T00:00:00Z"
        page = await session.api.get("/usage", by="total", group_by=group_by, limit=MOST_CALLED, **{"from": start})
        items: list[Object] = page["items"]
        return items


def _of_company(company: Object, base: str, used: Used) -> Limited | None:
    return limited(company["name"], "company", f"{base}/settings/limits", company["limits"], used.get("", 0))


def _of_booking(booking: Object, base: str) -> Limited | None:
    path = f"{base}/booked-applications/{booking['id']}"
    return limited(booking["application"]["name"], "booking", path, booking["limits"], None)


def _of_credential(kind: Kind, item: Object, base: str, used: Used) -> Limited | None:
    path = f"{base}/{kind.path}/{item['id']}"
    return limited(kind.label(item), kind.noun, path, item["limits"], used.get(item["id"], 0))
