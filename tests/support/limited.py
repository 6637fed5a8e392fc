"""Processes that hold limits together, in one: each with a table and shares of its own."""

import asyncio
from dataclasses import dataclass
from typing import Any

from shared.clock import Clock
from shared.contracts.key_registry import Snapshot
from shared.contracts.limits import Limits, ObjectLimits
from shared.limits.limited_call import LimitedCall, Outcome, WaitingCall
from shared.limits.shares import Shares, Store
from shared.limits.table import LimitTable

CLIENT = "203.0.113.7"


def limits_of(kind: str, id_: str, **limits: Any) -> ObjectLimits:
    return ObjectLimits(kind=kind, id=id_, limits=Limits.model_validate(limits).model_dump())


@dataclass
class LimitedProcess:
    shares: Shares
    table: LimitTable

    async def outcome(self, *ids: str, client: str = CLIENT, route: str = "site") -> Outcome:
        """Of one call that depends on these objects; None: it passes."""
        call = self.table.of(ids, client=client, route=route)
        return None if call is None else await self.of_call(call)

    async def of_call(self, call: LimitedCall) -> Outcome:
        outcome = call.take()
        if not isinstance(outcome, WaitingCall):
            return outcome
        waiting = asyncio.create_task(outcome.outcome())
        await asyncio.sleep(0)
        await self.shares.renew()
        return await waiting

    async def passed(self, calls: int, *ids: str) -> int:
        """How many of so many calls pass."""
        return sum([await self.outcome(*ids) is None for _ in range(calls)])

    async def passed_at_once(self, calls: int, *ids: str, leaving: int = 0) -> int:
        """How many of so many calls pass that come before a renewal; `leaving` of those that wait leave."""
        call = self.table.of(ids, client=CLIENT, route="site")
        assert call is not None
        outcomes = [call.take() for _ in range(calls)]
        waiting = [asyncio.create_task(each.outcome()) for each in outcomes if isinstance(each, WaitingCall)]
        await asyncio.sleep(0)
        for task in waiting[:leaving]:
            task.cancel()
        while any(not task.done() for task in waiting):
            await self.shares.renew()
            await asyncio.sleep(0)
        return outcomes.count(None) + sum(not task.cancelled() and task.result() is None for task in waiting)


def limited_process(store: Store, clock: Clock, *limits: ObjectLimits) -> LimitedProcess:
    shares = Shares(store, clock, place="test")
    table = LimitTable(shares, clock)
    table.reset(Snapshot(as_of=0, stopped=(), limits=limits))
    return LimitedProcess(shares, table)
