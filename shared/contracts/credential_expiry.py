"""Credentials that end soon: who calls with one is informed of it by a field of each response."""

from datetime import UTC, datetime
from typing import Final

EXPIRES_SOON_S: Final = 30 * 86400
"""Seconds before its end from which a credential expires soon."""
EXPIRY_FIELD: Final = "X-Passgate-Credential-Expires"
"""The field of a response that says when the credential of the call ends, as RFC 3339 has times."""


def expires_soon(expires_at: float | None, now: float) -> bool:
    """Both in seconds since the epoch. What has ended already does not end soon."""
    return expires_at is not None and now < expires_at <= now + EXPIRES_SOON_S


def expiry_fields(expires_at: float | None, now: float) -> dict[str, str]:
    """The field for a credential that ends at `expires_at`, seconds since the epoch; none unless that is soon."""
    if expires_at is None or not expires_soon(expires_at, now):
        return {}
    return {EXPIRY_FIELD: expiry_time(expires_at)}


def expiry_time(expires_at: float) -> str:
    """The value of the field: whole seconds, and never later than the end itself."""
    return datetime.fromtimestamp(int(expires_at), UTC).isoformat().replace("+00:00", "Z")
