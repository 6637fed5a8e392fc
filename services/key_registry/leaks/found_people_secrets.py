"""Ends a person's session, a portal session, or an invitation, whose token was found."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.events import recording
from services.key_registry.leaks.finding import EndFound, Finding, FoundKind, Report
from services.key_registry.people.acts import record
from services.key_registry.people.portal.ports import PortalSession
from services.key_registry.people.ports import PeopleStore, PeopleWriter
from shared import opaque
from shared.clock import Clock


class FoundPeopleSecrets:
    """Again changes nothing. Each method gives None for what nobody has, or not for `by`; raises `Unavailable`."""

    def __init__(self, store: PeopleStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @property
    def by_prefix(self) -> Mapping[str, EndFound]:
        return {
            opaque.PERSON_SESSION: self.end_session,
            opaque.INVITATION: self.end_invitation,
            opaque.PORTAL_LINK: self.end_portal_link,
        }

    async def end_session(self, secret: str, report: Report, by: Admin | None) -> Finding | None:
        digest = opaque.digest(secret)
        async with self._store.reading() as reader:  # what nobody has takes no turn of those who write
            found = await reader.find_session(digest) or await reader.find_portal_session_by_token(digest)
            if found is None:
                return None
        async with self._store.writing() as writer:
            of_person = await writer.find_session(digest)
            if of_person is None:
                portal = await writer.find_portal_session_by_token(digest)
                return await self._end_portal(writer, portal, secret, report, by)
            if _hidden(by, of_person[1].company_id):
                return None
            (session, person), now = of_person, instant(self._clock.now())
            ended = now < session.expires_at and await writer.end_session(person.id, session.id, now)
            if ended:
                detail = {"person": str(person.id), **report.detail}
                await record(writer, report.actor, "session.ended", session.id, person.company_id, now, detail)
            finding = _finding("person_session", session.id, person.company_id, secret, ended=ended)
            return await _notified(writer, finding, report, now)

    async def end_portal_link(self, secret: str, report: Report, by: Admin | None) -> Finding | None:
        """The session too, if the link was followed: nobody knows by whom."""
        async with self._store.reading() as reader:
            if await reader.find_portal_session_by_link(opaque.digest(secret)) is None:
                return None
        async with self._store.writing() as writer:
            session = await writer.find_portal_session_by_link(opaque.digest(secret))
            return await self._end_portal(writer, session, secret, report, by)

    async def _end_portal(
        self, writer: PeopleWriter, session: PortalSession | None, secret: str, report: Report, by: Admin | None
    ) -> Finding | None:
        if session is None or _hidden(by, session.company_id):
            return None
        id_, company_id, now = session.id, session.company_id, instant(self._clock.now())
        ended = now < session.expires_at and await writer.end_portal_session(id_, now)
        if ended:
            await record(writer, report.actor, "portal_session.ended", id_, company_id, now, report.detail)
        finding = _finding("portal_session", id_, company_id, secret, ended=ended)
        return await _notified(writer, finding, report, now)

    async def end_invitation(self, secret: str, report: Report, by: Admin | None) -> Finding | None:
        async with self._store.reading() as reader:
            if await reader.find_invitation_by_digest(opaque.digest(secret)) is None:
                return None
        async with self._store.writing() as writer:
            invitation = await writer.find_invitation_by_digest(opaque.digest(secret))
            if invitation is None or _hidden(by, invitation.company_id):
                return None
            id_, company_id, now = invitation.id, invitation.company_id, instant(self._clock.now())
            ended = invitation.status_at(now) == "open"
            if ended:
                await writer.close_invitation(id_, "revoked")
                await record(writer, report.actor, "invitation.revoked", id_, company_id, now, report.detail)
            finding = _finding("invitation", id_, company_id, secret, ended=ended)
            return await _notified(writer, finding, report, now)


def _hidden(by: Admin | None, company_id: UUID | None) -> bool:
    return by is not None and by.company_id is not None and company_id != by.company_id


def _finding(kind: FoundKind, id_: UUID, company_id: UUID | None, secret: str, *, ended: bool) -> Finding:
    return Finding(
        "ended" if ended else "already_ended",
        kind=kind,
        id=str(id_),
        last_four=opaque.last_four(secret),
        company_id=str(company_id) if company_id else None,
    )


async def _notified(writer: PeopleWriter, finding: Finding, report: Report, now: datetime) -> Finding:
    if finding.outcome == "ended":
        data = {"kind": finding.kind, "id": finding.id, "last_four": finding.last_four, **report.detail}
        at, company_id = now.timestamp(), finding.company_id
        await recording.record(writer, "credential.leaked", at=at, company_id=company_id, data=data)
    return finding
