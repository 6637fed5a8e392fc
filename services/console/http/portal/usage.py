"""How much of its limits a company has used, and by what."""

from aiohttp import web

from services.console.admin_api import together
from services.console.http.companies import company_path
from services.console.http.portal.company import own_company, own_credentials
from services.console.http.usage import RecentUsage
from services.console.pages.portal.limits_used import Per, limited, most_called, starts, used_by
from services.console.pages.renderer import Renderer
from services.console.pages.usage import first_day
from services.console.session import Session
from shared.clock import Clock

MAX_ROWS = 20


class UsagePages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, clock: Clock) -> None:
        self._renderer = renderer
        self._usage = usage
        self._clock = clock

    async def show(self, _: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        now = self._clock.now()
        start, week_start = starts(now), f"{first_day(now).isoformat()}T00:00:00Z"
        credentials, bookings, week, day, month, by_both = await together(
            own_credentials(session, company["id"]),
            session.api.items("/bookings", company_id=company["id"]),
            self._usage.week(session, company_id=company["id"]),
            self._grouped(session, "day", "credential_id", start["day"]),
            self._grouped(session, "month", "credential_id", start["month"]),
            self._grouped(session, "day", "credential_id,route", week_start),
        )
        used, base = used_by({"day": day, "month": month}), company_path(company)
        nothing: dict[Per, int] = {"day": 0, "month": 0}
        limits = [limited(company["name"], "company", f"{base}/settings/limits", company["limits"], used[""])]
        for booking in bookings:
            path = f"{base}/booked-applications/{booking['id']}"
            limits.append(limited(booking["application"]["name"], "booking", path, booking["limits"], None))
        for kind, item in credentials:
            path, of = f"{base}/{kind.path}/{item['id']}", used.get(item["id"], nothing)
            if item["status"] != "revoked":
                limits.append(limited(kind.label(item), kind.noun, path, item["limits"], of))
        names = {
            item["id"]: (kind.label(item), f"{base}/{kind.path}/{item['id']}", kind.noun)
            for kind, item in credentials
        }
        return self._renderer.page(
            "portal/usage.html",
            session=session,
            company=company,
            week=week,
            limits=[found for found in limits if found is not None],
            by_credential=most_called(by_both, "credential_id", MAX_ROWS),
            by_route=most_called(by_both, "route", MAX_ROWS),
            names=names,
        )

    async def _grouped(self, session: Session, by: str, group_by: str, start: str) -> list[dict[str, object]]:
        page = await session.api.get("/usage", by=by, group_by=group_by, limit="200", **{"from": start})
        items: list[dict[str, object]] = page["items"]
        return items
