"""The models of requests and responses (RFC 6749, 7009, 7662, 8414), for OpenAPI."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CLIENT_CREDENTIALS = "client_credentials"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _text(description: str, example: str) -> dict[str, Any]:
    return {"type": "string", "description": description, "examples": [example]}


_CLIENT_MEMBERS = {
    "client_id": _text("The key of the API client, where there is no Authorization field.", "pgck_..."),
    "client_secret": _text("Its secret.", "pgcs_..."),
    "client_assertion_type": _text("Of `client_assertion` (RFC 7523 section 2.2).", _ASSERTION),
    "client_assertion": _text("A JWT signed with a key pair of the company, instead of a secret.", "eyJ..."),
}


def token_request(grant_types: Sequence[str]) -> dict[str, Any]:
    """The form of a token endpoint (RFC 6749 section 4.4.2, RFC 7523 section 2)."""
    members = {
        "grant_type": {
            "type": "string",
            "enum": list(grant_types),
            "description": "How the caller proves that it may have a token.",
            "examples": [grant_types[0]],
        },
        "scope": _text("Scopes with spaces between them; all that are booked, where it is left out.", "site:read"),
        "assertion": _text("The signed JWT, for the grant `jwt-bearer` (RFC 7523 section 2.1).", "eyJ..."),
        **_CLIENT_MEMBERS,
    }
    grant = grant_types[0]
    example = {"grant_type": grant} if grant == CLIENT_CREDENTIALS else {"grant_type": grant, "assertion": "eyJ..."}
    return {"type": "object", "required": ["grant_type"], "properties": members, "examples": [example]}


TOKEN_FROM_CLIENT: dict[str, Any] = {
    "type": "object",
    "required": ["token"],
    "examples": [{"token": "eyJ..."}],
    "properties": {
        "token": _text("The access token.", "eyJ..."),
        "token_type_hint": _text("What it may be; it is found without.", "access_token"),
        **_CLIENT_MEMBERS,
    },
}
"""The form of introspection (RFC 7662 section 2.1) and revocation (RFC 7009 section 2.1)."""


REVOKE_ME_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": _text("The credential that is to end.", "pgat_..."),
    },
}


DIAGNOSIS_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "assertion": _text("A signed assertion, as for a token endpoint.", "eyJ..."),
        "token": _text("An access token, as for a route.", "eyJ..."),
    },
    "oneOf": [{"required": ["assertion"]}, {"required": ["token"]}],
    "examples": [{"assertion": "eyJ..."}],
}


class ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class TokenResponse(ResponseModel):
    """RFC 6749 section 5.1. `scope` is left out at `/auth/token`."""

    access_token: str = Field(description="For the field Authorization, after `Bearer`.", examples=["eyJ..."])
    token_type: str = Field(description="`JWT` at `/auth/token`, else `Bearer`.", examples=["Bearer"])
    expires_in: int = Field(description="Seconds until it expires.", examples=[3600])
    scope: str | None = Field(
        default=None, description="What was granted, with spaces between the scopes.", examples=["site:read"]
    )


class OAuthErrorResponse(ResponseModel):
    """RFC 6749 section 5.2."""

    error: str = Field(description="A word for programs (RFC 6749 section 5.2).", examples=["invalid_client"])
    error_description: str = Field(
        description="What is wrong with this request.", examples=["client authentication failed"]
    )
    error_uri: str = Field(
        description="A page that says what the error means and what to do.",
        examples=["https://api.example/.well-known/passgate/errors/invalid_client"],
    )


class IntrospectionResponse(ResponseModel):
    """RFC 7662 section 2.2. Of a token that is not live, or of another company, `active` is all there is."""

    active: bool = Field(description="Whether the token works now.", examples=[True])
    token_type: str | None = Field(default=None, description="How it is sent.", examples=["Bearer"])
    scope: str | None = Field(default=None, description="With spaces between the scopes.", examples=["site:read"])
    client_id: str | None = Field(default=None, description="Whom it was issued to.", examples=["pgck_..."])
    exp: int | None = Field(
        default=None, description="When it expires, seconds since the epoch.", examples=[1767225600]
    )
    iat: int | None = Field(default=None, description="When it was issued, likewise.", examples=[1767222000])
    sub: str | None = Field(default=None, description="Whom it is about.", examples=["https://blabla.example"])
    aud: str | list[str] | None = Field(default=None, description="Who accepts it.", examples=["passgate"])
    iss: str | None = Field(default=None, description="Who issued it.", examples=["https://api.example"])
    jti: str | None = Field(default=None, description="Its id.", examples=["0192f0c0-0000-7000-8000-000000000000"])


def _methods() -> Any:
    return Field(description="How a client proves who it is there.", examples=[["client_secret_basic"]])


def _algorithms() -> Any:
    return Field(description="Those of its assertions.", examples=[["RS256", "ES256"]])


def _url(what: str, path: str) -> Any:
    return Field(description=what, examples=[f"https://api.example{path}"])


class MetadataResponse(ResponseModel):
    """RFC 8414 section 2."""

    issuer: str = _url("Who issues the tokens: their `iss`.", "")
    token_endpoint: str = _url("Where tokens are issued.", "/oauth2/token")
    introspection_endpoint: str = _url("Where it is said what a token is.", "/oauth2/introspect")
    revocation_endpoint: str = _url("Where a token is ended.", "/oauth2/revoke")
    jwks_uri: str = _url("The public keys of the tokens.", "/.well-known/jwks.json")
    grant_types_supported: list[str] = Field(
        description="Grants of the token endpoint.", examples=[["client_credentials"]]
    )
    response_types_supported: list[str] = Field(description="None: nobody is redirected.", examples=[[]])
    token_endpoint_auth_methods_supported: list[str] = _methods()
    token_endpoint_auth_signing_alg_values_supported: list[str] = _algorithms()
    introspection_endpoint_auth_methods_supported: list[str] = _methods()
    introspection_endpoint_auth_signing_alg_values_supported: list[str] = _algorithms()
    revocation_endpoint_auth_methods_supported: list[str] = _methods()
    revocation_endpoint_auth_signing_alg_values_supported: list[str] = _algorithms()


class RevokeMeResponse(ResponseModel):
    """The same whatever was sent."""

    message: str = Field(description="For people.", examples=["If this was a credential of ours, it has ended."])


class FindingResponse(ResponseModel):
    check: str = Field(description="What is checked.", examples=["aud"])
    ok: bool | None = Field(
        description="Whether it is as expected; null: not checked, and `fix` says why.", examples=[True]
    )
    found: Any = Field(description="What the text has there; null: nothing.", examples=["https://gw.example/"])
    expected: str = Field(description="What has to be there.", examples=["https://gw.example"])
    fix: str = Field(description="How to correct it; empty when it is as expected.", examples=["aud must be ..."])


class DiagnosisResponse(ResponseModel):
    """Of everything that is checked. Nothing is accepted, issued or stored, and a `jti` is not used up."""

    kind: Literal["assertion", "token"] = Field(description="Which of the two was sent.", examples=["assertion"])
    ok: bool | None = Field(
        description="true: it would be accepted now. false: a check fails. null: not known.", examples=[True]
    )
    checks: tuple[FindingResponse, ...] = Field(description="In the order in which they are made.", examples=[[]])
