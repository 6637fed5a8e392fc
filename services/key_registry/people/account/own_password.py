"""People who change their own password."""

from dataclasses import replace
from datetime import datetime

from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.audit import record
from services.key_registry.people.passwords import Passwords, check_password
from services.key_registry.people.ports import PeopleWriter, Person
from services.key_registry.people.reauthentication.reauthentication import (
    Act,
    Proof,
    Reauthentication,
    require_person,
)
from services.key_registry.people.sign_in_policy import SignInPolicy
from shared.errors import Conflict


class OwnPassword:
    def __init__(self, reauthentication: Reauthentication, passwords: Passwords, policy: SignInPolicy) -> None:
        self._reauthentication = reauthentication
        self._passwords = passwords
        self._policy = policy

    async def change(self, admin: Admin, new: str, proof: Proof) -> None:
        """All other sessions of the person end, and so does the link of a password reset.

        Raises as `Reauthentication`; and `Unprocessable` naming `new`, or `Conflict` for who signs in by the OpenID
        provider alone, which count as no failure and use nothing up.
        """
        require_person(admin)
        if self._policy.requires_openid(admin.company_id):
            raise Conflict("you sign in at the OpenID provider alone, with no password of ours")
        check_password(new, admin.name, "new")

        async def hashed() -> Act[None]:
            password_hash = await self._passwords.hashed(new)

            async def changed(writer: PeopleWriter, person: Person, now: datetime) -> None:
                await writer.update_person(replace(person, password_hash=password_hash, updated_at=now))
                await writer.delete_password_reset(person.id)
                ended = await writer.end_sessions(person.id, now, but=admin.session_id)
                detail = {"sessions_ended": ended}
                action = "person.password_changed"
                await record(writer, admin.actor, action, person.id, person.company_id, now, detail)

            return changed

        await self._reauthentication.run_prepared(admin, proof, hashed)
