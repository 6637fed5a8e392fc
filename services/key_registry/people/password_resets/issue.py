"""Making the link of a password reset, for whoever may."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import format_instant, now_of
from services.key_registry.people.audit import record
from services.key_registry.people.links import ConsolePage
from services.key_registry.people.password_resets.ports import PasswordReset
from services.key_registry.people.password_resets.schemas import CreatedPasswordReset
from services.key_registry.people.ports import PeopleWriter, Person
from services.key_registry.people.sessions.standing import why_refused
from services.key_registry.people.sign_in_policy import SignInPolicy
from shared import opaque
from shared.clock import Clock
from shared.errors import Conflict

PATH = "/password-resets"
"""Of the console's page that sets the password."""


class PasswordResetIssue:
    def __init__(self, clock: Clock, policy: SignInPolicy, *, console_url: str | None) -> None:
        self._clock = clock
        self._policy = policy
        self._page = ConsolePage(console_url, PATH)

    async def issue(
        self, writer: PeopleWriter, person: Person, expires_in: int, *, actor: str, created_by: UUID | None
    ) -> dict[str, Any]:
        """The link, which is shown this once; one of before ends.

        Raises `Conflict` for who may not sign in now, and for who signs in by the OpenID provider alone.
        """
        if cause := await why_refused(writer, person):
            raise Conflict(f"nobody can sign in as this person now: {cause.replace('_', ' ')}")
        if self._policy.requires_openid(person.company_id):
            raise Conflict("this person signs in at the OpenID provider alone, with no password of ours")
        token, now = opaque.mint(opaque.PASSWORD_RESET), now_of(self._clock)
        expires_at = now + timedelta(seconds=expires_in)
        reset = PasswordReset(uuid7(), person.id, opaque.digest(token), now, expires_at, created_by)
        await writer.put_password_reset(reset)
        detail = {"reset": str(reset.id), "expires_at": format_instant(expires_at)}
        await record(writer, actor, "person.password_reset_created", person.id, person.company_id, now, detail)
        shown = CreatedPasswordReset(
            id=reset.id,
            person_id=person.id,
            email=person.email,
            created_at=now,
            expires_at=expires_at,
            **self._page.shown(token),
        )
        return shown.model_dump(mode="json")
