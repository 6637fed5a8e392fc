"""RFC 9457 problem details: one document for every error that is ours."""

from collections.abc import Sequence
from typing import Any

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    426: "Upgrade Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
"""The phrases of RFC 9110 section 15 and RFC 6585, whichever those of Python's `http` are."""


def title_of(status: int) -> str:
    """With the type `about:blank` the title is the status's phrase (RFC 9457 section 4.2.1)."""
    return TITLES.get(status) or ("Bad Request" if status < 500 else "Internal Server Error")


def problem_document(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str,
    errors: Sequence[tuple[str, str]] = (),
    type_: str = "about:blank",
) -> dict[str, Any]:
    """The members of a problem; `errors` are wrong fields with their messages, `type_` the URL of a page."""
    document: dict[str, Any] = {
        "type": type_,
        "title": title_of(status),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id,
    }
    if errors:
        document["errors"] = [{"field": field, "message": message} for field, message in errors]
    return document
