"""The table of the operators' endpoints, on the port that is theirs alone."""

from gateway.http.routes import RouteEndpoints
from gateway.http.schemas import RoutesView
from shared.http.endpoints import Endpoint, Response


def endpoints(routes: RouteEndpoints) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/routes",
            routes.routes,
            "The route table in use, and what is wrong with the route file",
            responses={200: Response("The table.", RoutesView)},
        )
    ]
