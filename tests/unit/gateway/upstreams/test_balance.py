"""Each address gets its share, and no address several calls in a row where others have a turn due."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.balance import choice_by, least_connections, round_robin
from gateway.upstreams.settings import Balance


@dataclass
class Place:
    name: str
    weight: float = 1.0
    credit: float = 0.0
    in_use: int = 0


def places(**weights: float) -> list[Place]:
    return [Place(name, weight) for name, weight in weights.items()]


def test_equal_addresses_take_turns() -> None:
    all_places = places(a=1, b=1, c=1)
    assert "".join(round_robin(all_places).name for _ in range(9)) == "abc" * 3


def test_a_heavy_address_does_not_get_its_share_in_one_run() -> None:
    all_places = places(a=5, b=1, c=1)
    assert "".join(round_robin(all_places).name for _ in range(7)) == "aabacaa"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_in_each_full_round_every_address_gets_exactly_its_weight(weights: list[int]) -> None:
    all_places = [Place(str(number), weight) for number, weight in enumerate(weights)]
    for _ in range(2):
        chosen = Counter(round_robin(all_places).name for _ in range(sum(weights)))
        assert [chosen[place.name] for place in all_places] == weights


def test_one_that_was_away_does_not_catch_up() -> None:
    a, b = places(a=1, b=1)
    for _ in range(100):
        round_robin([a])
    assert Counter(round_robin([a, b]).name for _ in range(10)) == {"a": 5, "b": 5}


def test_the_one_with_the_fewest_calls_for_its_weight_is_next() -> None:
    a, b = places(a=4, b=1)
    served = Counter[str]()
    for _ in range(10):
        chosen = least_connections([a, b])
        chosen.in_use += 1
        served[chosen.name] += 1
    assert served == {"a": 8, "b": 2}
    a.in_use = 0
    assert least_connections([a, b]) is a


def test_idle_addresses_take_turns_under_least_connections() -> None:
    all_places = places(a=1, b=1)
    assert "".join(least_connections(all_places).name for _ in range(4)) == "abab"


@pytest.mark.parametrize("balance", Balance)
def test_one_address_is_always_chosen(balance: Balance) -> None:
    only = Place("a")
    assert choice_by(balance)([only]) is only
