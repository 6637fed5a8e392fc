"""The table of the operators' endpoints, on the port that is theirs alone."""

from gateway.http.schemas import RoutesView
from shared.http.endpoints import Endpoint, Handler, Response


def endpoints(routes: Handler) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/routes",
            routes,
            "The route table in use, and what is wrong with the route file",
            responses={200: Response("The table.", RoutesView)},
        )
    ]
