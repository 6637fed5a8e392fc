"""The models of requests and responses (RFC 6749, 7009, 7662, 8414), for OpenAPI."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_TEXT = {"type": "string"}
_CLIENT_MEMBERS = dict.fromkeys(("client_id", "client_secret", "client_assertion_type", "client_assertion"), _TEXT)


def token_request(grant_types: Sequence[str]) -> dict[str, Any]:
    """The form of a token endpoint (RFC 6749 section 4.4.2, RFC 7523 section 2)."""
    members = {
        "grant_type": {"type": "string", "enum": list(grant_types)},
        "scope": _TEXT,
        "assertion": _TEXT,
        **_CLIENT_MEMBERS,
    }
    return {"type": "object", "required": ["grant_type"], "properties": members}


TOKEN_FROM_CLIENT: dict[str, Any] = {
    "type": "object",
    "required": ["token"],
    "properties": {"token": _TEXT, "token_type_hint": _TEXT, **_CLIENT_MEMBERS},
}
"""The form of introspection (RFC 7662 section 2.1) and revocation (RFC 7009 section 2.1)."""


REVOKE_ME_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": {**_TEXT, "description": "The credential that is to end.", "examples": ["pgat_..."]},
    },
}


DIAGNOSIS_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "assertion": {
            **_TEXT,
            "description": "A signed assertion, as for a token endpoint.",
            "examples": ["eyJ..."],
        },
        "token": {**_TEXT, "description": "An access token, as for a route.", "examples": ["eyJ..."]},
    },
    "oneOf": [{"required": ["assertion"]}, {"required": ["token"]}],
}


class ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class TokenResponse(ResponseModel):
    """RFC 6749 section 5.1. `scope` is left out at `/auth/token`."""

    access_token: str
    token_type: str
    """`JWT` at `/auth/token`, else `Bearer`."""
    expires_in: int
    """Seconds."""
    scope: str | None = None


class OAuthErrorResponse(ResponseModel):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str
    error_uri: str = Field(description="A page that says what the error means and what to do.")


class IntrospectionResponse(ResponseModel):
    """RFC 7662 section 2.2. Of a token that is not live, or of another company, `active` is all there is."""

    active: bool
    token_type: str | None = None
    scope: str | None = None
    client_id: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    jti: str | None = None


class MetadataResponse(ResponseModel):
    """RFC 8414 section 2."""

    issuer: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_signing_alg_values_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_signing_alg_values_supported: list[str]


class RevokeMeResponse(ResponseModel):
    """The same whatever was sent."""

    message: str = Field(examples=["If this was a credential of ours, it has ended."])


class FindingResponse(ResponseModel):
    check: str = Field(description="What is checked.", examples=["aud"])
    ok: bool | None = Field(description="Whether it is as expected; null: not checked, and `fix` says why.")
    found: Any = Field(description="What the text has there; null: nothing.", examples=["https://gw.example/"])
    expected: str = Field(description="What has to be there.", examples=["https://gw.example"])
    fix: str = Field(description="How to correct it; empty when it is as expected.", examples=["aud must be ..."])


class DiagnosisResponse(ResponseModel):
    """Of everything that is checked. Nothing is accepted, issued or stored, and a `jti` is not used up."""

    kind: Literal["assertion", "token"] = Field(description="Which of the two was sent.", examples=["assertion"])
    ok: bool | None = Field(description="true: it would be accepted now. false: a check fails. null: not known.")
    checks: tuple[FindingResponse, ...] = Field(description="In the order in which they are made.", examples=[[]])
