"""Renews what each process may let through by itself, for all limits at once.

While Valkey is unavailable each process goes by a local share: a limit divided by the number of processes. What
passes meanwhile is reported when it is back.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Gauge

from shared.background_task import BackgroundTask, TaskOwner
from shared.clock import Clock
from shared.errors import Unavailable
from shared.limits.losses import Asked, Recounts, Unsettled
from shared.limits.meters import Meter
from shared.limits.renewals import NOTHING
from shared.limits.script import PROCESS_FORGOTTEN_AFTER_S, SCRIPT

log = structlog.get_logger()

PREFIX = "passgate:limits:"
RENEWAL_INTERVAL_S = 0.025
"""Between two reports of what has passed, while calls pass."""
PRESENCE_INTERVAL_S = 0.5
"""Between two renewals of a process that nobody calls: it counts, and notices a Valkey that has lost its data."""
STORE_RETRY_INTERVAL_S = 0.25
MAX_METERS_AT_ONCE = 100
"""Of one script: others of Valkey's clients have their turn between two."""
ASSUMED_PROCESSES = 8
"""How many processes there are, as long as Valkey has not said so."""


class Store(Protocol):
    async def execute(self, *command: Any) -> Any:
        """Raises `Unavailable`."""
        ...


class Shares(TaskOwner):
    """`place`: what kind of calls is counted, such as `gateway`; each place counts for itself."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        place: str,
        metrics: CollectorRegistry | None = None,
        on_renewal: Callable[[Meter], None] = lambda _: None,
    ) -> None:
        """`on_renewal` is called with each meter of which it has become known what is free."""
        self._on_renewal = on_renewal
        self.processes = ASSUMED_PROCESSES
        self.away = False
        """Whether Valkey is unavailable, and each process for itself."""
        self._store = store
        self._clock = clock
        self._prefix = f"{PREFIX}{place}:"
        self._process = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._number = 0
        """Of the last renewal."""
        self._unsettled: Unsettled | None = None
        self._active: list[Meter] = []
        self._present = False
        self._present_at = float("-inf")
        self._recounts = Recounts()
        self._wake = asyncio.Event()
        self.tasks = (BackgroundTask("limit_shares", self._keep_renewing),)
        held_locally = Gauge(
            "limits_held_locally",
            "1 while Valkey is unavailable, and each process holds limits by a share of its own.",
            registry=metrics,
        )
        held_locally.set_function(lambda: float(self.away))

    async def stop(self) -> None:
        """Report what has passed, if Valkey is available."""
        await super().stop()
        await self.renew()

    def take_part(self, *, present: bool) -> None:
        """Whether there is anything that this process may take a share of."""
        if present and not self._present:
            self._wake.set()
        self._present = present

    def ask(self, meter: Meter) -> "asyncio.Future[bool]":
        """Whether a call may pass, for which there is no credit."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        meter.waiting.append(future)
        self.count(meter)
        self._wake.set()
        return future

    def count(self, meter: Meter) -> None:
        """Report what passes by `meter` from now on."""
        if not meter.active:
            meter.active = True
            self._active.append(meter)

    def take_locally(self, meter: Meter) -> bool:
        """Whether a call may pass while nobody can be asked; it then has the credit for it."""
        self.count(meter)
        return meter.take_locally(self.processes, self._clock.monotonic(), self._clock.now())

    async def renew(self) -> None:
        """One round: report what has passed, and respond to all who wait."""
        monotonic = self._clock.monotonic()
        if self._unsettled is not None and not await self._settle(self._unsettled):
            self._decide_locally([Asked(meter, NOTHING, tuple(meter.waiting)) for meter in self._active])
            return
        for meter in self._recounts.some():
            self.count(meter)
        due = [meter for meter in self._active if meter.due(self.processes, monotonic)]
        if due:
            for start in range(0, len(due), MAX_METERS_AT_ONCE):
                some = due[start : start + MAX_METERS_AT_ONCE]
                if start and self.away:  # it has just failed, and would for each of them
                    self._decide_locally([Asked(meter, NOTHING, tuple(meter.waiting)) for meter in some])
                else:
                    await self._renew(some)
            self._active = [meter for meter in self._active if _counts(meter)]
        elif self._present and (self.away or monotonic - self._present_at >= PRESENCE_INTERVAL_S):
            await self._renew([])

    async def _keep_renewing(self) -> None:
        while True:
            await self.renew()
            if self.away and (self._present or self._active):
                await asyncio.sleep(STORE_RETRY_INTERVAL_S)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEWAL_INTERVAL_S if self._active else PRESENCE_INTERVAL_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _renew(self, meters: Sequence[Meter]) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        keys: list[str] = []
        arguments: list[object] = []
        asked: list[Asked] = []
        for meter in meters:
            meter.turn(now)
            meter.waiting[:] = [future for future in meter.waiting if not future.done()]
            each = Asked(meter, meter.renewal(self.processes, monotonic), tuple(meter.waiting))
            key, of_meter = meter.arguments(now)
            asked.append(each)
            keys.append(f"{self._prefix}{key}")
            arguments += (*of_meter, *each.renewal)
        self._number += 1
        try:
            reply = await self._execute(keys, arguments)
        except BaseException as error:
            for meter, renewal, _ in asked:
                meter.not_renewed(renewal)
            self._unsettled = Unsettled(asked, self._decide_locally(asked), keys, arguments)
            if not isinstance(error, Unavailable):
                raise
            self._set_away(away=True, detail=error.detail)
            return
        self._known(reply)
        monotonic = self._clock.monotonic()
        for (meter, _, waiting), (given, extra, free, wait_us) in zip(asked, _by_meter(reply), strict=True):
            meter.renewed(extra, free, monotonic)
            if given < len(waiting):
                meter.dry(wait_us / 1e6 or meter.wait(monotonic, now), monotonic)
            _respond(meter, waiting, given)
            self._recounts.note(meter, now)
            self._on_renewal(meter)

    def _known(self, reply: Sequence[int]) -> None:
        self._recounts.look(reply[1], self._clock.now(), was_away=self.away)
        self._set_away(away=False)
        self.processes = max(1, reply[0])
        self._present_at = self._clock.monotonic()

    async def _execute(self, keys: Sequence[str], arguments: Sequence[object]) -> Any:
        of_all = [f"{self._prefix}{name}" for name in ("processes", f"renewed:{self._process}", "kept_since")]
        about = (self._process, PROCESS_FORGOTTEN_AFTER_S, self._number)
        all_ = (*of_all, *keys)
        return await self._store.execute("EVAL", SCRIPT, len(all_), *all_, *about, *arguments)

    async def _settle(self, unsettled: Unsettled) -> bool:
        """Send what may have been counted again, under its number; whether its reply is known now."""
        try:
            reply = await self._execute(unsettled.keys, unsettled.arguments)
        except Unavailable as error:
            self._set_away(away=True, detail=error.detail)
            return False
        self._unsettled = None
        self._known(reply)
        of_meters = zip(unsettled.asked, unsettled.passed, _by_meter(reply), strict=True)
        for (meter, renewal, _), passed, (given, extra, _, _) in of_meters:
            meter.turn(self._clock.now())
            meter.settled(renewal, passed, given, extra)
            self.count(meter)
        return True

    def _decide_locally(self, asked: Sequence[Asked]) -> Sequence[int]:
        """How many calls of those that wait have passed, by each."""
        return [self._passed_locally(meter, waiting) for meter, _, waiting in asked]

    def _passed_locally(self, meter: Meter, waiting: "Sequence[asyncio.Future[bool]]") -> int:
        passed = 0
        for future in waiting:
            now, monotonic = self._clock.now(), self._clock.monotonic()
            passes = not future.done() and meter.take_locally(self.processes, monotonic, now)
            meter.credit -= passes
            meter.base -= passes
            passed += passes
            _respond(meter, [future], passes)
        return passed

    def _set_away(self, *, away: bool, detail: str = "") -> None:
        if away != self.away:
            self.away = away
            if away:
                log.warning("limits.local_shares", processes=self.processes, detail=detail)
            else:
                log.info("limits.shared", processes=self.processes)


def _by_meter(reply: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Calls of those that wait that may pass, more credit, what is free, and microseconds until something is."""
    for n in range(2, len(reply), 4):
        given, extra, free, wait_us = reply[n : n + 4]
        yield given, extra, free, wait_us


def _counts(meter: Meter) -> bool:
    """Whether it is looked at again in the next round."""
    meter.active = bool(meter.waiting) or meter.owed > 0 or meter.credit != 0 or meter.recount
    return meter.active


def _respond(meter: Meter, waiting: "Sequence[asyncio.Future[bool]]", given: int) -> None:
    """So many calls of those that wait may pass. Whoever has left meanwhile uses none of them."""
    for future in waiting:
        meter.waiting.remove(future)
        if not future.done():
            future.set_result(given > 0)
            given = max(0, given - 1)
    meter.credit += given
