"""While a database is being restored, each look at it is when it is due, and one loss is one line of the log."""

from collections.abc import Sequence
from typing import cast

import pytest
import structlog

from services.key_registry.audit_trail.chain import START
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import CannotRely, HistoryGuard
from services.key_registry.history.ports import DatabaseState, HistoryStore
from services.key_registry.history.records import ORIGIN, HistoryHead, Position
from services.key_registry.history.restores.recovery import Recovery
from services.key_registry.history.set_back_check import HistoryCheck
from tests.support.clock import FakeClock

FIVE = Position(5, "five")


class BeingRestored:
    """A database from before the first change."""

    async def history(self) -> str:
        return "history"

    async def state(self, heads: Sequence[HistoryHead]) -> DatabaseState:
        return DatabaseState(1, ORIGIN, START, {}, {})

    async def require_whole(self) -> None:
        raise CannotRely("the database is being restored")


async def test_a_loss_is_logged_once_and_wakes_no_comparison_while_the_restore_goes_on() -> None:
    guard, store = HistoryGuard(), cast(HistoryStore, BeingRestored())
    guard.note(FIVE)
    copies = HistoryCopies(store, guard, FakeClock())
    recovery = cast(Recovery, None)  # not come to
    check = HistoryCheck(store, recovery, guard, copies, lambda _: (), required=False)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(CannotRely, match="is being restored"):
                await check.run_once()
            assert not guard.compare_now.is_set()
    assert [line["lost_position"] for line in lines if line["event"] == "history.set_back"] == [5]
    assert guard.known == HistoryHead(FIVE)
