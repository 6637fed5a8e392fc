"""Responses as RFC 6749 section 5 shapes them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web

from services.token_issuer.oauth_errors import InvalidClient, oauth_code
from shared import errors
from shared.error_pages.pages import error_types
from shared.http.responses import error_headers, json_response, status_of

NEVER_CACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CHALLENGE = 'Basic realm="passgate"'
# What error_description may hold (RFC 6749 section 5.2): printable ASCII without `"` and `\`.
_ALLOWED = frozenset(map(chr, (*range(0x20, 0x22), *range(0x23, 0x5C), *range(0x5D, 0x7F))))


def success(value: dict[str, Any], more: Mapping[str, str] = MappingProxyType({})) -> web.Response:
    """`more` are further fields."""
    return json_response(value, headers={**NEVER_CACHED, **more})


def render_error(error: errors.ServiceError) -> web.Response:
    """`error` as RFC 6749 section 5.2: 401 with a challenge for the client, 400 for most of the rest."""
    status = 400 if isinstance(error, errors.UnsupportedMediaType) else status_of(error)
    headers = {**error_headers(error), **NEVER_CACHED}
    if isinstance(error, InvalidClient):
        headers["WWW-Authenticate"] = CHALLENGE
    description = "".join(c for c in error.description.replace('"', "'") if c in _ALLOWED)
    code = oauth_code(error)
    body = {"error": code, "error_description": description, "error_uri": error_types.of(code)}
    return json_response(body, status=status, headers=headers)
