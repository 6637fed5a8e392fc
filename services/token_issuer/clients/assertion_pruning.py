"""Deletes the ids of assertions that nobody accepts any more."""

from services.token_issuer.storage.ports import UsedAssertions
from shared.clock import Clock

ROWS_PER_STATEMENT = 1000
"""Ids deleted in one statement: some 10 ms, where the time-out of the store is hundreds."""
ROUND_S = 30.0
"""Seconds that one round takes at most; the next goes on."""


async def delete_expired(used: UsedAssertions, before: float, clock: Clock) -> None:
    """Batch after batch, for as long as each was full. Raises `Unavailable`."""
    end, deleted = clock.monotonic() + ROUND_S, ROWS_PER_STATEMENT
    while deleted == ROWS_PER_STATEMENT and clock.monotonic() < end:
        deleted = await used.delete_expired(before, limit=ROWS_PER_STATEMENT)
