"""Which requests have an access line, at which level, and under which id."""

import io
import json
import uuid
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from shared import logging
from shared.http.app import service_app
from shared.http.endpoints import Endpoint
from shared.http.health import Health
from shared.http.responses import json_response
from shared.logging.sink import LogSink
from shared.opaque import ACCESS_KEY, API_TOKEN, digest, mint
from tests.support.harness.serving import serving


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async def respond(_: web.Request) -> web.Response:
        return json_response({})

    endpoints = [
        Endpoint("GET", "/poll", respond, "Polled", poll=True),
        Endpoint("GET", "/thing", respond, "A thing"),
    ]
    app = service_app("things", endpoints, health=Health("things"), metrics=CollectorRegistry())
    async with serving(app) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "level", "levels"),
    [
        ("/thing", "info", ["info"]),
        ("/thing", "warning", []),
        ("/poll", "info", []),
        ("/poll", "debug", ["debug"]),
        ("/health/live", "debug", []),
        ("/health/ready", "debug", []),
        ("/health", "debug", []),
        ("/metrics", "debug", []),
    ],
)
async def test_what_is_polled_for_ever_is_logged_at_debug_or_not_at_all(
    url: str, monkeypatch: pytest.MonkeyPatch, path: str, level: str, levels: list[str]
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(logging._log, "sink", LogSink(written, logging._resumed))
    monkeypatch.setattr(logging._log, "access_enabled", level in ("debug", "info"))
    monkeypatch.setattr(logging._log, "debug_enabled", level == "debug")
    async with aiohttp.ClientSession() as http, http.get(url + path) as response:
        assert response.status == 200
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["level"] for line in lines if line["event"] == "request"] == levels


@pytest.mark.parametrize(
    ("given", "adopted"),
    [
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("01a1ffb3-87bc-7061-b6e0-370344b8fd2c", True),
        (str(uuid.uuid4()), False),
        (str(uuid.uuid4()).upper(), False),
        (mint(API_TOKEN), False),
        (f"request-{mint(ACCESS_KEY)[:30]}", False),
        (digest(mint(API_TOKEN)).hex(), False),
        ("short", False),
        ("two words", False),
    ],
)
async def test_an_id_that_may_be_a_credential_is_not_that_of_the_request(
    url: str, monkeypatch: pytest.MonkeyPatch, given: str, adopted: bool
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(logging._log, "sink", LogSink(written, logging._resumed))
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{url}/thing", headers={"X-Request-Id": given}) as response,
    ):
        assert (response.headers["X-Request-Id"] == given) is adopted
    assert (given in written.getvalue().decode()) is adopted
