"""Bodies of the admin API, read strictly, and what is wrong with each member told."""

import json
from typing import Any

from aiohttp import web

from services.key_registry.catalog.requests import Body
from services.key_registry.catalog.resources import Resource
from shared import strict_json
from shared.errors import FieldError, Invalid, Unprocessable
from shared.http.body import read, require_content_type, validated

LIMIT = 64 * 1024
"""Bytes."""


async def raw_json(request: web.Request, *, limit: int = LIMIT) -> bytes:
    require_content_type(request, "application/json")
    return await read(request, limit=limit)


def members(raw: bytes) -> dict[str, Any]:
    """Raises `Invalid` for what is no JSON object, `Unprocessable` for one that not every reader reads alike."""
    try:
        return strict_json.loads_object(raw)
    except ValueError as error:
        reason = f"the body {error}"
        if not _is_object(raw):
            raise Invalid(reason) from None
        raise Unprocessable(reason, errors=[FieldError("body", str(error))]) from None


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw.decode()), dict)
    except (ValueError, RecursionError):
        return False


def change_of(resource: Resource, given: dict[str, Any]) -> Body:
    """Raises `Unprocessable`, telling a member that never changes from one that does not exist."""
    if fixed := sorted(resource.fixed & given.keys()):
        errors = [
            FieldError(name, f"cannot be changed: it is fixed when a {resource.noun} is made") for name in fixed
        ]
        raise Unprocessable("some members cannot be changed", errors=errors)
    return validated(resource.change, given)
