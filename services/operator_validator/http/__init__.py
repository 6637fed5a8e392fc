"""The table of endpoints, with what OpenAPI says of each."""

from services.operator_validator.http.schemas import InvalidRequest, TokenToCheck, Validity
from services.operator_validator.http.token_validator import OperatorEndpoints, render_error
from services.operator_validator.request_parsing import APPLICATION_PREFIX, CLIENT_PREFIX, MAX_CHARACTERS, TOKEN
from shared.contracts.operator_validator import CHECK, VALIDATE, VALIDATE_BY_POST, TokenCheck
from shared.http.endpoints import Endpoint, Parameter, Response

SECURITY_SCHEMES = {"service": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
TAG = "operator"
PUBLIC_RESPONSES = {
    200: Response("Whether the token is valid; the same bytes whatever the cause.", Validity),
    400: Response("A parameter is missing, repeated or too long: which one.", InvalidRequest),
    503: Response("It cannot be known now; see Retry-After.", InvalidRequest),
}


def endpoints(handlers: OperatorEndpoints) -> list[Endpoint]:
    return [
        _by_get(handlers, VALIDATE),
        _by_get(handlers, VALIDATE.lower(), documented=False),
        Endpoint(
            "POST",
            VALIDATE_BY_POST,
            handlers.post,
            "Check an API token, without a secret in the URL",
            tag=TAG,
            body=TokenToCheck,
            responses=PUBLIC_RESPONSES,
            render_error=render_error,
            direct=True,
        ),
        Endpoint(
            "POST",
            CHECK,
            handlers.check,
            "Check an API token, for the gateway",
            tag="internal",
            body=TokenToCheck,
            responses={200: Response("Whether it is valid, whose it is, and why not.", TokenCheck)},
            security="service",
            direct=True,
        ),
    ]


def _by_get(handlers: OperatorEndpoints, path: str, *, documented: bool = True) -> Endpoint:
    return Endpoint(
        "GET",
        path,
        handlers.get,
        "Check an API token",
        tag=TAG,
        description="Parameter names match without regard to case. The token goes in the query or the header.",
        parameters=(
            _parameter("token", TOKEN, "The API token that a caller sent; better in the header field."),
            Parameter("X-Api-Token", "header", "Instead of `token`: keeps it out of the URL."),
            _parameter("clientPrefix", CLIENT_PREFIX, "The prefix of the company.", required=True),
            _parameter(
                "applicaiontPrefix", APPLICATION_PREFIX, "The application's, in the protocol's own spelling."
            ),
            _parameter("applicationPrefix", APPLICATION_PREFIX, "The same, spelled correctly."),
        ),
        responses=PUBLIC_RESPONSES,
        render_error=render_error,
        documented=documented,
        direct=True,
    )


def _parameter(name: str, limit: str, description: str, *, required: bool = False) -> Parameter:
    schema = {"type": "string", "maxLength": MAX_CHARACTERS[limit]}
    return Parameter(name, description=description, required=required, schema=schema)
