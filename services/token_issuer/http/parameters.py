"""Reading what a client sends: parameters, its Authorization field, its address."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import parse_qsl

from aiohttp import web

from services.token_issuer.config import Network
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


async def parameters(request: web.Request, *, json_too: bool = False) -> dict[str, str]:
    """The parameters of the body: an empty one is as omitted, a repeated one is an error (RFC 6749 section 3.2).

    Raises errors of `shared.errors`. Parameters in the query are refused: a URL ends up in logs.
    """
    _refuse_query(request)
    accepted = (FORM, JSON) if json_too else (FORM,)
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


class ClientAddress:
    """Where a request came from, by X-Forwarded-For when the peer is a proxy that is trusted to set it."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, request: web.Request) -> str:
        """The nearest address that is not a trusted proxy's; the farthest when all are."""
        address = request.remote or ""
        hops = [hop.strip() for field in request.headers.getall("X-Forwarded-For", []) for hop in field.split(",")]
        while hops and self._is_trusted(address):
            nearer = hops.pop()
            if not _is_address(nearer):
                break
            address = nearer
        return address

    def _is_trusted(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
