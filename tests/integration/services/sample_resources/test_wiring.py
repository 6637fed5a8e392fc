"""Whatever `app.py` puts together is seen to work in the application, and not only by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from services.sample_resources.app import build_app
from services.sample_resources.config import Settings
from shared.contracts.operator_validator import VALIDATE
from shared.opaque import API_TOKEN, mint
from tests.support.harness.serving import serving

TOKEN = mint(API_TOKEN)
CREDENTIALS = {"X-Api-Token": TOKEN, "X-Client-Prefix": "blabla"}
MESSAGE = {"to": "+4912345", "text": "hello"}


class RecordingOperator:
    """An operator that takes every token, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []

    async def validate(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        return web.json_response({"valid": True, "message": "Token is valid"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.validate)
        async with serving(app) as url:
            yield url


async def send_message(settings: Settings) -> int:
    async with (
        serving(await build_app(settings)) as url,
        aiohttp.ClientSession() as http,
        http.post(f"{url}/sms/v1/messages", json=MESSAGE, headers=CREDENTIALS) as response,
    ):
        return response.status


@pytest.mark.parametrize("place", ["header", "query"])
async def test_the_operator_is_asked_about_the_application_and_gets_the_token_where_the_settings_say(
    place: str,
) -> None:
    operator = RecordingOperator()
    async with operator.running() as operator_url:
        settings = Settings.model_validate(
            {"operator_validator_url": operator_url, "application_prefix": "FAX", "operator_token_in": place}
        )
        assert await send_message(settings) == 202
    [request] = operator.requests
    assert request.path == VALIDATE
    assert {"FAX", "blabla"} <= {*request.query.values(), *request.headers.values()}
    assert (TOKEN in request.query.values()) == (place == "query")
    assert (TOKEN in request.headers.values()) == (place == "header")


async def test_a_message_without_an_operator_is_503_and_not_sent() -> None:
    settings = Settings(operator_validator_url="http://127.0.0.1:1")
    assert await send_message(settings) == 503
