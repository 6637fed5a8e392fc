"""The endpoints, and what OpenAPI says of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.token_issuer.http.discovery import Documents
from services.token_issuer.http.parameters import FORM, JSON
from services.token_issuer.http.responses import render_error
from services.token_issuer.http.token import TokenEndpoint
from services.token_issuer.http.token_care import TokenCare
from services.token_issuer.metadata import INTROSPECTION_PATH, METADATA_PATH, REVOCATION_PATH
from shared.contracts.token_issuer import (
    JWKS_PATH,
    IntrospectionResponse,
    JwksResponse,
    MetadataResponse,
    OAuthErrorResponse,
    TokenResponse,
)
from shared.http.endpoints import Endpoint, Handler, Response

SECURITY_SCHEMES = {
    "client": {"type": "http", "scheme": "basic", "description": "client id and secret, each percent-encoded"}
}
REFUSED: Mapping[int, Response] = {
    400: Response("The request, the grant or the scope is wrong", OAuthErrorResponse),
    401: Response("The client has not proved who it is", OAuthErrorResponse),
    405: Response("Only POST", OAuthErrorResponse),
    413: Response("The body is too large", OAuthErrorResponse),
    429: Response("Too many wrong secrets for this client from this address: see Retry-After", OAuthErrorResponse),
    503: Response("Cannot be known or done now: see Retry-After", OAuthErrorResponse),
}
_TEXT = {"type": "string"}
_CLIENT_MEMBERS = dict.fromkeys(("client_id", "client_secret", "client_assertion_type", "client_assertion"), _TEXT)


def endpoints(token_endpoints: Sequence[TokenEndpoint], care: TokenCare, documents: Documents) -> list[Endpoint]:
    return [
        *(_token_endpoint(endpoint) for endpoint in token_endpoints),
        _for_clients(
            INTROSPECTION_PATH,
            care.introspect,
            "What a token is (RFC 7662)",
            Response("What it is, if it is live and of the client's company", IntrospectionResponse),
        ),
        _for_clients(
            REVOCATION_PATH,
            care.revoke,
            "End a token (RFC 7009)",
            Response("It is ended, or was no live token of this client"),
        ),
        Endpoint(
            "GET",
            METADATA_PATH,
            documents.metadata,
            "Authorization server metadata (RFC 8414)",
            tag="discovery",
            responses={200: Response("Where everything is", MetadataResponse)},
        ),
        Endpoint(
            "GET",
            JWKS_PATH,
            documents.jwks,
            "The public keys of live tokens (RFC 7517)",
            tag="discovery",
            responses={
                200: Response("The key set", JwksResponse),
                503: Response(
                    "The keys are not known yet: see Retry-After", content_type="application/problem+json"
                ),
            },
        ),
    ]


def _token_endpoint(endpoint: TokenEndpoint) -> Endpoint:
    profile = endpoint.profile
    members: dict[str, Any] = {
        "grant_type": {"type": "string", "enum": list(profile.grant_types)},
        "scope": _TEXT,
        "assertion": _TEXT,
        **_CLIENT_MEMBERS,
    }
    return Endpoint(
        "POST",
        profile.path,
        endpoint.post,
        f"An access token by {' or '.join(grant.rpartition(':')[2] for grant in profile.grant_types)}",
        tag="tokens",
        description="RFC 6749 section 3.2; errors as in section 5.2.",
        body_schema={"type": "object", "required": ["grant_type"], "properties": members},
        body_content_types=(FORM, JSON) if profile.json_too else (FORM,),
        responses={200: Response("The token", TokenResponse), **REFUSED},
        security="client" if profile.methods == ("client_secret_basic",) else "",
        render_error=render_error,
    )


def _for_clients(path: str, handler: Handler, summary: str, success: Response) -> Endpoint:
    members = {"token": _TEXT, "token_type_hint": _TEXT, **_CLIENT_MEMBERS}
    return Endpoint(
        "POST",
        path,
        handler,
        summary,
        tag="tokens",
        body_schema={"type": "object", "required": ["token"], "properties": members},
        body_content_types=(FORM,),
        responses={200: success, **REFUSED},
        security="client",
        render_error=render_error,
    )
