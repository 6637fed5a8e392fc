"""When credentials end by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.key_registry.catalog.field_types import in_utc
from shared.contracts import credential_expiry
from shared.contracts.key_registry import Kind

EXPIRING_KINDS: tuple[Kind, ...] = ("api_token", "access_key", "api_client", "key_pair", "admin_token")


@dataclass(frozen=True, slots=True)
class Expired:
    """A credential that has ended by itself."""

    kind: Kind
    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExpiresSoon:
    """Of credentials: those that end after `now` and by `until`; with `wanted` False, all others."""

    wanted: bool
    now: datetime

    @property
    def until(self) -> datetime:
        return self.now + timedelta(seconds=credential_expiry.EXPIRES_SOON_S)

    def matches(self, row: Mapping[str, Any]) -> bool:
        return expires_soon(row, self.now) is self.wanted


def expiry_of(row: Mapping[str, Any]) -> datetime | None:
    """None for what never ends by itself."""
    return None if row.get("expires_at") is None else in_utc(row["expires_at"])


def expired(row: Mapping[str, Any], now: datetime) -> bool:
    expires_at = expiry_of(row)
    return expires_at is not None and expires_at <= now


def expires_soon(row: Mapping[str, Any], now: datetime) -> bool:
    expires_at = expiry_of(row)
    return expires_at is not None and credential_expiry.expires_soon(expires_at.timestamp(), now.timestamp())
