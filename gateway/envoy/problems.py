"""Envoy's own responses in the form of the gateway's problems. What the gateway refuses is passed on as it is."""

from typing import Any

import orjson

from gateway.envoy.messages import Json, set_field, set_variable
from shared.error_pages.pages import error_types
from shared.problem import CONTENT_TYPE, problem_document

_REQUEST_ID = "%REQ(X-REQUEST-ID)%"
_CODES = {
    400: ("malformed_request", "the request is malformed"),
    403: ("upgrade_not_allowed", "this route does not switch protocols"),
    404: ("not_found", "there is no such route"),
    408: ("request_timeout", "the request came too slowly"),
    413: ("too_large", "the body is too large"),
    431: ("header_fields_too_large", "the header fields are too long"),
    502: ("bad_gateway", "the service sent no valid response"),
    503: ("unavailable", "temporarily unavailable"),
    504: ("gateway_timeout", "the service did not respond in time"),
}
BROKEN_RESPONSE_FLAGS = ["UC", "UR", "UPE"]
"""The upstream's connection ended or was reset, or its response is malformed."""
_REFUSED_BY_THE_GATEWAY = "UAEX"


def local_replies() -> Json:
    """The first mapper that matches counts."""
    decided = {"filters": [_flags(_REFUSED_BY_THE_GATEWAY), _status(503, "NE")]}
    return {
        "mappers": [
            {"filter": {"and_filter": decided}},
            {"filter": _details("jwt_authn_access_denied{Jwks_remote_fetch"), **_problem(503), "status_code": 503},
            {"filter": _details("jwt_authn_access_denied{"), **_invalid_token(), "status_code": 401},
            {"filter": _flags(*BROKEN_RESPONSE_FLAGS), **_problem(502), "status_code": 502},
            *({"filter": _status(status), **_problem(status)} for status in _CODES),
        ]
    }


def _status(status: int, op: str = "EQ") -> Json:
    value = {"default_value": status, "runtime_key": "passgate.status"}
    return {"status_code_filter": {"comparison": {"op": op, "value": value}}}


def _flags(*flags: str) -> Json:
    return {"response_flag_filter": {"flags": list(flags)}}


def _details(prefix: str) -> Json:
    expression = f"response.code_details.startsWith('{prefix}')"
    config = {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        "expression": expression,
    }
    return {"extension_filter": {"name": "details", "typed_config": config}}


def _problem(status: int) -> Json:
    retry = [set_field("retry-after", "1")] if status == 503 else []
    return _reply(status, *_CODES[status], *retry)


def _invalid_token() -> Json:
    challenge = set_field("www-authenticate", 'Bearer error="invalid_token"')
    return _reply(401, "invalid_token", "the credential is invalid", challenge)


def _reply(status: int, code: str, description: str, *fields: Json) -> Json:
    document: dict[str, Any] = problem_document(
        status, code, description, request_id=_REQUEST_ID, type_=error_types.of(code)
    )
    return {
        "headers_to_add": [
            set_field("cache-control", "no-store"),
            set_variable("x-request-id", _REQUEST_ID),
            *fields,
        ],
        "body_format_override": {
            "content_type": CONTENT_TYPE,
            "text_format_source": {"inline_string": orjson.dumps(document).decode()},
        },
    }
