from tests.bench.load import Request, Turn
from tests.bench.paths.workers import ONE, TWO, throughput
from tests.bench.turns import Contestant, Measured, Result


def result(name: str, *, cost: float, rate: int) -> Result:
    turn = Turn(rate, rate, seconds=1.0, p50_ms=1.0, p99_ms=2.0)
    return Result(Contestant(name, 1, 1, [Request("GET", "/")]), [Measured(turn, cost * rate, {}, 1.0)])


def test_what_a_second_worker_adds_is_said_by_throughput_and_by_cost() -> None:
    one, two = result(ONE, cost=20.0, rate=10_000), result(TWO, cost=25.0, rate=15_000)

    rows = {
        row[0]: row[1:] for row in ([c.strip() for c in line.split("|")[1:-1]] for line in throughput([one, two]))
    }

    assert rows[TWO][-2:] == ["1.50", "1.60"]
    assert rows[ONE][-2:] == ["", ""]
