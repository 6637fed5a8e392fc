"""What the registry's receipts tell of the same revocations: when each consumer had applied them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from tests.bench.load import Request
from tests.bench.revocation.asking import Connections
from tests.bench.revocation.victims import Maker
from tests.bench.revocation.watching import Outcome

AT_ONCE = 4


@dataclass
class Told:
    """`seconds`, sorted: from the commit to the last consumer's report. `consumers`: the most in one receipt."""

    seconds: list[float] = field(default_factory=list)
    consumers: int = 0
    pending: int = 0


async def receipts(outcomes: Sequence[Outcome], registry: Connections, maker: Maker) -> Told | None:
    """None where no answer named a receipt."""
    named = [outcome.receipt for outcome in outcomes if outcome.receipt is not None]
    told, remaining = Told(), iter(named)

    async def work() -> None:
        for receipt in remaining:
            _add(told, await _asked(registry, maker.receipt(receipt)))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    told.seconds.sort()
    return told if named else None


async def _asked(registry: Connections, request: Request) -> dict[str, object]:
    response = await registry.ask(request.wire(registry.port))
    value = orjson.loads(response.body) if response.is_yes else {}
    return value if isinstance(value, dict) else {}


def _add(told: Told, receipt: dict[str, object]) -> None:
    of, milliseconds = receipt.get("of"), receipt.get("ms")
    if isinstance(of, int):
        told.consumers = max(told.consumers, of)
    if receipt.get("state") != "applied":
        told.pending += 1
    elif isinstance(milliseconds, int | float):
        told.seconds.append(milliseconds / 1000)
