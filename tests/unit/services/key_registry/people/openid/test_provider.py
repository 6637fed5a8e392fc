"""The OpenID provider: one call at a time for each thing, and none for a while after a failure."""

import asyncio
from collections.abc import Mapping

import orjson
import pytest

from services.key_registry.people.openid.ports import ProviderAway
from services.key_registry.people.openid.provider import (
    FETCH_INTERVAL_S,
    METADATA_AGE_S,
    CodeRefused,
    OpenIdClient,
    Provider,
)
from shared.errors import Unavailable
from tests.support.clock import FakeClock

ISSUER = "https://login.example"
CLIENT = OpenIdClient(ISSUER, "console", "secret", "Example", "https://console.example/back")
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
ENDPOINTS = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}


class ProviderAtHand:
    """`errors`: what is raised for a URL. Responses wait for `respond`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.errors: dict[str, Unavailable] = {}
        self.respond = asyncio.Event()
        self.respond.set()

    async def get(self, url: str) -> bytes:
        await self._called(url)
        return orjson.dumps({"issuer": ISSUER, **ENDPOINTS} if url == DISCOVERY else {"keys": []})

    async def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        await self._called(url)
        return 400, b"{}"

    async def _called(self, url: str) -> None:
        self.calls.append(url)
        await self.respond.wait()
        if (error := self.errors.get(url)) is not None:
            raise error

    def count(self, url: str) -> int:
        return self.calls.count(url)


def provider() -> tuple[Provider, ProviderAtHand, FakeClock]:
    http, clock = ProviderAtHand(), FakeClock()
    return Provider(CLIENT, http, clock), http, clock


async def failed(found: Provider, code: str = "x") -> int:
    """The seconds that whoever sends a code is to wait."""
    with pytest.raises(Unavailable) as raised:
        await found.id_token(code, "verifier")
    return raised.value.retry_after


async def test_many_who_need_the_same_thing_at_once_make_one_call() -> None:
    found, http, _ = provider()
    http.respond.clear()
    waiting = [asyncio.create_task(found.metadata()) for _ in range(20)]
    waiting_keys = [asyncio.create_task(found.key(f"kid-{n}", "RS256")) for n in range(20)]
    await asyncio.sleep(0)
    http.respond.set()
    await asyncio.gather(*waiting)
    assert set(await asyncio.gather(*waiting_keys)) == {None}
    assert (http.count(DISCOVERY), http.count(ENDPOINTS["jwks_uri"])) == (1, 1)
    await found.stop()


async def test_who_leaves_takes_nothing_away_from_the_others() -> None:
    found, http, _ = provider()
    http.respond.clear()
    first, second = [asyncio.create_task(found.metadata()) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    http.respond.set()
    assert (await second).token_endpoint == ENDPOINTS["token_endpoint"]


async def test_after_a_failure_everybody_learns_at_once_when_to_come_again() -> None:
    found, http, clock = provider()
    http.errors[DISCOVERY] = ProviderAway(detail="TimeoutError")
    assert await failed(found) == FETCH_INTERVAL_S
    clock.advance(FETCH_INTERVAL_S - 2.5)
    assert await failed(found) == 3
    assert http.calls == [DISCOVERY], "nothing was asked again"
    clock.advance(2.5)
    http.errors.clear()
    with pytest.raises(CodeRefused):
        await found.id_token("x", "verifier")


async def test_one_that_does_not_respond_to_codes_is_left_alone_too() -> None:
    found, http, clock = provider()
    await found.metadata()
    http.errors[ENDPOINTS["token_endpoint"]] = ProviderAway(detail="TimeoutError")
    assert [await failed(found), await failed(found)] == [FETCH_INTERVAL_S] * 2
    with pytest.raises(Unavailable):
        await found.key("kid", "RS256")
    assert http.count(ENDPOINTS["token_endpoint"]) == 1
    assert http.count(ENDPOINTS["jwks_uri"]) == 0
    clock.advance(FETCH_INTERVAL_S)
    assert await found.key("kid", "RS256") is None


async def test_an_error_that_somebodys_code_brings_about_keeps_nobody_else_out() -> None:
    found, http, _ = provider()
    http.errors[ENDPOINTS["token_endpoint"]] = Unavailable(detail="status 500")
    assert await failed(found, "junk") == 1
    http.errors.clear()
    with pytest.raises(CodeRefused):
        await found.id_token("mine", "verifier")


async def test_keys_that_cannot_be_fetched_are_not_asked_for_by_each_sign_in() -> None:
    found, http, clock = provider()
    http.errors[ENDPOINTS["jwks_uri"]] = Unavailable(detail="status 500")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await found.key("kid", "RS256")
    assert http.count(ENDPOINTS["jwks_uri"]) == 1
    clock.advance(FETCH_INTERVAL_S)
    http.errors.clear()
    assert await found.key("kid", "RS256") is None
    assert http.count(DISCOVERY) == 1
    clock.advance(METADATA_AGE_S)
    await found.metadata()
    assert http.count(DISCOVERY) == 2
