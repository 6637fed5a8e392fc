"""How to call: code in six languages, for a credential that the company has."""

from typing import Any

from aiohttp import web

from services.console.admin_api import Object
from services.console.http.portal.company import own_company, own_credentials
from services.console.pages.kinds import Kind
from services.console.pages.portal.snippets import (
    LANGUAGES,
    RUN,
    environment_of,
    languages_of,
    sent_path,
    snippet,
)
from services.console.pages.renderer import Renderer
from services.console.session import Session


class CallPages:
    """`gateway`: its public URL, without a final slash."""

    def __init__(self, renderer: Renderer, gateway: str) -> None:
        self._renderer = renderer
        self._gateway = gateway

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        usable = [pair for pair in await own_credentials(session, company["id"]) if pair[1]["status"] == "active"]
        chosen = next((pair for pair in usable if pair[1]["id"] == request.query.get("credential")), None)
        found = chosen or next(iter(usable), None)
        values = {} if found is None else self._code(request, company, *found)
        return self._renderer.page(
            "portal/calls.html", session=session, company=company, usable=usable, languages=LANGUAGES, **values
        )

    def _code(self, request: web.Request, company: Object, kind: Kind, credential: Object) -> dict[str, Any]:
        offered = languages_of(kind, credential)
        language = request.query.get("language", "")
        if language not in offered:
            language = offered[0]
        path = sent_path(kind, request.query.get("path", "").strip())
        return {
            "kind": kind,
            "credential": credential,
            "offered": offered,
            "language": language,
            "path": path,
            "variables": environment_of(kind),
            "run": RUN[language],
            "code": snippet(kind, credential, language, self._gateway, company, path),
        }
