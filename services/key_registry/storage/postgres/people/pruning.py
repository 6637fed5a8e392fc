"""Deletes sessions, invitations and portal sessions that ended long ago."""

from functools import partial

from services.key_registry.storage.postgres.pruning import delete_in_batches, each
from shared.postgres.pool import Database

KEPT_S = 30 * 86400
"""Seconds after their end: until then their refusal names the person."""
_SESSIONS = """
DELETE FROM person_session WHERE id IN (SELECT id FROM person_session WHERE expires_at < to_timestamp($1) LIMIT $2)
"""
_INVITATIONS = """
DELETE FROM invitation WHERE id IN (SELECT id FROM invitation WHERE expires_at < to_timestamp($1) LIMIT $2)
"""
_PORTAL = """
DELETE FROM portal_session WHERE id IN (SELECT id FROM portal_session WHERE expires_at < to_timestamp($1) LIMIT $2)
"""


async def prune_people(database: Database, now: float) -> None:
    """`now` in seconds since the epoch. Raises `Unavailable`."""
    await each(
        partial(delete_in_batches, database, statement, now - KEPT_S)
        for statement in (_SESSIONS, _INVITATIONS, _PORTAL)
    )
