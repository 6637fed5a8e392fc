"""What owners do to people: roles, suspending, revoking. Everybody sees the people of their own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object
from services.key_registry.access.visibility import company_id_listed
from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.lifecycle import DONE, status_after
from services.key_registry.catalog.paging import PageRequest, cursor_of_id, page_of
from services.key_registry.catalog.permissions import Admin, Operation, Role
from services.key_registry.people.audit import record
from services.key_registry.people.ports import PeopleReader, PeopleStore, PeopleWriter, Person
from services.key_registry.people.responses import PersonResponse
from shared.clock import Clock
from shared.errors import Conflict, Forbidden, NotFound

KIND = "person"


class PeopleAdministration:
    """Each method raises `Forbidden` when the role does not reach, `NotFound` for who is of another company.

    A person is given by id or e-mail address.
    """

    def __init__(self, store: PeopleStore, access: AccessControl, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    def permit(self, admin: Admin, operation: Operation) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, operation, KIND)

    async def show(self, admin: Admin, reference: UUID | str) -> Object:
        self.permit(admin, Operation.READ)
        async with self._store.reading() as reader:
            return await self._shown(reader, await find_visible_person(reader, admin, reference))

    async def page(
        self, admin: Admin, company: str | None, page: PageRequest
    ) -> tuple[Sequence[Object], str | None]:
        """The newest first."""
        self.permit(admin, Operation.READ)
        async with self._store.reading() as reader:
            which = await company_id_listed(reader, admin, company)
            before = None if page.cursor is None else UUID(bytes=page.cursor)
            found = await reader.newest_people(which, before, page.limit + 1)
            found, cursor = page_of(found, page.limit, lambda person: cursor_of_id(person.id))
            resets = await reader.open_password_resets([person.id for person in found], now_of(self._clock))
        return [_shown(person, resets.get(person.id)) for person in found], cursor

    async def change_role(self, admin: Admin, reference: UUID | str, role: Role) -> Object:
        """Counts from the next request on; the links that who was an owner has made for others end.

        Raises `Conflict` for one who is revoked, and for the last owner.
        """
        self.permit(admin, Operation.CHANGE)
        async with self._store.writing(by=admin) as writer:
            person = await find_visible_person(writer, admin, reference)
            if person.status == "revoked":
                raise Conflict("the person is revoked, which is final: the role cannot be changed")
            if person.role is role:
                return await self._shown(writer, person)
            if role is not Role.OWNER:
                await _require_another_owner(writer, admin, person)
            changed = replace(person, role=role, updated_at=now_of(self._clock))
            detail: dict[str, Any] = {"was": {"role": person.role}, "now": {"role": role}}
            if person.role is Role.OWNER:
                detail |= await _links_ended(writer, person)
            return await self._written(writer, admin, Operation.CHANGE, changed, detail)

    async def set_status(self, admin: Admin, operation: Operation, reference: UUID | str) -> Object:
        """Suspend, resume or revoke. What is so already stays as it is; sessions and links end for good.

        Raises `Conflict` out of "revoked", and for the last owner.
        """
        self.permit(admin, operation)
        async with self._store.writing(by=admin) as writer:
            person = await find_visible_person(writer, admin, reference)
            status = status_after(person.status, operation)
            if status == person.status:
                return await self._shown(writer, person)
            changed = replace(person, status=status, updated_at=now_of(self._clock))
            detail: dict[str, Any] = {"role": person.role}
            if status == "active":
                return await self._written(writer, admin, operation, changed, detail)
            await _require_another_owner(writer, admin, person)
            detail["sessions_ended"] = await writer.end_sessions(person.id, changed.updated_at)
            await writer.delete_password_reset(person.id)
            detail |= await _links_ended(writer, person)
            return await self._written(writer, admin, operation, changed, detail)

    async def reset_second_factor(self, admin: Admin, reference: UUID | str) -> Object:
        """All sessions of the person end. Where none is on nothing changes.

        Raises `Conflict` for one's own, which is turned off with password and code, and for one who is revoked.
        """
        self.permit(admin, Operation.CHANGE)
        if admin.kind == "portal_session":
            raise Forbidden("a portal session cannot reset a second factor")
        async with self._store.writing(by=admin) as writer:
            person = await find_visible_person(writer, admin, reference)
            if admin.id == person.id:
                raise Conflict("your own second factor is turned off with the password and a code")
            if person.status == "revoked":
                raise Conflict("the person is revoked, which is final")
            passkeys = await writer.delete_passkeys(person.id)
            identities = await writer.delete_identities(person.id)
            if not (person.second_factor or passkeys or identities):
                return await self._shown(writer, person)
            changed = replace(person, totp_since=None, updated_at=now_of(self._clock))
            await writer.update_person(changed)
            await writer.delete_factors(person.id)
            detail = {
                "passkeys_removed": passkeys,
                "identities_removed": identities,
                "sessions_ended": await writer.end_sessions(person.id, changed.updated_at),
            }
            action, company_id = f"{KIND}.second_factor_reset", person.company_id
            await record(writer, admin.actor, action, person.id, company_id, changed.updated_at, detail)
            return await self._shown(writer, changed)

    async def _written(
        self, writer: PeopleWriter, admin: Admin, operation: Operation, person: Person, detail: Object
    ) -> Object:
        await writer.update_person(person)
        action = f"{KIND}.{DONE[operation]}"
        await record(writer, admin.actor, action, person.id, person.company_id, person.updated_at, detail)
        return await self._shown(writer, person)

    async def _shown(self, reader: PeopleReader, person: Person) -> Object:
        return _shown(person, (await reader.open_password_resets([person.id], now_of(self._clock))).get(person.id))


async def find_visible_person(reader: PeopleReader, admin: Admin, reference: UUID | str) -> Person:
    """By id or e-mail address. Raises `NotFound` for who is of another company."""
    if isinstance(reference, UUID):
        person = await reader.find_person(reference)
    else:
        person = await reader.find_person_by_email(reference)
    if person is None or not admin.sees(person.company_id):
        raise NotFound("there is no such person")
    return person


async def _require_another_owner(writer: PeopleWriter, admin: Admin, person: Person) -> None:
    """No person stops the last active owner of the operator's people; an admin token still can."""
    last = person.company_id is None and person.role is Role.OWNER and person.status == "active"
    if admin.kind == "person" and last and await writer.count_active_owners() <= 1:
        whose = "you are" if admin.id == person.id else "this is"
        raise Conflict(f"{whose} the last active owner: make another person an owner first")


async def _links_ended(writer: PeopleWriter, person: Person) -> dict[str, int]:
    """How many of each that the person has created, for the line in the trail."""
    ended = {
        "invitations_revoked": await writer.revoke_invitations_by(person.id),
        "password_resets_withdrawn": await writer.delete_password_resets_by(person.id),
    }
    return {what: count for what, count in ended.items() if count}


def _shown(person: Person, reset_until: datetime | None) -> Object:
    members = {name: getattr(person, name, None) for name in PersonResponse.model_fields}
    shown = PersonResponse.model_validate({**members, "password_reset_until": reset_until})
    return shown.model_dump(mode="json")
