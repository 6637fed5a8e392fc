"""People who turn their own second factor on and off."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.audit import record
from services.key_registry.people.factors import codes
from services.key_registry.people.factors.ports import Totp
from services.key_registry.people.factors.totp_secrets import TotpSecrets, UnreadableSecret
from services.key_registry.people.ports import PeopleStore, PeopleWriter, Person
from services.key_registry.people.reauthentication.reauthentication import Proof, Reauthentication, require_person
from services.key_registry.people.sign_in_policy import SignInPolicy
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Unprocessable

ENROLMENT_LIFE_S = 900
"""Seconds from the secret to the first code."""


@dataclass(frozen=True, slots=True)
class OfferedTotp:
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    """With the secret in it."""


class FactorState(NamedTuple):
    available: bool
    totp_since: datetime | None
    recovery_codes_left: int
    confirms_by_openid: bool
    """Whether a fresh sign-in at the provider may take the place of the password."""
    signs_in_by_password: bool
    """Whether a password may sign the person in: not who has to sign in by the provider."""


class OwnFactors:
    """Each method raises `Forbidden` for who is no person."""

    def __init__(
        self,
        store: PeopleStore,
        reauthentication: Reauthentication,
        secrets: TotpSecrets,
        clock: Clock,
        *,
        openid_issuer: str | None,
        policy: SignInPolicy,
    ) -> None:
        self._openid_issuer = openid_issuer
        self._policy = policy
        self._store = store
        self._reauthentication = reauthentication
        self._secrets = secrets
        self._clock = clock

    async def state(self, admin: Admin) -> FactorState:
        require_person(admin)
        async with self._store.reading() as reader:
            person = await reader.find_person(admin.id)
            left, issuer = await reader.count_recovery_codes(admin.id), self._openid_issuer
            bound = issuer is not None and await reader.find_identity(admin.id, issuer) is not None
        return FactorState(
            available=self._secrets.available,
            totp_since=None if person is None else person.totp_since,
            recovery_codes_left=left,
            confirms_by_openid=bound,
            signs_in_by_password=not self._policy.requires_openid(admin.company_id),
        )

    async def offer_totp(self, admin: Admin, proof: Proof) -> OfferedTotp:
        """A secret that counts once a code of it was confirmed. Raises as `Reauthentication`, and `Conflict`."""
        secret = codes.new_secret()

        async def offer(writer: PeopleWriter, person: Person, now: datetime) -> None:
            if person.second_factor:
                raise Conflict("an authenticator is in use: turn it off first")
            sealed = self._secrets.seal(person.id, secret)
            await writer.put_totp(Totp(person.id, sealed, now, None, 0))

        await self._reauthentication.run(admin, proof, offer)
        return OfferedTotp(secret, codes.provisioning_uri(secret, admin.name))

    async def confirm_totp(self, admin: Admin, code: str, address_block: str) -> Sequence[str]:
        """The recovery codes, which are shown this once; all other sessions of the person end.

        A wrong code counts as a failed sign-in: whoever has the session alone must not guess one. Raises
        `Unprocessable` naming `code`, `TooManySignIns`, and `Conflict` where none was offered lately.
        """
        require_person(admin)
        async with self._reauthentication.attempt(admin, address_block), self._store.writing(by=admin) as writer:
            now = now_of(self._clock)
            person, totp = await writer.find_person(admin.id), await writer.find_totp(admin.id)
            if person is None:
                raise NotFound("there is no such person")
            if person.second_factor or totp is None or now >= totp.created_at + timedelta(seconds=ENROLMENT_LIFE_S):
                raise Conflict("there is no authenticator to be confirmed: begin again")
            step = self._step(totp, code, now)
            await writer.put_totp(replace(totp, confirmed_at=now, last_step=step))
            await writer.update_person(replace(person, totp_since=now, updated_at=now))
            shown = await _new_recovery_codes(writer, person)
            ended = await writer.end_sessions(admin.id, now, but=admin.session_id)
            await _recorded(writer, admin, "totp_enabled", now, sessions_ended=ended)
        return shown

    async def replace_recovery_codes(self, admin: Admin, proof: Proof) -> Sequence[str]:
        """Those of before are invalid. Raises as `Reauthentication`, and `Conflict`."""

        async def replaced(writer: PeopleWriter, person: Person, now: datetime) -> Sequence[str]:
            _require_on(person)
            await writer.update_person(replace(person, updated_at=now))
            shown = await _new_recovery_codes(writer, person)
            await _recorded(writer, admin, "recovery_codes_replaced", now)
            return shown

        return await self._reauthentication.run(admin, proof, replaced)

    async def remove_totp(self, admin: Admin, proof: Proof) -> None:
        """Raises as `Reauthentication`, and `Conflict`."""

        async def removed(writer: PeopleWriter, person: Person, now: datetime) -> None:
            _require_on(person)
            await writer.delete_factors(person.id)
            await writer.update_person(replace(person, totp_since=None, updated_at=now))
            await _recorded(writer, admin, "totp_disabled", now)

        await self._reauthentication.run(admin, proof, removed)

    def _step(self, totp: Totp, code: str, now: datetime) -> int:
        try:
            step = codes.step_of(self._secrets.open(totp), code, now)
        except UnreadableSecret:
            raise Conflict("there is no authenticator to be confirmed: begin again") from None
        if step is None:
            raise Unprocessable.field("code", "is wrong: is the clock of the device right?")
        return step


def _require_on(person: Person) -> None:
    if not person.second_factor:
        raise Conflict("no authenticator is in use")


async def _new_recovery_codes(writer: PeopleWriter, person: Person) -> Sequence[str]:
    shown = codes.new_recovery_codes()
    await writer.replace_recovery_codes(person.id, {codes.digest_of(person.id, code) for code in shown})
    return shown


async def _recorded(writer: PeopleWriter, admin: Admin, done: str, now: datetime, **detail: int) -> None:
    await record(writer, admin.actor, f"person.{done}", admin.id, admin.company_id, now, detail)
