import base64
from dataclasses import replace

import pytest

from tests.bench.load import Request, Turn
from tests.bench.page import section
from tests.bench.paths.bearers import BEARER_PATHS
from tests.bench.paths.race import AIOHTTP, ENVOY, PASSGATE
from tests.bench.paths.services import SERVICES
from tests.bench.tokens.jwks import described
from tests.bench.tokens.signature import microseconds
from tests.bench.turns import Contestant, Measured, Result

VERIFY = next(path for path in SERVICES if path.name == "verify")


def measured(server: int, *, sent: int = 1000, responded: int = 990, **behind: int) -> Measured:
    return Measured(Turn(sent, responded, seconds=1.5, p50_ms=2.0, p99_ms=4.0), server, behind, seconds=2.0)


def result(name: str, *turns: Measured, behind: tuple[str, ...] = ()) -> Result:
    contestant = Contestant(name, 1, 1, [Request("GET", "/")], dict.fromkeys(behind, 1))
    return Result(contestant, list(turns), megabytes=51.7)


def rows(table: str) -> dict[str, dict[str, str]]:
    """Cells by the name of the contestant and of the column."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line]
    return {row[0]: dict(zip(cells[0], row, strict=True)) for row in cells}


def test_cost_is_per_request_sent_and_rate_per_response() -> None:
    shown = result(PASSGATE, measured(70_000), measured(90_000), measured(60_000))

    assert (shown.minimum, shown.median) == (60, 70)
    assert shown.best_rate == 660


def test_cost_behind_a_service_is_over_all_turns_together() -> None:
    shown = result(PASSGATE, measured(1, postgres=0), measured(1, postgres=20_000), behind=("postgres",))

    assert shown.behind == {"postgres": 10}


def test_what_they_take_when_idle_is_no_part_of_it() -> None:
    turns = (measured(1, postgres=30_000), measured(1, postgres=10_000))
    shown = replace(result(PASSGATE, *turns, behind=("postgres",)), idle={"postgres": 5_000})
    assert shown.behind == {"postgres": 10}
    assert replace(shown, idle={"postgres": 50_000}).behind == {"postgres": 0}


def test_a_refusal_costs_what_it_costs_behind_the_gateway_too() -> None:
    flood = next(path for path in BEARER_PATHS if path.name == "badly-signed")
    ours = result(PASSGATE, measured(70_000, postgres=30_000), behind=("postgres",))

    table = section(flood.table, [ours, result(ENVOY, measured(200_000))], absent=[])

    assert rows(table)[PASSGATE]["together us"] == "100"
    assert rows(table)[PASSGATE]["to Envoy jwt_authn"] == "0.50"


def test_ratios_are_of_the_minima_in_the_same_run() -> None:
    ours = result(PASSGATE, measured(75_000, valkey=4_000), behind=("valkey",))
    floor = result(AIOHTTP, measured(50_000), measured(90_000))

    table = section(VERIFY.table, [ours, floor], absent=[])

    by_name = rows(table)
    assert by_name[PASSGATE]["to bare aiohttp"] == "1.50"
    assert by_name[PASSGATE]["+ Valkey us"] == "4"
    assert by_name[AIOHTTP]["+ Valkey us"] == ""


def test_a_peer_that_is_not_installed_is_named() -> None:
    assert "Not installed: Envoy." in section(VERIFY.table, [result(PASSGATE, measured(1))], absent=["Envoy"])


def test_a_request_on_the_wire_is_framed_by_its_length() -> None:
    request = Request("POST", "/generate", {"x-api-key": "k"}, b"{}")

    head, _, body = request.wire(8103).partition(b"\r\n\r\n")

    assert head.splitlines() == [
        b"POST /generate HTTP/1.1",
        b"Host: 127.0.0.1:8103",
        b"x-api-key: k",
        b"Content-Length: 2",
    ]
    assert body == b"{}"


def test_the_signing_key_is_told_by_algorithm_and_size() -> None:
    modulus = base64.urlsafe_b64encode(((1 << 2047) + 1).to_bytes(256, "big")).rstrip(b"=").decode()

    assert described({"kty": "RSA", "alg": "RS384", "n": modulus}) == "RS384, 2048 bits"
    assert described({"kty": "EC", "alg": "ES256"}) == "ES256"


@pytest.mark.parametrize("key", [{"kty": "EC", "alg": "ES256"}, {"kty": "OKP", "alg": "EdDSA"}])
def test_a_signature_alone_has_a_price(key: dict[str, str]) -> None:
    assert 0 < microseconds(key) < 100_000
