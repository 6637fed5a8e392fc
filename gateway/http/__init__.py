"""What the gateway tells its operators, on the port that is theirs alone."""

from aiohttp import web
from pydantic import BaseModel

from gateway.routing.reload import RouteWatch
from gateway.routing.table import Route
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response


class RouteView(BaseModel):
    name: str
    path: str
    prefix: bool
    methods: list[str] | None
    credential: str
    scopes: list[str]
    max_staleness: float | None
    """Seconds; null: the gateway's own setting."""
    upstream: str


class RoutesView(BaseModel):
    routes: list[RouteView]
    errors: list[str]
    """What is wrong with the file as it is now; the routes are then those of an earlier one."""


def endpoints(watch: RouteWatch) -> list[Endpoint]:
    async def routes(_: web.Request) -> web.Response:
        """GET /routes"""
        view = RoutesView(routes=[_view(route) for route in watch.table.routes], errors=watch.errors)
        return json_response(view.model_dump(), headers=NO_STORE)

    return [
        Endpoint(
            "GET",
            "/routes",
            routes,
            "The route table in use, and what is wrong with the route file",
            responses={200: Response("The table.", RoutesView)},
        )
    ]


def _view(route: Route) -> RouteView:
    return RouteView(
        name=route.name,
        path=route.path,
        prefix=route.prefix,
        methods=None if route.methods is None else sorted(route.methods),
        credential=route.credential.value,
        scopes=list(route.scopes),
        max_staleness=route.max_staleness,
        upstream=route.upstream.url,
    )
