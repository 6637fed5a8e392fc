"""What people do to their own account once they have shown again that it is theirs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from services.key_registry.catalog.field_types import id_text, now_of
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.factors.codes import use_code
from services.key_registry.people.factors.totp_secrets import TotpSecrets
from services.key_registry.people.passwords import Passwords
from services.key_registry.people.ports import PeopleStore, PeopleWriter, Person
from services.key_registry.people.reauthentication.fresh_sign_ins import FreshSignIns
from services.key_registry.people.sealing import InvalidSeal, OpenedSeal
from services.key_registry.people.throttle import SignInThrottle
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.errors import Forbidden, NotFound, Unprocessable

T = TypeVar("T")
Act = Callable[[PeopleWriter, Person, datetime], Awaitable[T]]
WRONG_PASSWORD = "is not the present password"
FRESH_SIGN_IN_SPENT = "was used, or came too late: sign in at the OpenID provider again"


@dataclass(frozen=True, slots=True)
class Proof:
    """`code` is needed where a second factor is on."""

    password: str = field(repr=False)
    code: str = field(repr=False)
    address_block: str
    confirmation: str = field(default="", repr=False)
    """Of a fresh sign-in at the OpenID provider, in the place of the password."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """The account is the caller's, as far as it can be known before anything is written."""

    admin: Admin
    person: Person
    code: str = field(repr=False)
    fresh_sign_in: OpenedSeal | None
    """Of the fresh sign-in that took the place of the password."""

    @property
    def refusal(self) -> tuple[str, str]:
        """Which member of the body to blame when the account has changed since, and how."""
        if self.fresh_sign_in is not None:
            return "confirmation", FRESH_SIGN_IN_SPENT
        return "password", WRONG_PASSWORD


class Reauthentication:
    def __init__(
        self,
        store: PeopleStore,
        passwords: Passwords,
        throttle: SignInThrottle,
        secrets: TotpSecrets,
        fresh_sign_ins: FreshSignIns | None,
        trail: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._throttle = throttle
        self._secrets = secrets
        self._fresh_sign_ins = fresh_sign_ins
        self._trail = trail
        self._clock = clock

    async def run(self, admin: Admin, proof: Proof, act: Act[T]) -> T:
        """`act`, in the transaction that uses up what has proved it.

        A wrong proof counts as a failed sign-in: else whoever has stolen a session could guess the password.
        Raises `Unprocessable` naming `password`, `confirmation` or `code`, `TooManySignIns`, `Forbidden` for who
        is no person, and what `act` raises.
        """

        async def prepared() -> Act[T]:
            return act

        return await self.run_prepared(admin, proof, prepared)

    async def run_prepared(self, admin: Admin, proof: Proof, prepare: Callable[[], Awaitable[Act[T]]]) -> T:
        """As `run`, of an act that takes time before it: it is prepared once all but the code has been proved.

        While that takes its time no transaction is open.
        """
        require_person(admin)
        async with self.attempt(admin, proof.address_block):
            checked = await self._check(admin, proof)
            return await self._run_checked(checked, await prepare())

    async def _check(self, admin: Admin, proof: Proof) -> _Checked:
        async with self._store.reading() as reader:
            person = await reader.find_person(admin.id)
        if person is None:
            raise NotFound("there is no such person")
        fresh = self._fresh_sign_in(admin, person, proof) if proof.confirmation else None
        if fresh is None and not await self._passwords.verify(person.password_hash, proof.password):
            raise self._refused(person, "password", WRONG_PASSWORD)
        return _Checked(admin, person, proof.code, fresh)

    async def _run_checked(self, checked: _Checked, act: Act[T]) -> T:
        person, fresh = checked.person, checked.fresh_sign_in
        async with self._store.writing(by=checked.admin) as writer:
            now, latest = now_of(self._clock), await writer.find_person(person.id)
            if latest is None or latest.password_hash != person.password_hash:
                raise self._refused(person, *checked.refusal)
            if latest.second_factor and not await use_code(writer, latest, checked.code, now, self._secrets):
                raise self._refused(person, "code", "is wrong, or was used before")
            if fresh is not None and not await writer.use_seal(fresh):
                raise self._refused(person, "confirmation", FRESH_SIGN_IN_SPENT)
            return await act(writer, await writer.find_person(person.id) or latest, now)

    def _fresh_sign_in(self, admin: Admin, person: Person, proof: Proof) -> OpenedSeal:
        """It is used up only if the act succeeds."""
        try:
            if self._fresh_sign_ins is None:
                raise InvalidSeal("malformed")
            return self._fresh_sign_ins.verify(proof.confirmation, admin.id, admin.session_id, self._clock.now())
        except InvalidSeal:
            raise self._refused(person, "confirmation", FRESH_SIGN_IN_SPENT) from None

    @asynccontextmanager
    async def attempt(self, admin: Admin, address_block: str) -> AsyncIterator[None]:
        """`Unprocessable` counts as a failed sign-in; nothing else that is raised within does.

        A success forgets the failures before it. Raises `TooManySignIns`.
        """
        attempt = await self._throttle.begin(admin.name, address_block)
        try:
            yield
        except Unprocessable:
            raise
        except Exception:
            await self._throttle.release(attempt)
            raise
        await self._throttle.succeeded(attempt)

    def _refused(self, person: Person, field: str, message: str) -> Unprocessable:
        self._trail.note_refusal(
            self._trail.event(
                "person.confirmation_refused",
                actor=f"person:{person.id}",
                subject_kind="person",
                subject=str(person.id),
                company_id=id_text(person.company_id),
                detail={"cause": f"wrong_{field}"},
            )
        )
        return Unprocessable.field(field, message)


def require_person(admin: Admin) -> None:
    """Raises `Forbidden`."""
    if admin.kind != "person":
        raise Forbidden(f"a {admin.noun} has no password and no second factor")
