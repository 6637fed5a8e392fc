"""Who presents a session's token: read anew for each request, so that a change of role counts from the next on."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from services.key_registry.access.control import UnknownBearer
from services.key_registry.catalog.field_types import id_text, now_of
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.ports import PeopleReader, PeopleStore, SessionUse
from services.key_registry.people.sessions.standing import why_company_refused, why_refused
from shared import opaque
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.errors import Unauthenticated, Unavailable

LAST_USE_INTERVAL = timedelta(minutes=1)
"""The last use of a session is kept no more often than this."""
_ENDED = "the session has ended, or never was: sign in again"


class UnknownSession(UnknownBearer):
    """What was presented is no session's token that is known."""

    def __init__(self, cause: str) -> None:
        super().__init__(_ENDED, cause)


class SessionAccess:
    """`idle_timeout`: after so long without use a session has ended."""

    def __init__(
        self, store: PeopleStore, uses: SessionUse, trail: AuditTrail, clock: Clock, *, idle_timeout: timedelta
    ) -> None:
        self._store = store
        self._uses = uses
        self._trail = trail
        self._clock = clock
        self._idle_timeout = idle_timeout

    async def authenticate(self, token: str) -> Admin:
        """Raises `UnknownSession`, and `Unauthenticated` when the session has ended or its person may not act."""
        if not opaque.well_formed(opaque.PERSON_SESSION, token):
            raise UnknownSession("malformed")
        async with self._store.reading() as reader:
            admin, last_used_at = await self._known(reader, token)
        now = now_of(self._clock)
        if admin.session_id is not None and now - last_used_at >= LAST_USE_INTERVAL:
            await self._used(admin.session_id, now)
        return admin

    async def known(self, reader: PeopleReader, token: str) -> Admin:
        """As `authenticate`, of a token that has the form of one; that it is used is not kept."""
        return (await self._known(reader, token))[0]

    async def _known(self, reader: PeopleReader, token: str) -> tuple[Admin, datetime]:
        """With the time of its last use."""
        found = await reader.find_session(opaque.digest(token))
        if found is None:
            return await self._of_portal(reader, token)
        session, person = found
        cause = await why_refused(reader, person)
        if cause or not session.live(now_of(self._clock), self._idle_timeout):
            cause = cause or ("ended" if session.ended_at else "expired")
            detail = {"cause": cause, "status": person.status}
            raise self._refused("person", person.id, person.company_id, detail)
        admin = Admin(person.id, person.role, person.company_id, person.email, session.id, "person")
        return admin, session.last_used_at

    async def _of_portal(self, reader: PeopleReader, token: str) -> tuple[Admin, datetime]:
        session = await reader.find_portal_session_by_token(opaque.digest(token))
        if session is None or session.last_used_at is None:
            raise UnknownSession("unknown")
        cause = await why_company_refused(reader, session.company_id)
        status = session.status_at(now_of(self._clock), self._idle_timeout)
        if cause or status != "open":
            raise self._refused("portal_session", session.id, session.company_id, {"cause": cause or status})
        admin = Admin(session.id, session.role, session.company_id, session.name, session.id, "portal_session")
        return admin, session.last_used_at

    async def _used(self, id_: UUID, now: datetime) -> None:
        with suppress(Unavailable):  # the next request keeps it
            await self._uses.used(id_, now)

    def _refused(self, kind: str, id_: UUID, company_id: UUID | None, detail: Mapping[str, str]) -> Unauthenticated:
        self._trail.note_refusal(
            self._trail.event(
                "session.refused",
                actor="anonymous",
                subject_kind=kind,
                subject=str(id_),
                company_id=id_text(company_id),
                detail=dict(detail),
            )
        )
        return Unauthenticated(_ENDED)
