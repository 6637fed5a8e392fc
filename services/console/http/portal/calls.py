"""How to call: code in six languages, for a credential that the company has."""

from typing import Any

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.http.portal.company import own_company, own_company_id, searched_credentials
from services.console.pages.credentials.environment_file import environment_file
from services.console.pages.credentials.kinds import BY_API_KIND, Kind
from services.console.pages.portal.snippets import (
    LANGUAGES,
    OWN_PATH,
    RUN,
    environment_of,
    lacks_scopes,
    languages_of,
    sample_path,
    sent_path,
    snippet,
)
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound
from shared.identifiers import UUID_FORM

OFFERED_OF_A_KIND = 5


class CallPages:
    """`gateway`: its public URL, without a final slash."""

    def __init__(self, renderer: Renderer, gateway: str) -> None:
        self._renderer = renderer
        self._gateway = gateway

    async def show(self, request: web.Request, session: Session) -> web.Response:
        """The newest that are usable are offered, or those that are searched for; `credential` may be any other."""
        own_company_id(session)
        company, found = await together(
            own_company(session), searched_credentials(request, session, OFFERED_OF_A_KIND, status="active")
        )
        offered = found.newest.credentials
        wanted = request.query.get("credential", "")
        chosen = next((pair for pair in offered if pair[1]["id"] == wanted), None)
        if chosen is None and (chosen := await _usable(session, wanted)) is not None:
            offered = [chosen, *offered]
        shown = chosen or next(iter(offered), None)
        values = {"language": ""} if shown is None else self._code(request, company, *shown)
        return self._renderer.page(
            "portal/calls.html",
            session=session,
            status=found.status,
            company=company,
            usable=offered,
            more=bool(found.newest.more_of),
            form=found.form,
            errors=found.errors,
            languages=LANGUAGES,
            **values,
        )

    def _code(self, request: web.Request, company: Object, kind: Kind, credential: Object) -> dict[str, Any]:
        offered = languages_of(kind, credential)
        language = request.query.get("language", "")
        if language not in offered:
            language = offered[0]
        path = sent_path(kind, credential, request.query.get("path", "").strip())
        return {
            "kind": kind,
            "credential": credential,
            "offered": offered,
            "language": language,
            "path": path,
            "to_be_typed": path == OWN_PATH,
            "lacks_scopes": lacks_scopes(credential),
            "works": path != sample_path(kind, credential) or not lacks_scopes(credential),
            "file_name": environment_file(kind, credential),
            "variables": environment_of(kind),
            "run": RUN[language],
            "code": snippet(kind, credential, language, self._gateway, company, path),
        }


async def _usable(session: Session, id_: str) -> tuple[Kind, Object] | None:
    """The credential of the company with this id, whatever its kind; None for what it cannot call with."""
    if UUID_FORM.fullmatch(id_) is None:
        return None
    found = (await session.api.post("/search", {"text": id_}))["items"]
    kind = next((BY_API_KIND.get(item["kind"]) for item in found if item["id"] == id_), None)
    if kind is None:
        return None
    try:
        credential = await session.api.get(f"/{kind.path}/{id_}")
    except NotFound:  # deleted meanwhile
        return None
    return (kind, credential) if credential["status"] == "active" else None
