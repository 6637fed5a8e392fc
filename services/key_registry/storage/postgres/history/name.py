"""The name of a history, given once to a database and kept in it."""

from shared.postgres.pool import Connection

_NAME = "SELECT epoch::text FROM audit_history"
# A dump of 0.1.0 has no name. It gets the same one each time it is restored and migrated, so that the copies of
# what was stopped since are known to be its own.
_GIVE_NAME = """
INSERT INTO audit_history (epoch, since) SELECT coalesce(
    (SELECT encode(substring(hash FOR 16), 'hex')::uuid FROM audit_line WHERE seq = 1), gen_random_uuid()
), now() ON CONFLICT DO NOTHING
"""


async def name_of(connection: Connection) -> str | None:
    known = await connection.fetchval(_NAME)
    return None if known is None else str(known)


async def give_name(connection: Connection) -> str:
    """The name that it has, if it has one."""
    await connection.execute(_GIVE_NAME)
    return str(await connection.fetchval(_NAME))
