"""One credential of a company: what it is, its secrets side by side, and what can be done with it."""

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.browser.forms import Form
from services.console.http.companies import company_of, company_path
from services.console.http.new_credentials import NewCredentialPages
from services.console.http.usage import RecentUsage
from services.console.pages.kinds import BY_PATH, Kind
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import Conflict, NotFound

OVERLAPS = {"0": "now", "3600": "in 1 hour", "86400": "in 24 hours", "604800": "in 7 days"}
"""When the old secret ends after a rotation: seconds, and how a person says it."""


class CredentialPages:
    def __init__(self, renderer: Renderer, usage: RecentUsage) -> None:
        self._renderer = renderer
        self._usage = usage
        self._secrets = NewCredentialPages(renderer)

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company, kind, credential = await self._found(request, session)
        return await self._page(session, company, kind, credential, asked=request.query.get("ask", ""))

    async def act(self, request: web.Request, session: Session, _: Form) -> web.Response:
        """Suspend, resume or revoke. What that reached is shown by the credential's own page."""
        company, kind, credential = await self._found(request, session)
        try:
            await session.api.post(f"/{kind.path}/{credential['id']}/{request.match_info['act']}")
        except Conflict as error:
            return await self._page(session, company, kind, credential, status=409, problem=error.description)
        return self._renderer.redirect(credential_path(company, kind, credential))

    async def rotate(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company, kind, credential = await self._found(request, session)
        path, chosen = credential_path(company, kind, credential), form.text("keep_old_for")
        if not kind.rotates:
            raise NotFound(f"a {kind.noun} is succeeded by another one: it is not rotated")
        body = {
            "keep_old_for": int(chosen) if chosen in OVERLAPS else 86400,
            "end_oldest": form.text("end_oldest") == "yes",
        }
        try:
            rotated = await session.api.post(
                f"/{kind.path}/{credential['id']}/rotate", body, idempotency_key=form.text("key")
            )
        except Conflict as error:
            return await self._page(session, company, kind, credential, status=409, problem=error.description)
        return self._secrets.secret_page(session, kind, company, rotated, path, f"{kind.noun} rotated")

    async def end_version(self, request: web.Request, session: Session, _: Form) -> web.Response:
        company, kind, credential = await self._found(request, session)
        version = segment(request.match_info["version"])
        try:
            await session.api.post(f"/{kind.path}/{credential['id']}/versions/{version}/revoke")
        except Conflict as error:
            return await self._page(session, company, kind, credential, status=409, problem=error.description)
        return self._renderer.redirect(credential_path(company, kind, credential))

    async def _found(self, request: web.Request, session: Session) -> tuple[Object, Kind, Object]:
        kind = BY_PATH.get(request.match_info["kind"])
        if kind is None:
            raise NotFound("there is no such kind of credential")
        company = await company_of(request, session)
        credential = await session.api.get(f"/{kind.path}/{segment(request.match_info['id'])}")
        if credential["company_id"] != company["id"]:
            raise NotFound(f"no such {kind.noun} of this company")
        return company, kind, credential

    async def _page(
        self,
        session: Session,
        company: Object,
        kind: Kind,
        credential: Object,
        *,
        asked: str = "",
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
            asked=asked,
            problem=problem,
            path=credential_path(company, kind, credential),
        )


def credential_path(company: Object, kind: Kind, credential: Object) -> str:
    return f"{company_path(company)}/{kind.path}/{credential['id']}"
