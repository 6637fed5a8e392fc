"""`reset-password`, for the last owner who has forgotten theirs. Returns the exit status."""

import asyncio

from services.key_registry.commands.database import failed, with_database
from services.key_registry.config import Settings
from services.key_registry.people.password_resets.issue import PasswordResetIssue
from services.key_registry.people.password_resets.schemas import NewPasswordReset
from services.key_registry.people.sign_in_policy import SignInPolicy
from services.key_registry.storage.postgres.store import PostgresStore
from shared.clock import SystemClock
from shared.console import print_line
from shared.errors import NotFound
from shared.http.body import validated
from shared.postgres.pool import Database

ACTOR = "command-line"


def reset_password(settings: Settings, *, email: str, expires_in: int) -> int:
    """Prints the link, which is shown this once; without `console_url` what is to be opened below the console's.

    1 also when it was made and nobody could read it: then the next one ends it.
    """

    async def create(database: Database) -> int:
        body = validated(NewPasswordReset, {"expires_in": expires_in})
        policy = SignInPolicy(settings.openid_required_for)
        issue = PasswordResetIssue(SystemClock(), policy, console_url=settings.console_url)
        async with PostgresStore(database).writing(by=None) as writer:
            person = await writer.find_person_by_email(email.lower())
            if person is None:
                raise NotFound("there is no such person")
            made = await issue.issue(writer, person, body.expires_in, actor=ACTOR, created_by=None)
        if print_line(made["url"] or made["path"]):
            return 0
        return failed("the link was made, but could not be written: run this again")

    return asyncio.run(with_database(settings, create))
