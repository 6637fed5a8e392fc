"""Following the link of a password reset: the token is the credential, and sets a password once.

It opens no session and takes no second factor away: whoever follows it signs in after it like everybody else.
"""

from dataclasses import replace

from services.key_registry.catalog.field_types import now_of
from services.key_registry.people.audit import record
from services.key_registry.people.links import LinkInvalid
from services.key_registry.people.password_resets.ports import PasswordReset
from services.key_registry.people.passwords import Passwords, check_password
from services.key_registry.people.ports import PeopleReader, PeopleStore, Person
from services.key_registry.people.sessions.opening import SignInOrigin
from services.key_registry.people.sessions.standing import why_refused
from services.key_registry.people.sign_in_policy import SignInPolicy
from shared import opaque
from shared.clock import Clock


class PasswordResetInvalid(LinkInvalid):
    code = "password_reset_invalid"

    def __init__(self, cause: str) -> None:
        super().__init__("the link is unknown, used, withdrawn or expired: ask an owner for another one", cause)


class PasswordResetFollowing:
    def __init__(self, store: PeopleStore, passwords: Passwords, clock: Clock, policy: SignInPolicy) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock
        self._policy = policy

    async def inspect(self, token: str) -> tuple[PasswordReset, Person]:
        """Whose password it sets; nothing is used up. Raises `PasswordResetInvalid`."""
        if not opaque.well_formed(opaque.PASSWORD_RESET, token):
            raise PasswordResetInvalid("malformed")
        async with self._store.reading() as reader:
            return await self._open(reader, token)

    async def set_password(self, token: str, password: str, origin: SignInOrigin) -> None:
        """All sessions of the person end, and sign-ins that wait for a code.

        The person changes with it, so that a restore which brings the link back is noticed; and each restore ends
        the links that it brings back. Raises `PasswordResetInvalid`, and `Unprocessable`, which uses nothing up.
        """
        _, person = await self.inspect(token)
        check_password(password, person.email)
        password_hash = await self._passwords.hashed(password)
        async with self._store.writing(by=None) as writer:
            reset, person = await self._open(writer, token)  # another one may have been quicker
            now = now_of(self._clock)
            await writer.delete_password_reset(person.id)
            await writer.update_person(replace(person, password_hash=password_hash, updated_at=now))
            detail = {
                "reset": str(reset.id),
                "address": origin.address,
                "sessions_ended": await writer.end_sessions(person.id, now),
            }
            actor, action = f"person:{person.id}", "person.password_reset"
            await record(writer, actor, action, person.id, person.company_id, now, detail)

    async def _open(self, reader: PeopleReader, token: str) -> tuple[PasswordReset, Person]:
        reset = await reader.find_password_reset(opaque.digest(token))
        if reset is None:
            raise PasswordResetInvalid("unknown")
        if reset.expires_at <= now_of(self._clock):
            raise PasswordResetInvalid("expired")
        person = await reader.find_person(reset.person_id)
        cause = await why_refused(reader, person)
        if person is None or cause:
            raise PasswordResetInvalid(cause or "unknown")
        if self._policy.requires_openid(person.company_id):
            raise PasswordResetInvalid("openid_required")
        return reset, person
