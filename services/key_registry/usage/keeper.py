"""Adds up what the processes count."""

from prometheus_client import CollectorRegistry, Counter

from services.key_registry.usage.ports import UsageStore
from shared.contracts.usage.messages import UsageBatch


class UsageKeeper:
    def __init__(self, store: UsageStore, metrics: CollectorRegistry | None = None) -> None:
        self._store = store
        self._unknown = Counter(
            "usage_calls_of_deleted_credentials_total",
            "Calls that were reported of credentials that do not exist any more, and are not kept.",
            registry=metrics,
        )

    async def add_usage(self, batch: UsageBatch) -> None:
        """Returns when it is durable; once more is harmless. Raises `Unavailable`."""
        self._unknown.inc(await self._store.add(batch))
