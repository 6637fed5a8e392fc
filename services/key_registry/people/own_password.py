"""People who change their own password."""

from dataclasses import replace

from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.acts import record
from services.key_registry.people.passwords import Passwords, check_password
from services.key_registry.people.ports import PeopleStore
from services.key_registry.people.requests import PasswordChange
from services.key_registry.people.throttle import SignInThrottle
from shared.clock import Clock
from shared.errors import Forbidden, NotFound, Unavailable, Unprocessable


class OwnPassword:
    def __init__(self, store: PeopleStore, passwords: Passwords, throttle: SignInThrottle, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._throttle = throttle
        self._clock = clock

    async def change(self, admin: Admin, body: PasswordChange, address_block: str) -> None:
        """All other sessions of the person end, and the link that was to set another password.

        A wrong present password counts as a failed sign-in, for who has a session alone. Raises `Unprocessable`,
        `TooManySignIns`, `Forbidden` for who is no person, and `Unavailable`.
        """
        if admin.kind != "person":
            raise Forbidden(f"a {admin.noun} has no password")
        check_password(body.new, admin.name, "new")
        attempt = await self._throttle.begin(admin.name, address_block)
        try:
            async with self._store.reading() as reader:
                person = await reader.find_person(admin.id)
            if person is None:
                raise NotFound("there is no such person")
            if not await self._passwords.verify(person.password_hash, body.current):
                raise Unprocessable.field("current", "is not the present password")
            password_hash = await self._passwords.hashed(body.new)
            async with self._store.writing(by=admin) as writer:
                now, latest = instant(self._clock.now()), await writer.find_person(admin.id)
                if latest is None or latest.password_hash != person.password_hash:
                    raise Unprocessable.field("current", "is not the present password")
                await writer.update_person(replace(latest, password_hash=password_hash, updated_at=now))
                await writer.delete_password_reset(admin.id)
                ended = await writer.end_sessions(admin.id, now, but=admin.session_id)
                detail = {"sessions_ended": ended}
                action = "person.password_changed"
                await record(writer, admin.actor, action, admin.id, admin.company_id, now, detail)
        except Unavailable:
            await self._throttle.release(attempt)
            raise
        await self._throttle.succeeded(attempt)
