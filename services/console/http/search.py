"""Whatever a person has at hand of a credential: a name, the last characters, an id, or the secret itself."""

from aiohttp import web

from services.console.browser.forms import Form
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import Unprocessable

NOTHING_TYPED = "Type a name, a prefix, the last four characters, an id, or paste a whole secret."
NO_WORD = "Nothing can be found by this: type a name, a prefix, the last four characters, an id, or a secret."


class SearchPages:
    """A form that is posted: what is pasted may be a secret, which must be in no address and no history."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def show(self, _: web.Request, session: Session) -> web.Response:
        return self._renderer.page("search.html", session=session, items=None)

    async def find(self, _: web.Request, session: Session, form: Form) -> web.Response:
        text, items, problem = form.text("text"), None, NOTHING_TYPED
        if text:
            try:
                items, problem = (await session.api.post("/search", {"text": text}))["items"], ""
            except Unprocessable:
                problem = NO_WORD
        return self._renderer.page(
            "search.html",
            session=session,
            status=422 if problem else 200,
            items=items,
            errors={"text": problem} if problem else {},
        )
