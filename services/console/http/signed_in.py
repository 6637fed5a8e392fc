"""Handlers of pages that need a person who has signed in."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from services.console.admin_api import SignedOut
from services.console.browser import cookies
from services.console.browser.forms import Form, csrf_token, read_form, require_csrf_token
from services.console.browser.visitors import Visitors
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import ServiceError
from shared.http.endpoints import Handler
from shared.http.middleware import note_error, translated

PageHandler = Callable[[web.Request, Session], Awaitable[web.StreamResponse]]
FormHandler = Callable[[web.Request, Session, Form], Awaitable[web.StreamResponse]]


class Sessions:
    def __init__(self, visitors: Visitors, renderer: Renderer) -> None:
        self._visitors = visitors
        self._renderer = renderer

    def page(self, handler: PageHandler) -> Handler:
        """Without a session: to the sign-in page, and back here after it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            token = cookies.session_token(request)
            if not token:
                return self._to_sign_in(request)
            return await self._handle(request, token, lambda session: handler(request, session))

        return handle

    def form(self, handler: FormHandler) -> Handler:
        """As `page`, for what changes something: the form must be one of this session's own pages."""

        async def handle(request: web.Request) -> web.StreamResponse:
            form = await read_form(request)
            token = cookies.session_token(request)
            if not token:
                return self._to_sign_in(request)
            require_csrf_token(form, token)
            return await self._handle(request, token, lambda session: handler(request, session, form))

        return handle

    @web.middleware
    async def unmatched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whoever is signed in keeps the menu where no page answers: an unknown address, or another method."""
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            error = translated(refusal)
        note_error(request, error)
        return self._renderer.error(error, await self._known_session(request))

    async def _handle(
        self, request: web.Request, token: str, respond: Callable[[Session], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Whoever is signed in keeps the menu also where the handler raises an error."""
        session = None
        try:
            session = await self._session(request, token)
            return await respond(session)
        except SignedOut:
            return self._to_sign_in(request)
        except ServiceError as error:
            if session is None:
                raise
            note_error(request, error)
            return self._renderer.error(error, session)

    async def _known_session(self, request: web.Request) -> Session | None:
        """None of a stranger, and where nobody can be known at the moment."""
        token = cookies.session_token(request)
        try:
            return await self._session(request, token) if token else None
        except (SignedOut, ServiceError):
            return None

    async def _session(self, request: web.Request, token: str) -> Session:
        api = self._visitors.api_of(request, token)
        return Session(api, await api.get("/me"), csrf_token(token))

    def _to_sign_in(self, request: web.Request) -> web.StreamResponse:
        back = f"?next={quote(request.rel_url.raw_path_qs, safe='/')}" if request.method == "GET" else ""
        response = self._renderer.redirect(f"/sign-in{back}")
        cookies.drop(response)
        return response
