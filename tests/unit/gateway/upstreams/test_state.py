"""What operators see of upstreams: every address with its state, and what is wrong in one line."""

from dataclasses import replace

from prometheus_client import CollectorRegistry

from gateway.upstreams.circuit import CircuitState
from gateway.upstreams.state import AddressState, UpstreamMetrics, UpstreamState, summary_of_faults

DOWN = AddressState("10.0.0.1:80", up=False, reason="calls fail", connections=2, in_use=1)
UP = AddressState("b.example:80", up=True, connected_to=("10.0.0.2", "10.0.0.3"), down=("10.0.0.3",))


def state(*addresses: AddressState, circuit: CircuitState = CircuitState.CLOSED) -> UpstreamState:
    return UpstreamState("orders", circuit, addresses)


def test_every_address_is_shown_with_its_state_and_connections() -> None:
    assert state(DOWN, UP).view() == {
        "circuit": "closed",
        "addresses": {
            "10.0.0.1:80": {"state": "down", "reason": "calls fail", "connections": 2, "in_use": 1},
            "b.example:80": {
                "state": "up",
                "connected_to": ["10.0.0.2", "10.0.0.3"],
                "down": ["10.0.0.3"],
                "connections": 0,
                "in_use": 0,
            },
        },
    }


def test_what_is_wrong_is_said_in_one_line_of_bounded_length() -> None:
    assert summary_of_faults([state(UP)]) == ""
    assert summary_of_faults([state(DOWN, UP)]) == "orders at 10.0.0.1:80: calls fail"
    untried = replace(DOWN, certain=False)
    assert summary_of_faults([state(untried)]) == ""
    many = [state(*[DOWN] * 50)] * 50
    assert summary_of_faults(many).endswith("calls fail, and 2495 more")


def test_metrics_show_each_address_the_circuit_and_whether_all_are_tried() -> None:
    registry = CollectorRegistry()
    metrics = UpstreamMetrics(registry)
    shown = [state(DOWN, UP)]
    metrics.states = lambda: shown

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"gateway_upstream_{name}", {"upstream": "orders", **labels})

    assert value("address_up", address="10.0.0.1:80") == 0
    assert value("address_up", address="b.example:80") == 1
    assert (value("panic"), value("circuit_open")) == (0, 0)
    shown[:] = [state(DOWN, circuit=CircuitState.HALF_OPEN)]
    assert (value("panic"), value("circuit_open")) == (1, 1)
    assert value("address_up", address="b.example:80") is None
