import asyncio
from pathlib import Path

import pytest

from gateway.routing.route_watch import read_route_file
from gateway.routing.upstream_address import OwnPorts
from tests.bench.load import Request
from tests.bench.memory.idle_clients import PER_ADDRESS, IdleClients, address
from tests.bench.memory.leaving_clients import ways
from tests.bench.memory.route_changes import SHIPPED, RouteChanges, changed
from tests.bench.memory.samples import Course, Sample
from tests.support.waiting import until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GET = Request("GET", "/v2.0/site")


def course(*megabytes: float, bound: float = 4.0) -> Course:
    samples = [Sample("", value, 10, 0) for value in megabytes]
    return Course(bound, samples[0], samples[1:])


def test_growth_counts_from_the_second_minute() -> None:
    grown = course(80, 120, 200, 202, 203)

    assert grown.growth_mb == 3
    assert grown.flat
    assert grown.verdict().startswith("flat: +3.0 MB")


def test_memory_that_grows_by_more_than_the_bound_is_not_flat() -> None:
    assert not course(80, 120, 200, 204.5).flat


def test_memory_that_shrinks_is_flat() -> None:
    assert course(80, 120, 200, 150).flat


def test_a_run_of_two_minutes_is_not_judged() -> None:
    short = course(80, 120, 900)

    assert short.flat
    assert short.verdict().endswith("not judged")


def test_no_address_has_more_connections_than_the_gateway_allows() -> None:
    addresses = [address(number) for number in range(10_000)]
    assert max(map(addresses.count, set(addresses))) == PER_ADDRESS


def test_every_version_of_the_route_file_is_valid_and_another_one(tmp_path: Path) -> None:
    changes = RouteChanges(tmp_path / "routes.yaml", 8105)

    table = read_route_file(tmp_path / "routes.yaml", OwnPorts("127.0.0.1", frozenset()), {})

    assert "large" in {route.name for route in table.routes}
    assert changes.count == 1
    shipped = SHIPPED.read_text()
    assert len({changed(shipped, 8105, number) for number in range(35)}) == 35


def test_a_client_leaves_before_the_request_is_complete_or_before_the_response_is() -> None:
    upload = Request("POST", "/large", {}, b"a" * 1000)
    leaving = ways(80, small=GET, upload=upload, large=Request("GET", "/large"))

    assert not leaving["head"].sent.endswith(b"\r\n\r\n")
    assert leaving["content"].sent.endswith(b"\r\n\r\n" + b"a" * 500)
    assert (leaving["wait"].read, leaving["response"].read) == (0, 100_000)


async def test_idle_clients_open_again_what_was_closed_and_count_it() -> None:
    served: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = not served
        served.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        if first:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clients = IdleClients(port, [GET.wire(port)], 3, interval=0.1)
    task = asyncio.create_task(clients.run())
    try:
        await until(lambda: len(served) == 4 and len(clients) == 3)
        assert clients.lost == 1
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.close()
    assert len(clients) == 0
    assert clients.lost == 1
