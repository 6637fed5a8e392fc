"""Which route takes a request, and all routes, as the gateway has them now."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from services.console.pages.renderer import Renderer
from services.console.pages.routes import MAX_SHOWN, found_routes
from services.console.session import Session
from shared.errors import NotFound, Unavailable
from shared.http.client import ServiceClient

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MAX_URL_CHARACTERS = 2000
MAX_QUERY_CHARACTERS = 100


class GatewayRoutes:
    """`gateway`: its operations port, which shows what it does and changes nothing."""

    def __init__(self, gateway: ServiceClient) -> None:
        self._gateway = gateway

    async def all(self) -> dict[str, Any] | None:
        """`routes` and `errors`; None while no gateway responds."""
        return await self._get("/routes")

    async def explain(self, method: str, url: str) -> dict[str, Any] | None:
        """What becomes of such a request; None while no gateway responds."""
        return await self._get(f"/routes/explain?{urlencode({'method': method, 'url': url})}")

    async def _get(self, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = await self._gateway.get(path)
        except Unavailable:
            return None
        return found


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
