"""Why calls were refused, for the operator's people: the newest of them, and one with all that it met."""

from aiohttp import web

from services.console.admin_api import segment
from services.console.http.lists.filtered_list import filtered_list
from services.console.http.refused_call import refused_call
from services.console.pages.refused_calls.calls import of_calls
from services.console.pages.refused_calls.titles import titles
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound, Unprocessable
from shared.refusal_traces.causes import CHECKS

MAX_ID_CHARACTERS = 200
FILTERS = ("company_id", "cause", "credential", "from", "to")
GONE = (
    "No refused call is kept that has this id, which does not say that the call was served: of many with one cause "
    "and from one address only some are kept, and none for longer than 7 days. The gateway's log has every call by "
    "its request_id, but for a flood, and the audit trail how many were refused."
)


class RefusedCallPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def show(self, request: web.Request, session: Session) -> web.Response:
        """By the request id that the response had, or those that the filters name.

        A person of one company has a page of the company's own calls.
        """
        wanted = request.query.get("request_id", "").strip()[:MAX_ID_CHARACTERS]
        if session.me["company_id"]:
            return self._renderer.redirect(f"/portal/refused-calls{f'/{segment(wanted)}' if wanted else ''}")
        return await (self._one(session, wanted) if wanted else self._list(request, session))

    async def _one(self, session: Session, wanted: str) -> web.Response:
        try:
            decision = await refused_call(session, wanted)
        except (NotFound, Unprocessable):
            return self._renderer.page(
                "explain.html", session=session, status=404, wanted=wanted, decision=None, problem=GONE
            )
        return self._renderer.page("explain.html", session=session, wanted=wanted, decision=decision)

    async def _list(self, request: web.Request, session: Session) -> web.Response:
        found = await filtered_list(request, session, "/decisions", FILTERS)
        causes = titles({*CHECKS, found.form["cause"]})
        return self._renderer.page(
            "explain.html",
            session=session,
            status=found.status,
            wanted="",
            decision=None,
            causes=causes,
            **{**found.values, "items": of_calls(found.items)},
        )
