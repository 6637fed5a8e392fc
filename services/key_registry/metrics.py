"""What the key registry shows of itself."""

from prometheus_client import CollectorRegistry, Gauge

from services.key_registry.changes.relay import Relay


def relay_metrics(metrics: CollectorRegistry, relay: Relay) -> CollectorRegistry:
    lag = Gauge("change_relay_lag", "Changes that the stream does not have yet.", registry=metrics)
    lag.set_function(lambda: relay.lag)
    up = Gauge("change_relay_up", "1 while changes are relayed to the stream.", registry=metrics)
    up.set_function(lambda: relay.up)
    return metrics
