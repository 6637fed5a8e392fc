"""Times as the database and the answers have them."""

from datetime import UTC, datetime


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
