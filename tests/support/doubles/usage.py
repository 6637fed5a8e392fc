"""Where usage is reported in tests."""

from collections import Counter

from shared.contracts.usage.messages import IssuedWhat, Outcome, UsageBatch
from shared.usage.recorder import Usage


class UsageSinkDouble:
    """Adds each batch once, as the registry does. Raises `failures` first."""

    def __init__(self) -> None:
        self.batches: list[UsageBatch] = []
        self.received: list[tuple[str, int]] = []
        self.failures: list[tuple[Exception, bool]] = []
        """Each with whether the batch is added before."""
        self._numbers: dict[str, int] = {}

    async def add_usage(self, batch: UsageBatch) -> None:
        self.received.append((batch.source, batch.number))
        failure, added = self.failures.pop(0) if self.failures else (None, True)
        if added and batch.number > self._numbers.get(batch.source, 0):
            self._numbers[batch.source] = batch.number
            self.batches.append(batch)
        if failure is not None:
            raise failure

    @property
    def calls(self) -> Counter[tuple[str, str, int, str, Outcome, str]]:
        """By kind, credential, version, route, outcome and cause."""
        found: Counter[tuple[str, str, int, str, Outcome, str]] = Counter()
        for count in (count for batch in self.batches for count in batch.counts):
            key = (count.kind, count.credential, count.version, count.route, count.outcome, count.cause)
            found[key] += count.calls
        return found

    @property
    def issued(self) -> Counter[tuple[str, str, int, IssuedWhat, int]]:
        found: Counter[tuple[str, str, int, IssuedWhat, int]] = Counter()
        for one in (one for batch in self.batches for one in batch.issued):
            found[one.kind, one.credential, one.version, one.what, one.expires_at] += one.tokens
        return found


async def reported(usage: Usage, sink: UsageSinkDouble) -> UsageSinkDouble:
    """`sink`, with all that was counted so far."""
    await usage.report()
    return sink
