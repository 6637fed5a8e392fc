"""Deletes sessions, invitations and portal sessions that ended long ago, and what was begun and not finished."""

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
UNFINISHED_KEPT_S = 3600
"""Seconds after a challenge or a password reset has expired, or an authenticator was offered."""
_CHALLENGES = """
DELETE FROM used_challenge WHERE digest IN (
    SELECT digest FROM used_challenge WHERE expires_at < to_timestamp($1) LIMIT $2
)
"""
_RESETS = """
DELETE FROM password_reset WHERE person_id IN (
    SELECT person_id FROM password_reset WHERE expires_at < to_timestamp($1) LIMIT $2
)
"""
_OFFERED = """
DELETE FROM person_totp WHERE person_id IN (
    SELECT person_id FROM person_totp WHERE confirmed_at IS NULL AND created_at < to_timestamp($1) LIMIT $2
)
"""


async def prune_people(database: Database, now: float) -> None:
    """`now` in seconds since the epoch. Raises `Unavailable`."""
    kept = dict.fromkeys((_SESSIONS, _INVITATIONS, _PORTAL), KEPT_S)
    kept |= dict.fromkeys((_OFFERED, _CHALLENGES, _RESETS), UNFINISHED_KEPT_S)
    await each(partial(delete_in_batches, database, statement, now - s) for statement, s in kept.items())
