"""Portal sessions: a vendor's backend asks for a link, whoever follows it gets a session, once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object
from services.key_registry.access.visibility import Reference, find_visible
from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.paging import PageRequest, cursor_of_id, page_of
from services.key_registry.catalog.permissions import RANK, Admin, Operation
from services.key_registry.catalog.resources import COMPANY, Row
from services.key_registry.people.audit import record
from services.key_registry.people.links import ConsolePage, LinkInvalid
from services.key_registry.people.portal.ports import PortalSession
from services.key_registry.people.portal.schemas import NewPortalSession, PortalSessionResponse
from services.key_registry.people.ports import PeopleReader, PeopleStore
from services.key_registry.people.sessions.opening import SignInOrigin, shortened
from services.key_registry.recording.idempotency import IdempotentRequest
from shared import opaque
from shared.clock import Clock
from shared.errors import Conflict, NotFound

KIND = "portal_session"
PATH = "/portal-links"
"""Of the console's page that follows a link."""


class PortalLinkInvalid(LinkInvalid):
    code = "portal_link_invalid"

    def __init__(self, cause: str) -> None:
        super().__init__(
            "the link is unknown, used, ended or expired: request another one where it came from", cause
        )


@dataclass(frozen=True, slots=True)
class OpenedPortal:
    session: PortalSession
    token: str = field(repr=False)


class PortalSessions:
    """`console_url`: where the console is for browsers, without a final slash; None: not known here.

    Each method that takes an admin raises `Forbidden` when the role does not reach, and `NotFound` for another
    company.
    """

    def __init__(
        self,
        store: PeopleStore,
        access: AccessControl,
        clock: Clock,
        *,
        idle_timeout: timedelta,
        console_url: str | None,
    ) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._idle_timeout = idle_timeout
        self._page = ConsolePage(console_url, PATH)

    def permit(self, admin: Admin, operation: Operation) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, operation, KIND)

    async def create(
        self, admin: Admin, company: Reference, body: NewPortalSession, request: IdempotentRequest | None = None
    ) -> Object:
        """The session with its link, which is shown this once or for the same request again.

        Raises `Conflict` for a company that is not active, and `Forbidden` for a role above the caller's own.
        """
        self.permit(admin, Operation.CREATE)
        token = opaque.mint(opaque.PORTAL_LINK)
        async with self._store.writing(by=admin) as writer:
            found, now = await find_visible(writer, admin, COMPANY, company), now_of(self._clock)
            self._permit_role(admin, body)
            if request is not None and (shown := await request.recall(writer, now.timestamp())):
                return shown
            if found["status"] != "active":
                raise Conflict(f"the company is {found['status']}")
            session = _new(found, body, opaque.digest(token), now)
            await writer.insert_portal_session(session)
            detail = {"role": session.role}
            await record(writer, admin.actor, f"{KIND}.created", session.id, session.company_id, now, detail)
            shown = {**self._shown(session, now), **self._page.shown(token)}
            if request is not None:
                await request.remember(writer, shown, now.timestamp())
        return shown

    async def page(
        self, admin: Admin, company: Reference, page: PageRequest
    ) -> tuple[Sequence[Object], str | None]:
        """The newest first, as long as they are kept."""
        self.permit(admin, Operation.READ)
        before = None if page.cursor is None else UUID(bytes=page.cursor)
        async with self._store.reading() as reader:
            id_ = (await find_visible(reader, admin, COMPANY, company))["id"]
            found = await reader.newest_portal_sessions(id_, before, page.limit + 1)
        found, cursor = page_of(found, page.limit, lambda session: cursor_of_id(session.id))
        return [self._shown(session, now_of(self._clock)) for session in found], cursor

    async def end(self, admin: Admin, company: Reference, id_: UUID) -> None:
        """End it, or its link; again changes nothing. Raises `NotFound`."""
        self.permit(admin, Operation.REVOKE)
        async with self._store.writing(by=admin) as writer:
            company_id = (await find_visible(writer, admin, COMPANY, company))["id"]
            session, now = await writer.find_portal_session(id_), now_of(self._clock)
            if session is None or session.company_id != company_id:
                raise NotFound("there is no such portal session")
            if await writer.end_portal_session(id_, now):
                await record(writer, admin.actor, f"{KIND}.ended", id_, company_id, now)

    async def inspect(self, token: str) -> tuple[PortalSession, str]:
        """What a link leads to, with the company's name; nothing is used up. Raises `PortalLinkInvalid`."""
        if not opaque.well_formed(opaque.PORTAL_LINK, token):
            raise PortalLinkInvalid("malformed")
        async with self._store.reading() as reader:
            session, company = await self._waiting(reader, token)
        return session, str(company["name"])

    async def open(self, token: str, origin: SignInOrigin) -> OpenedPortal:
        """Follow a link, which works once. Raises `PortalLinkInvalid`."""
        if not opaque.well_formed(opaque.PORTAL_LINK, token):
            raise PortalLinkInvalid("malformed")
        secret = opaque.mint(opaque.PERSON_SESSION)
        async with self._store.writing(by=None) as writer:
            session, _ = await self._waiting(writer, token)
            now = now_of(self._clock)
            opened = replace(
                session,
                session_digest=opaque.digest(secret),
                opened_at=now,
                last_used_at=now,
                expires_at=now + timedelta(seconds=session.session_life_s),
                address=origin.address,
                user_agent=shortened(origin.user_agent),
            )
            await writer.open_portal_session(opened)
            actor, detail = f"{KIND}:{session.id}", {"address": origin.address}
            await record(writer, actor, f"{KIND}.opened", session.id, session.company_id, now, detail)
        return OpenedPortal(opened, secret)

    async def _waiting(self, reader: PeopleReader, token: str) -> tuple[PortalSession, Row]:
        session = await reader.find_portal_session_by_link(opaque.digest(token))
        if session is None:
            raise PortalLinkInvalid("unknown")
        if (status := session.status_at(now_of(self._clock), self._idle_timeout)) != "waiting":
            raise PortalLinkInvalid("used" if session.opened_at else status)
        company = await reader.find(COMPANY, session.company_id)
        if company is None or company["status"] != "active":
            raise PortalLinkInvalid("company_inactive")
        return session, company

    def _permit_role(self, admin: Admin, body: NewPortalSession) -> None:
        """A company's own people invite each other: a session without a password is the operator's to give."""
        if admin.company_id is not None:
            why = f"a {admin.noun} that is bound to a company cannot open portal sessions"
            self._access.forbid(admin, Operation.CREATE, KIND, why)
        if RANK[body.role] > RANK[admin.role]:
            why = f"the role {body.role} is above the {admin.noun}'s own, {admin.role}"
            self._access.forbid(admin, Operation.CREATE, KIND, why)

    def _shown(self, session: PortalSession, now: datetime) -> dict[str, Any]:
        members = {name: getattr(session, name, None) for name in PortalSessionResponse.model_fields}
        shown = PortalSessionResponse.model_validate(
            {**members, "status": session.status_at(now, self._idle_timeout)}
        )
        return shown.model_dump(mode="json")


def _new(company: Row, body: NewPortalSession, link_digest: bytes, now: datetime) -> PortalSession:
    return PortalSession(
        id=uuid7(),
        company_id=company["id"],
        role=body.role,
        name=body.name,
        link_digest=link_digest,
        session_digest=None,
        created_at=now,
        opened_at=None,
        last_used_at=None,
        expires_at=now + timedelta(seconds=body.expires_in),
        session_life_s=body.session_lifetime,
        ended_at=None,
        address="",
        user_agent="",
    )
