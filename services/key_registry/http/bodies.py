"""Bodies of the admin API, read strictly; errors name each member that is invalid."""

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel

from services.key_registry.catalog.requests import Body
from services.key_registry.catalog.resources import Resource
from shared.errors import FieldError, Invalid, Unprocessable
from shared.http.body import read, require_content_type, validated
from shared.strict_json import InvalidJson, Rule, loads_object

M = TypeVar("M", bound=BaseModel)
MAX_BODY_BYTES = 64 * 1024
_NO_OBJECT = frozenset({Rule.BYTE_ORDER_MARK, Rule.ENCODING, Rule.DEPTH, Rule.JSON, Rule.OBJECT})
"""A body that breaks one of these is no JSON object, or was not read as far as its members."""


async def model(request: web.Request, schema: type[M], *content_types: str) -> M:
    """The body as `schema`. Raises as `members`, and `Unprocessable` naming every member that is wrong."""
    return validated(schema, await members(request, *content_types))


async def members(request: web.Request, *content_types: str) -> dict[str, Any]:
    """Those of a body of one of these types; `application/json` unless others are given.

    Raises `UnsupportedMediaType` and `TooLarge`, and as `parsed`.
    """
    require_content_type(request, *(content_types or ("application/json",)))
    return parsed(await read(request, limit=MAX_BODY_BYTES))


async def nothing(request: web.Request) -> None:
    """For what ends or stops something and takes no body: a member was meant to change what is done, or how.

    Raises as `parsed`, and `Unprocessable` naming each member; an empty object is nothing.
    """
    raw = await read(request, limit=MAX_BODY_BYTES)
    if raw and (given := parsed(raw)):
        errors = [FieldError(name, "is not read from a body here: see the query") for name in sorted(given)]
        raise Unprocessable("this takes no body", errors=errors)


def parsed(raw: bytes) -> dict[str, Any]:
    """Raises `Invalid` for what is no JSON object, `Unprocessable` for one that not every reader reads alike."""
    try:
        return loads_object(raw)
    except InvalidJson as error:
        reason = f"the body {error}"
        if error.rule in _NO_OBJECT:
            raise Invalid(reason) from None
        raise Unprocessable(reason, errors=[FieldError("body", str(error))]) from None


def change_of(resource: Resource, given: dict[str, Any]) -> Body:
    """Raises `Unprocessable`, distinguishing a member that never changes from one that does not exist."""
    if fixed := sorted(resource.fixed & given.keys()):
        errors = [FieldError(name, _why_fixed(resource, name)) for name in fixed]
        raise Unprocessable("some members cannot be changed", errors=errors)
    return validated(resource.change, given)


def _why_fixed(resource: Resource, name: str) -> str:
    if name == "status":
        return "cannot be changed here: POST to /suspend, /resume or /revoke of the object"
    if name not in resource.create.model_fields:
        return "cannot be changed: it is read-only"
    return f"cannot be changed: it is fixed when {resource.a_noun} is created"
