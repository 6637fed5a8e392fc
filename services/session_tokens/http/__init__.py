"""The table of endpoints, with what OpenAPI says of each."""

from functools import partial

from services.session_tokens.http.schemas import CreatedToken, Message
from services.session_tokens.http.tokens import SessionTokenEndpoints, render_error, render_internal_error
from services.session_tokens.lifetime import MAX_USES
from services.session_tokens.parameters import MAX_BODY_BYTES, MAX_DEPTH, MAX_NAME_CHARACTERS, MAX_PARAMETERS
from shared.contracts.session_tokens import (
    RESOLVE,
    RESOLVE_TOGETHER,
    FoundSessions,
    ResolvedSession,
    TokensToResolve,
    TokenToResolve,
)
from shared.http.endpoints import Endpoint, Parameter, Response

SECURITY_SCHEMES = {
    "accessKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "sessionToken": {"type": "apiKey", "in": "header", "name": "x-api-token"},
    "service": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
TAG = "session tokens"
PARAMETERS = {
    "type": "object",
    "description": f"At most {MAX_BODY_BYTES} bytes, {MAX_PARAMETERS} members with names of "
    f"{MAX_NAME_CHARACTERS} characters, {MAX_DEPTH} levels of nesting. No name twice in one object.",
    "additionalProperties": True,
    "examples": [{"userId": "42", "theme": "dark"}],
    "maxProperties": MAX_PARAMETERS,
    "propertyNames": {"maxLength": MAX_NAME_CHARACTERS},
}


BAD = Response("The body or a parameter breaks a limit: which one.", Message)
WRONG = Response("The key or token is missing, wrong, expired, ended or revoked.", Message)
TOO_LARGE = Response("The body is too large.", Message)
WRONG_KEY = Response("The access key is missing, wrong or revoked, or not for this address.", Message)
OFTEN = Response("More requests than the access key's limits allow; see Retry-After.", Message)
AWAY = Response("It cannot be known now; see Retry-After.", Message)


def endpoints(handlers: SessionTokenEndpoints) -> list[Endpoint]:
    return [_generate(handlers), *_verify(handlers), *_resolve(handlers)]


def _generate(handlers: SessionTokenEndpoints) -> Endpoint:
    ttl = Parameter(
        "ttl",
        description="Seconds to live, up to the access key's ceiling; its default otherwise.",
        schema={"type": "integer", "minimum": 1},
    )
    uses = Parameter(
        "uses",
        description="How many times the token can be resolved; without limit otherwise.",
        schema={"type": "integer", "minimum": 1, "maximum": MAX_USES},
    )
    return Endpoint(
        "POST",
        "/generate",
        handlers.generate,
        "Create a session token for parameters",
        tag=TAG,
        description="`auth` is filled in with the company's public id when it is not among the parameters: leave "
        "it out. What is sent as `auth` comes back as it is to whoever has the token, which travels in URLs: "
        "the access key itself must never be sent there. Without "
        "`Content-Type: application/json` it is 400.",
        parameters=(ttl, uses),
        body_schema=PARAMETERS,
        responses={
            200: Response("The token.", CreatedToken),
            400: BAD,
            403: WRONG_KEY,
            413: TOO_LARGE,
            429: OFTEN,
            503: AWAY,
        },
        security="accessKey",
        render_error=render_error,
        direct=True,
    )


def _verify(handlers: SessionTokenEndpoints) -> list[Endpoint]:
    return [
        Endpoint(
            "GET",
            "/verify",
            handlers.verify,
            "The parameters behind a session token",
            tag=TAG,
            responses={200: Response("Exactly what was sent.", schema=PARAMETERS), 403: WRONG, 503: AWAY},
            security="sessionToken",
            render_error=render_error,
            direct=True,
        ),
        Endpoint(
            "DELETE",
            "/verify",
            handlers.end,
            "End a session token before its time",
            tag=TAG,
            responses={204: Response("It is ended, for ever."), 403: WRONG, 503: AWAY},
            security="sessionToken",
            render_error=render_error,
            direct=True,
        ),
    ]


def _resolve(handlers: SessionTokenEndpoints) -> list[Endpoint]:
    resolving = partial(
        Endpoint,
        "POST",
        tag="internal",
        security="service",
        render_error=render_internal_error,
        direct=True,
    )
    return [
        resolving(
            RESOLVE,
            handlers.resolve,
            "Resolve a session token, for the gateway",
            body=TokenToResolve,
            responses={200: Response("What it stands for.", ResolvedSession), 403: WRONG},
        ),
        resolving(
            RESOLVE_TOGETHER,
            handlers.resolve_together,
            "Resolve several session tokens, for the gateway",
            body=TokensToResolve,
            responses={200: Response("What those stand for that memory and the store know.", FoundSessions)},
            poll=True,
        ),
    ]
