"""What the benchmark of revocations makes of answers."""

import asyncio

import pytest

from tests.bench.load import Request
from tests.bench.revocation.background_load import BackgroundLoad
from tests.bench.revocation.http_client import NO_RESPONSE, Connections, Response
from tests.bench.revocation.observation import PROMISE, Outcome, Use
from tests.bench.revocation.page import quantile
from tests.bench.revocation.targets import Target

GET = Request("GET", "/v2.0/site")
ACKNOWLEDGED = 10.0


class Gateway(Connections):
    """Responds as scripted."""

    def __init__(self, *responses: Response) -> None:
        super().__init__(0)
        self._responses = iter(responses)

    async def send(self, wire: bytes) -> Response:
        return next(self._responses)


async def outcome(*gateways: list[Response]) -> Outcome:
    uses = []
    for responses in gateways:
        uses.append(Use(Gateway(*responses), b""))
        for _ in responses:
            await uses[-1].send()
    return Outcome(Target("company", (GET,), GET), uses, ACKNOWLEDGED, None, 0.01)


def accepted(sent_at: float, at: float) -> Response:
    return Response(200, sent_at, at)


def rejected(sent_at: float, at: float) -> Response:
    return Response(401, sent_at, at)


async def test_the_last_accepted_request_at_the_slowest_gateway_counts() -> None:
    seen = await outcome([accepted(9.8, 9.9), rejected(10.1, 10.2)], [accepted(9.9, 10.3), rejected(10.4, 10.5)])
    assert seen.seconds == pytest.approx(0.3)
    assert seen.refused == pytest.approx(0.5)
    assert seen.accepted_after_rejection == 0


async def test_a_request_accepted_before_the_acknowledgement_is_no_delay() -> None:
    assert (await outcome([accepted(9.8, 9.9), rejected(9.95, 9.99)])).seconds == 0


async def test_accepted_after_the_same_gateway_rejected_is_counted() -> None:
    assert (await outcome([rejected(10.1, 10.2), accepted(10.3, 10.4)])).accepted_after_rejection == 1


async def test_a_request_in_flight_when_the_rejection_came_is_not_counted() -> None:
    assert (await outcome([rejected(10.1, 10.3), accepted(10.2, 10.4)])).accepted_after_rejection == 0


async def test_accepted_later_than_promised_is_counted_without_a_rejection_before() -> None:
    late = ACKNOWLEDGED + PROMISE + 0.1
    assert (await outcome([accepted(10.1, 10.2), accepted(late, late + 0.1)])).accepted_after_rejection == 1


async def test_what_cannot_be_known_is_neither_accepted_nor_rejected() -> None:
    seen = await outcome([Response(503, 10.1, 10.2), accepted(10.3, 10.4)])
    assert seen.accepted_after_rejection == 0
    assert seen.seconds == pytest.approx(0.4)


def test_quantiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 1001)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1.0)] == [500, 990, 1000]
    assert quantile([3.0], 0.99) == 3.0
    assert quantile([], 0.5) == 0.0


async def test_responses_are_read_whole_and_connections_kept() -> None:
    connections_opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections_opened
        connections_opened += 1
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            for part in (b"HTTP/1.1 200 OK\r\nPassgate-Receipt: 7\r\nContent-", b"Length: 4\r\n\r\nab", b"cd"):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connections = Connections(port)
    try:
        for _ in range(2):
            response = await connections.send(GET.wire(port))
            assert (response.status, response.body, response.field("passgate-receipt")) == (200, b"abcd", "7")
            assert response.field("retry-after") is None
    finally:
        connections.close()
        server.close()
    assert connections_opened == 1


async def test_no_response_is_named_as_such() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    load = BackgroundLoad((Connections(port),), (GET,), 100)
    await load.run(0.05)
    server.close()
    assert set(load.statuses) == {NO_RESPONSE}
    assert load.refused == load.statuses[NO_RESPONSE] > 0
