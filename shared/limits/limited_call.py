"""A call that limits hold for, and whether it may pass."""

import asyncio
import math
from collections.abc import Collection, Sequence

from shared.clock import Clock
from shared.limits.exceeded import Exceeded, OnlyReported, RateLimitFields
from shared.limits.meters import Meter, RateMeter
from shared.limits.quota_meter import QuotaMeter
from shared.limits.shares import Shares

Outcome = Exceeded | OnlyReported | None


class LimitedCall:
    """The limits of one call by its caller, its route and its address. It may be asked for any number of calls."""

    __slots__ = ("_blocked", "_clock", "_meters", "_policy", "_reported", "_shares")

    def __init__(
        self,
        meters: Sequence[Meter],
        shares: Shares,
        clock: Clock,
        *,
        blocked: Exceeded | None = None,
        reported: Sequence[Exceeded] = (),
    ) -> None:
        """`blocked`: by an address or a route; `reported`: the same by those that are report-only."""
        self._meters = tuple(meters)
        self._shares = shares
        self._clock = clock
        self._blocked = blocked
        self._reported = OnlyReported(tuple(reported)) if reported else None
        policies = (f'"{meter.label}";q={meter.size};w={meter.window_s}' for meter in self._meters)
        self._policy = f"RateLimit-Policy: {', '.join(policies)}"

    def take(self) -> "Outcome | WaitingCall":
        """Count one call. None: it may pass; a `WaitingCall` where memory does not say so."""
        if self._blocked is not None:
            return self._blocked
        for meter in self._meters:
            if meter.credit < 1:
                return self._without_credit()
        for meter in self._meters:
            meter.credit -= 1
        return self._reported

    def _without_credit(self) -> "Outcome | WaitingCall":
        """Credit is taken before others are asked about: whoever comes meanwhile finds it gone."""
        shares, monotonic = self._shares, self._clock.monotonic()
        asked: list[Meter] = []
        taken: list[Meter] = []
        over: dict[Meter, Exceeded] = {}
        for meter in self._meters:
            if meter.credit < 1 and monotonic >= meter.dry_until and not shares.away:
                asked.append(meter)
            elif meter.credit >= 1 or (monotonic >= meter.dry_until and shares.take_locally(meter)):
                meter.credit -= 1
                taken.append(meter)
            else:
                over[meter] = self.exceeded(meter)
                if not meter.report_only:
                    self.give_back(taken)
                    return over[meter]
        return WaitingCall(self, shares, asked, taken, over) if asked else self.passed(over)

    def passed(self, over: "dict[Meter, Exceeded]") -> Outcome:
        """It passes; what it is `over` is only reported."""
        reported = (*(self._reported.exceeded if self._reported else ()), *over.values())
        return OnlyReported(reported) if reported else None

    def give_back(self, taken: Collection[Meter]) -> None:
        """Of a call that does not pass."""
        for meter in taken:
            meter.credit += 1
            self._shares.count(meter)

    def lines(self) -> list[str]:
        """`RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers-10 has them."""
        return [self._policy, f"RateLimit: {self._state()}"] if self._meters else []

    def fields(self) -> RateLimitFields:
        """The same as names and values."""
        return tuple((name, value) for name, _, value in (line.partition(": ") for line in self.lines()))

    def _state(self) -> str:
        monotonic = self._clock.monotonic()
        least = self._meters[0]
        left = least.remaining(monotonic)
        for meter in self._meters[1:]:
            free = meter.remaining(monotonic)
            if free * least.size < left * meter.size:
                least, left = meter, free
        return f'"{least.label}";r={left};t={least.reset_s(left, self._clock)}'

    def exceeded(self, meter: Meter) -> Exceeded:
        monotonic, now = self._clock.monotonic(), self._clock.now()
        retry_after = max(1, math.ceil(meter.wait(monotonic, now)))
        bound = _bound(meter)
        return Exceeded(
            meter.cause,
            meter.limit,
            f"no more calls now: {bound} may be made",
            f"no call left, the next in {retry_after} s",
            f"{bound}: {meter.limit}",
            retry_after,
            self.fields(),
        )


class WaitingCall:
    """A call whose limits have to be asked about."""

    __slots__ = ("_asked", "_call", "_over", "_shares", "_taken")

    def __init__(
        self,
        call: LimitedCall,
        shares: Shares,
        asked: Sequence[Meter],
        taken: Sequence[Meter],
        over: dict[Meter, Exceeded],
    ) -> None:
        """`taken`: those whose credit it has taken already."""
        self._call = call
        self._shares = shares
        self._asked = asked
        self._taken = taken
        self._over = over

    async def outcome(self) -> Outcome:
        """Whether it may pass; None: it may. To be awaited once: when it is cancelled, no credit is used."""
        call, over, taken = self._call, dict(self._over), list(self._taken)
        futures = [self._shares.ask(meter) for meter in self._asked]
        try:
            passes = [await future for future in futures]
        except asyncio.CancelledError:
            for meter, future in zip(self._asked, futures, strict=True):
                if not future.cancel() and not future.cancelled() and future.result():
                    taken.append(meter)
            call.give_back(taken)
            raise
        for meter, given in zip(self._asked, passes, strict=True):
            if given:
                taken.append(meter)
            else:
                over[meter] = call.exceeded(meter)
        refused = next((exceeded for meter, exceeded in over.items() if not meter.report_only), None)
        if refused is None:
            return call.passed(over)
        call.give_back(taken)
        return refused


def _bound(meter: Meter) -> str:
    if isinstance(meter, RateMeter):
        rate = meter.rate
        period = "1 s" if rate.per_seconds == 1 else f"{rate.per_seconds} s"
        return f"at most {rate.calls} calls in {period}, {rate.burst} at once"
    if isinstance(meter, QuotaMeter):
        return f"at most {meter.size} calls a {meter.per} (UTC)"
    raise TypeError(type(meter).__name__)
