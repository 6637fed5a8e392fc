"""A connection to an upstream: when its response is late or cut, and whether it may carry another request."""

import asyncio
import contextlib
import datetime
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from math import inf
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.http1.response import ResponseHead
from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream import connection as upstream_connection
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.upstreams.address_health import AddressHealth
from gateway.upstreams.settings import Address, CircuitBreaker
from shared.transport import turn_transport
from tests.support.waiting import until

ENDPOINT = Endpoint(Address("127.0.0.1", 80), "127.0.0.1", AddressHealth(CircuitBreaker()))
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"


class Receiver:
    """What is reported of one response."""

    client_key = ""

    def __init__(self) -> None:
        self.content = b""
        self.ended = asyncio.get_running_loop().create_future()

    def response_began(self, head: ResponseHead, content: bytes, *, complete: bool) -> None:
        self.response_continued(content, complete=complete)

    def response_continued(self, content: bytes, *, complete: bool) -> None:
        self.content += content
        if complete:
            self.ended.set_result("complete")

    def upstream_failed(self, error: UpstreamFailed) -> None:
        self.ended.set_result(error.cause)

    def upstream_congested(self) -> None: ...

    def upstream_ready(self) -> None: ...


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's, with a certificate of its own."""
    path: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def respond(listener: socket.socket, context: ssl.SSLContext | None, *, alert: bool) -> None:
    """Serve one connection, and close it with or without TLS's alert."""
    with listener, listener.accept()[0] as plain:
        connection = context.wrap_socket(plain, server_side=True) if context else plain
        connection.settimeout(10)
        connection.recv(1000)
        connection.sendall(UNTIL_CLOSE)
        if isinstance(connection, ssl.SSLSocket) and alert:
            connection.unwrap()
        with socket.socket(fileno=os.dup(connection.fileno())) as beneath:
            beneath.shutdown(socket.SHUT_WR)
        connection.close()


async def call(context: ssl.SSLContext | None, *, alert: bool) -> tuple[bytes, str]:
    """What a connection reports of that response."""
    listener = socket.create_server(("127.0.0.1", 0))
    upstream = threading.Thread(target=respond, args=(listener, context), kwargs={"alert": alert})
    upstream.start()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    loop, receiver = asyncio.get_running_loop(), Receiver()
    _, connection = await loop.create_connection(
        lambda: UpstreamConnection(loop, ENDPOINT, released=lambda _: None, lost=lambda _: None),
        *listener.getsockname(),
        ssl=trusting if context else None,
    )
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    connection.begin(receiver, "GET", request, complete=True, response_timeout=10, idle_timeout=10)
    cause = await asyncio.wait_for(receiver.ended, 10)
    await asyncio.to_thread(upstream.join)
    return receiver.content, cause


def test_the_end_of_a_connection_is_the_end_of_such_a_response() -> None:
    assert uvloop.run(call(None, alert=False)) == (b"hello", "complete")


def test_over_tls_it_is_the_end_only_with_the_alert_that_says_so(tls: ssl.SSLContext) -> None:
    """Else whoever is between could cut a response, and nobody would know (RFC 9112 section 9.8)."""
    assert uvloop.run(call(tls, alert=True)) == (b"hello", "complete")
    assert uvloop.run(call(tls, alert=False)) == (b"hello", "connection_lost")


@contextlib.asynccontextmanager
async def connected(
    released: Callable[[UpstreamConnection], None] = lambda _: None,
) -> AsyncIterator[tuple[UpstreamConnection, socket.socket]]:
    """A connection and the upstream's end of it, which reads nothing unasked."""
    loop, near, far = asyncio.get_running_loop(), *socket.socketpair()
    with far:
        _, connection = await loop.create_connection(
            lambda: UpstreamConnection(loop, ENDPOINT, released=released, lost=lambda _: None), sock=near
        )
        yield connection, far
        connection.abort()


async def early_response(*, paused: bool) -> list[float]:
    """The deadlines of a response that begins before its request is complete, while that is held up."""
    async with connected() as (connection, _):
        receiver, head = Receiver(), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        connection.begin(receiver, "POST", head, complete=False, response_timeout=10, idle_timeout=10)
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour")
        if paused:
            connection.pause_reading()
        connection.pause_writing()
        connection.resume_writing()
        deadlines = [connection.deadline]
        connection.send(b"all of it", complete=True)
        deadlines.append(connection.deadline)
        if paused:
            connection.resume_reading()
            deadlines.append(connection.deadline)
        return deadlines


def test_a_response_that_has_begun_stays_bounded_in_time_whatever_becomes_of_the_request() -> None:
    assert all(deadline < inf for deadline in uvloop.run(early_response(paused=False)))


def test_the_time_of_a_response_stands_still_while_nobody_reads_it() -> None:
    *before, after = uvloop.run(early_response(paused=True))
    assert before == [inf, inf]
    assert after < inf


@pytest.mark.parametrize("complete", [True, False])
async def test_a_client_that_takes_nothing_before_the_response_changes_nothing_of_its_time(complete: bool) -> None:
    """The head has its own time, not that of a piece of the body; and none before the request is complete."""
    async with connected() as (connection, _):
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        before = asyncio.get_running_loop().time()
        connection.begin(Receiver(), "POST", head, complete=complete, response_timeout=1000, idle_timeout=1)
        connection.pause_reading()
        assert connection.deadline == inf
        connection.resume_reading()
        if not complete:
            assert connection.deadline == inf
            connection.send(b"the body.", complete=True)
        assert before + 1000 <= connection.deadline < inf


UNREAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4_000_000
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("takes_it", [True, False])
async def test_an_upstream_that_has_not_taken_a_request_though_it_has_responded_gets_no_other(
    takes_it: bool,
) -> None:
    """Nothing would hold back the next one's body."""
    handed_back: list[UpstreamConnection] = []
    async with connected(handed_back.append) as (connection, far):
        receiver, loop = Receiver(), asyncio.get_running_loop()
        connection.begin(receiver, "POST", UNREAD, complete=True, response_timeout=10, idle_timeout=10)
        far.setblocking(False)
        received = 0
        while takes_it and received < len(UNREAD):
            received += len(await loop.sock_recv(far, 1 << 20))
        await loop.sock_sendall(far, NO_CONTENT)
        assert await asyncio.wait_for(receiver.ended, 10) == "complete"
        assert connection.usable is takes_it
        assert handed_back == ([connection] if takes_it else [])


async def test_a_request_that_turns_out_not_to_be_taken_after_its_response_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is written is sent at the end of the turn."""
    monkeypatch.setattr(upstream_connection, "WRITE_BUFFER_BYTES", 0)
    monkeypatch.setattr(turn_transport, "LARGE_BYTES", len(UNREAD) + 1)
    handed_back: list[UpstreamConnection] = []
    async with connected(handed_back.append) as (connection, _):
        receiver = Receiver()
        connection.begin(receiver, "POST", UNREAD, complete=True, response_timeout=10, idle_timeout=10)
        connection.data_received(NO_CONTENT)
        assert (await receiver.ended, handed_back, connection.usable) == ("complete", [connection], True)
        await until(lambda: not connection.usable)


async def test_a_tunnel_begins_held_back_where_the_upstream_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_connection, "WRITE_BUFFER_BYTES", 0)
    told: list[str] = []

    class Tunnel(asyncio.Protocol):
        def pause_writing(self) -> None:
            told.append("pause")

        def resume_writing(self) -> None:
            told.append("resume")

    async with connected() as (connection, far):
        far.setblocking(False)
        connection.begin(Receiver(), "GET", UNREAD, complete=True, response_timeout=10, idle_timeout=10)
        connection.switch(Tunnel())
        assert told == ["pause"]
        while told == ["pause"]:
            await asyncio.get_running_loop().sock_recv(far, 1 << 20)
        assert told == ["pause", "resume"]
