"""Whatever arrives, and however it is cut up: the direct way responds, logs and counts as aiohttp's own does."""

import asyncio
import contextlib
import io
import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from shared import logging
from shared.errors import Forbidden, Unavailable
from shared.http import connection as ordinary_connection
from shared.http.app import DIRECT, METRICS, service_app
from shared.http.body import read
from shared.http.connection import HEAD_TIMEOUT_S
from shared.http.direct import connection as direct_connection
from shared.http.direct.connection import DirectConnection
from shared.http.direct.endpoints import Connection
from shared.http.endpoints import Endpoint, route_of
from shared.http.health import Health
from shared.http.middleware import REFUSED
from shared.http.responses import json_response
from shared.http.server import finish_in_flight, listen
from shared.logging import request_id
from shared.logging.sink import LogSink
from tests.support.harness.serving import serving
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

ID = b"Host: a\r\nX-Request-Id: abcdef123456\r\n"
CLOSE = b"Connection: close\r\n"
MAX_NAME_CHARACTERS = 60
LAST = b"GET /things?last HTTP/1.1\r\n" + ID + CLOSE + b"\r\n"
"""Ends a conversation, on both ways by aiohttp."""


def get(target: bytes = b"/things", fields: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\n" + ID + fields + b"\r\n"


def post(body: bytes = b"hello", fields: bytes = b"", target: bytes = b"/things") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + target + b" HTTP/1.1\r\n" + ID + length + fields + b"\r\n" + body


CHUNKED = b"POST /things HTTP/1.1\r\n" + ID + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

CONVERSATIONS: Sequence[Sequence[bytes]] = [
    [get()],
    [get(b"/things?a=1&a=%41+b&c")],
    [get(b"/things?")],
    [get(b"/things/?x")],
    [get(b"/%74hings")],
    [get(b"/things#x")],
    [get(b'/things?"<>^|\\')],
    [get(b"/nowhere")],
    [get(b"/things/7")],
    [get(b"http://a/things")],
    [get(method=b"HEAD")],
    [get(method=b"DELETE")],
    [get(method=b"PUT")],
    [get(method=b"OPTIONS")],
    [get(method=b"get")],
    [get(method=b"GETT")],
    [get(fields=b"X-Api-Token: a\r\nX-API-TOKEN: b\r\n")],
    [get(fields=b"Host: b\r\n")],
    [get(fields=b"X-Blanks:   a  b   \r\nX-None:\r\nX-Tab:\ta\t\r\n")],
    [get(fields=b"X Odd: a\r\n")],
    [get(fields=b"X-Odd : a\r\n")],
    [get(fields=b"X-Odd: a\r\n b\r\n")],
    [get(fields=b"X-Latin: \xe9\r\n")],
    [get(fields=b"X-Zero: \0\r\n")],
    [get(fields=b"Passgate-Time: ?\r\n")],
    [get(fields=b"Connection: keep-alive\r\n")],
    [get(fields=b"Connection: close\r\n"), get()],
    [get(fields=b"Expect: 100-continue\r\n")],
    [get(fields=b"Upgrade: websocket\r\nConnection: upgrade\r\n")],
    [get(fields=b"Content-Length: 0\r\n")],
    [get(fields=b"Content-Length: 5\r\n") + b"hello"],
    [get(fields=b"Content-Length: 5\r\nContent-Length: 5\r\n") + b"hello"],
    [get(fields=b"Content-Length: -1\r\n")],
    [get(fields=b"Content-Length: +5\r\n") + b"hello"],
    [get(fields=b"Content-Length: 99999999999999999999\r\n")],
    [get(fields=b"X-Long: " + b"a" * 8100 + b"\r\n")],
    [get(fields=b"X-Long: " + b"a" * 9000 + b"\r\n")],
    [get(fields=b"".join(b"X-%d: a\r\n" % n for n in range(90)))],
    [get(fields=b"".join(b"X-%d: a\r\n" % n for n in range(120)))],
    [get(b"/things?" + b"a" * 8000)],
    [get(b"/things?" + b"a" * 9000)],
    [b"GET /things HTTP/1.1\r\n\r\n"],
    [b"GET /things HTTP/1.0\r\n" + ID + b"\r\n"],
    [b"GET /things HTTP/1.1\n" + ID + b"\r\n"],
    [b"GET  /things HTTP/1.1\r\n" + ID + b"\r\n"],
    [b"\r\n" + get()],
    [b"nonsense\r\n\r\n"],
    [get(), b"\x16\x03\x01"],
    [get()[:7], get()[7:]],
    [get()[:-1], get()[-1:]],
    [get() + get()[:9], get()[9:] + get()],
    [get(), get(), get()],
    [get() + get() + get()],
    [get() + post() + get()],
    [post()],
    [post(b"")],
    [post(b"x" * 60000)],
    [post(b"x" * 70000)],
    [post(b"x" * 150000)],
    [post()[:-5], post()[-5:]],
    [post()[:-3], post()[-3:]],
    [post()[:-5], b"he", b"llo", get()],
    [post()[:-5], post()[-5:] + get()],
    [post(fields=b"Content-Encoding: identity\r\n")],
    [post(fields=b"Content-Encoding: gzip\r\n")],
    [post(fields=b"Expect: 100-continue\r\n")],
    [CHUNKED],
    [CHUNKED, get(), get()],
    [CHUNKED + get() + post()],
    [b"POST /things HTTP/1.1\r\n" + ID + b"\r\n", get()],
    [post(target=b"/unread"), get()],
    [post(target=b"/unread")[:-2], post()[-2:] + get()],
    [get(b"/fail/refused"), get()],
    [get(b"/refused")],
    [get(b"/noted")],
    [get(b"/away")],
    [get(b"/broken"), get()],
    [get(b"/raises"), get()],
    [get(b"/empty"), get(b"/empty", method=b"HEAD")],
    [get(b"/nothing"), get()],
    [get(b"/typeless")],
    [get(b"/closing"), get()],
    [get(b"/nowhere"), get(), get()],
    [get(fields=b"X-Request-Id: another1234567\r\n")],
]
"""Each is sent piece by piece on one connection."""


async def _see(request: web.Request) -> web.Response:
    """What a handler can see."""
    body = await read(request, limit=100_000)
    return json_response(
        {
            "method": request.method,
            "target": request.path_qs,
            "path": request.rel_url.raw_path,
            "query": list(request.query.items()),
            "raw_query": request.rel_url.raw_query_string,
            "fields": [(name.lower(), value) for name, value in request.headers.items()],
            "body": [len(body), body[:100].decode()],
            "length": request.content_length,
            "exists": request.body_exists,
            "remote": request.remote,
            "route": route_of(request),
            "request_id": request_id.get(),
            "version": list(request.version),
        }
    )


async def _unread(_: web.Request) -> web.Response:
    return json_response({"unread": True}, headers={"X-One": "1"})


async def _refused(request: web.Request) -> web.Response:
    raise Forbidden("not you", detail="cause")


async def _noted(request: web.Request) -> web.Response:
    request[REFUSED] = "unknown"
    return json_response({})


async def _away(_: web.Request) -> web.Response:
    raise Unavailable(retry_after=3, detail="pgat_secretsecretsecret")


async def _broken(_: web.Request) -> web.Response:
    raise RuntimeError("boom")


async def _raises(_: web.Request) -> web.Response:
    raise web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)


async def _empty(_: web.Request) -> web.Response:
    return web.Response()


async def _nothing(_: web.Request) -> web.Response:
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def _typeless(_: web.Request) -> web.Response:
    return web.Response(body=b"bytes", status=299, reason="Odd")


LARGE = b"x" * 1_000_000


async def _large(_: web.Request) -> web.Response:
    return web.Response(body=LARGE)


async def _cancelled(_: web.Request) -> web.Response:
    """Awaits what somebody else cancels."""
    awaited: asyncio.Future[web.Response] = asyncio.get_running_loop().create_future()
    awaited.cancel()
    return await awaited


async def _closing(_: web.Request) -> web.Response:
    response = web.Response(body=b"the last")
    response.force_close()
    return response


@dataclass
class Held:
    """A handler that responds once it is released."""

    begun: int = 0
    ended: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def respond(self, request: web.Request) -> web.Response:
        self.begun += 1
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.ended.append("given up")
            raise
        self.ended.append("finished")
        return json_response({"held": True})


def _app(*, direct: bool, held: Held | None = None) -> web.Application:
    handlers = {
        "/unread": _unread, "/refused": _refused, "/noted": _noted, "/away": _away, "/broken": _broken,
        "/raises": _raises, "/empty": _empty, "/nothing": _nothing, "/typeless": _typeless, "/closing": _closing,
        "/large": _large, "/cancelled": _cancelled, "/held": (held or Held()).respond,
    }  # fmt: skip
    endpoints = [
        *(Endpoint(m, "/things", _see, "See", direct=direct, security="s") for m in ("GET", "POST", "DELETE")),
        Endpoint("GET", "/things/{id}", _see, "One"),
        *(Endpoint(m, path, h, "", direct=direct) for path, h in handlers.items() for m in ("GET", "POST")),
    ]
    now = iter(range(1_700_000_000, 1_800_000_000)).__next__
    return service_app(
        "things", endpoints, health=Health("things"), metrics=CollectorRegistry(), now=lambda: float(now())
    )


@dataclass
class Seen:
    """What a conversation left behind: on the wire, in the log, in the metrics."""

    wire: list[str]
    log: list[dict[str, Any]]
    metrics: list[str]
    direct: bool
    """Whether the direct way was there at all."""


async def _exchange(port: int, pieces: Sequence[bytes]) -> bytes:
    """What comes back for `pieces` and, unless the connection ends before, for `LAST`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seen, begun = bytearray(), asyncio.Event()

    async def collect() -> None:
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(65536):
                seen.extend(part)
                begun.set()

    collecting = asyncio.create_task(collect())
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.002)  # so that each arrives by itself, as a rule: what is expected is the same
        await begun.wait()
        if not collecting.done():
            writer.write(LAST)
        await collecting
    writer.close()
    return bytes(seen)


@asynccontextmanager
async def _running(app: web.Application) -> AsyncIterator[int]:
    async with serving(app) as url:
        yield int(url.rpartition(":")[2])


async def _seen(monkeypatch: pytest.MonkeyPatch, pieces: Sequence[bytes], *, direct: bool) -> Seen:
    app, written = _app(direct=direct), io.BytesIO()
    async with _running(app) as port:
        monkeypatch.setattr(logging._log, "sink", LogSink(written, logging._resumed))
        monkeypatch.setattr(logging._log, "access_enabled", True)
        wire = await _exchange(port, pieces)
        await asyncio.sleep(0)
        logging._log.sink.flush()
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        return Seen(_lines(wire), list(map(_comparable, lines)), _counts(app[METRICS]), bool(app[DIRECT]))


async def _counted_more(app: web.Application, before: list[str]) -> None:
    await until(lambda: _counts(app[METRICS]) != before)


def _counts(metrics: CollectorRegistry) -> list[str]:
    text = generate_latest(metrics).decode()
    return [line for line in text.splitlines() if line.startswith("http_server_request_duration_seconds_count")]


def _lines(wire: bytes) -> list[str]:
    """Without what differs each time. Fields have no order."""
    text = re.sub(r"(Date|X-Request-Id): (\w{3}, [^\r]*|[0-9a-f]{32})", r"\1: new", wire.decode("latin-1"))
    return [
        line for part in re.split(r"(?=HTTP/1\.[01] )|(?<=\r\n\r\n)", text) for line in sorted(part.splitlines())
    ]


def _comparable(line: dict[str, Any]) -> dict[str, Any]:
    line = {name: value for name, value in line.items() if name not in ("time", "duration_ms", "exception")}
    if len(line.get("request_id", "")) == 32:
        line["request_id"] = "new"
    return line


def _name(pieces: Sequence[bytes]) -> str:
    """For a list of tests: what is sent, without what each request has."""
    sent = " + ".join(repr(piece.replace(ID, b"").decode("latin-1"))[1:-1] for piece in pieces)
    return (
        sent if len(sent) <= MAX_NAME_CHARACTERS else f"{sent[:MAX_NAME_CHARACTERS]}... ({sum(map(len, pieces))})"
    )


@pytest.mark.parametrize("pieces", CONVERSATIONS, ids=_name)
async def test_a_conversation_leaves_behind_what_it_does_without_the_direct_way(
    monkeypatch: pytest.MonkeyPatch, pieces: Sequence[bytes]
) -> None:
    expected = await _seen(monkeypatch, pieces, direct=False)
    seen = await _seen(monkeypatch, pieces, direct=True)
    assert (expected.direct, seen.direct) == (False, True)
    assert seen.wire == expected.wire
    assert seen.log == expected.log
    assert seen.metrics == expected.metrics


async def test_a_client_that_leaves_before_all_of_a_body_has_come_is_logged_and_counted_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[bool, Any] = {}
    for direct in (False, True):
        written = io.BytesIO()
        monkeypatch.setattr(logging._log, "sink", LogSink(written, logging._resumed))
        monkeypatch.setattr(logging._log, "access_enabled", True)
        app = _app(direct=direct)
        async with _running(app) as port:
            for cut in (post()[:-5], post()[:-2]):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                counted = _counts(app[METRICS])
                writer.write(cut)
                await asyncio.sleep(0.02)  # for it to arrive
                writer.close()
                await _counted_more(app, counted)
            counted = _counts(app[METRICS])
        logging._log.sink.flush()
        lines = [_comparable(json.loads(line)) for line in written.getvalue().splitlines()]
        seen[direct] = lines, counted
    assert seen[True] == seen[False]
    assert [line["status"] for line in seen[True][0]] == [400, 400]


async def test_plain_requests_never_reach_the_parser_also_after_one_that_is_not_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed_over: list[bytes] = []
    hand_over = direct_connection.DirectConnection._hand_over

    def counted(connection: direct_connection.DirectConnection, data: bytes) -> None:
        handed_over.append(data)
        hand_over(connection, data)

    monkeypatch.setattr(direct_connection.DirectConnection, "_hand_over", counted)
    async with _running(_app(direct=True)) as port:
        pieces = [get(), post(), post()[:-5], post()[-5:], get(b"/nowhere"), get(), post(), LAST]
        wire = await _talk(port, pieces, 7)
    assert handed_over == [get(b"/nowhere"), LAST]
    assert wire.count(b"HTTP/1.1 200") == 6


async def test_a_pipelined_request_that_is_not_plain_is_responded_to_after_the_plain_one() -> None:
    async with _running(_app(direct=True)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get() + get(b"/nowhere") + LAST)
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            wire = await reader.read()
        writer.close()
    assert re.findall(rb"HTTP/1\.1 (\d+)", wire) == [b"200", b"404", b"200"]


def the_only(connections: Iterable[Connection]) -> DirectConnection:
    (connection,) = connections
    assert isinstance(connection, DirectConnection)
    return connection


@pytest.mark.parametrize("event", ["end of the client's side", "hand-over"])
async def test_what_is_written_is_sent_before_the_connection_is_anyone_elses(event: str) -> None:
    written: list[bytes] = []

    class Recorder(asyncio.Transport):
        def is_closing(self) -> bool:
            return False

        def write(self, data: Any) -> None:
            written.append(data)

    class Ordinary:
        def connection_made(self, transport: object) -> None:
            written.append(b"handed over")

        def data_received(self, data: bytes) -> None: ...

        def connection_lost(self, error: Exception | None) -> None: ...

    ordinary: Any = Ordinary
    endpoints: Any = SimpleNamespace(connections=set())
    connection = direct_connection.DirectConnection(endpoints, ordinary, asyncio.get_running_loop())
    connection.connection_made(Recorder())
    assert connection.transport is not None
    connection.transport.write(b"response")
    if event == "hand-over":
        connection._hand_over(b"POST")
        assert written == [b"response", b"handed over"]
    else:
        connection.eof_received()
        assert written == [b"response"]
    connection.connection_lost(None)


async def _talk(port: int, pieces: Sequence[bytes], responses: int) -> bytes:
    """Each piece once what came before has been responded to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seen = b""
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        for piece in pieces:
            writer.write(piece)
            if piece != post()[:-5]:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", head)
                seen += head + await reader.readexactly(int(length[1]) if length else 0)
        writer.close()
    assert seen.count(b"HTTP/1.1") == responses
    return seen


@pytest.fixture
async def held() -> Held:
    return Held()


async def _end_of(reader: asyncio.StreamReader) -> bytes:
    """What is sent until the server ends the connection."""
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.mark.parametrize("sent", [get(b"/held"), get(b"/held") + get(b"/held"), post(target=b"/held")[:-2]])
async def test_at_the_end_a_request_that_has_begun_is_finished_and_idle_connections_are_closed(
    held: Held, sent: bytes
) -> None:
    runner = web.AppRunner(_app(direct=True, held=held), shutdown_timeout=1)
    await runner.setup()
    server = await listen(runner, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    direct = runner.app[DIRECT]
    idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await until(lambda: direct.serving)
    server.close()
    ending = asyncio.create_task(finish_in_flight(runner, BUSY_MACHINE_LIMIT_S))
    assert await _end_of(idle) == b""
    held.released.set()
    writer.write(b"lo" if sent.startswith(b"POST") else b"")
    response = await _end_of(reader)
    assert response.startswith(b"HTTP/1.1 200")
    assert response.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in response
    await ending
    assert not direct.connections
    for one in (idle_writer, writer):
        one.close()
    await runner.cleanup()


@pytest.mark.parametrize("direct", [True, False])
async def test_what_is_cancelled_before_its_response_ends_the_connection(direct: bool) -> None:
    """Else whoever sent it waits for as long as they wait at all."""
    async with serving(_app(direct=direct)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(get(b"/cancelled"))
        async with asyncio.timeout(HEAD_TIMEOUT_S / 2):  # when it would end anyhow
            assert await _end_of(reader) == b""
        writer.close()


async def test_what_is_not_finished_within_the_grace_is_given_up(held: Held) -> None:
    runner = web.AppRunner(_app(direct=True, held=held), shutdown_timeout=1)
    await runner.setup()
    server = await listen(runner, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    writer.write(get(b"/held"))
    await until(lambda: held.begun)
    server.close()
    await finish_in_flight(runner, 0.05)
    assert await _end_of(reader) == b""
    assert not runner.app[DIRECT].connections
    writer.close()
    await runner.cleanup()


@pytest.mark.parametrize("sent", [get(b"/held"), post(target=b"/held")[:-2]])
@pytest.mark.parametrize("released", [True, False])
async def test_what_a_client_that_has_left_began_is_finished_or_given_up_as_well(
    held: Held, sent: bytes, released: bool
) -> None:
    runner = web.AppRunner(_app(direct=True, held=held), shutdown_timeout=1)
    await runner.setup()
    server = await listen(runner, "127.0.0.1", 0)
    direct = runner.app[DIRECT]
    _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    writer.write(sent)
    await until(lambda: direct.serving)
    connection = the_only(direct.connections)
    writer.transport.abort()
    await until(lambda: connection.transport is None and held.begun)
    assert direct.serving
    server.close()
    ending = asyncio.create_task(finish_in_flight(runner, BUSY_MACHINE_LIMIT_S if released else 0.05))
    await asyncio.sleep(0.02)  # time in which it would end without it
    assert not ending.done()
    if released:
        held.released.set()
    await ending
    await until(lambda: not direct.connections)
    assert held.ended == ["finished" if released else "given up"]
    await runner.cleanup()


@pytest.mark.parametrize(("sent", "responses"), [(b"", 0), (get(), 1), (get()[:-5], 0), (get() + get()[:-5], 1)])
async def test_a_connection_is_not_kept_for_a_request_that_never_comes(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, responses: int
) -> None:
    for module in (direct_connection, ordinary_connection):
        monkeypatch.setattr(module, "HEAD_TIMEOUT_S", 0.1)
    monkeypatch.setattr(direct_connection, "KEEPALIVE_TIMEOUT_S", 0.1)
    async with _running(_app(direct=True)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert (await _end_of(reader)).count(b"HTTP/1.1 200") == responses
        writer.close()


async def test_a_response_may_take_longer_than_a_connection_may_be_idle(
    monkeypatch: pytest.MonkeyPatch, held: Held
) -> None:
    monkeypatch.setattr(direct_connection, "HEAD_TIMEOUT_S", 0.02)
    monkeypatch.setattr(direct_connection, "KEEPALIVE_TIMEOUT_S", 0.02)
    async with _running(_app(direct=True, held=held)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(b"/held"))
        await asyncio.sleep(0.1)  # several such times
        held.released.set()
        assert (await _end_of(reader)).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_body_that_does_not_follow_its_head_is_waited_for_by_the_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct_connection, "BODY_WAIT_S", 0.01)
    async with _running(_app(direct=True)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(fields=CLOSE.replace(b"close", b"keep-alive"))[:-2])
        await asyncio.sleep(0.05)
        writer.write(b"lo" + LAST)
        response = await _end_of(reader)
        assert response.count(b"HTTP/1.1 200") == 2
        assert b'"body":[5,"hello"]' in response
        writer.close()


async def test_requests_beyond_a_bound_are_not_read_before_the_response_under_way_is_complete(held: Held) -> None:
    """And every one of them is responded to, in order."""
    count = 2_000
    app = _app(direct=True, held=held)
    async with _running(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(b"/held"))
        await until(lambda: held.begun)
        connection = the_only(app[DIRECT].connections)
        requests = b"".join(get(b"/things?%d" % n) for n in range(count))
        for start in range(0, len(requests), 65536):
            writer.write(requests[start : start + 65536])
        await until(lambda: connection._reading_paused)
        assert len(connection._held) < len(requests)
        held.released.set()
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            await reader.readuntil(b'"held":true}')
            for n in range(0, count, 100):
                await reader.readuntil(b'"target":"/things?%d"' % n)
        writer.close()


async def test_a_client_that_takes_no_responses_gets_no_more_of_them() -> None:
    app = _app(direct=True)
    async with _running(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        await until(lambda: app[DIRECT].connections)
        connection = the_only(app[DIRECT].connections)
        writer.write(get(b"/large") * 200)  # more than all buffers on the way take
        await until(lambda: connection._writing_paused)
        for _ in range(100):
            await asyncio.sleep(0)
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() < 2 * len(LARGE)
        writer.transport.abort()
        await until(lambda: not app[DIRECT].connections)
