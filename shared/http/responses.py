"""JSON responses, and the one table from an error to its status."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from shared import errors
from shared.error_pages.pages import error_types
from shared.logging import request_id
from shared.problem import CONTENT_TYPE, problem_document

STATUS: dict[type[errors.ServiceError], int] = {
    errors.Unprocessable: 422,
    errors.Invalid: 400,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}
JSON = "application/json; charset=utf-8"
NO_STORE = {"Cache-Control": "no-store"}


def status_of(error: errors.ServiceError) -> int:
    """The status for an error, by its nearest class in the table; 500 for one that the table does not know."""
    return next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), 500)


def error_headers(error: errors.ServiceError) -> dict[str, str]:
    """`Retry-After` and `Allow`, where the error carries them; never cached."""
    headers = dict(NO_STORE)
    if isinstance(error, (errors.Unavailable, errors.TooManyRequests)):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.TooManyRequests):
        headers |= error.fields
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allow)
    return headers


def json_response(
    value: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = JSON,
) -> web.Response:
    return web.Response(
        body=orjson.dumps(value), status=status, headers={"Content-Type": content_type, **(headers or {})}
    )


def problem(error: errors.ServiceError, headers: Mapping[str, str] | None = None) -> web.Response:
    """`error` as RFC 9457 `application/problem+json`, with the request's id and each wrong field."""
    status = status_of(error)
    fields = [(e.field, e.message) for e in error.errors] if isinstance(error, errors.Invalid) else []
    return json_response(
        problem_document(
            status,
            error.code,
            error.description,
            request_id=request_id.get(),
            errors=fields,
            type_=error_types.of(error.code),
        ),
        status=status,
        headers={**error_headers(error), **(headers or {})},
        content_type=CONTENT_TYPE,
    )


def internal_error() -> web.Response:
    """The response to a request that met a fault of ours: it says nothing of the fault."""
    code = "internal_error"
    type_ = error_types.of(code)
    document = problem_document(500, code, "internal error", request_id=request_id.get(), type_=type_)
    return json_response(document, status=500, headers=NO_STORE, content_type=CONTENT_TYPE)
