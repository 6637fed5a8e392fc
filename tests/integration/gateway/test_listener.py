"""Faults of ours in the public listener: each has a response, a cause and its route; none reaches aiohttp."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.proxy import listener
from gateway.proxy.exchange import ClientResponse
from gateway.proxy.ports import ClientLeft
from tests.support.harness.gateway import Gateway, surroundings
from tests.support.waiting import until


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with surroundings(tmp_path) as around, around.gateway() as gateway:
        yield gateway


def faulty(*_: object, **__: object) -> object:
    raise RuntimeError("a fault of ours")


async def test_a_fault_of_ours_is_a_500_of_its_route(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "client_fields", faulty)
    response = await gateway.get("/open", {})
    assert (response.status, response.content_type) == (500, "application/problem+json")
    assert 'gateway_refusals_total{cause="internal",route="open"} 1.0' in await gateway.metrics()


@pytest.mark.parametrize("function", ["origin_of", "client_fields"])
async def test_wherever_a_fault_of_ours_is_the_response_is_our_own(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, function: str
) -> None:
    with caplog.at_level(logging.DEBUG, "aiohttp"):
        monkeypatch.setattr(listener, function, faulty)
        response = await gateway.get("/open", {})
    assert response.status == 500
    assert response.headers["X-Request-Id"]
    assert "internal_error" in await response.text()
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []
    monkeypatch.undo()
    assert await gateway.status("/open", {}) == 200


async def test_a_client_that_leaves_before_the_response_to_a_fault_of_ours_is_one_that_left(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused = asyncio.Event()

    async def left(*_: object) -> None:
        refused.set()
        raise ClientLeft

    monkeypatch.setattr(listener, "client_fields", faulty)
    monkeypatch.setattr(ClientResponse, "refuse", left)
    with caplog.at_level(logging.DEBUG, "aiohttp"):
        with pytest.raises(aiohttp.ClientError):
            await gateway.get("/open", {})
        await refused.wait()

        async def observed() -> bool:
            return 'route="open",status="499"' in await gateway.metrics()

        await until(observed)
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []
