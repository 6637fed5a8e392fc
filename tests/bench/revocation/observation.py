"""One revocation after another, observed at every gateway: from its acknowledgement to the last 2xx."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.errors import StackError
from deploy.local.up import first_cause
from tests.bench.revocation.http_client import Connections, Response
from tests.bench.revocation.targets import Target

PER_SECOND = 10.0
"""Revocations, at most."""
AT_ONCE = 32
"""Revocations that are watched at the same time, at most."""
PAUSE = 0.04
"""Seconds between an answer and the next request with the same credential at the same gateway."""
BEFORE = 0.1
"""Seconds of use before the revocation is asked for."""
IN_A_ROW = 2
"""Rejections in a row after which a credential is tried less often."""
AGAIN = (0.3, 1.0)
"""Seconds of pause before each of the questions that follow."""
GIVE_UP = 15.0
"""Seconds after which a credential that is still good is not watched any more."""
ATTEMPTS, ATTEMPT_PAUSE = 10, 0.2
"""How often what is answered with 503 is asked in all, and seconds in between."""
PROMISE = 1.0
"""Seconds after the acknowledgement from which on an accepted request is wrong, at whichever gateway."""


class Use:
    """One credential at one gateway."""

    def __init__(self, gateway: Connections, wire: bytes) -> None:
        self.last_accepted = float("-inf")
        self.responses: list[Response] = []
        self.refused_at = float("inf")
        """When the first refusal arrived."""
        self._gateway = gateway
        self._wire = wire

    async def send(self) -> Response:
        response = await self._gateway.send(self._wire)
        kept = Response(response.status, response.sent_at, response.at)
        self.responses.append(kept)
        if kept.accepted:
            self.last_accepted = max(self.last_accepted, kept.at)
        elif kept.rejected:
            self.refused_at = min(self.refused_at, kept.at)
        return kept

    def accepted_sent_after(self, moment: float) -> int:
        return sum(response.accepted and response.sent_at > moment for response in self.responses)

    async def until_refused(self) -> None:
        deadline = asyncio.get_running_loop().time() + GIVE_UP
        in_a_row = 0
        while in_a_row < IN_A_ROW and asyncio.get_running_loop().time() < deadline:
            in_a_row = 0 if (await self.send()).accepted else in_a_row + 1
            await asyncio.sleep(PAUSE)
        for pause in AGAIN:
            await asyncio.sleep(pause)
            await self.send()


@dataclass
class Outcome:
    """What was seen of one revocation. `acknowledged` by the loop's clock."""

    target: Target
    uses: Sequence[Use]
    acknowledged: float
    receipt: str | None
    responded: float
    """Seconds that the call took which revokes."""
    repeated: int = 0
    """How often that call had been answered with 503 before."""

    @property
    def seconds(self) -> float:
        """From the acknowledgement to the arrival of the last accepted request; 0 where that came before it."""
        return max(0.0, max(use.last_accepted for use in self.uses) - self.acknowledged)

    @property
    def refused(self) -> float:
        """Seconds from the acknowledgement until every gateway had said no: what `seconds` may miss is below it."""
        return max(0.0, max(use.refused_at for use in self.uses) - self.acknowledged)

    @property
    def accepted_after_rejection(self) -> int:
        """Answers to what was sent after that very gateway had refused, or later than was promised."""
        late = self.acknowledged + PROMISE
        return sum(use.accepted_sent_after(min(late, use.refused_at)) for use in self.uses)

    def statuses(self) -> Counter[int]:
        return Counter(response.status for use in self.uses for response in use.responses)

    async def send_again(self) -> bool:
        """Whether every gateway refuses every credential, asked once more."""
        return all([(await use.send()).rejected for use in self.uses])


@dataclass
class Series:
    """Outcomes in the order of their ends, and how long they took together, in seconds."""

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def requested(self) -> int:
        return sum(sum(outcome.statuses().values()) for outcome in self.outcomes)

    def of_kind(self, kind: str | None) -> list[Outcome]:
        """None: of all kinds."""
        return [outcome for outcome in self.outcomes if kind in (None, outcome.target.kind)]


async def revoke_all(
    targets: Sequence[Target],
    gateways: Sequence[Connections],
    services: Mapping[str, Connections],
    progress: Callable[[str], None],
) -> Series:
    """Revoke each while it is in use everywhere. Raises `StackError` for a target that was not good before."""
    loop = asyncio.get_running_loop()
    series, places, began = Series(), asyncio.Semaphore(AT_ONCE), loop.time()

    async def one(target: Target) -> None:
        try:
            series.outcomes.append(await _revoke(target, gateways, services[target.service]))
        finally:
            places.release()
        if len(series.outcomes) % max(10, len(targets) // 10) == 0:
            progress(f"{len(series.outcomes)} of {len(targets)}")

    try:
        async with asyncio.TaskGroup() as tasks:
            for number, target in enumerate(targets):
                await asyncio.sleep(began + number / PER_SECOND - loop.time())
                await places.acquire()
                tasks.create_task(one(target))
    except ExceptionGroup as failed:
        raise first_cause(failed) from None
    series.seconds = loop.time() - began
    return series


async def send_all_again(outcomes: Sequence[Outcome]) -> int:
    """How many of these revocations are not in force at every gateway."""
    remaining, left = iter(outcomes), 0

    async def work() -> None:
        nonlocal left
        for outcome in remaining:
            left += not await outcome.send_again()

    await asyncio.gather(*(work() for _ in range(AT_ONCE // 4)))
    return left


async def _revoke(target: Target, gateways: Sequence[Connections], service: Connections) -> Outcome:
    uses = [Use(gateway, request.wire(gateway.port)) for gateway in gateways for request in target.uses]
    for use in uses:
        first, _ = await _insist(use.send)
        if not first.accepted:
            raise StackError(f"{target.kind}: answered with {first.status} before it is revoked")
    watchers = [asyncio.create_task(use.until_refused()) for use in uses]
    try:
        await asyncio.sleep(BEFORE)
        wire = target.stop.wire(service.port)
        acknowledgement, repeated = await _insist(lambda: service.send(wire))
        if not acknowledgement.accepted:
            raise StackError(f"{target.kind}: the revocation is answered with {acknowledgement.status}")
        await asyncio.gather(*watchers)
    finally:
        for task in watchers:
            task.cancel()
    return Outcome(
        target, uses, acknowledgement.at, acknowledgement.field("Passgate-Receipt"),
        acknowledgement.at - acknowledgement.sent_at, repeated,
    )  # fmt: skip


async def _insist(send_to: Callable[[], Awaitable[Response]]) -> tuple[Response, int]:
    """The first answer that is not 503, and how many came before it: a busy machine is no reason to give up."""
    for repeated in range(ATTEMPTS - 1):
        if (response := await send_to()).status != 503:
            return response, repeated
        await asyncio.sleep(ATTEMPT_PAUSE)
    return await send_to(), ATTEMPTS - 1
