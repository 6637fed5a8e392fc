"""Companies: the list, a new one, and one with all of its credentials."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiohttp import web

from services.console.admin_api import Object, segment, together
from services.console.browser.forms import Form
from services.console.http.stops import NO_STOP, TRIALS, Stops, StopView
from services.console.http.usage import RecentUsage
from services.console.pages.credentials.kinds import KINDS, Kind
from services.console.pages.field_errors import wrong_fields
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Unprocessable

SHOWN_OF_A_KIND = 20
SHOWN_BOOKINGS = 10
DOUBTFUL = (
    "{uri} has no https:// before it. Add https://, or say below that it is meant as it is: the company's JWTs "
    "must name exactly this, and it cannot be changed later."
)


def company_path(company: Object) -> str:
    return f"/companies/{segment(company['client_prefix'])}"


async def company_of(request: web.Request, session: Session) -> Object:
    """The company in the path, by its client prefix or its id."""
    found: Object = await session.api.get(f"/companies/{segment(request.match_info['company'])}")
    return found


async def suspended_bookings(session: Session, company: Object) -> Sequence[Object]:
    """The newest: where none is active, something is booked all the same."""
    found, _ = await session.api.newest("/bookings", SHOWN_BOOKINGS, company_id=company["id"], status="suspended")
    return found


class NewestCredentials(NamedTuple):
    credentials: list[tuple[Kind, Object]]
    """The newest first."""
    more_of: list[Kind]
    """The kinds of which there are more."""


async def newest_credentials(session: Session, limit: int, **which: str) -> NewestCredentials:
    """At most `limit` of each kind; `which` are filters that the list of each kind has."""
    found = await together(*(session.api.newest(f"/{kind.path}", limit, **which) for kind in KINDS))
    newest = list(zip(KINDS, found, strict=True))
    credentials = [(kind, item) for kind, (items, _) in newest for item in items]
    credentials.sort(key=lambda pair: str(pair[1]["created_at"]), reverse=True)
    return NewestCredentials(credentials, [kind for kind, (_, more) in newest if more])


def _names_a_scheme(uri: str) -> bool:
    """A host alone is a company's URI as well, for the few whose JWTs name one: it is asked about."""
    return "://" in uri or uri.startswith("urn:")


async def _wrong_besides(session: Session, body: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the other fields: the registry makes no company without a URI, and checks them all."""
    try:
        await session.api.post("/companies", {**body, "company_uri": ""})
    except (Unprocessable, Conflict) as error:
        return wrong_fields(error)
    return {}


class CompanyPages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, stops: Stops) -> None:
        self._renderer = renderer
        self._usage = usage
        self._stops = stops

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(request, session, opened=request.query.get("new") == "company")

    async def create(self, request: web.Request, session: Session, form: Form) -> web.Response:
        body = {name: form.text(name) for name in ("name", "client_prefix", "company_uri")}
        if (uri := body["company_uri"]) and not _names_a_scheme(uri) and form.text("without_scheme") != uri:
            errors = {**await _wrong_besides(session, body), "company_uri": DOUBTFUL.format(uri=uri)}
            again = {"form": form.values(), "errors": errors, "doubtful_uri": uri}
            return await self._list(request, session, opened=True, status=422, **again)
        try:
            company = await session.api.post("/companies", body, idempotency_key=form.text("key"))
        except (Unprocessable, Conflict) as error:
            return await self._list(request, session, opened=True, **filled_in(form.values(), error))
        return self._renderer.redirect(company_path(company))

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company = await company_of(request, session)
        stop = await self._stops.view(request, session, f"/companies/{company['id']}", company["id"])
        return await self._show(session, company, stop=stop)

    async def settings(self, request: web.Request, session: Session) -> web.Response:
        return await self._settings(session, await company_of(request, session))

    async def change(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        try:
            await session.api.patch(f"/companies/{segment(company['id'])}", {"name": form.text("name")})
        except Unprocessable as error:
            return await self._settings(session, company, **filled_in(form.values(), error))
        return self._renderer.redirect(f"{company_path(company)}/settings")

    async def act(self, request: web.Request, session: Session, form: Form) -> web.Response:
        """Suspend, resume or revoke it, which stops and starts all that it has; or try that."""
        company = await company_of(request, session)
        page, path = partial(self._show, session, company), company_path(company)
        api_path = f"/companies/{company['id']}"
        return await self._stops.act(request, session, form, api_path=api_path, path=path, page=page)

    async def _show(
        self, session: Session, company: Object, *, stop: StopView = NO_STOP, status: int = 200, problem: str = ""
    ) -> web.Response:
        own = {"company_id": company["id"]}
        week, (credentials, more_of), (bookings, more_bookings) = await together(
            self._usage.week(session, **own),
            newest_credentials(session, SHOWN_OF_A_KIND, **own),
            session.api.newest("/bookings", SHOWN_BOOKINGS, status="active", **own),
        )
        suspended = [] if bookings or credentials else await suspended_bookings(session, company)
        return self._renderer.page(
            "company.html",
            bookings=bookings,
            suspended=suspended,
            more_bookings=more_bookings,
            session=session,
            company=company,
            credentials=credentials,
            more_of=more_of,
            week=week,
            sparklines=await self._usage.sparklines(session, [item["id"] for _, item in credentials]),
            last_used_at=max((item["last_used_at"] or "" for _, item in credentials), default=""),
            stop=stop,
            trials=TRIALS,
            status=status,
            problem=problem,
        )

    async def _list(
        self, request: web.Request, session: Session, *, opened: bool, status: int = 200, **values: Any
    ) -> web.Response:
        query, cursor = request.query.get("q", "")[:100], request.query.get("cursor", "")
        page = await session.api.get("/companies", limit="50", q=query, cursor=cursor)
        return self._renderer.page(
            "companies.html",
            session=session,
            status=status,
            companies=page["items"],
            next_cursor=page["next_cursor"],
            q=query,
            opened=opened,
            **{"doubtful_uri": "", **values},
        )

    async def _settings(self, session: Session, company: Object, status: int = 200, **values: Any) -> web.Response:
        return self._renderer.page("settings.html", session=session, status=status, company=company, **values)
