"""The limits of who authenticates at an endpoint: where requests may come from, and how fast."""

from collections.abc import Callable, Collection, Mapping, Sequence

from prometheus_client import CollectorRegistry

from shared.background_task import BackgroundTask
from shared.clock import Clock
from shared.limits.errors import beyond_limit
from shared.limits.exceeded import Exceeded
from shared.limits.limited_call import WaitingCall
from shared.limits.shares import Shares, Store
from shared.limits.table import LimitTable
from shared.logging import request_id
from shared.report_only.counts import WouldRefuse


class EndpointLimits:
    """One resource of a service; its `table` follows the changes. What is counted here counts nowhere else."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        count_report_only: Callable[[WouldRefuse, str], None],
        *,
        place: str,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        self._shares = Shares(store, clock, place=place, metrics=metrics)
        self._count_report_only = count_report_only
        self.table = LimitTable(self._shares, clock)
        self.tasks: Sequence[BackgroundTask] = self._shares.tasks

    async def start(self) -> None:
        await self._shares.start()

    async def stop(self) -> None:
        await self._shares.stop()

    async def require(self, ids: Collection[str], *, client: str, company_id: str) -> Mapping[str, str]:
        """Count a request from the address `client` of who depends on the objects `ids`.

        Returns fields of the response. Raises `RateExceeded` and `AddressNotAllowed`.
        """
        limits = self.table.of(ids, client=client)
        if limits is None:
            return {}
        outcome = limits.take()
        if isinstance(outcome, WaitingCall):
            outcome = await outcome.outcome()
        if isinstance(outcome, Exceeded):
            raise beyond_limit(outcome)
        for exceeded in outcome.exceeded if outcome is not None else ():
            would = WouldRefuse("limit", exceeded.limit, exceeded.cause, company_id)
            self._count_report_only(would, request_id.get())
        return dict(limits.fields())
