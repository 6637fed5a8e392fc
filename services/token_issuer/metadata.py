"""RFC 8414: where everything is, for clients that know only the issuer's URL."""

from typing import Any

from services.token_issuer.clients.client_proof import METHODS
from services.token_issuer.grants import client_credentials, jwt_bearer
from shared.contracts.token_issuer import JWKS_PATH
from shared.jose.keys import ACCEPTED_ALGORITHMS

TOKEN_PATH = "/oauth2/token"
INTROSPECTION_PATH = "/oauth2/introspect"
REVOCATION_PATH = "/oauth2/revoke"
DIAGNOSIS_PATH = "/oauth2/diagnose"
REVOKE_ME_PATH = "/revoke-me"
"""Of no RFC, and so not in the metadata."""

METADATA_PATH = "/.well-known/oauth-authorization-server"


def metadata(issuer: str) -> dict[str, Any]:
    """Authorization server metadata for the endpoints that follow the RFCs by the letter."""
    methods, algorithms = list(METHODS), sorted(ACCEPTED_ALGORITHMS)
    document: dict[str, Any] = {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "introspection_endpoint": issuer + INTROSPECTION_PATH,
        "revocation_endpoint": issuer + REVOCATION_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "grant_types_supported": [client_credentials.GRANT_TYPE, jwt_bearer.GRANT_TYPE],
        # Required, and an empty list must be left out (RFC 8414 sections 2 and 3.2): `none` is the registered type
        # by which an authorization endpoint gives neither a code nor a token, and there is no such endpoint here.
        "response_types_supported": ["none"],
    }
    for endpoint in ("token", "introspection", "revocation"):
        document[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
    return document
