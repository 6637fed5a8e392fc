"""Why a call was refused."""

from aiohttp import web

from services.console.admin_api import segment
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound, Unprocessable

MAX_ID_CHARACTERS = 200


class SupportPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def explain(self, request: web.Request, session: Session) -> web.Response:
        """What a refused call met, by the request id that its response had."""
        wanted = request.query.get("request_id", "").strip()[:MAX_ID_CHARACTERS]
        decision, problem, status = None, "", 200
        if wanted:
            try:
                decision = await session.api.get(f"/decisions/{segment(wanted)}")
            except (NotFound, Unprocessable):
                status = 404
                problem = "No refused call has this id: they are kept for 7 days, and served ones are not."
        recent = [] if wanted else (await session.api.get("/decisions", limit="25"))["items"]
        return self._renderer.page(
            "explain.html",
            session=session,
            status=status,
            wanted=wanted,
            decision=decision,
            recent=recent,
            problem=problem,
        )
