"""The table of the operators' endpoints, on the port that is theirs alone."""

from gateway.http.identity_keys import IDENTITY_KEYS_PATH
from gateway.http.schemas import RouteExplanation, RoutesView
from shared.contracts.token_issuer import JwksResponse
from shared.http.endpoints import Endpoint, Handler, Parameter, Response

ROUTES_PATH, EXPLAIN_PATH = "/routes", "/routes/explain"
_METHOD = Parameter(
    "method",
    description="The request's method.",
    schema={"type": "string", "default": "GET", "examples": ["GET"]},
)
_URL = Parameter(
    "url",
    description="Its URL, or a path alone for a request that names no host.",
    schema={"type": "string", "examples": ["https://api.example/v2.0/site"]},
)


def endpoints(routes: Handler, explain: Handler, identity_keys: Handler) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            ROUTES_PATH,
            routes,
            "The route table in use, and what is wrong with the route file",
            responses={200: Response("The table.", RoutesView)},
        ),
        Endpoint(
            "GET",
            EXPLAIN_PATH,
            explain,
            "Which route takes a request, and why no other one does",
            parameters=(_METHOD, _URL),
            responses={200: Response("What becomes of it.", RouteExplanation)},
        ),
        Endpoint(
            "GET",
            IDENTITY_KEYS_PATH,
            identity_keys,
            "The public keys of identity tokens (RFC 7517)",
            responses={200: Response("The key set.", JwksResponse)},
        ),
    ]
