"""A gateway that accepts tokens of another issuer, whose keys it fetches over a real socket."""

import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from tests.support.doubles.external_issuer import SIGNERS, jwk, token
from tests.support.harness.gateway import Gateway, Surroundings, bearer, surroundings
from tests.support.harness.key_set_server import KeySetServer, hang, html, huge, key_set_server, redirect
from tests.support.waiting import becomes, until

ROUTES = """
issuers:
  corp:
    issuer: https://id.corp.example
    jwks_url: {jwks_url}
    audience: orders
    algorithms: [RS256, ES256, EdDSA]
    claims: {{company: org.id}}
    refresh_every: 10
upstreams:
  sample: {{url: "{url}"}}
routes:
  - {{name: site, path: /site, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
  - name: corp
    path: /corp
    methods: [GET]
    credential: jwt
    scopes: [orders:read]
    issuers: corp
    upstream: sample
  - name: both
    path: /both
    methods: [GET]
    credential: [jwt, api_token]
    scopes: []
    issuers: [passgate, corp]
    application: SMS
    upstream: sample
"""


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        yield around


@pytest.fixture
async def issuer() -> AsyncIterator[KeySetServer]:
    async with key_set_server() as server:
        server.keys = [jwk(signer) for signer in SIGNERS.values()]
        yield server


def routes_of(around: Surroundings, issuer: KeySetServer) -> Path:
    path = around.directory / "issuers.yaml"
    path.write_text(ROUTES.format(jwks_url=issuer.jwks_url, url=around.services.url))
    return path


def corp(signer: Signer = SIGNERS["ES256"], **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(signer, now=time.time(), **claims)}"}


async def external(gateway: Gateway) -> dict[str, Any]:
    """What health says of the other issuers."""
    async with gateway.http.get(f"{gateway.ops_url}/health") as response:
        state: dict[str, Any] = (await response.json())["dependencies"]["external_issuers"]
        return state


async def test_tokens_of_each_algorithm_are_accepted_and_one_fetch_is_enough(
    around: Surroundings, issuer: KeySetServer
) -> None:
    async with around.gateway(routes_file=routes_of(around, issuer)) as gateway:
        for signer in SIGNERS.values():
            for number in range(5):
                assert await gateway.status("/corp", corp(signer, jti=str(number))) == 200
        assert await gateway.status("/both", corp()) == 200
        assert await gateway.status("/both", bearer()) == 200
        assert await gateway.status("/both", around.api_token) == 200
        assert await gateway.status("/site", corp()) == 401
        assert await gateway.status("/corp", bearer()) == 401
        assert await gateway.status("/corp", corp(scope="other")) == 403
        assert issuer.requested == ["/jwks"]
        assert (await external(gateway))["state"] == "up"
    received = [fields for _, fields in around.services.received if "X-Passgate-Issuer" in fields]
    assert len(received) == 16
    assert {fields["X-Passgate-Company"] for fields in received} == {"corp|acme"}
    assert not any("Authorization" in fields for fields in received)


async def test_a_key_that_the_issuer_has_just_begun_to_use_is_accepted_and_the_flood_before_it_refused(
    around: Surroundings, issuer: KeySetServer
) -> None:
    async with around.gateway(routes_file=routes_of(around, issuer)) as gateway:
        assert await gateway.status("/corp", corp()) == 200
        successor = Signer("ES256-2", "ES256", generate_private_key("ES256"))
        issuer.keys.append(jwk(successor))
        assert await gateway.status("/corp", corp(successor)) == 200
        stranger = Signer("ES256-3", "ES256", generate_private_key("ES256"))
        for number in range(50):
            assert await gateway.status("/corp", corp(stranger, jti=str(number))) == 401
        assert issuer.requested == ["/jwks"] * 2


@pytest.mark.parametrize("respond", [redirect, html, huge, hang])
async def test_an_issuer_that_gives_no_keys_is_a_503_for_its_own_tokens_and_nothing_to_others(
    respond: Any, around: Surroundings, issuer: KeySetServer
) -> None:
    issuer.respond = respond
    async with around.gateway(routes_file=routes_of(around, issuer)) as gateway:
        response = await gateway.get("/corp", corp())
        assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert await gateway.status("/site", bearer()) == 200
        assert await gateway.status("/both", bearer("j2")) == 200
        assert await gateway.missing() == {}
        assert (await external(gateway))["reason"].startswith("corp: its keys have not been fetched yet")
        if respond is not hang:
            assert (
                'gateway_external_issuer_fetches_total{issuer="corp",outcome="failed"}' in await gateway.metrics()
            )


async def test_tokens_are_accepted_while_the_issuer_is_away(around: Surroundings, issuer: KeySetServer) -> None:
    async with around.gateway(routes_file=routes_of(around, issuer)) as gateway:
        assert await gateway.status("/corp", corp()) == 200
        issuer.respond = html
        stranger = Signer("ES256-3", "ES256", generate_private_key("ES256"))
        assert await gateway.status("/corp", corp(stranger)) == 503
        assert await gateway.status("/corp", corp(SIGNERS["RS256"])) == 200

        async def age_is_shown() -> bool:
            return 'gateway_external_issuer_key_age_seconds{issuer="corp"}' in await gateway.metrics()

        await until(age_is_shown)


async def test_an_issuer_is_added_to_and_taken_from_a_gateway_that_runs(
    around: Surroundings, issuer: KeySetServer
) -> None:
    routes = routes_of(around, issuer)
    complete = routes.read_text()
    without = (
        complete[complete.index("upstreams:") :]
        .replace("issuers: corp\n", "issuers: passgate\n")
        .replace("[passgate, corp]", "passgate")
    )
    routes.write_text(without)
    async with around.gateway(routes_file=routes) as gateway:
        assert await gateway.status("/both", corp()) == 401
        for text, status in ((complete, 200), (without, 401), (complete, 200)):
            routes.write_text(text)
            await becomes(status, partial(gateway.status, "/both", corp()))
        await until(lambda: len(issuer.requested) == 2)
