"""People of the console, and invitations: of everybody, or of the company in the path."""

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from services.console.admin_api import Object, segment, together
from services.console.browser.forms import Form
from services.console.browser.visitors import Visitors
from services.console.http.companies import company_of, company_path
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Forbidden, NotFound, Unprocessable
from shared.http.responses import status_of

OFFERED_COMPANIES = 200
"""The newest, where somebody is invited; any other is found by who types its prefix."""
MAX_LOOKED_UP = 50


class Place(NamedTuple):
    """Whose people a page is about, and its path."""

    path: str
    company: Object | None


class PeoplePages:
    """Each page is there twice: below `/people`, and below a company for its people alone."""

    def __init__(self, visitors: Visitors, renderer: Renderer) -> None:
        self._visitors = visitors
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(await _place(request, session), session)

    async def invite(self, request: web.Request, session: Session, form: Form) -> web.Response:
        place = await _place(request, session)
        company = place.company
        if company is None and not session.me["company_id"] and (wrong := _not_chosen(form)):
            return await self._list(place, session, 422, form=form.values(), errors={"sees": wrong})
        body = {"role": form.text("role")}
        body |= {name: form.text(name) for name in ("email", "company_id") if form.text(name)}
        body |= {} if company is None else {"company_id": company["id"]}
        try:
            invitation = await session.api.post("/invitations", body, idempotency_key=form.text("key"))
        except Unprocessable as error:
            return await self._list(place, session, **filled_in(form.values(), error))
        to = invitation["email"] or "whoever is to have it"
        link = self._link(request, invitation["path"], to, invitation)
        return await self._list(place, session, 201, link=link)

    async def withdraw(self, request: web.Request, session: Session, _: Form) -> web.Response:
        place = await _place(request, session)
        path = await _named(place, request, session, "invitations")
        try:
            await session.api.post(f"{path}/revoke")
        except Conflict as error:
            return await self._again(place, session, error)
        return self._renderer.redirect(place.path)

    async def change_role(self, request: web.Request, session: Session, form: Form) -> web.Response:
        place = await _place(request, session)
        path = await _named(place, request, session, "people")
        try:
            await session.api.patch(path, {"role": form.text("role")})
        except (Conflict, Unprocessable) as error:
            return await self._again(place, session, error)
        return self._renderer.redirect(place.path)

    async def act(self, request: web.Request, session: Session, _: Form) -> web.Response:
        place = await _place(request, session)
        path = await _named(place, request, session, "people")
        try:
            await session.api.post(f"{path}/{request.match_info['act']}")
        except Conflict as error:
            return await self._again(place, session, error)
        return self._renderer.redirect(place.path)

    async def reset_second_factor(self, request: web.Request, session: Session, _: Form) -> web.Response:
        place = await _place(request, session)
        path = await _named(place, request, session, "people")
        try:
            await session.api.post(f"{path}/reset-second-factor")
        except (Conflict, Forbidden) as error:
            return await self._again(place, session, error)
        return self._renderer.redirect(place.path)

    async def reset_password(self, request: web.Request, session: Session, form: Form) -> web.Response:
        place = await _place(request, session)
        path = await _named(place, request, session, "people")
        try:
            reset = await session.api.post(f"{path}/password-reset", {}, idempotency_key=form.text("key"))
        except (Conflict, Forbidden) as error:
            return await self._again(place, session, error)
        link = self._link(request, reset["path"], reset["email"], reset)
        return await self._list(place, session, 201, link=link)

    async def withdraw_reset(self, request: web.Request, session: Session, _: Form) -> web.Response:
        place = await _place(request, session)
        await session.api.delete(f"{await _named(place, request, session, 'people')}/password-reset")
        return self._renderer.redirect(place.path)

    def _link(self, request: web.Request, path: str, to: str, made: Object) -> Object:
        """One that is shown once: the console's own URL is the one that the browser has."""
        return {"url": f"{self._visitors.url(request)}{path}", "to": to, "expires_at": made["expires_at"]}

    async def _again(
        self, place: Place, session: Session, error: Conflict | Forbidden | Unprocessable
    ) -> web.Response:
        return await self._list(place, session, status_of(error), problem=error.description)

    async def _list(self, place: Place, session: Session, status: int = 200, **values: Any) -> web.Response:
        found = await (_of_all(session) if place.company is None else _of_company(session, place.company))
        template = "people/all.html" if place.company is None else "people/company.html"
        shown = {"link": None, "path": place.path, **found, **values}
        return self._renderer.page(template, session=session, status=status, **shown)


async def _place(request: web.Request, session: Session) -> Place:
    """Raises `NotFound` for a company that is not there, or not the person's to see."""
    if "company" not in request.match_info:
        return Place("/people", None)
    company = await company_of(request, session)
    return Place(f"{company_path(company)}/people", company)


async def _named(place: Place, request: web.Request, session: Session, kind: str) -> str:
    """The API's path of the person or invitation that the path names; raises `NotFound` for another company's."""
    path = f"/{kind}/{segment(request.match_info['id'])}"
    if place.company is not None and (await session.api.get(path))["company_id"] != place.company["id"]:
        raise NotFound("this company has nothing with this id")
    return path


async def _of_all(session: Session) -> Object:
    people, invitations, (companies, more) = await together(
        session.api.items("/people"),
        _open_invitations(session),
        session.api.newest("/companies", OFFERED_COMPANIES),
    )
    known = {company["id"]: company["name"] for company in companies}
    names = known | (await _names_of(session, [*people, *invitations], known) if more else {})
    return {"people": people, "invitations": invitations, "companies": companies, "names": names}


async def _of_company(session: Session, company: Object) -> Object:
    people, invitations = await together(
        session.api.items("/people", company_id=company["id"]), _open_invitations(session, company_id=company["id"])
    )
    return {"people": people, "invitations": invitations, "company": company}


async def _open_invitations(session: Session, **which: str) -> list[Object]:
    """None for who may not see them."""
    found = await session.api.items("/invitations", **which) if session.owns else []
    return [invitation for invitation in found if invitation["status"] == "open"]


def _not_chosen(form: Form) -> str:
    """What is wrong with the choice of whom an operator's invitation is for: a field left empty chooses nothing."""
    chosen = (form.text("sees"), bool(form.text("company_id")))
    if chosen in (("all", False), ("one", True)):
        return ""
    return {
        "all": "Choose one company, or leave the company empty: all companies are seen by the operator's people.",
        "one": "Say which company, by its client prefix.",
    }.get(chosen[0], "Choose all companies, or one.")


async def _names_of(session: Session, items: Sequence[Object], known: Container[str]) -> dict[str, str]:
    """Of their companies, those that are not known: by id, and at most `MAX_LOOKED_UP`."""
    missing = {item["company_id"]: None for item in items if item["company_id"] and item["company_id"] not in known}
    ids = list(missing)[:MAX_LOOKED_UP]
    found = await together(*(_name_of(session, id_) for id_ in ids))
    return {id_: name for id_, name in zip(ids, found, strict=True) if name is not None}


async def _name_of(session: Session, company_id: str) -> str | None:
    try:
        company = await session.api.get(f"/companies/{segment(company_id)}")
    except NotFound:  # it was deleted since
        return None
    return str(company["name"])
