"""People and webhooks, which are in no change feed: how they are, and what is done of them after a restore."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from services.key_registry.history.records import StateRecord
from shared.identifiers import UUID_FORM
from shared.postgres.pool import Connection

_SUBJECTS = """
SELECT DISTINCT subject_kind, subject FROM audit_line
WHERE seq > $1 AND seq <= $2 AND subject_kind IN ('person', 'webhook')
"""
_CHANGED = "extract(epoch FROM updated_at)::float8 AS changed"
_ALL: Mapping[Literal["person", "webhook"], str] = {
    "person": " ".join(("SELECT id::text, status,", _CHANGED, "FROM person")),
    "webhook": " ".join(("SELECT id::text, 'active' AS status,", _CHANGED, "FROM webhook")),
}
_AS_KNOWN = "$2::float8 IS NOT NULL AND updated_at >= to_timestamp($2) - interval '1 ms'"
_HOLD_PERSON = " ".join(
    (
        "UPDATE person SET status = $3, updated_at = $4",
        "WHERE id = $1::uuid AND status <> 'revoked' AND status <> $3",
        f"AND NOT ({_AS_KNOWN})",
        "RETURNING company_id",
    )
)
_HOLD_WEBHOOK = " ".join(
    (
        "UPDATE webhook SET enabled = false, updated_at = $3 WHERE id = $1::uuid AND enabled",
        f"AND NOT ({_AS_KNOWN})",
        "RETURNING company_id",
    )
)
_ENDED = {
    "session_ended": """
        UPDATE person_session SET ended_at = $1 WHERE ended_at IS NULL AND expires_at > $1 RETURNING 1
    """,
    "portal_session_ended": """
        UPDATE portal_session SET ended_at = $1 WHERE ended_at IS NULL AND expires_at > $1 RETURNING 1
    """,
    "password_reset_withdrawn": """
        DELETE FROM password_reset WHERE expires_at > $1 RETURNING 1
    """,
    "invitation_revoked": """
        UPDATE invitation SET status = 'revoked' WHERE status = 'open' AND expires_at > $1 RETURNING 1
    """,
}


async def audited(connection: Connection, after: int, last: int, seq: int) -> list[StateRecord]:
    """How those are that these lines of the audit trail are about; one that is not there was deleted."""
    subjects = await connection.fetch(_SUBJECTS, after, last)
    found: list[StateRecord] = []
    for kind, statement in _ALL.items():
        ids = [r["subject"] for r in subjects if r["subject_kind"] == kind and UUID_FORM.fullmatch(r["subject"])]
        if not ids:
            continue
        chosen = " ".join((statement, "WHERE id = ANY($1::uuid[])"))
        rows = {r["id"]: r for r in await connection.fetch(chosen, ids)}
        found += [_record(kind, id_, rows.get(id_), seq) for id_ in ids]
    return found


async def all_of_them(connection: Connection, seq: int) -> list[StateRecord]:
    return [
        _record(kind, row["id"], row, seq)
        for kind, statement in _ALL.items()
        for row in await connection.fetch(statement)
    ]


async def hold_person(
    connection: Connection, id_: str, changed: float | None, status: str, at: datetime
) -> Mapping[str, Any] | None:
    """Give this status to one who was changed after `changed`; None where there is no such."""
    found: Mapping[str, Any] | None = await connection.fetchrow(_HOLD_PERSON, id_, changed, status, at)
    return found


async def hold_webhook(
    connection: Connection, id_: str, changed: float | None, at: datetime
) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = await connection.fetchrow(_HOLD_WEBHOOK, id_, changed, at)
    return found


async def end_sessions(connection: Connection, at: datetime) -> Mapping[str, int]:
    """How many of each have ended."""
    return {what: len(await connection.fetch(statement, at)) for what, statement in _ENDED.items()}


def _record(kind: Literal["person", "webhook"], id_: str, row: Any, seq: int) -> StateRecord:
    if row is None:
        return StateRecord(kind, id_, "revoked", seq)
    return StateRecord(kind, id_, row["status"], seq, rights=repr(row["changed"]))
