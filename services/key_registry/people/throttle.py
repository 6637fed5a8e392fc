"""A rate limit for guessing passwords: after some failures whoever signs in has to wait, ever longer.

For each subject that is tried by name (the e-mail of a person, an invitation), and for each client address; the
addresses of one IPv6 network of 64 bits are one.

An attempt counts before its password is verified, so that many at once are no way around it; one that succeeds is
taken back. What begins while somebody has to wait is not counted, nor is what came with others at once and was one
too many: the wait grows by passwords that were verified alone, and ends by itself. After an hour without a failure
all is forgotten.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from services.key_registry.people.refusals import RefusedForCause
from shared.clock import Clock
from shared.errors import TooManyRequests
from shared.failure_times import FailureTimes

FREE_BY_SUBJECT = 5
"""Failures without a wait."""
FREE_BY_ADDRESS = 30
"""The same: a whole company may come from one address."""
FIRST_WAIT_S = 30
MAX_WAIT_S = 900
FAILURES_WINDOW_S = 3600
"""Seconds without a failure after which those before are forgotten."""
FAILURES_PREFIX = "passgate:failed_sign_ins:"
"""Of their keys in Valkey."""
_SUBJECT = "email"
"""In the digests of subjects; another word would forget what has been counted."""
_KEPT_WAITS = 6
"""By so many failures after the free ones the wait has grown to `MAX_WAIT_S`."""


class TooManySignIns(RefusedForCause, TooManyRequests):
    def __init__(self, *, retry_after: int) -> None:
        super().__init__("too many failed attempts; try again later", retry_after=retry_after, cause="throttled")


@dataclass(frozen=True, slots=True)
class Counted:
    """One list of failures: of a subject, or of an address."""

    key: str
    free: int

    @property
    def keep(self) -> int:
        return self.free + _KEPT_WAITS + 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that counts as a failure until it is reported to be none."""

    subject: Counted | None
    """None: it names nobody."""
    address: Counted
    at: float

    @property
    def counted(self) -> Sequence[Counted]:
        return (self.address,) if self.subject is None else (self.subject, self.address)


class SignInThrottle:
    def __init__(self, failures: FailureTimes, clock: Clock) -> None:
        self._failures = failures
        self._clock = clock

    async def begin(self, subject: str | None, address: str) -> Attempt:
        """Count an attempt. Raises `TooManySignIns` where those before have to be waited for.

        `subject`: the e-mail of a person, or what else is tried by name, such as an invitation; None: nobody, so
        that it counts for the address alone. `address` as `address_block` has it.
        """
        now = self._clock.now()
        attempt = Attempt(
            None if subject is None else Counted(_digest(_SUBJECT, subject), FREE_BY_SUBJECT),
            Counted(_digest("address", address), FREE_BY_ADDRESS),
            now,
        )
        seen = [await self._judged(counted, now) for counted in attempt.counted]
        in_count: list[Counted] = []
        try:
            for counted, times in zip(attempt.counted, seen, strict=True):
                await self._count(counted, now, times)
                in_count.append(counted)
        except TooManySignIns:
            for counted in in_count:
                await self._failures.take_back(counted.key, now)
            raise
        return attempt

    async def succeeded(self, attempt: Attempt) -> None:
        """Forget the failures of its subject; those of its address stay, but for this attempt."""
        if attempt.subject is not None:
            await self._failures.forget(attempt.subject.key)
        await self._failures.take_back(attempt.address.key, attempt.at)

    async def release(self, attempt: Attempt) -> None:
        """It came to nothing, so nobody guessed wrong."""
        for counted in attempt.counted:
            await self._failures.take_back(counted.key, attempt.at)

    async def _judged(self, counted: Counted, now: float) -> Sequence[float]:
        """Its times. Raises `TooManySignIns` where they have to be waited for."""
        times = await self._failures.times(counted.key, keep=counted.keep)
        if wait := wait_after(times, now, counted.free):
            raise TooManySignIns(retry_after=math.ceil(wait))
        return times

    async def _count(self, counted: Counted, now: float, times: Sequence[float]) -> None:
        for _ in range(counted.keep):
            if await self._failures.add_if(counted.key, now, seen=times, keep=counted.keep):
                return
            times = await self._judged(counted, now)  # others came between the look and the count
        raise TooManySignIns(retry_after=FIRST_WAIT_S)


def wait_after(times: Sequence[float], now: float, free: int) -> float:
    """Seconds to wait after failures at these times, the newest first; 0 for no wait."""
    run = 0
    later = now
    for at in times:
        if later - at >= FAILURES_WINDOW_S:
            break
        run, later = run + 1, at
    if run < free:
        return 0
    wait: float = min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** min(run - free, _KEPT_WAITS))
    return min(max(wait - (now - times[0]), 0), wait)


def _digest(kind: str, value: str) -> str:
    return sha256(f"{kind}\n{value}".encode()).hexdigest()
