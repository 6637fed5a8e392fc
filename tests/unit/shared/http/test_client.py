"""Calls between services: authorized anew after a 401, once, and observing the callee's clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from shared.clock_offset import TIME_FIELD, ClockOffsets
from shared.errors import CallRejected, Unavailable
from shared.http import client as service_client
from shared.http.client import ServiceClient
from tests.support.clock import FakeClock
from tests.support.harness.serving import serving


@dataclass
class Callee:
    """Accepts the authorizations in `accepted`, and states its time."""

    clock: FakeClock
    accepted: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    time_requested: list[bool] = field(default_factory=list)
    url: str = ""

    async def respond(self, request: web.Request) -> web.Response:
        self.requests.append(request.headers.get("Authorization", ""))
        self.time_requested.append(TIME_FIELD in request.headers)
        stated = {TIME_FIELD: str(self.clock.now())} if TIME_FIELD in request.headers else {}
        accepted = self.requests[-1] in self.accepted
        return web.json_response(await request.text(), status=200 if accepted else 401, headers=stated)


class Numbered:
    """An authorization that is another one each time it is renewed."""

    number = 0

    def __call__(self) -> str:
        return f"Bearer {self.number}"

    def renewed(self, refused: str) -> str:
        if refused == self():
            self.number += 1
        return self()


@pytest.fixture
async def callee() -> AsyncIterator[Callee]:
    callee = Callee(FakeClock())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", callee.respond)
    async with serving(app) as callee.url:
        yield callee


async def called(callee: Callee, client: ServiceClient) -> int:
    await client.start()
    try:
        status, body = await client.request("POST", "/x", b"the body")
    finally:
        await client.stop()
    assert body == "the body"
    return status


def test_a_call_is_given_up_while_the_request_that_it_is_for_can_have_a_response(own_call_timeout: float) -> None:
    assert 0.5 <= own_call_timeout < 1


async def test_a_call_without_a_time_of_its_own_ends_by_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_client, "CALL_TIMEOUT_S", 0.05)
    never = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/x", silent)
    async with serving(app) as url:
        client = ServiceClient(url)
        await client.start()
        with pytest.raises(Unavailable) as raised:
            await client.get("/x")
        never.set()
        await client.stop()
    assert raised.value.detail.endswith(": no response in time")


async def test_the_time_is_requested_only_by_who_observes_it(callee: Callee, clock: FakeClock) -> None:
    await called(callee, ServiceClient(callee.url))
    offsets = ClockOffsets(clock, reference="key_registry")
    await called(callee, ServiceClient(callee.url, peer_clock=offsets.peer("key_registry")))
    assert callee.time_requested == [False, True]


Responding = Callable[[int], Awaitable[None]]


@pytest.fixture
async def responding() -> AsyncIterator[Responding]:
    """Posts to a service that responds with a status."""

    async def respond(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    app = web.Application()
    app.router.add_post("/{status}", respond)
    async with serving(app) as url:
        client = ServiceClient(url)
        await client.start()

        async def post(status: int) -> None:
            await client.post(f"/{status}", {})

        yield post
        await client.stop()


async def test_a_call_that_is_refused_is_repeated_with_a_renewed_authorization(callee: Callee) -> None:
    callee.accepted = {"Bearer 1"}
    assert await called(callee, ServiceClient(callee.url, authorization=Numbered())) == 200
    assert callee.requests == ["Bearer 0", "Bearer 1"]


async def test_a_call_is_repeated_no_more_than_once(callee: Callee) -> None:
    assert await called(callee, ServiceClient(callee.url, authorization=Numbered())) == 401
    assert callee.requests == ["Bearer 0", "Bearer 1"]


async def test_a_call_whose_authorization_cannot_be_renewed_is_not_repeated(callee: Callee) -> None:
    assert await called(callee, ServiceClient(callee.url, authorization=lambda: "Bearer admin")) == 401
    assert len(callee.requests) == 1


@pytest.mark.parametrize("ahead", [0.0, 45.5, -45.5, 600.0])
async def test_the_clock_of_the_callee_is_observed_also_in_a_refusal(
    callee: Callee, clock: FakeClock, ahead: float
) -> None:
    offsets = ClockOffsets(clock, reference="key_registry")
    clock.skew(ahead)
    await called(callee, ServiceClient(callee.url, peer_clock=offsets.peer("key_registry")))
    assert offsets.offset("key_registry") == pytest.approx(ahead)
    assert offsets.valid is (abs(ahead) <= 30)


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422, 431])
async def test_a_status_about_what_the_call_says_is_an_error_of_its_own(
    responding: Responding, status: int
) -> None:
    with pytest.raises(CallRejected):
        await responding(status)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504])
async def test_a_status_that_may_pass_is_unavailable_and_no_rejection(responding: Responding, status: int) -> None:
    with pytest.raises(Unavailable) as raised:
        await responding(status)
    assert not isinstance(raised.value, CallRejected)
