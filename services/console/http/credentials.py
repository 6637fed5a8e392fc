"""One credential of a company: what it is, its secrets side by side, and what can be done with it."""

from functools import partial

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.browser.forms import Form
from services.console.http.companies import company_of, company_path
from services.console.http.lists.filtered_list import filtered_list
from services.console.http.new_credentials import NewCredentialPages
from services.console.http.stops import NO_STOP, TRIALS, Stops, StopView
from services.console.http.usage import RecentUsage
from services.console.pages.credentials.kinds import BY_PATH, Kind
from services.console.pages.credentials.rotation import OVERLAPS, USUAL_ROTATION, Rotation, chosen_rotation
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import Conflict, NotFound

FILTERS = ("q", "status")
STATUSES = ("active", "suspended", "revoked")
EXPIRED = "It has expired: choose a later end under Change, and rotate it then."


class CredentialPages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, stops: Stops, secrets: NewCredentialPages) -> None:
        self._renderer = renderer
        self._usage = usage
        self._stops = stops
        self._secrets = secrets

    async def list(self, request: web.Request, session: Session) -> web.Response:
        """All of one kind that a company has, page by page."""
        kind, company = kind_of(request), await company_of(request, session)
        found = await filtered_list(request, session, f"/{kind.path}", FILTERS, company_id=company["id"])
        return self._renderer.page(
            "credentials.html",
            session=session,
            status=found.status,
            company=company,
            kind=kind,
            statuses=STATUSES,
            **found.values,
        )

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company, kind, credential = await found_credential(request, session)
        stop = await self._stops.view(request, session, f"/{kind.path}/{credential['id']}", credential["id"])
        wanted = request.query.get("end", "")
        ending = [
            v for v in credential.get("versions", ()) if v["state"] == "retiring" and str(v["version"]) == wanted
        ]
        return await self._page(session, company, kind, credential, stop=stop, ending=next(iter(ending), None))

    async def act(self, request: web.Request, session: Session, form: Form) -> web.Response:
        """Suspend, resume or revoke, or try it. How far that has come is shown by the credential's own page."""
        company, kind, credential = await found_credential(request, session)
        page = partial(self._page, session, company, kind, credential)
        api_path, path = f"/{kind.path}/{credential['id']}", credential_path(company, kind, credential)
        return await self._stops.act(request, session, form, api_path=api_path, path=path, page=page)

    async def rotate(self, request: web.Request, session: Session, form: Form) -> web.Response:
        """Whatever it ends at once is asked before, and so is a third secret, which ends the oldest."""
        company, kind, credential = await found_credential(request, session)
        if not kind.rotates:
            raise NotFound(f"a {kind.noun} is succeeded by another one: it is not rotated")
        chosen = chosen_rotation(form.text("keep_old_for"), form.text("end_oldest"))
        page = partial(self._page, session, company, kind, rotation=chosen)
        if session.edits and form.text("confirmed") != "yes" and chosen.asks(credential["versions"]):
            return await page(credential, rotation_asked=True)
        path = f"/{kind.path}/{credential['id']}"
        try:
            rotated = await session.api.post(f"{path}/rotate", chosen.body(), idempotency_key=form.text("key"))
        except Conflict as error:
            credential = await session.api.get(path)
            if credential["effective_status"] == "expired":
                return await page(credential, status=409, problem=EXPIRED)
            if credential["status"] == "active" and chosen.needs_end_of_oldest(credential["versions"]):
                return await page(credential, status=409, rotation_asked=True)
            return await page(credential, status=409, problem=error.description)
        back = credential_path(company, kind, credential)
        return self._secrets.secret_page(session, kind, company, rotated, back, f"{kind.noun} rotated")

    async def end_version(self, request: web.Request, session: Session, _: Form) -> web.Response:
        company, kind, credential = await found_credential(request, session)
        version = segment(request.match_info["version"])
        try:
            await session.api.post(f"/{kind.path}/{credential['id']}/versions/{version}/revoke")
        except Conflict as error:
            return await self._page(session, company, kind, credential, status=409, problem=error.description)
        return self._renderer.redirect(credential_path(company, kind, credential))

    async def _page(
        self,
        session: Session,
        company: Object,
        kind: Kind,
        credential: Object,
        *,
        stop: StopView = NO_STOP,
        ending: Object | None = None,
        rotation: Rotation = USUAL_ROTATION,
        rotation_asked: bool = False,
        status: int = 200,
        problem: str = "",
    ) -> web.Response:
        return self._renderer.page(
            "credential.html",
            session=session,
            status=status,
            company=company,
            kind=kind,
            credential=credential,
            week=await self._usage.week(session, credential_id=credential["id"]),
            overlaps=OVERLAPS,
            rotation=rotation,
            rotation_asked=rotation_asked,
            stop=stop,
            ending_version=ending,
            trials=TRIALS,
            problem=problem,
            path=credential_path(company, kind, credential),
        )


async def found_credential(request: web.Request, session: Session) -> tuple[Object, Kind, Object]:
    """The company, the kind and the credential that the path names; raises `NotFound` for another company's."""
    kind = kind_of(request)
    company = await company_of(request, session)
    credential = await session.api.get(f"/{kind.path}/{segment(request.match_info['id'])}")
    if credential["company_id"] != company["id"]:
        raise NotFound(f"no such {kind.noun} of this company")
    return company, kind, credential


def kind_of(request: web.Request) -> Kind:
    kind = BY_PATH.get(request.match_info["kind"])
    if kind is None:
        raise NotFound("there is no such kind of credential")
    return kind


def credential_path(company: Object, kind: Kind, credential: Object) -> str:
    return f"{company_path(company)}/{kind.path}/{credential['id']}"
