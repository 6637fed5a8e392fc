"""When a delivery that failed is tried again, and when it is given up."""

from datetime import datetime, timedelta

RETRIED_FOR = timedelta(days=3)
"""From the first attempt to the last."""
DELAYS_S = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200)
"""Seconds after each attempt that failed; after all further ones as after the last here."""
JITTER = 0.1
"""Share by which a delay is longer or shorter, so that what failed together is not tried together."""
MAX_PAUSE_S = 60


def next_attempt(tries: int, now: datetime, give_up_at: datetime, random: float) -> datetime | None:
    """After `tries` attempts (1 or more) that failed; None: it is given up.

    `random` is from 0 to 1. The last attempt is at `give_up_at`.
    """
    if now >= give_up_at:
        return None
    delay = DELAYS_S[min(tries, len(DELAYS_S)) - 1] * (1 - JITTER + 2 * JITTER * random)
    return min(now + timedelta(seconds=delay), give_up_at)


def pause(failures: int) -> timedelta:
    """How long nothing is sent to a target after so many attempts (1 or more), one after the other, that failed."""
    return timedelta(seconds=min(2 ** min(failures - 1, 16), MAX_PAUSE_S))
