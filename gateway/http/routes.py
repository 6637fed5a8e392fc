"""The route table, as operators see it."""

from aiohttp import web

from gateway.http.schemas import OtherRoute, RouteExplanation, RoutesView, RouteView
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.issuers.settings import OWN_ISSUER
from gateway.routing.matching.explain import explain
from gateway.routing.route_watch import RouteWatch
from gateway.routing.table import Route
from shared.http.responses import NO_STORE, json_response


class RouteEndpoints:
    def __init__(self, watch: RouteWatch) -> None:
        self._watch = watch

    async def routes(self, _: web.Request) -> web.Response:
        """GET /routes"""
        view = RoutesView(routes=[_view(route) for route in self._watch.table.routes], errors=self._watch.errors)
        return json_response(view.model_dump(), headers=NO_STORE)

    async def explain(self, request: web.Request) -> web.Response:
        """GET /routes/explain: what `python -m gateway which-route` says, of the table in use."""
        method, url = request.query.get("method", "GET"), request.query.get("url", "")
        found = explain(self._watch.table, method, url)
        shown = RouteExplanation(
            status=found.status,
            reason=found.reason,
            route=None if found.route is None else _view(found.route),
            forwarded=found.forwarded,
            others=[OtherRoute(name=route.name, line=route.line, why=why) for route, why in found.others],
        )
        return json_response(shown.model_dump(), headers=NO_STORE)


def _view(route: Route) -> RouteView:
    return RouteView(
        name=route.name,
        line=route.line,
        host=route.host,
        path=route.path,
        prefix=route.prefix,
        methods=None if route.methods is None else sorted(route.methods),
        credential=[kind.value for kind in route.kinds] if route.alternatives else route.credential.value,
        scopes=list(route.scopes),
        application=route.application,
        report_only=route.report_only,
        report_only_scopes=sorted(route.report_only_scopes),
        issuers=_issuers(route),
        identity_token=route.identity_token,
        max_staleness=route.max_staleness,
        upstream=route.upstream.url,
    )


def _issuers(route: Route) -> list[str]:
    if CredentialKind.JWT not in route.kinds:
        return []
    own = [OWN_ISSUER] if route.accepts_own_issuer else []
    return own + [issuer.name for issuer in route.issuers]
