"""`create-admin-token`. Returns the exit status."""

import asyncio
from uuid import UUID

from services.key_registry.admin.bootstrap import AdminTokens
from services.key_registry.catalog.permissions import Role
from services.key_registry.catalog.requests import NewAdminToken
from services.key_registry.commands.database import failed, with_database
from services.key_registry.config import Settings
from services.key_registry.storage.postgres.store import PostgresStore
from shared.clock import SystemClock
from shared.console import print_line
from shared.http.body import validated
from shared.postgres.pool import Database


def create_admin_token(
    settings: Settings, *, role: Role, name: str, company_id: UUID | str | None, expires_at: str | None = None
) -> int:
    """Prints the token, which is shown this once; 1 also when it was created and nobody could read it.

    `expires_at` is as in RFC 3339; None: never.
    """

    async def create(database: Database) -> int:
        members = {"role": role, "name": name, "company_id": company_id, "expires_at": expires_at}
        body = validated(NewAdminToken, members)
        token = await AdminTokens(PostgresStore(database), SystemClock()).create(body)
        return 0 if print_line(token) else failed("the token was created, but could not be written: revoke it")

    return asyncio.run(with_database(settings, create))
