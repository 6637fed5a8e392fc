"""The calls that show whether a credential is valid: those that partners make, through one gateway."""

import base64
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import orjson

from tests.support.chaos.limits.history import LIMITED_KINDS
from tests.support.chaos.limits.told import NOTHING_TOLD, Told, told_by
from tests.support.chaos.model import Outcome, Thing

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AWAY = frozenset({429, 502, 503, 504})

Object = dict[str, Any]


@dataclass(frozen=True)
class Response:
    """What came back; `status` is 0 when nothing did."""

    status: int
    body: bytes
    error: str = ""
    receipt: str = ""
    """The field `Passgate-Receipt`."""
    told: Told = NOTHING_TOLD
    """What it says of limits."""

    def outcome(self, refusals: Collection[int]) -> Outcome:
        """Raises `AssertionError` for a status that no such call may have."""
        if self.status in (200, 201, 204):
            return Outcome.ACCEPTED
        if self.status in refusals:
            return Outcome.REFUSED
        if self.told.exceeded:
            return Outcome.LIMITED
        assert self.status in AWAY or not self.status, f"unexpected {self}"
        return Outcome.UNKNOWN

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200]!r}" if self.status else self.error


Call = Callable[[aiohttp.ClientSession, str], Awaitable[Response]]
"""Asks by way of the gateway whose base URL is given."""


@dataclass(frozen=True, eq=False)
class Probe:
    name: str
    depends_on: tuple[Thing, ...]
    call: Call
    refusals: frozenset[int] = frozenset({401})
    decides: str = ""
    """Who follows the changes and suffices for a refusal; the gateway that is called, when empty."""
    relies: frozenset[str] = frozenset()
    """Who is needed for an acceptance besides that gateway."""
    slow: bool = False
    """Costs a signature or a commit: called less often."""
    by_jwt_alone: bool = False
    at_registry: bool = False
    """Sent to the registry's copies, and of no gateway."""
    on_accepted: Callable[[bytes], None] | None = None
    """Takes the body of a response that accepts."""
    limited_by: tuple[Thing, ...] = ()
    """Those whose limits hold for it: at `limited_at`, or the gateway that is called."""
    limited_at: str = ""

    def read(self, response: Response) -> Outcome:
        if response.status == 200 and self.decides == "operator_validator":
            return Outcome.ACCEPTED if orjson.loads(response.body)["valid"] is True else Outcome.REFUSED
        return response.outcome(self.refusals)


async def send(session: aiohttp.ClientSession, method: str, url: str, **options: Any) -> Response:
    try:
        async with session.request(method, url, allow_redirects=False, **options) as response:
            receipt = response.headers.get("Passgate-Receipt", "")
            body = await response.read()
            told = told_by(response.status, response.headers, body)
            return Response(response.status, body, receipt=receipt, told=told)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return Response(0, b"", type(error).__name__)


def request(method: str, path: str, **options: Any) -> Call:
    return lambda session, base: send(session, method, base + path, **options)


def of_api_token(number: int, prefix: str, token: str, things: tuple[Thing, ...]) -> list[Probe]:
    """At the gateway's route of application `number`, and at the operator."""
    headers = {"X-Api-Token": token, "X-Client-Prefix": prefix}
    body = {"token": token, "application_prefix": f"APP{number}", "client_prefix": prefix}
    operator = "operator_validator"
    return [
        Probe(
            "call with API token",
            things,
            request("GET", f"/apps/{number}", headers=headers),
            relies=frozenset({operator}),
            limited_by=_limited(things),
        ),
        Probe(
            "operator's check",
            things,
            request("POST", "/operator/v1/validate", json=body),
            decides=operator,
            relies=frozenset({operator}),
        ),
    ]


def of_access_token(token: str, path: str, things: tuple[Thing, ...]) -> Probe:
    call = request("GET", path, headers={"Authorization": f"Bearer {token}"})
    return Probe(f"call with JWT to {path}", things, call, by_jwt_alone=True, limited_by=_limited(things))


def _limited(things: Iterable[Thing]) -> tuple[Thing, ...]:
    return tuple(thing for thing in things if thing.kind in LIMITED_KINDS)


def client_grant(
    client: Object, scope: str, things: tuple[Thing, ...], on_accepted: Callable[[bytes], None] | None
) -> Probe:
    basic = base64.b64encode(f"{client['key']}:{client['secret']}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": scope}
    call = request("POST", "/oauth2/token", data=form, headers={"Authorization": f"Basic {basic}"})
    return _at_issuer(f"client's grant of {scope}", things, call, on_accepted)


def assertion_grant(
    pair: Object, uri: str, scope: str, things: tuple[Thing, ...], on_accepted: Callable[[bytes], None] | None
) -> Probe:
    def call(session: aiohttp.ClientSession, base: str) -> Awaitable[Response]:
        return exchange(assertion(pair, uri, scope))(session, base)

    return _at_issuer(f"key pair's grant of {scope}", things, call, on_accepted)


def replay(used: str, things: tuple[Thing, ...]) -> Probe:
    """An assertion that has been used: one of `things` says that it is valid no more."""
    return _at_issuer("replay of an assertion", things, exchange(used), None)


def _at_issuer(
    name: str, things: tuple[Thing, ...], call: Call, on_accepted: Callable[[bytes], None] | None
) -> Probe:
    issuer = "token_issuer"
    return Probe(
        name,
        things,
        call,
        frozenset({400, 401}),
        issuer,
        frozenset({issuer}),
        slow=True,
        on_accepted=on_accepted,
        limited_by=_limited(thing for thing in things if thing.kind != "booking"),
        limited_at=issuer,
    )


def assertion(pair: Object, uri: str, scope: str) -> str:
    now = int(time.time())
    claims = {"iss": uri, "sub": uri, "aud": "ankor.io", "iat": now, "exp": now + 600, "jti": uuid.uuid4().hex}
    return jwt.encode(
        {**claims, "scopes": [scope]}, pair["private_key"], algorithm="ES256", headers={"kid": pair["kid"]}
    )


def exchange(assertion: str) -> Call:
    return request("POST", "/iam/oauth/token", data={"grant_type": JWT_BEARER, "assertion": assertion})


def revocation(client: Object, token: str) -> Call:
    """RFC 7009."""
    basic = base64.b64encode(f"{client['key']}:{client['secret']}".encode()).decode()
    return request("POST", "/oauth2/revoke", data={"token": token}, headers={"Authorization": f"Basic {basic}"})


def of_access_key(key: str, things: tuple[Thing, ...], on_accepted: Callable[[bytes], None] | None) -> Probe:
    call = request("POST", "/generate", json={"drawing": "plan"}, headers={"x-api-key": key})
    sessions = "session_tokens"
    return Probe(
        "making a session",
        things,
        call,
        frozenset({403}),
        sessions,
        frozenset({sessions}),
        slow=True,
        on_accepted=on_accepted,
        limited_by=_limited(things),
        limited_at=sessions,
    )


def of_session(token: str, things: tuple[Thing, ...]) -> list[Probe]:
    sessions = "session_tokens"
    call = request("GET", "/verify", headers={"x-api-token": token})
    verify = Probe("verifying a session", things, call, frozenset({403}), sessions, frozenset({sessions}))
    call = request("GET", f"/editor?apitoken={token}")
    editor = Probe(
        "call with session",
        things,
        call,
        frozenset({401}),
        sessions,
        frozenset({sessions}),
        limited_by=_limited(things),
    )
    return [verify, editor]


def of_admin_token(token: str, things: tuple[Thing, ...]) -> Probe:
    call = request("GET", "/admin/v1/companies?limit=1", headers={"Authorization": f"Bearer {token}"})
    return Probe("admin call", things, call, at_registry=True)


def claims_of(token: str) -> Object:
    claims: Object = jwt.decode(token, options={"verify_signature": False})
    return claims


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid
