"""Bodies under way: slow ones make room for others, and streamed ones leave an upstream connections to spare."""

from collections.abc import Callable

import pytest

from gateway.proxy import bodies_under_way
from gateway.proxy.bodies_under_way import BodiesUnderWay


class Body:
    def __init__(self) -> None:
        self.was_shed = False

    def shed(self) -> None:
        self.was_shed = True


@pytest.fixture
def bodies() -> BodiesUnderWay:
    return BodiesUnderWay(per_client=3)


@pytest.fixture
def collected(bodies: BodiesUnderWay) -> Callable[[str], Body]:
    def collect(client: str) -> Body:
        body = Body()
        assert bodies.collect(body, client)
        return body

    return collect


def test_the_slowest_body_of_a_client_makes_room_for_its_next_one(
    bodies: BodiesUnderWay, collected: Callable[[str], Body]
) -> None:
    slow, other = [collected("a") for _ in range(3)], collected("b")
    more = [collected("a") for _ in range(2)]
    assert [body.was_shed for body in (*slow, *more, other)] == [True, True, False, False, False, False]
    assert len(bodies) == 4


def test_a_body_that_has_come_takes_no_place(bodies: BodiesUnderWay, collected: Callable[[str], Body]) -> None:
    slow = collected("a")
    for _ in range(100):
        bodies.end(collected("a"))
    assert not slow.was_shed
    bodies.end(slow)
    assert len(bodies) == 0


def test_a_streamed_body_is_never_cut_for_another(bodies: BodiesUnderWay, collected: Callable[[str], Body]) -> None:
    streamed = [collected("a") for _ in range(3)]
    assert all(bodies.stream(body, "upstream", 100) for body in streamed)
    assert not bodies.collect(Body(), "a")
    assert not any(body.was_shed for body in streamed)
    bodies.end(streamed[0])
    collected("a")


def test_one_clients_slow_streams_take_half_of_an_upstreams_connections_and_all_of_them_three_quarters() -> None:
    bodies = BodiesUnderWay(per_client=100)

    def streams(client: str, upstream: str = "one") -> bool:
        body = Body()
        assert bodies.collect(body, client)
        if bodies.stream(body, upstream, 8):
            return True
        bodies.end(body)
        return False

    assert [streams("a") for _ in range(5)] == [True] * 4 + [False]
    assert [streams("b") for _ in range(3)] == [True] * 2 + [False]
    assert [streams("c"), streams("a", "two")] == [False, True]


def test_an_upstream_with_one_connection_is_streamed_to_as_well(
    bodies: BodiesUnderWay, collected: Callable[[str], Body]
) -> None:
    first, second = collected("a"), collected("b")
    assert bodies.stream(first, "upstream", 1)
    assert not bodies.stream(second, "upstream", 1)
    bodies.end(first)
    assert bodies.stream(second, "upstream", 1)


def test_of_all_clients_together_the_slowest_makes_room(
    bodies: BodiesUnderWay, collected: Callable[[str], Body], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies_under_way, "MAX_COLLECTED_BODIES", 2)
    first, second, third = (collected(client) for client in "abc")
    assert [body.was_shed for body in (first, second, third)] == [True, False, False]
