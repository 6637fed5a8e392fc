"""Reading what a client sends: parameters, and its Authorization field."""

from urllib.parse import parse_qsl

from aiohttp import web

from services.token_issuer.oauth_errors import InvalidRequest
from shared import strict_json
from shared.http import body

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MAX_BODY = 65536
MAX_PARAMETERS = 100
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
    """The parameters of the body: an empty one is as omitted, a repeated one is an error (RFC 6749 section 3.2).

    Raises errors of `shared.errors`. Parameters in the query are refused: a URL ends up in logs.
    """
    _refuse_query(request)
    accepted = (FORM, JSON) if accepts_json else (FORM,)
    if body.require_content_type(request, *accepted) == JSON:
        return _json_members(await body.read(request, limit=MAX_BODY))
    return await body.form(request, limit=MAX_BODY, max_fields=MAX_PARAMETERS)


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
    if names & PARAMETERS:
        raise InvalidRequest("parameters must be in the body, not in the query")


def _json_members(raw: bytes) -> dict[str, str]:
    try:
        members = strict_json.loads_object(raw)
    except ValueError as error:
        raise InvalidRequest(f"the body {error}") from None
    if len(members) > MAX_PARAMETERS:
        raise InvalidRequest(f"more than {MAX_PARAMETERS} parameters")
    known = {name: value for name, value in members.items() if name in PARAMETERS and value not in ("", None)}
    if not all(isinstance(value, str) for value in known.values()):
        raise InvalidRequest("a parameter is not a string")
    return known


def authorization(request: web.Request) -> str | None:
    """The Authorization field. Raises `InvalidRequest` when there are several."""
    fields = request.headers.getall("Authorization", [])
    if len(fields) > 1:
        raise InvalidRequest("more than one Authorization field")
    return fields[0] if fields else None
