"""What an object's status comes to: its own, its expiry, and those of what it depends on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from services.key_registry.catalog.expiry import expired
from services.key_registry.catalog.field_types import in_utc

EffectiveStatus = Literal["active", "suspended", "revoked", "expired"]
StatusReason = Literal[
    "suspended",
    "revoked",
    "expired",
    "succeeded",
    "booking_suspended",
    "booking_revoked",
    "company_suspended",
    "company_revoked",
    "application_suspended",
    "application_revoked",
]
DEPENDED_ON = ("booking", "company", "application")


class Effective(NamedTuple):
    status: EffectiveStatus
    reason: StatusReason | None
    """None when it is active."""


def effective_status(row: Mapping[str, Any], parents: Mapping[str, Mapping[str, Any]], now: datetime) -> Effective:
    """`parents` are the rows of what it depends on, by kind. What is final comes before what may be resumed."""
    causes = [(row["status"], row["status"])]
    if expired(row, now):
        causes.append(("expired", "expired"))
    retires_at = row.get("retires_at")
    if retires_at is not None and in_utc(retires_at) <= now:
        causes.append(("expired", "succeeded"))
    causes += [(parents[k]["status"], f"{k}_{parents[k]['status']}") for k in DEPENDED_ON if k in parents]
    stopped = [cause for cause in causes if cause[0] != "active"]
    if not stopped:
        return Effective("active", None)
    status, reason = next((cause for cause in stopped if cause[0] == "revoked"), stopped[0])
    return Effective(status, cast(StatusReason, reason))
