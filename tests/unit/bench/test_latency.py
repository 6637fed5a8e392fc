import pytest

from tests.bench.load import Request, Turn, paced
from tests.bench.paths.half_load import latencies
from tests.bench.paths.overload import liveness_table
from tests.bench.paths.race import NGINX, PASSGATE
from tests.bench.turns import Contestant, Measured, Result


def result(name: str, rate: int, *p99_ms: float) -> Result:
    turns = [Turn(rate, rate, seconds=1.0, p50_ms=0.5, p99_ms=p99) for p99 in p99_ms]
    measured = [Measured(turn, 1.0, {}, 1.0) for turn in turns]
    return Result(Contestant(name, 1, 1, [Request("GET", "/")]), measured)


def cells(table: list[str]) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in ([cell.strip() for cell in line.split("|")[1:-1]] for line in table)}


def test_connections_wait_as_long_as_makes_the_rate_together() -> None:
    load = paced(10_000, connections=500)

    assert load.connections == 500
    assert load.wait_ms == pytest.approx(50.0)


def test_latency_is_compared_by_the_median_turn_at_the_half_of_ones_own_maximum() -> None:
    at_most = [result(PASSGATE, 20_000, 9.0), result(NGINX, 50_000, 4.0)]
    at_half = [result(PASSGATE, 10_000, 3.0, 1.5, 30.0), result(NGINX, 25_000, 1.0, 2.0, 20.0)]

    rows = cells(latencies(at_most, at_half))

    assert rows[PASSGATE] == ["20,000", "10,000", "0.50", "3.00", "1.50", "1.50"]
    assert rows[NGINX][-1] == "1.00"


def test_liveness_is_shown_in_milliseconds() -> None:
    assert cells(liveness_table({"gateway": [0.003, 0.001, 0.002]}))["gateway"] == ["3", "2.0", "3.0", "3.0"]
