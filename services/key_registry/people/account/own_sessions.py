"""People who look at their sessions, and sign out."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.audit import record
from services.key_registry.people.ports import PeopleStore, Session
from shared.clock import Clock
from shared.errors import NotFound

MAX_LISTED = 200


class OwnSessions:
    """`idle_timeout`: after so long without use a session has ended."""

    def __init__(self, store: PeopleStore, clock: Clock, *, idle_timeout: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._idle_timeout = idle_timeout

    async def list(self, admin: Admin) -> Sequence[Session]:
        """The caller's that go on, the newest first; who is no person has none."""
        if admin.kind != "person":
            return ()
        async with self._store.reading() as reader:
            sessions = await reader.sessions_of(admin.id, MAX_LISTED)
        return [session for session in sessions if session.live(now_of(self._clock), self._idle_timeout)]

    async def sign_out(self, admin: Admin, id_: UUID | None) -> None:
        """End one of the caller's sessions; None: the present one. Raises `NotFound`."""
        id_ = id_ or admin.session_id
        if admin.session_id is None or id_ is None:
            raise NotFound("there is no such session")
        async with self._store.writing(by=admin) as writer:
            now = now_of(self._clock)
            if admin.kind == "portal_session":
                if id_ != admin.session_id or not await writer.end_portal_session(id_, now):
                    raise NotFound("there is no such session")
                await record(writer, admin.actor, "portal_session.ended", id_, admin.company_id, now)
                return
            if not await writer.end_session(admin.id, id_, now):
                raise NotFound("there is no such session")
            detail = {"person": str(admin.id)}
            await record(writer, admin.actor, "session.ended", id_, admin.company_id, now, detail)
