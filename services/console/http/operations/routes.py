"""Which route takes a request, and all routes, as the gateway has them now."""

from aiohttp import web

from services.console.gateway_routes import GatewayRoutes
from services.console.pages.renderer import Renderer
from services.console.pages.routes import MAX_SHOWN, found_routes
from services.console.session import Session
from shared.errors import NotFound

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MAX_URL_CHARACTERS = 2000
MAX_QUERY_CHARACTERS = 100


class RoutePages:
    def __init__(self, renderer: Renderer, routes: GatewayRoutes) -> None:
        self._renderer = renderer
        self._routes = routes

    async def show(self, request: web.Request, session: Session) -> web.Response:
        """For the operator's people: raises `NotFound` for others."""
        if session.me["company_id"]:
            raise NotFound("there is no such page")
        method, url = request.query.get("method", "GET"), request.query.get("url", "").strip()[:MAX_URL_CHARACTERS]
        method = method if method in METHODS else "GET"
        words = request.query.get("q", "").strip()[:MAX_QUERY_CHARACTERS]
        table = await self._routes.all()
        found = [] if table is None else found_routes(table["routes"], words)
        return self._renderer.page(
            "operations/routes.html",
            session=session,
            table=table,
            routes=found[:MAX_SHOWN],
            more=len(found) - MAX_SHOWN,
            q=words,
            methods=METHODS,
            method=method,
            url=url,
            explained=await self._routes.explain(method, url) if url and table is not None else None,
        )
