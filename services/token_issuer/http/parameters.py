"""Reading what a client sends: parameters, and its Authorization field."""

from urllib.parse import parse_qsl

from aiohttp import web

from services.token_issuer.oauth_errors import InvalidRequest
from shared import strict_json
from shared.http import body

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MAX_BODY_BYTES = 65536
MAX_PARAMETERS = 100
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
PARAMETERS = frozenset(
    {
        "grant_type",
        "scope",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "assertion",
        "token",
        "token_type_hint",
        "access_token",
    }
)
"""The names that mean something to one of the endpoints; all others are ignored."""


async def parameters(request: web.Request, *, accepts_json: bool = False) -> dict[str, str]:
    """The known parameters of the body: an empty one is as omitted, a repeated one is an error (RFC 6749 3.2).

    Unknown ones are ignored, and may repeat (`resource` of RFC 8707 does). Raises errors of `shared.errors`.
    Parameters in the query are refused: a URL ends up in logs.
    """
    _refuse_query(request)
    accepted = (FORM, JSON) if accepts_json else (FORM,)
    content_type = body.require_content_type(request, *accepted)
    raw = await body.read(request, limit=MAX_BODY_BYTES)
    if raw.startswith(BYTE_ORDER_MARKS):
        raise InvalidRequest("the body begins with a byte order mark: send it as UTF-8 without one")
    return _json_members(raw) if content_type == JSON else _form_parameters(raw)


USUAL_FORM = b"grant_type=client_credentials"
"""The whole body of most token requests, which need not be read anew."""


def _form_parameters(raw: bytes) -> dict[str, str]:
    """Raises `InvalidRequest`, saying which slip it is. A line end after the last value is no part of it: values
    are percent-encoded, so only a client's file or shell can have put it there.
    """
    if raw == USUAL_FORM:
        return {"grant_type": "client_credentials"}
    raw = raw.rstrip(b"\r\n")
    for slip, reason in (
        (raw.lstrip()[:1] == b"{", "is JSON, and its Content-Type says that it is a form"),
        (
            b"\r" in raw or b"\n" in raw,
            "holds a line break: join parameters by &, and percent-encode values",
        ),
        (b"\0" in raw, "holds a zero byte: it must be ASCII, and values percent-encoded UTF-8"),
        (not raw.isascii(), "holds a byte that is not ASCII: values must be percent-encoded UTF-8"),
    ):
        if slip:
            raise InvalidRequest(f"the body {reason}")
    try:
        pairs = parse_qsl(raw.decode("ascii"), max_num_fields=MAX_PARAMETERS, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest(f"{_undecodable(raw)} is not percent-encoded UTF-8") from None
    except ValueError:
        raise InvalidRequest(f"the body holds more than {MAX_PARAMETERS} parameters") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in PARAMETERS:
            if name in found:
                raise InvalidRequest(f"{name} is repeated")
            found[name] = value
    return found


def _undecodable(raw: bytes) -> str:
    """Which known parameter of a form is not percent-encoded UTF-8, or else that one is."""
    for part in raw.decode("ascii").split("&"):
        name = part.partition("=")[0]
        try:
            parse_qsl(part, errors="strict")
        except UnicodeDecodeError:
            if name in PARAMETERS:
                return name
    return "a value in the body"


def _refuse_query(request: web.Request) -> None:
    query = request.rel_url.raw_query_string
    if not query:
        return
    try:
        names = {
            name.lower() for name, _ in parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
        }
    except ValueError:
        raise InvalidRequest("the query holds too many parameters") from None
    if known := sorted(names & PARAMETERS):
        raise InvalidRequest(f"{' and '.join(known)} must be in the body, not in the query")


def _json_members(raw: bytes) -> dict[str, str]:
    try:
        members = strict_json.loads_object(raw, strict_json.Limits(members=MAX_PARAMETERS))
    except strict_json.InvalidJson as error:
        if error.member in PARAMETERS:
            raise InvalidRequest(f"{error.member} is repeated") from None
        raise InvalidRequest(f"the body {error}") from None
    known = {name: value for name, value in members.items() if name in PARAMETERS and value not in ("", None)}
    for name, value in known.items():
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} is not a string")
    return known


def authorization(request: web.Request) -> str | None:
    """The Authorization field. Raises `InvalidRequest` when there are several."""
    fields = request.headers.getall("Authorization", [])
    if len(fields) > 1:
        raise InvalidRequest("more than one Authorization field")
    return fields[0] if fields else None
