"""Whatever one client sends over TLS at a time, other connections have their turn between."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.edge.certificate import load_certificate
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.proxy.client_connection import STEPS_PER_TURN, ClientConnection
from gateway.proxy.exchange import Exchange
from tests.support.harness.certificates import write_certificate
from tests.support.harness.public_server import Public, public_server, upstream_at
from tests.support.harness.tls_wire import TlsWire, tls_wire
from tests.support.http1.client import parse_replies
from tests.support.http1.upstream import Upstream
from tests.support.turns import counted_turns

REFUSED = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
"""With a response at once, after which the connection goes on."""


@pytest.fixture
async def public(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Public]:
    files = write_certificate(tmp_path)
    tls = load_certificate(files.certificate, files.key).context
    async with public_server(upstream_at(upstream.port), path="/here", prefix=False, tls=tls) as served:
        yield served


@pytest.fixture
async def client(public: Public, tmp_path: Path) -> AsyncIterator[TlsWire]:
    async with tls_wire(public.port, key_log=tmp_path / "key_log") as wire:
        yield wire


async def statuses(client: TlsWire, count: int) -> list[int]:
    """Of so many responses, or those before the end."""
    received = b""
    while len(parse_replies(received)) < count and (piece := await client.receive()):
        received += piece
    return [reply.status for reply in parse_replies(received)]


async def test_a_turn_has_the_requests_of_one_turn_though_they_come_in_many_records(
    public: Public, client: TlsWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Counter[int]()
    receiver_of = public.server.receiver_of

    def counted(connection: ClientConnection, head: RequestHead | BadRequest) -> Exchange:
        begun[turns.turn] += 1
        return receiver_of(connection, head)

    monkeypatch.setattr(public.server, "receiver_of", counted)
    with counted_turns() as turns:
        client.writer.write(b"".join(client.sealed(REFUSED * STEPS_PER_TURN) for _ in range(20)))
        found = await statuses(client, 20 * STEPS_PER_TURN)
    assert found == [404] * 20 * STEPS_PER_TURN
    assert max(begun.values()) < 2 * STEPS_PER_TURN  # as a turn of the loop may begin within one of the gateway's


async def test_a_client_that_only_changes_its_keys_is_cut_off_and_one_that_calls_between_is_not(
    client: TlsWire,
) -> None:
    updates = client.key_updates
    for _ in range(20):
        changes = b"".join(updates.key_update() for _ in range(30))
        client.writer.write(changes + updates.record(REFUSED))
        assert await statuses(client, 1) == [404]
    client.writer.write(b"".join(updates.key_update(requested=True) for _ in range(200)))
    with contextlib.suppress(ConnectionResetError):
        assert await client.receive() == b""
