"""`check-history`: whether the database was set back, and what was lost. Returns the exit status."""

import asyncio
from collections.abc import Sequence

from services.key_registry.commands.database import failed, succeeded, with_database
from services.key_registry.composition.history import RECOVERY_TIMEOUT_S, open_copies
from services.key_registry.config import Settings
from services.key_registry.history.comparison import find_loss
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.ports import HistoryCopy, NothingValid
from services.key_registry.history.records import HistoryContent, HistoryHead
from services.key_registry.history.restores import report
from services.key_registry.history.restores.recovery import Recovery
from services.key_registry.storage.postgres.history.recovery import PostgresRecovery
from services.key_registry.storage.postgres.history.state import PostgresHistory
from shared.clock import SystemClock
from shared.console import print_line
from shared.errors import Unavailable
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis

REDIS_TIMEOUT_S = 10.0


def check_history(settings: Settings, *, accept_loss: bool = False) -> int:
    """1 where the database was set back and that was not dealt with yet; 2 where there is nothing to compare with.

    With `accept_loss`, what is known is stopped again, and all access tokens end: the registry opens.
    """

    async def check(database: Database) -> int:
        redis = PipelinedRedis(settings.redis_dsn, timeout=REDIS_TIMEOUT_S)
        try:
            return await _check(settings, database, redis, accept_loss=accept_loss)
        finally:
            await redis.stop()

    return asyncio.run(with_database(settings, check, patience=RECOVERY_TIMEOUT_S))


async def _check(settings: Settings, database: Database, redis: PipelinedRedis, *, accept_loss: bool) -> int:
    store = PostgresHistory(database)
    history = await store.history()
    copies, heads = await _readable(open_copies(settings, redis, history), set_aside=accept_loss)
    if not heads:
        return failed("there is no copy of the history that can be read", status=2)
    state = await store.state(heads)
    loss = find_loss(heads, state)
    if loss is not None:
        kept = await HistoryCopies.loaded(copies)
        for line in report.lost(loss, kept):
            print_line(line)
        if not accept_loss:
            return 1
        await store.require_whole()
        recovery = Recovery(PostgresRecovery(database), SystemClock())
        known = kept or HistoryContent.nothing_until(loss.lost.position)
        await recovery.recover(history, known, heads, accept_loss=True)
        state = await store.state(heads)
    for restore in state.restores:
        for line in report.restored(restore):
            print_line(line)
    return succeeded(report.whole(state, [copy.name for copy in copies]))


async def _readable(
    copies: Sequence[HistoryCopy], *, set_aside: bool
) -> tuple[list[HistoryCopy], list[HistoryHead]]:
    """Those that hold something; the others are reported, and one that holds nothing valid may be set aside."""
    found = []
    for copy in copies:
        try:
            head = await copy.head()
        except Unavailable as error:
            failed(f"{copy.name}: {error.description}")
            if set_aside and isinstance(error, NothingValid):
                await copy.clear()
            continue
        if head is None:
            failed(f"{copy.name}: holds nothing of this history")
        else:
            found.append((copy, head))
    return [copy for copy, _ in found], [head for _, head in found]
