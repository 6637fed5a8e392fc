"""How upstreams are, as operators see it: in health and in metrics."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from gateway.upstreams.circuit import CircuitState
from shared.metrics import ReadGauge

MAX_NAMED = 5
"""Addresses that a reason names; health shows all of them."""


@dataclass(frozen=True, slots=True)
class AddressState:
    """One address of the route file. A name that is several IP addresses is up while one of them is."""

    address: str
    up: bool
    reason: str = ""
    """Why not."""
    connected_to: tuple[str, ...] = ()
    """The IP addresses that a name stands for."""
    down: tuple[str, ...] = ()
    """Those of them that get no calls."""
    connections: int = 0
    in_use: int = 0
    certain: bool = True
    """Or has nobody tried it for a while, so that it may well be up again?"""

    def view(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"state": "up" if self.up else "down"}
        if self.reason:
            shown["reason"] = self.reason
        if self.connected_to:
            shown["connected_to"] = list(self.connected_to)
        if self.down:
            shown["down"] = list(self.down)
        return {**shown, "connections": self.connections, "in_use": self.in_use}


@dataclass(frozen=True, slots=True)
class UpstreamState:
    name: str
    circuit: CircuitState
    addresses: tuple[AddressState, ...] = ()
    tls_error: str = ""
    """Why its TLS files as they are now are not in use; "" when they are."""

    @property
    def panic(self) -> bool:
        """Whether no address is up, so that all are tried."""
        return not any(address.up for address in self.addresses)

    def view(self) -> dict[str, Any]:
        return {
            "circuit": self.circuit.value,
            "addresses": {address.address: address.view() for address in self.addresses},
            **({"tls_error": self.tls_error} if self.tls_error else {}),
        }

    def faults(self) -> list[str]:
        files = [f"{self.name}: {self.tls_error}"] if self.tls_error else []
        return files + [f"{self.name} at {a.address}: {a.reason}" for a in self.addresses if not a.up and a.certain]


def summary_of_faults(states: Iterable[UpstreamState]) -> str:
    """All that is wrong, in one line; "" for nothing."""
    faults = [fault for state in states for fault in state.faults()]
    more = f", and {len(faults) - MAX_NAMED} more" if len(faults) > MAX_NAMED else ""
    return ", ".join(faults[:MAX_NAMED]) + more


class UpstreamMetrics:
    """Labels are names and addresses of the route file: never what a name stands for at the time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.states: Callable[[], Iterable[UpstreamState]] = tuple
        """Those of the upstreams that there are now."""
        ReadGauge(
            registry,
            "gateway_upstream_address_up",
            "1 when an address of an upstream gets calls: they are responded to, and its health checks succeed.",
            ("upstream", "address"),
            lambda: (((s.name, a.address), a.up) for s in self.states() for a in s.addresses),
        )
        ReadGauge(
            registry,
            "gateway_upstream_circuit_open",
            "1 while calls to an upstream are refused at once, but for one at a time that tries it.",
            ("upstream",),
            lambda: (((s.name,), s.circuit is not CircuitState.CLOSED) for s in self.states()),
        )
        ReadGauge(
            registry,
            "gateway_upstream_panic",
            "1 while no address of an upstream is up: as long as the circuit is closed, all of them get calls.",
            ("upstream",),
            lambda: (((s.name,), s.panic) for s in self.states()),
        )
        self._ejections = Counter(
            "gateway_upstream_ejections_total",
            "How often an address was left alone because its calls failed.",
            ("upstream", "address"),
            registry=registry,
        )
        self._opened = Counter(
            "gateway_upstream_circuit_openings_total",
            "How often the circuit of an upstream was opened.",
            ("upstream",),
            registry=registry,
        )
        self._checks = Counter(
            "gateway_upstream_health_checks_total",
            "Health checks of upstreams.",
            ("upstream", "outcome"),
            registry=registry,
        )
        self._look_ups = Counter(
            "gateway_upstream_look_ups_total",
            "Look-ups of the names of upstreams.",
            ("upstream", "outcome"),
            registry=registry,
        )

    def ejected(self, upstream: str, address: str) -> None:
        self._ejections.labels(upstream, address).inc()

    def circuit_opened(self, upstream: str) -> None:
        self._opened.labels(upstream).inc()

    def checked(self, upstream: str, *, passed: bool) -> None:
        self._checks.labels(upstream, "passed" if passed else "failed").inc()

    def looked_up(self, upstream: str, *, resolved: bool) -> None:
        self._look_ups.labels(upstream, "resolved" if resolved else "failed").inc()
