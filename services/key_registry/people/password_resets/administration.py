"""Who may make and withdraw the link with which somebody replaces a password that they have forgotten.

Nothing is sent from here: whoever makes the link gives it to the person.
"""

from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object
from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.people.administration import KIND, find_visible_person
from services.key_registry.people.audit import record
from services.key_registry.people.password_resets.issue import PasswordResetIssue
from services.key_registry.people.ports import PeopleStore
from services.key_registry.recording.idempotency import IdempotentRequest
from shared.clock import Clock
from shared.errors import Conflict, Forbidden


class PasswordResetAdministration:
    """Each method raises `Forbidden` when the role does not reach: it takes an owner, so that nobody makes a link
    for somebody of a higher role. `NotFound` is for who is of another company.

    A person is given by id or e-mail address.
    """

    def __init__(self, store: PeopleStore, access: AccessControl, issue: PasswordResetIssue, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._issue = issue
        self._clock = clock

    def permit(self, admin: Admin) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, Operation.CHANGE, KIND)
        if admin.kind == "portal_session":
            raise Forbidden("a portal session cannot reset a password")

    async def create(
        self, admin: Admin, reference: UUID | str, expires_in: int, request: IdempotentRequest | None = None
    ) -> Object:
        """The link, which is shown this once or for the same request again; one of before ends.

        Raises as `PasswordResetIssue`, and `Conflict` for oneself.
        """
        self.permit(admin)
        async with self._store.writing(by=admin) as writer:
            if request is not None and (shown := await request.recall(writer, self._clock.now())):
                return shown
            person = await find_visible_person(writer, admin, reference)
            if admin.id == person.id:
                raise Conflict("your own password is changed under your account, with the present one")
            shown = await self._issue.issue(writer, person, expires_in, actor=admin.actor, created_by=admin.id)
            if request is not None:
                await request.remember(writer, shown, self._clock.now())
        return shown

    async def withdraw(self, admin: Admin, reference: UUID | str) -> None:
        """End the link of a person; where there is none nothing changes."""
        self.permit(admin)
        async with self._store.writing(by=admin) as writer:
            person = await find_visible_person(writer, admin, reference)
            if await writer.delete_password_reset(person.id):
                now, action = now_of(self._clock), f"{KIND}.password_reset_withdrawn"
                await record(writer, admin.actor, action, person.id, person.company_id, now)
