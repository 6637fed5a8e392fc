"""What was sealed for others to keep, and used. The table is named after the first kind: challenges of passkeys."""

from services.key_registry.people.sealing import OpenedSeal
from shared.postgres.pool import Connection

_USE = """
INSERT INTO used_challenge (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1
"""


class PostgresUsedSeals:
    """The part of the writer that uses what was sealed."""

    _connection: Connection

    async def use_seal(self, seal: OpenedSeal) -> bool:
        return await self._connection.fetchval(_USE, seal.digest, seal.expires_at) is not None
