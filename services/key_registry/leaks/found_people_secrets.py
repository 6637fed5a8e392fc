"""Ends a person's session, a portal session, an invitation or a password reset, whose token was found."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple
from uuid import UUID

from services.key_registry.catalog.field_types import id_text, instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.leaks.finding import EndFound, Finding, FoundKind, Report
from services.key_registry.people.audit import record
from services.key_registry.people.portal.ports import PortalSession
from services.key_registry.people.ports import PeopleStore, PeopleWriter
from services.key_registry.recording import events as recording
from shared import opaque
from shared.clock import Clock

PeopleSecretKind = Literal["person_session", "invitation", "portal_link", "password_reset"]


class _Secret(NamedTuple):
    digest: bytes
    last_four: str | None


class FoundPeopleSecrets:
    """Again changes nothing. Each method gives None for what nobody has, or not for `by`; raises `Unavailable`."""

    def __init__(self, store: PeopleStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @property
    def by_prefix(self) -> Mapping[str, EndFound]:
        kinds: Mapping[str, PeopleSecretKind] = {
            opaque.PERSON_SESSION: "person_session",
            opaque.INVITATION: "invitation",
            opaque.PORTAL_LINK: "portal_link",
            opaque.PASSWORD_RESET: "password_reset",
        }
        return {prefix: partial(self._end_text, kind) for prefix, kind in kinds.items()}

    async def _end_text(
        self, kind: PeopleSecretKind, secret: str, report: Report, by: Admin | None
    ) -> Finding | None:
        return await self.end(kind, opaque.digest(secret), report, by, last_four=opaque.last_four(secret))

    async def end(
        self,
        kind: PeopleSecretKind,
        digest: bytes,
        report: Report,
        by: Admin | None,
        *,
        last_four: str | None = None,
    ) -> Finding | None:
        """That whose secret has this SHA-256; `last_four`: what may be shown of the secret, where it is known."""
        secret = _Secret(digest, last_four)
        if kind == "person_session":
            return await self._end_session(secret, report, by)
        if kind == "invitation":
            return await self._end_invitation(secret, report, by)
        if kind == "password_reset":
            return await self._end_password_reset(secret, report, by)
        return await self._end_portal_link(secret, report, by)

    async def _end_session(self, secret: _Secret, report: Report, by: Admin | None) -> Finding | None:
        digest = secret.digest
        async with self._store.reading() as reader:  # what nobody has takes no turn of those who write
            found = await reader.find_session(digest) or await reader.find_portal_session_by_token(digest)
            if found is None:
                return None
        async with self._store.writing(by=by) as writer:
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

    async def _end_portal_link(self, secret: _Secret, report: Report, by: Admin | None) -> Finding | None:
        """The session too, if the link was followed: nobody knows by whom."""
        async with self._store.reading() as reader:
            if await reader.find_portal_session_by_link(secret.digest) is None:
                return None
        async with self._store.writing(by=by) as writer:
            session = await writer.find_portal_session_by_link(secret.digest)
            return await self._end_portal(writer, session, secret, report, by)

    async def _end_portal(
        self, writer: PeopleWriter, session: PortalSession | None, secret: _Secret, report: Report, by: Admin | None
    ) -> Finding | None:
        if session is None or _hidden(by, session.company_id):
            return None
        id_, company_id, now = session.id, session.company_id, instant(self._clock.now())
        ended = now < session.expires_at and await writer.end_portal_session(id_, now)
        if ended:
            await record(writer, report.actor, "portal_session.ended", id_, company_id, now, report.detail)
        finding = _finding("portal_session", id_, company_id, secret, ended=ended)
        return await _notified(writer, finding, report, now)

    async def _end_invitation(self, secret: _Secret, report: Report, by: Admin | None) -> Finding | None:
        async with self._store.reading() as reader:
            if await reader.find_invitation_by_digest(secret.digest) is None:
                return None
        async with self._store.writing(by=by) as writer:
            invitation = await writer.find_invitation_by_digest(secret.digest)
            if invitation is None or _hidden(by, invitation.company_id):
                return None
            id_, company_id, now = invitation.id, invitation.company_id, instant(self._clock.now())
            ended = invitation.status_at(now) == "open"
            if ended:
                await writer.close_invitation(id_, "revoked")
                await record(writer, report.actor, "invitation.revoked", id_, company_id, now, report.detail)
            finding = _finding("invitation", id_, company_id, secret, ended=ended)
            return await _notified(writer, finding, report, now)

    async def _end_password_reset(self, secret: _Secret, report: Report, by: Admin | None) -> Finding | None:
        """One that was used or withdrawn is not known any more."""
        async with self._store.reading() as reader:
            if await reader.find_password_reset(secret.digest) is None:
                return None
        async with self._store.writing(by=by) as writer:
            reset = await writer.find_password_reset(secret.digest)
            person = None if reset is None else await writer.find_person(reset.person_id)
            if reset is None or person is None or _hidden(by, person.company_id):
                return None
            company_id, now = person.company_id, instant(self._clock.now())
            ended = now < reset.expires_at and await writer.delete_password_reset(person.id)
            if ended:
                detail, action = {"reset": str(reset.id), **report.detail}, "person.password_reset_withdrawn"
                await record(writer, report.actor, action, person.id, company_id, now, detail)
            finding = _finding("password_reset", reset.id, company_id, secret, ended=ended)
            return await _notified(writer, finding, report, now)


def _hidden(by: Admin | None, company_id: UUID | None) -> bool:
    return by is not None and not by.sees(company_id)


def _finding(kind: FoundKind, id_: UUID, company_id: UUID | None, secret: _Secret, *, ended: bool) -> Finding:
    return Finding(
        "ended" if ended else "already_ended",
        kind=kind,
        id=str(id_),
        last_four=secret.last_four,
        company_id=id_text(company_id),
    )


async def _notified(writer: PeopleWriter, finding: Finding, report: Report, now: datetime) -> Finding:
    if finding.outcome == "ended":
        data = {"kind": finding.kind, "id": finding.id, "last_four": finding.last_four, **report.detail}
        at, company_id = now.timestamp(), finding.company_id
        await recording.record(writer, "credential.leaked", at=at, company_id=company_id, data=data)
    return finding
