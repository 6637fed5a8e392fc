"""Who calls the admin API: exactly one `Authorization: Bearer` field (RFC 6750), for an admin token or a person."""

from dataclasses import dataclass, field, replace
from functools import partial

from aiohttp import web

from services.key_registry.access.control import AccessControl, UnknownBearer
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.ports import PeopleReader
from services.key_registry.people.sessions.access import SessionAccess
from shared import opaque
from shared.audit.ports import RefusalAudit
from shared.errors import Forbidden, ServiceError, Unauthenticated
from shared.http.body import judge_again_with_body
from shared.http.endpoints import route_of
from shared.http.responses import problem


@dataclass(frozen=True, slots=True)
class Caller:
    admin: Admin
    token: str = field(repr=False)


class Authentication:
    def __init__(self, access: AccessControl, sessions: SessionAccess, audit: RefusalAudit) -> None:
        self._access = access
        self._sessions = sessions
        self._audit = audit

    async def caller(self, request: web.Request) -> Caller:
        """Raises `Unauthenticated`. Who sends a body is judged again once it has come: `judge_again_with_body`.

        What it writes `by` the admin is confirmed once more when it has its turn: `Store.writing`.
        """
        fields = request.headers.getall("Authorization", [])
        scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            raise Unauthenticated("an admin token is required, in one Authorization: Bearer field")
        known = await self._known(request, token)
        admin = replace(known, confirm=partial(self._confirm, token, known))
        judge_again_with_body(request, partial(self._require_unchanged, request, token, admin))
        return Caller(admin, token)

    async def _known(self, request: web.Request, token: str, *, again: bool = False) -> Admin:
        try:
            if token.startswith(f"{opaque.PERSON_SESSION}_"):
                return await self._sessions.authenticate(token)
            return await self._access.authenticate(token, counted=not again)
        except UnknownBearer as error:
            client = request.remote or ""
            self._audit.count_refusal(cause=error.cause, endpoint=route_of(request), client=client)
            raise

    async def _require_unchanged(self, request: web.Request, token: str, before: Admin) -> None:
        """What was permitted by the role before is not by another one."""
        _require_same(before, await self._known(request, token, again=True))

    async def _confirm(self, token: str, before: Admin, reader: PeopleReader) -> None:
        """Raises as `caller` does, and `Forbidden`, for who was stopped or has another role meanwhile."""
        access = self._sessions if token.startswith(f"{opaque.PERSON_SESSION}_") else self._access
        _require_same(before, await access.known(reader, token))


def _require_same(before: Admin, now: Admin) -> None:
    if (now.role, now.company_id) != (before.role, before.company_id):
        raise Forbidden("the role has changed since the request began: repeat the request")


def render_error(error: ServiceError) -> web.Response:
    """RFC 9457, with the challenge of RFC 6750."""
    if isinstance(error, Unauthenticated):
        return problem(error, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, Forbidden):
        return problem(error, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    return problem(error)
