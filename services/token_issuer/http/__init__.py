"""The endpoints, and what OpenAPI says of them."""

from collections.abc import Mapping, Sequence

from services.token_issuer.http.diagnosis import DiagnosisEndpoint
from services.token_issuer.http.discovery import Discovery
from services.token_issuer.http.introspection import IntrospectionEndpoint
from services.token_issuer.http.parameters import FORM, JSON
from services.token_issuer.http.responses import render_error
from services.token_issuer.http.revocation import RevocationEndpoint
from services.token_issuer.http.revoke_me import RevokeMeEndpoint
from services.token_issuer.http.schemas import (
    DIAGNOSIS_REQUEST,
    REVOKE_ME_REQUEST,
    TOKEN_FROM_CLIENT,
    DiagnosisResponse,
    IntrospectionResponse,
    MetadataResponse,
    OAuthErrorResponse,
    RevokeMeResponse,
    TokenResponse,
    token_request,
)
from services.token_issuer.http.token import TokenEndpoint
from services.token_issuer.metadata import (
    DIAGNOSIS_PATH,
    INTROSPECTION_PATH,
    METADATA_PATH,
    REVOCATION_PATH,
    REVOKE_ME_PATH,
)
from shared.contracts.token_issuer import JWKS_PATH, JwksResponse
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


LIMITED: Mapping[int, Response] = {
    403: Response("The limits of the client do not name this address", OAuthErrorResponse),
    429: Response(
        "Too many wrong secrets for this client from this address, or more requests than the client's limits "
        "allow: see Retry-After",
        OAuthErrorResponse,
    ),
}


def endpoints(
    *,
    token_endpoints: Sequence[TokenEndpoint],
    introspection: IntrospectionEndpoint,
    revocation: RevocationEndpoint,
    diagnosis: DiagnosisEndpoint,
    revoke_me: RevokeMeEndpoint,
    discovery: Discovery,
) -> list[Endpoint]:
    return [
        *(_token_endpoint(endpoint) for endpoint in token_endpoints),
        _client_endpoint(
            INTROSPECTION_PATH,
            introspection.post,
            "What a token is (RFC 7662)",
            Response("What it is, if it is live and of the client's company", IntrospectionResponse),
        ),
        _client_endpoint(
            REVOCATION_PATH,
            revocation.post,
            "End a token (RFC 7009)",
            Response("It is ended, or was no live token of this client"),
        ),
        _diagnosis_endpoint(diagnosis),
        _revoke_me_endpoint(revoke_me),
        Endpoint(
            "GET",
            METADATA_PATH,
            discovery.metadata,
            "Authorization server metadata (RFC 8414)",
            tag="discovery",
            responses={200: Response("Where everything is", MetadataResponse)},
        ),
        Endpoint(
            "GET",
            JWKS_PATH,
            discovery.jwks,
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
    return Endpoint(
        "POST",
        profile.path,
        endpoint.post,
        f"An access token by {' or '.join(grant.rpartition(':')[2] for grant in profile.grant_types)}",
        tag="tokens",
        description="RFC 6749 section 3.2; errors as in section 5.2.",
        body_schema=token_request(profile.grant_types),
        body_content_types=(FORM, JSON) if profile.accepts_json else (FORM,),
        responses={200: Response("The token", TokenResponse), **REFUSED, **LIMITED},
        security="client" if profile.methods == ("client_secret_basic",) else "",
        render_error=render_error,
        direct=True,
    )


def _client_endpoint(path: str, handler: Handler, summary: str, success: Response) -> Endpoint:
    return Endpoint(
        "POST",
        path,
        handler,
        summary,
        tag="tokens",
        body_schema=TOKEN_FROM_CLIENT,
        body_content_types=(FORM,),
        responses={200: success, **REFUSED},
        security="client",
        render_error=render_error,
        direct=True,
    )


def _diagnosis_endpoint(diagnosis: DiagnosisEndpoint) -> Endpoint:
    return Endpoint(
        "POST",
        DIAGNOSIS_PATH,
        diagnosis.post,
        "What is wrong with an assertion or an access token",
        tag="tokens",
        description="Every check in order. What the registry knows is said if the signature is valid, or to an "
        "admin (`Authorization: Bearer`, with an admin token) who may see the key pair.",
        body_schema=DIAGNOSIS_REQUEST,
        body_content_types=(FORM, JSON),
        responses={200: Response("Every finding", DiagnosisResponse), **REFUSED},
        render_error=render_error,
    )


def _revoke_me_endpoint(revoke_me: RevokeMeEndpoint) -> Endpoint:
    return Endpoint(
        "POST",
        REVOKE_ME_PATH,
        revoke_me.post,
        "End a credential, by whoever holds it",
        tag="tokens",
        description="An API token, an access key, the secret of an API client, an admin token, an access token. Of "
        "a credential with two secrets this one ends, and the other goes on. The company is notified. The response "
        "is the same for what is none.",
        body_schema=REVOKE_ME_REQUEST,
        body_content_types=(FORM, JSON),
        responses={200: Response("It has ended, if it was a credential", RevokeMeResponse), **REFUSED},
        render_error=render_error,
    )
