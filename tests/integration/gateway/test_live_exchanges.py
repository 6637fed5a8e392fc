"""What is under way ends when its credential is revoked, and the client sees that it is not whole."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from shared.contracts.key_registry import Kind, Revocation
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY
from tests.support.harness.gateway import ROUTES, SESSION_TOKEN, SIGNER, Gateway, Surroundings, bearer, surroundings
from tests.support.waiting import until

STREAMS = """
  - {{name: events, path: /events, methods: any, credential: jwt, scopes: [], upstream: sample}}
  - {{name: file, path: /file, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
  - {{name: late, path: /late, methods: [GET, POST], credential: jwt, scopes: [], upstream: sample}}
  - {{name: upload, path: /upload, methods: [POST], credential: jwt, scopes: [], upstream: sample}}
  - name: sms-events
    path: /sms-events
    methods: [GET]
    credential: api_token
    application: SMS
    upstream: sample
  - {{name: session-events, path: /session-events, methods: [GET], credential: session_token, upstream: sample}}
  - name: kept
    path: /kept
    methods: [GET]
    credential: jwt
    scopes: []
    end_on_revocation: false
    upstream: sample
  - name: patient-events
    path: /patient-events
    methods: [GET]
    credential: jwt
    scopes: []
    max_staleness: 600
    upstream: sample
"""


@dataclass
class Resource:
    """Streams events until the test or the gateway ends them."""

    under_way: int = 0
    responds: asyncio.Event | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.under_way += 1
        try:
            return await self._respond(request)
        finally:
            self.under_way -= 1

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/upload":
            with suppress(ConnectionError):
                await request.read()
        if self.responds is not None:
            await self.responds.wait()
        response = web.StreamResponse()
        if request.path == "/file":
            response.content_length = 1_000_000
        await response.prepare(request)
        while True:
            await response.write(b"data: 1\n\n")
            await asyncio.sleep(0.05)


class Stream:
    """A response that is being received over a bare socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.raw = b""

    async def receive(self, what: bytes) -> None:
        async with asyncio.timeout(20):
            while what not in self.raw:
                piece = await self.reader.read(65536)
                assert piece, self.raw
                self.raw += piece

    async def cut(self) -> str:
        """How the connection ended."""
        try:
            async with asyncio.timeout(20):
                while piece := await self.reader.read(65536):
                    self.raw += piece
        except ConnectionResetError:
            return "reset"
        return "end"


@asynccontextmanager
async def stream(
    gateway: Gateway, path: str, headers: Mapping[str, str], *, line: str = "GET {} HTTP/1.1", body: bytes = b""
) -> AsyncIterator[Stream]:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        writer.write(f"{line.format(path)}\r\nHost: a\r\n{fields}\r\n".encode() + body)
        yield Stream(reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        around.routes = ROUTES.rstrip("\n") + STREAMS
        around.services.resource = Resource()
        yield around


def resource_of(around: Surroundings) -> Resource:
    assert isinstance(around.services.resource, Resource)
    return around.services.resource


async def revoke(around: Surroundings, kind: Kind = "jwt", id_: str = "j1") -> None:
    if kind in ("jwt", "signing_key", "session_token"):
        await around.registry.revoke(
            Revocation.model_validate({"kind": kind, "id": id_, "until": time.time() + 3600})
        )
    else:
        around.registry.set_status(kind, id_, "revoked")


async def watched(gateway: Gateway, count: int = 1) -> None:
    async def observed() -> bool:
        return f"gateway_watched_exchanges {count}.0" in await gateway.metrics()

    await until(observed)


JWT_DEPENDS_ON = [
    ("jwt", "j1"),
    ("api_client", "credential"),
    ("company", COMPANY.id),
    ("booking", "booking"),
    ("application", "application"),
    ("signing_key", SIGNER.kid),
]


@pytest.mark.parametrize(("kind", "id_"), JWT_DEPENDS_ON)
async def test_an_event_stream_ends_with_whatever_its_jwt_depends_on(
    kind: Kind, id_: str, around: Surroundings
) -> None:
    claims = bearer(depends_on=["booking", "application"])
    async with around.gateway() as gateway, stream(gateway, "/events", claims) as events:
        await events.receive(b"data: 1")
        await watched(gateway)
        around.registry.set_status("company", "another", "revoked")
        await events.receive(b"data: 1\n\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 1")
        await revoke(around, kind, id_)
        assert await events.cut() == "end"
        assert b"\r\n0\r\n" not in events.raw, "a false end of the body"
        await until(lambda: resource_of(around).under_way == 0)
        assert 'gateway_exchanges_ended_total{cause="revoked",route="events"} 1.0' in await gateway.metrics()
        assert "gateway_watched_exchanges 0.0" in await gateway.metrics()


@pytest.mark.parametrize("kind", ["api_token", "booking", "application", "company"])
async def test_an_event_stream_ends_with_whatever_its_api_token_depends_on(
    kind: Kind, around: Surroundings
) -> None:
    record = around.record
    id_ = {"booking": record.booking_id, "application": record.application_id, "company": COMPANY.id}.get(kind)
    async with around.gateway() as gateway, stream(gateway, "/sms-events", around.api_token) as events:
        await events.receive(b"data: 1")
        around.registry.set_status(kind, id_ or record.id, "suspended")
        assert await events.cut() == "end"


@pytest.mark.parametrize(
    ("kind", "id_"), [("session_token", "token"), ("access_key", "key"), ("company", COMPANY.id)]
)
async def test_an_event_stream_ends_with_its_session_token_and_the_access_key_of_that(
    kind: Kind, id_: str, around: Surroundings
) -> None:
    token = {"x-api-token": SESSION_TOKEN}
    async with around.gateway() as gateway, stream(gateway, "/session-events", token) as events:
        await events.receive(b"data: 1")
        await revoke(around, kind, id_)
        assert await events.cut() == "end"


async def test_a_stream_that_has_only_begun_ends_as_well(around: Surroundings) -> None:
    """Whether the revocation comes before the stream is watched or after."""
    async with around.gateway() as gateway, stream(gateway, "/events", bearer()) as events:
        await events.receive(b"data: 1")
        await revoke(around)
        assert await events.cut() == "end"


@pytest.mark.parametrize(("path", "line"), [("/file", "GET {} HTTP/1.1"), ("/events", "GET {} HTTP/1.0")])
async def test_a_body_that_is_not_chunked_ends_by_a_reset(path: str, line: str, around: Surroundings) -> None:
    """Of a body that ends with its connection the end would look whole."""
    async with around.gateway() as gateway, stream(gateway, path, bearer(), line=line) as download:
        await download.receive(b"data: 1")
        await watched(gateway)
        await revoke(around)
        assert await download.cut() == "reset"


async def test_where_the_route_says_so_it_goes_on(around: Surroundings) -> None:
    async with (
        around.gateway() as gateway,
        stream(gateway, "/kept", bearer()) as kept,
        stream(gateway, "/events", bearer()) as events,
    ):
        await kept.receive(b"data: 1")
        await events.receive(b"data: 1")
        await revoke(around)
        assert await events.cut() == "end"
        kept.raw = b""
        await kept.receive(b"data: 1")


async def test_the_access_log_and_the_audit_trail_name_the_cause(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Mapping[str, Any]] = []
    monkeypatch.setattr("gateway.proxy.report.access", lambda line, own, **_: lines.append({**line, **own}))
    async with around.gateway() as gateway, stream(gateway, "/events", bearer()) as events:
        await events.receive(b"data: 1")
        await revoke(around)
        await events.cut()
        await until(lambda: around.registry.events)
    [line] = [line for line in lines if line["route"] == "events"]
    expected = {"status": 200, "cause": "revoked", "stopped": {"kind": "jwt", "id": "j1"}, "credential": "pgck_1"}
    assert {**line, **expected} == line
    [event] = around.registry.events
    assert (event.action, event.detail["cause"], event.subject) == ("credential.refused", "revoked", "pgck_1")


async def test_an_upload_under_way_gets_401_and_ends_upstream(around: Surroundings) -> None:
    headers = {**bearer(), "Content-Length": "1000000"}
    line = "POST {} HTTP/1.1"
    async with (
        around.gateway() as gateway,
        stream(gateway, "/upload", headers, line=line, body=b"a" * 100_000) as sent,
    ):
        await until(lambda: resource_of(around).under_way)
        await watched(gateway)
        await revoke(around)
        await sent.cut()
        assert sent.raw.startswith(b"HTTP/1.1 401 ")
        await until(lambda: resource_of(around).under_way == 0)


async def test_a_safe_request_that_waits_for_its_response_gets_401(around: Surroundings) -> None:
    resource_of(around).responds = asyncio.Event()
    async with around.gateway() as gateway, stream(gateway, "/late", bearer()) as waiting:
        await watched(gateway)
        await revoke(around)
        await waiting.receive(b'"code":"invalid_token"')
        assert waiting.raw.startswith(b"HTTP/1.1 401 ")


async def test_what_may_have_had_its_effect_gets_its_response_and_no_more(around: Surroundings) -> None:
    """A 401 would say that it was not applied (RFC 9110 section 15.5.2)."""
    responds = resource_of(around).responds = asyncio.Event()
    headers = {**bearer(), "Content-Length": "2"}
    async with (
        around.gateway() as gateway,
        stream(gateway, "/late", headers, line="POST {} HTTP/1.1", body=b"{}") as waiting,
    ):
        await watched(gateway)
        await revoke(around)
        while await gateway.status("/site", bearer()) != 401:
            await asyncio.sleep(0.01)
        responds.set()
        assert await waiting.cut() == "end"
        assert waiting.raw.startswith(b"HTTP/1.1 200 ")
        assert b"\r\n0\r\n" not in waiting.raw


async def test_past_the_staleness_bound_of_its_route_a_stream_ends(around: Surroundings) -> None:
    clock = FakeClock(time.time())
    async with (
        around.gateway(clock=clock, staleness_bound=5) as gateway,
        stream(gateway, "/events", bearer()) as events,
        stream(gateway, "/patient-events", bearer()) as patient,
        stream(gateway, "/sms-events", around.api_token) as looked_up,
    ):
        for under_way in (events, patient, looked_up):
            await under_way.receive(b"data: 1")
        await watched(gateway, 3)
        around.registry.away = True
        clock.advance(10)
        assert await events.cut() == "end"
        for under_way in (patient, looked_up):
            under_way.raw = b""
            await under_way.receive(b"data: 1")
        assert 'gateway_exchanges_ended_total{cause="stale",route="events"} 1.0' in await gateway.metrics()


async def test_ten_times_what_is_checked_in_a_turn_ends_as_well(around: Surroundings) -> None:
    count = 60
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.proxy.live_exchanges.CHECKS_PER_TURN", count // 10)
        async with around.gateway() as gateway:
            requests = [asyncio.create_task(gateway.get("/events", bearer(f"j{n}"))) for n in range(count)]
            await watched(gateway, count)
            around.registry.set_status("company", COMPANY.id, "suspended")
            ended = await asyncio.wait_for(asyncio.gather(*requests, return_exceptions=True), 20)
            assert all(isinstance(error, Exception) for error in ended)
