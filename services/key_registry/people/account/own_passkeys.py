"""People who add passkeys to their account, and take them away."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.audit import record
from services.key_registry.people.passkeys.challenges import Challenges, registration_of
from services.key_registry.people.passkeys.ports import Passkey
from services.key_registry.people.passkeys.relying_party import (
    UNAVAILABLE,
    InvalidCredential,
    RelyingParty,
    WebAuthnResponse,
    challenge_of,
)
from services.key_registry.people.ports import PeopleStore, PeopleWriter, Person
from services.key_registry.people.reauthentication.reauthentication import Proof, Reauthentication
from services.key_registry.people.sealing import InvalidSeal
from shared.clock import Clock
from shared.errors import Conflict, Forbidden, NotFound, Unprocessable

MAX_PASSKEYS = 20


class OwnPasskeys:
    """Each method raises `Forbidden` for who is no person. `party` or `challenges` None: there are no passkeys."""

    def __init__(
        self,
        store: PeopleStore,
        reauthentication: Reauthentication,
        party: RelyingParty | None,
        challenges: Challenges | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._reauthentication = reauthentication
        self._party = party
        self._challenges = challenges
        self._clock = clock

    @property
    def origin(self) -> str | None:
        """Where browsers know them. None: there are none."""
        return None if self._party is None or self._challenges is None else self._party.origin

    async def list(self, admin: Admin) -> Sequence[Passkey]:
        """The newest first."""
        _session_of(admin)
        async with self._store.reading() as reader:
            return await reader.passkeys_of(admin.id)

    async def creation_options(self, admin: Admin, proof: Proof) -> dict[str, Any]:
        """Raises as `Reauthentication`, and `Conflict` where there are no passkeys or too many."""
        session_id = _session_of(admin)
        party, challenges = self._party_and_challenges()

        async def known(writer: PeopleWriter, person: Person, _: datetime) -> Sequence[Passkey]:
            found = await writer.passkeys_of(person.id)
            _require_fewer(found)
            return found

        of_person = await self._reauthentication.run(admin, proof, known)
        challenge = challenges.issue(registration_of(admin.id, session_id), self._clock.now())
        return party.creation_options(admin.id, admin.name, challenge, of_person)

    async def add(self, admin: Admin, name: str, credential: WebAuthnResponse) -> Passkey:
        """Raises `Unprocessable`, which uses nothing up, and `Conflict`."""
        session_id = _session_of(admin)
        party, challenges = self._party_and_challenges()
        now = now_of(self._clock)
        try:
            given = challenge_of(credential)
            challenge = challenges.verify(given, registration_of(admin.id, session_id), now.timestamp())
            new = party.verify_new(credential, given)
        except (InvalidSeal, InvalidCredential):
            raise Unprocessable.field("credential", "is invalid or came too late: begin again") from None
        passkey = Passkey(uuid7(), admin.id, new.credential_id, new.public_key, new.sign_count, name, now, None)
        async with self._store.writing(by=admin) as writer:
            if not await writer.use_seal(challenge):
                raise Unprocessable.field("credential", "was sent before: begin again")
            _require_fewer(await writer.passkeys_of(admin.id))
            if not await writer.insert_passkey(passkey):
                raise Conflict("this passkey is known already")
            await _recorded(writer, admin, "passkey_added", passkey.id, now)
        return passkey

    async def remove(self, admin: Admin, id_: UUID, proof: Proof) -> None:
        """Raises as `Reauthentication`, and `NotFound`: which there are is no secret to who has the session."""
        _session_of(admin)
        async with self._store.reading() as reader:
            if id_ not in {passkey.id for passkey in await reader.passkeys_of(admin.id)}:
                raise NotFound("there is no such passkey")

        async def removed(writer: PeopleWriter, _: Person, now: datetime) -> None:
            if not await writer.delete_passkey(admin.id, id_):
                raise NotFound("there is no such passkey")
            await _recorded(writer, admin, "passkey_removed", id_, now)

        await self._reauthentication.run(admin, proof, removed)

    def _party_and_challenges(self) -> tuple[RelyingParty, Challenges]:
        if self._party is None or self._challenges is None:
            raise Conflict(UNAVAILABLE)
        return self._party, self._challenges


def _session_of(admin: Admin) -> UUID:
    if admin.kind != "person" or admin.session_id is None:
        raise Forbidden(f"a {admin.noun} has no passkeys")
    return admin.session_id


def _require_fewer(known: Sequence[Passkey]) -> None:
    if len(known) >= MAX_PASSKEYS:
        raise Conflict(f"there are {MAX_PASSKEYS} passkeys: remove one first")


async def _recorded(writer: PeopleWriter, admin: Admin, done: str, passkey_id: UUID, now: datetime) -> None:
    """The person changes with it, so that a restore which brings a removed one back is noticed."""
    person = await writer.find_person(admin.id)
    if person is None:
        raise NotFound("there is no such person")
    await writer.update_person(replace(person, updated_at=now))
    detail = {"passkey": str(passkey_id)}
    await record(writer, admin.actor, f"person.{done}", admin.id, admin.company_id, now, detail)
