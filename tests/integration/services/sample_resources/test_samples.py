"""The sample services, and the one that asks the operator as its document tells."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from services.sample_resources.app import build_app
from services.sample_resources.config import Settings
from shared.opaque import API_TOKEN, mint
from tests.support.harness.operator_validator import Operator, operator_running
from tests.support.harness.serving import ServiceKeys, serving

IDENTITY = {
    "X-Passgate-Company": "blabla",
    "X-Passgate-Credential": "kp_0123456789012345678901",
    "X-Passgate-Credential-Kind": "key_pair",
    "X-Passgate-Subject": "https://blabla.example",
    "X-Passgate-Scope": "website:read:yachts",
    "X-Request-Id": "request-0123456789",
}
CALLER = {
    "company": "blabla",
    "credential": "kp_0123456789012345678901",
    "credential_kind": "key_pair",
    "subject": "https://blabla.example",
    "scope": "website:read:yachts",
    "request_id": "request-0123456789",
}
MESSAGE = {"to": "+4912345", "text": "hello"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def operator(
    http: aiohttp.ClientSession, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Operator]:
    async with operator_running(ServiceKeys(tmp_path_factory.mktemp("keys")), http) as operator:
        yield operator


@pytest.fixture(params=["header", "query"])
async def samples(request: pytest.FixtureRequest, operator: Operator) -> AsyncIterator[str]:
    settings = Settings(operator_validator_url=operator.url, operator_token_in=request.param)
    async with serving(await build_app(settings)) as url:
        yield url


def _credentials(operator: Operator, **changed: str) -> dict[str, str]:
    return {"X-Api-Token": operator.token, "X-Client-Prefix": "blabla", **changed}


async def _send(http: aiohttp.ClientSession, samples: str, headers: Any, message: Any = None) -> int:
    url = f"{samples}/sms/v1/messages"
    async with http.post(url, json=message or MESSAGE, headers=headers) as response:
        assert "json" in response.headers["Content-Type"]
        return response.status


async def test_a_message_is_taken_from_whom_the_operator_knows(
    http: aiohttp.ClientSession, samples: str, operator: Operator
) -> None:
    async with http.post(f"{samples}/sms/v1/messages", json=MESSAGE, headers=_credentials(operator)) as response:
        assert response.status == 202
        body = await response.json()
    assert (body["status"], body["to"]) == ("accepted", "+4912345")
    assert len(body["id"]) == 36


async def test_a_message_is_refused_from_everybody_else(
    http: aiohttp.ClientSession, samples: str, operator: Operator
) -> None:
    assert await _send(http, samples, {}) == 401
    assert await _send(http, samples, {"X-Api-Token": operator.token}) == 401
    assert await _send(http, samples, {"X-Client-Prefix": "blabla"}) == 401
    twice = [("X-Api-Token", operator.token)] * 2 + [("X-Client-Prefix", "blabla")]
    assert await _send(http, samples, twice) == 401
    assert await _send(http, samples, _credentials(operator, **{"X-Api-Token": mint(API_TOKEN)})) == 403
    assert await _send(http, samples, _credentials(operator, **{"X-Client-Prefix": "other"})) == 403
    assert await _send(http, samples, _credentials(operator, **{"X-Client-Prefix": "\u00e9" * 100})) == 403


async def test_a_token_for_another_application_sends_no_message(
    http: aiohttp.ClientSession, samples: str, operator: Operator
) -> None:
    token = mint(API_TOKEN)
    operator.registry.add_api_token(token, application_prefix="SITE")
    assert await _send(http, samples, _credentials(operator, **{"X-Api-Token": token})) == 403


async def test_while_the_operator_does_not_know_no_message_is_sent(
    http: aiohttp.ClientSession, samples: str, operator: Operator
) -> None:
    operator.registry.away = True
    assert await _send(http, samples, _credentials(operator)) == 503


@pytest.mark.parametrize(
    "message",
    [
        {"to": "+4912345"},
        {"to": "+4912345", "text": ""},
        {"to": "+4912345", "text": "x" * 1601},
        {"to": "not a number", "text": "x"},
        {"to": "+49123\n", "text": "x"},
        {"to": 4912345, "text": "x"},
        {"to": "+4912345", "text": "x", "from": "me"},
    ],
)
async def test_a_message_with_a_wrong_member_is_422(
    http: aiohttp.ClientSession, samples: str, operator: Operator, message: dict[str, Any]
) -> None:
    assert await _send(http, samples, _credentials(operator), message) == 422


@pytest.mark.parametrize(("path", "content"), [("/v2.0/site", "site"), ("/website/v1/yachts", "yachts")])
async def test_a_sample_says_that_it_is_one_and_who_called(
    http: aiohttp.ClientSession, samples: str, path: str, content: str
) -> None:
    async with http.get(samples + path, headers=IDENTITY) as response:
        body = await response.json()
    assert response.status == 200
    assert body["sample"] is True
    assert body[content]
    assert body["caller"] == CALLER


async def test_the_editor_shows_the_parameters_that_it_got_in_their_order(
    http: aiohttp.ClientSession, samples: str
) -> None:
    url = URL(
        f"{samples}/editor?z=%C3%A9+%26&n=12345678901234567890123&o=%7B%22a%22%3A1.0%7D&=e&empty=", encoded=True
    )
    async with http.get(url, headers=IDENTITY) as response:
        body = await response.json()
    assert list(body["parameters"].items()) == [
        ("z", "\u00e9 &"),
        ("n", "12345678901234567890123"),
        ("o", '{"a":1.0}'),
        ("", "e"),
        ("empty", ""),
    ]
    assert body["caller"] == CALLER


@pytest.mark.parametrize("query", ["a=%FF", "a=%ED%A0%80", "&".join(f"p{i}=1" for i in range(1001))])
async def test_a_query_that_cannot_be_read_is_400(http: aiohttp.ClientSession, samples: str, query: str) -> None:
    async with http.get(URL(f"{samples}/editor?{query}", encoded=True)) as response:
        assert response.status == 400


async def test_the_samples_stay_ready_without_the_operator(http: aiohttp.ClientSession) -> None:
    async with serving(await build_app(Settings(operator_validator_url="http://127.0.0.1:1"))) as url:
        async with http.get(f"{url}/health/ready") as response:
            assert response.status == 200
        async with http.get(f"{url}/health") as response:
            assert (await response.json())["dependencies"]["operator_validator"]["state"] == "down"
