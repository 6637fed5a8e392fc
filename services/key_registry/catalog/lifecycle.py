"""The life of an object: active, suspended and back, then revoked, which is final."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.key_registry.catalog.expiry import expired
from services.key_registry.catalog.field_types import MAX_TTL_S
from services.key_registry.catalog.permissions import Operation
from shared.contracts.key_registry import Status
from shared.errors import Conflict

MAX_TOKEN_LIFE_S = MAX_TTL_S + 86400
"""Seconds after which nothing that was issued to a revoked object can be alive, clocks and leeways included."""

AFTER: dict[Operation, Status] = {
    Operation.SUSPEND: "suspended",
    Operation.RESUME: "active",
    Operation.REVOKE: "revoked",
}
DONE = {
    Operation.CREATE: "created",
    Operation.CHANGE: "changed",
    Operation.SUSPEND: "suspended",
    Operation.RESUME: "resumed",
    Operation.REVOKE: "revoked",
    Operation.ROTATE: "rotated",
    Operation.REVOKE_VERSION: "version_revoked",
    Operation.RETIRE_VERSION: "version_retired",
    Operation.EXPIRE: "expired",
    Operation.DELETE: "deleted",
}
"""What the audit trail calls each operation."""


def status_after(current: Any, operation: Operation) -> Status:
    """Raises `Conflict` for a revoked object, except that revoking it again changes nothing."""
    if current == "revoked" and operation is not Operation.REVOKE:
        raise Conflict(f"it is revoked, which is final: it cannot be {DONE[operation]}")
    return AFTER[operation]


def in_feed(row: Mapping[str, Any], now: datetime) -> tuple[Status, float | None]:
    """What the change feed says of an object, and when that concerns no token any more that is alive; None: never.

    One that has expired is stopped, until its expiry is changed.
    """
    status: Status = row["status"]
    if status == "active" and expired(row, now):
        return "suspended", now.timestamp() + MAX_TOKEN_LIFE_S
    return status, now.timestamp() + MAX_TOKEN_LIFE_S if status == "revoked" else None
