"""What the registry's receipts tell of the same revocations: when each consumer had applied them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from tests.bench.load import Request
from tests.bench.revocation.http_client import Connections
from tests.bench.revocation.observation import Outcome
from tests.bench.revocation.targets import Maker

AT_ONCE = 4


@dataclass
class ReceiptTimes:
    """`seconds`, sorted: from the commit to the last consumer's report. `consumers`: the most in one receipt."""

    seconds: list[float] = field(default_factory=list)
    consumers: int = 0
    pending: int = 0


async def receipts(outcomes: Sequence[Outcome], registry: Connections, maker: Maker) -> ReceiptTimes | None:
    """None where no answer named a receipt."""
    named = [outcome.receipt for outcome in outcomes if outcome.receipt is not None]
    times, remaining = ReceiptTimes(), iter(named)

    async def work() -> None:
        for receipt in remaining:
            _add(times, await _receipt(registry, maker.receipt(receipt)))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    times.seconds.sort()
    return times if named else None


async def _receipt(registry: Connections, request: Request) -> dict[str, object]:
    response = await registry.send(request.wire(registry.port))
    value = orjson.loads(response.body) if response.accepted else {}
    return value if isinstance(value, dict) else {}


def _add(times: ReceiptTimes, receipt: dict[str, object]) -> None:
    of, milliseconds = receipt.get("of"), receipt.get("ms")
    if isinstance(of, int):
        times.consumers = max(times.consumers, of)
    if receipt.get("state") != "applied":
        times.pending += 1
    elif isinstance(milliseconds, int | float):
        times.seconds.append(milliseconds / 1000)
