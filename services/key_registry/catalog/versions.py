"""The versions of a credential: each is one secret of it, of which one is current and one may be retiring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.key_registry.catalog.documentation.members import describe
from services.key_registry.catalog.expiry import expired, expiry_of
from services.key_registry.catalog.field_types import Instant, in_utc
from shared.contracts.key_registry import Kind, earliest

MAX_LIVE_VERSIONS = 2
"""Secrets of one credential that work at the same time."""
MAX_SHOWN_VERSIONS = 20
"""Versions of one credential that are shown: those that work, and the newest of the others."""
MAX_KEEP_OLD_FOR_S = 30 * 86400
DEFAULT_KEEP_OLD_FOR_S = 86400


def longest_overlap(keep_old_for: int | None, quiet_for: int | None) -> int:
    """Seconds for which an old secret works beside a new one at most."""
    if quiet_for is not None:
        return MAX_KEEP_OLD_FOR_S
    return DEFAULT_KEEP_OLD_FOR_S if keep_old_for is None else keep_old_for


VersionState = Literal["current", "retiring", "retired"]


class CredentialVersion(BaseModel):
    """One secret of a credential."""

    model_config = ConfigDict(frozen=True, json_schema_extra=describe)

    version: int
    state: VersionState
    created_at: Instant
    retires_at: Instant | None
    last_four: str | None
    last_used_at: Instant | None
    quiet_for: int | None


@dataclass(frozen=True, slots=True)
class Secret:
    """What a kind of credential is presented by: `prefix` begins it, `member` of a response shows it once."""

    prefix: str
    member: str


@dataclass(frozen=True, slots=True)
class RetiredVersion:
    """A secret that has retired by itself."""

    kind: Kind
    credential_id: UUID
    version: int
    retires_at: datetime


@dataclass(frozen=True, slots=True)
class QuietSecret:
    """A secret, or a key pair that another succeeds, that nobody has used for the time after which it ends."""

    kind: Kind
    credential_id: UUID
    version: int
    """0: it is a key pair."""
    quiet_for: int
    """Seconds."""
    since: datetime
    """When it was used last, or superseded if that was later."""


@dataclass(frozen=True, slots=True)
class Version:
    version: int
    digest: bytes = field(repr=False)
    last_four: str | None
    created_at: datetime
    retires_at: datetime | None = None
    """When it ends, or ended; None while it is current."""
    revoked: bool = False
    """Whether it was ended at once, and with it what was issued with it."""
    quiet_for: int | None = None
    """Seconds without a use after which it ends before `retires_at`; None: it does not."""

    def live(self, now: datetime) -> bool:
        """Whether its secret works, as far as that depends on the version."""
        return not self.revoked and (self.retires_at is None or self.retires_at > now)


def describe_versions(
    row: Mapping[str, Any], versions: Sequence[Version], used: Mapping[int, datetime], now: datetime
) -> list[dict[str, Any]]:
    """`versions` of the credential `row` as responses have them, the newest first; `used`: when each was last.

    No version outlives its credential: of one that is revoked or has expired, all are retired.
    """
    end = _end_of(row, now)
    return [
        {
            "version": version.version,
            "state": _state(version, now, ended=end is not None),
            "created_at": version.created_at,
            "retires_at": earliest(version.retires_at, end),
            "last_four": version.last_four,
            "last_used_at": used.get(version.version),
            "quiet_for": version.quiet_for,
        }
        for version in sorted(versions, key=lambda version: version.version, reverse=True)
    ]


def _state(version: Version, now: datetime, *, ended: bool) -> VersionState:
    if ended or not version.live(now):
        return "retired"
    return "current" if version.retires_at is None else "retiring"


def _end_of(row: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the credential itself ended; None while it has not."""
    if expired(row, now):
        return expiry_of(row)
    return in_utc(row["status_at"]) if row["status"] == "revoked" else None
