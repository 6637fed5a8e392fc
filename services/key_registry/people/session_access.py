"""Who presents a session's token: read anew for each request, so that a change of role counts from the next on."""

from contextlib import suppress
from datetime import timedelta

from services.key_registry.admin.access import UnknownBearer
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.ports import PeopleStore, Person, SessionUse
from services.key_registry.people.sessions import why_refused
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
            found = await reader.find_session(opaque.digest(token))
            if found is None:
                raise UnknownSession("unknown")
            session, person = found
            cause = await why_refused(reader, person)
        now = instant(self._clock.now())
        if cause or not session.live(now, self._idle_timeout):
            raise self._refused(person, cause or ("ended" if session.ended_at else "expired"))
        if now - session.last_used_at >= LAST_USE_INTERVAL:
            with suppress(Unavailable):  # the next request keeps it
                await self._uses.used(session.id, now)
        return Admin(person.id, person.role, person.company_id, person.email, session.id)

    def _refused(self, person: Person, cause: str) -> Unauthenticated:
        self._trail.note_refusal(
            self._trail.event(
                "session.refused",
                actor="anonymous",
                subject_kind="person",
                subject=str(person.id),
                company_id=str(person.company_id) if person.company_id else None,
                detail={"cause": cause, "status": person.status},
            )
        )
        return Unauthenticated(_ENDED)
