"""The key registry's metrics that are read from its stores."""

from prometheus_client import CollectorRegistry, Gauge

from services.key_registry.changes.relay import Relay
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import HistoryGuard


def store_metrics(
    metrics: CollectorRegistry, relay: Relay, guard: HistoryGuard, copies: HistoryCopies
) -> CollectorRegistry:
    """The same registry of metrics, with those of the relay and of the history."""
    lag = Gauge("change_relay_lag", "Changes that the stream does not have yet.", registry=metrics)
    lag.set_function(lambda: relay.lag)
    up = Gauge("change_relay_up", "1 while changes are relayed to the stream.", registry=metrics)
    up.set_function(lambda: relay.up)
    closed = Gauge(
        "history_closed", "1 while nothing is accepted, as the database may have been set back.", registry=metrics
    )
    closed.set_function(lambda: guard.closed is not None)
    kept = Gauge(
        "history_copies_up", "Copies of the history outside the database that are up to date.", registry=metrics
    )
    kept.set_function(lambda: copies.number_up)
    return metrics
