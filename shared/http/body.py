"""Request bodies, read within a bound in bytes and in time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from shared.errors import FieldError, Invalid, TooLarge, Unprocessable, UnsupportedMediaType
from shared.strict_json import InvalidJson, Limits, loads_object

BODY_TIMEOUT_S = 30.0
"""Seconds in which a body must have arrived."""

JudgeAgain = Callable[[], Awaitable[object]]
_JUDGE_AGAIN = web.RequestKey[JudgeAgain]("judge_again")

_LIMITS = Limits(allows_nul=True)
"""Whoever stores a text decides on U+0000."""

_SAID = {
    "extra_forbidden": "is unknown",
    "missing": "is missing",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
}
_SHOULD = re.compile(r"^(?:Input|String|List|Value|Tuple|Dictionary) should ")

M = TypeVar("M", bound=BaseModel)


def judge_again_with_body(request: web.BaseRequest, judge: JudgeAgain) -> None:
    """Await `judge` once the body has come, if it has not come by the time that it is read.

    Whoever sends a body slowly would otherwise act with what was revoked meanwhile. What it raises, `read` raises.
    """
    request[_JUDGE_AGAIN] = judge


async def read(request: web.BaseRequest, *, limit: int) -> bytes:
    """The body, at most `limit` bytes.

    Raises `UnsupportedMediaType` for a content coding, none of which is taken off here; `TooLarge` before reading
    when the length is declared, else as soon as it is passed; `Invalid` when it does not arrive in time or is
    cut off.
    """
    if any(coding.lower() != "identity" for coding in request.headers.getall("Content-Encoding", ())):
        raise UnsupportedMediaType("Content-Encoding must be left out: bodies are taken as they are")
    if (request.content_length or 0) > limit:
        raise TooLarge(f"the body is larger than {limit} bytes")
    if not request.can_read_body:
        return b""
    had_come = request.content.is_eof()
    body = await _within(request, limit)
    if not had_come and (judge_again := request.get(_JUDGE_AGAIN)) is not None:
        await judge_again()
    return body


async def _within(request: web.BaseRequest, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        if request.content.is_eof():  # it came with the head, as most do: there is nothing to wait for
            chunks.append(request.content.read_nowait())
            size = len(chunks[0])
        else:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                async for chunk in request.content.iter_any():
                    size += len(chunk)
                    if size > limit:
                        break
                    chunks.append(chunk)
    except TimeoutError:
        raise Invalid(f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s") from None
    except (web.RequestPayloadError, ConnectionError):  # the latter when its sender has left
        raise Invalid("the body is malformed or incomplete") from None
    if size > limit:
        raise TooLarge(f"the body is larger than {limit} bytes")
    return b"".join(chunks)


def require_content_type(request: web.BaseRequest, *expected: str) -> str:
    """The body's media type, one of `expected` (lower case, without parameters). Raises `UnsupportedMediaType`."""
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given not in expected:
        raise UnsupportedMediaType(f"Content-Type must be {' or '.join(expected)}")
    return given


async def json_model(
    request: web.BaseRequest, model: type[M], *, limit: int = 65536, from_own_service: bool = False
) -> M:
    """The body as `model`. Raises `Unprocessable` naming every member that is wrong.

    `from_own_service`: its sender has proved to be a service of ours. Then it is read at a seventh of the cost,
    and a name that is given twice goes unseen.
    """
    require_content_type(request, "application/json")
    raw = await read(request, limit=limit)
    return validated(model, _quickly(raw) if from_own_service else _strictly(raw))


def _strictly(raw: bytes) -> dict[str, Any]:
    try:
        return loads_object(raw, _LIMITS)
    except InvalidJson as error:
        raise Invalid(f"the body {error}") from None


def _quickly(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Invalid("the body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object")
    return value


def validated(model: type[M], value: Mapping[str, Any]) -> M:
    """`value` as `model`. Raises `Unprocessable` naming every member that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Unprocessable("some members are wrong", errors=field_errors(error)) from None


def field_errors(error: ValidationError) -> list[FieldError]:
    """What pydantic found, a line a field, without the input itself (it may be a secret)."""
    return [
        FieldError(".".join(str(part) for part in e["loc"]) or "body", _message(e["type"], e["msg"]))
        for e in error.errors(include_input=False, include_url=False, include_context=False)[:50]
    ]


def _message(kind: str, message: str) -> str:
    """Read behind the member's name: "limits.rat is unknown"."""
    return _SAID.get(kind) or _SHOULD.sub("must ", message.removeprefix("Value error, "))
