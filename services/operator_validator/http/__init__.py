"""The table of endpoints, with what OpenAPI says of each."""

from typing import Literal

from pydantic import BaseModel, Field

from services.operator_validator.http.validation import OperatorEndpoints, render_error
from services.operator_validator.request_parsing import APPLICATION_PREFIX, CLIENT_PREFIX, MAX_LENGTH, TOKEN
from services.operator_validator.validation import Cause
from shared.contracts.operator_validator import CHECK, VALIDATE, VALIDATE_BY_POST
from shared.http.endpoints import Endpoint, Parameter, Response

SECURITY_SCHEMES = {"service": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
TAG = "operator"


class Question(BaseModel):
    token: str = Field(max_length=MAX_LENGTH[TOKEN])
    client_prefix: str = Field(max_length=MAX_LENGTH[CLIENT_PREFIX])
    application_prefix: str = Field(max_length=MAX_LENGTH[APPLICATION_PREFIX])


class Validity(BaseModel):
    valid: bool
    message: Literal["Token is valid", "Token is not valid"]


class Refusal(BaseModel):
    valid: Literal[False]
    message: str = Field(examples=["token is missing"])


class Check(BaseModel):
    valid: bool
    cause: Cause | None = Field(description="Why it is not good.")
    as_of: int = Field(description="The position in the change feed up to which this is true.")
    mark: str | None = Field(description="The mark of that position.")
    api_token_id: str | None
    company_id: str | None
    client_prefix: str | None
    application_id: str | None
    booking_id: str | None
    remote_application: str | None
    expires_at: float | None = Field(description="Seconds since the epoch; null: never.")


PUBLIC_RESPONSES = {
    200: Response("Whether the token is good; the same bytes whatever the cause.", Validity),
    400: Response("A parameter is missing, repeated or too long: which one.", Refusal),
    503: Response("The answer cannot be known now; see Retry-After.", Refusal),
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
            body=Question,
            responses=PUBLIC_RESPONSES,
            render_error=render_error,
        ),
        Endpoint(
            "POST",
            CHECK,
            handlers.check,
            "Check an API token, for the gateway",
            tag="internal",
            body=Question,
            responses={200: Response("Whether it is good, whose it is, and why not.", Check)},
            security="service",
        ),
    ]


def _by_get(handlers: OperatorEndpoints, path: str, *, documented: bool = True) -> Endpoint:
    return Endpoint(
        "GET",
        path,
        handlers.get,
        "Check an API token",
        tag=TAG,
        description="Names of parameters match without regard to case. The token goes in the query or the header.",
        parameters=(
            _parameter("token", TOKEN),
            Parameter("X-Api-Token", "header", "Instead of `token`: keeps it out of the URL."),
            _parameter("clientPrefix", CLIENT_PREFIX, required=True),
            _parameter("applicaiontPrefix", APPLICATION_PREFIX, "The protocol's own spelling."),
            _parameter("applicationPrefix", APPLICATION_PREFIX, "The same, spelled right."),
        ),
        responses=PUBLIC_RESPONSES,
        render_error=render_error,
        documented=documented,
    )


def _parameter(name: str, limit: str, description: str = "", *, required: bool = False) -> Parameter:
    schema = {"type": "string", "maxLength": MAX_LENGTH[limit]}
    return Parameter(name, description=description, required=required, schema=schema)
