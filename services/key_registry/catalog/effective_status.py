"""What an object's status comes to: its own, its expiry, and those of what it depends on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from services.key_registry.catalog.expiry import expired
from services.key_registry.catalog.field_types import in_utc
from services.key_registry.catalog.versions import Version

EffectiveStatus = Literal["active", "suspended", "revoked", "expired", "no_secret"]
StatusReason = Literal[
    "suspended",
    "revoked",
    "expired",
    "succeeded",
    "no_secret",
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


def effective_status(
    row: Mapping[str, Any],
    parents: Mapping[str, Mapping[str, Any]],
    now: datetime,
    versions: Sequence[Version] = (),
) -> Effective:
    """`parents` are the rows of what it depends on, by kind; `versions` its secrets, of a kind that has some.

    What is final comes before what may be resumed, and that before secrets that have all ended: a rotation gives
    a new one to what is active alone.
    """
    causes = [(row["status"], row["status"])]
    if expired(row, now):
        causes.append(("expired", "expired"))
    retires_at = row.get("retires_at")
    if retires_at is not None and in_utc(retires_at) <= now:
        causes.append(("expired", "succeeded"))
    causes += [(parents[k]["status"], f"{k}_{parents[k]['status']}") for k in DEPENDED_ON if k in parents]
    if versions and not any(version.live(now) for version in versions):
        causes.append(("no_secret", "no_secret"))
    stopped = [cause for cause in causes if cause[0] != "active"]
    if not stopped:
        return Effective("active", None)
    status, reason = next((cause for cause in stopped if cause[0] == "revoked"), stopped[0])
    return Effective(status, cast(StatusReason, reason))
