"""The table of the operators' endpoints, on the port that is theirs alone."""

from gateway.http.identity_keys import IDENTITY_KEYS_PATH
from gateway.http.schemas import RoutesView
from shared.contracts.token_issuer import JwksResponse
from shared.http.endpoints import Endpoint, Handler, Response


def endpoints(routes: Handler, identity_keys: Handler) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/routes",
            routes,
            "The route table in use, and what is wrong with the route file",
            responses={200: Response("The table.", RoutesView)},
        ),
        Endpoint(
            "GET",
            IDENTITY_KEYS_PATH,
            identity_keys,
            "The public keys of identity tokens (RFC 7517)",
            responses={200: Response("The key set.", JwksResponse)},
        ),
    ]
