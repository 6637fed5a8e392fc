"""Guessing is throttled, stopped credentials get nothing, and what is unavailable fails closed and comes back."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from services.token_issuer.clients.timing import FLOOR_S
from services.token_issuer.config import Settings
from shared.http.client_address import CLIENT_ADDRESS_FIELD, CLIENT_ADDRESS_PROOF_FIELD
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, mint, public_id
from shared.service_tokens import ServiceIdentity
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.token_issuer import Issuer, basic, running
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, becomes, until

GRANT = {"grant_type": "client_credentials"}


async def guess(issuer: Issuer, *, address: str, secret: str = "wrong") -> int:
    authorization = basic(issuer.client.key, secret)
    fields = {"authorization": authorization, **issuer.from_client(address)}
    response, _ = await issuer.post("/auth/token", GRANT, **fields)
    if response.status == 429:
        assert 1 <= int(response.headers["Retry-After"]) <= 60
    return response.status


async def test_who_cannot_prove_to_be_the_gateway_is_taken_for_its_own_address(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as issuer:
        other_purpose = ServiceIdentity.from_file("gateway", settings.service_key_file.with_name("gateway.pem"))
        junk = ["", "junk", other_purpose.authorization_for("token_issuer")().removeprefix("Bearer ")]
        for number, proof in enumerate(junk * 4):
            named = {CLIENT_ADDRESS_FIELD: f"198.51.100.{number}", "X-Forwarded-For": f"198.51.100.{number}"}
            fields = {**named, CLIENT_ADDRESS_PROOF_FIELD: proof}
            response, _ = await issuer.post(
                "/auth/token", GRANT, authorization=basic(issuer.client.key, "wrong"), **fields
            )
        assert response.status == 429
        assert await guess(issuer, address="198.51.100.1", secret=issuer.secret) == 200


async def test_ten_wrong_secrets_stop_that_address_for_that_client_alone(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as issuer:
        assert [await guess(issuer, address="198.51.100.7") for _ in range(11)] == [401] * 10 + [429]
        assert await guess(issuer, address="198.51.100.7", secret=issuer.secret) == 429
        assert await guess(issuer, address="198.51.100.8", secret=issuer.secret) == 200
        other_key, other_secret = public_id(API_CLIENT_KEY), mint(API_CLIENT_SECRET)
        registry.add_api_client(other_key, other_secret)
        response, _ = await issuer.post(
            "/auth/token",
            GRANT,
            authorization=basic(other_key, other_secret),
            x_forwarded_for="198.51.100.7",
        )
        assert response.status == 200
        client = issuer.client, issuer.secret
    async with running(settings, registry) as restarted:
        restarted.client, restarted.secret = client
        assert await guess(restarted, address="198.51.100.7", secret=restarted.secret) == 429


async def test_concurrent_guesses_are_all_counted(issuer: Issuer) -> None:
    statuses = await asyncio.gather(*(guess(issuer, address="198.51.100.9") for _ in range(30)))
    assert sorted(statuses) == [401] * 10 + [429] * 20


async def test_unknown_clients_are_throttled_alike(issuer: Issuer) -> None:
    authorization = basic(public_id(API_CLIENT_KEY), "x")
    statuses = [(await issuer.post("/auth/token", GRANT, authorization=authorization))[0].status for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_no_refusal_of_a_secret_is_quicker_than_the_floor_that_hides_its_cause(issuer: Issuer) -> None:
    known = public_id(API_CLIENT_KEY)
    issuer.registry.add_api_client(known, mint(API_CLIENT_SECRET))
    for key in (known, public_id(API_CLIENT_KEY)) * 8:
        started = time.perf_counter()
        response, _ = await issuer.post("/auth/token", GRANT, authorization=basic(key, mint(API_CLIENT_SECRET)))
        assert response.status in (401, 429)
        assert response.status == 429 or time.perf_counter() - started > 0.9 * FLOOR_S  # timers round


async def status_of_grant(issuer: Issuer) -> int:
    return (await issuer.post("/auth/token", GRANT, authorization=issuer.basic))[0].status


@pytest.mark.parametrize("kind", ["api_client", "company"])
async def test_suspended_client_gets_no_token_within_a_second(issuer: Issuer, kind: str) -> None:
    await issuer.token()
    id_ = issuer.client.id if kind == "api_client" else issuer.client.company.id
    issuer.registry.set_status(kind, id_, "suspended")  # type: ignore[arg-type]
    await becomes(401, lambda: status_of_grant(issuer))
    issuer.registry.set_status(kind, id_, "active")  # type: ignore[arg-type]
    await becomes(200, lambda: status_of_grant(issuer))


async def test_new_client_works_at_once(issuer: Issuer) -> None:
    key, secret = public_id(API_CLIENT_KEY), mint(API_CLIENT_SECRET)
    assert (await issuer.post("/auth/token", GRANT, authorization=basic(key, secret)))[0].status == 401
    issuer.registry.add_api_client(key, secret)
    assert (await issuer.post("/auth/token", GRANT, authorization=basic(key, secret)))[0].status == 200


async def refused_for_now(issuer: Issuer) -> None:
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        response, body = await issuer.post("/auth/token", GRANT, authorization=issuer.basic)
    assert (response.status, body["error"]) == (503, "temporarily_unavailable")
    assert int(response.headers["Retry-After"]) >= 1


async def test_without_the_registry_nothing_is_issued_and_it_comes_back(issuer: Issuer) -> None:
    await issuer.token()
    issuer.registry.away = True
    await refused_for_now(issuer)  # the client is cached, its audit line cannot be written
    issuer.registry.away = False
    await becomes(200, lambda: status_of_grant(issuer))


async def grants_by_assertion(issuer: Issuer) -> bool:
    return (await issuer.present(issuer.assertion(jti=secrets.token_hex(8))))[0].status == 200


@pytest.fixture
async def proxies(settings: Settings) -> AsyncIterator[tuple[FaultProxy, FaultProxy, Settings]]:
    """PostgreSQL and Valkey behind proxies."""
    database, redis = urlsplit(settings.database_url), urlsplit(settings.redis_url)
    async with (
        FaultProxy(database.hostname or "", database.port or 0) as postgres_proxy,
        FaultProxy(redis.hostname or "", redis.port or 0) as redis_proxy,
    ):
        changed = {
            "database_url": settings.database_url.replace(f":{database.port}/", f":{postgres_proxy.port}/"),
            "redis_url": settings.redis_url.replace(f":{redis.port}/", f":{redis_proxy.port}/"),
        }
        yield postgres_proxy, redis_proxy, settings.model_copy(update=changed)


@pytest.mark.parametrize("fault", ["cut", "swallow"])
async def test_without_postgresql_a_jti_cannot_be_used_and_it_comes_back(
    proxies: tuple[FaultProxy, FaultProxy, Settings], fault: str
) -> None:
    postgres, _, settings = proxies
    async with running(settings, RegistryDouble()) as issuer:
        getattr(postgres, fault)()
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            response, body = await issuer.present(issuer.assertion(jti="x"))
        assert (response.status, body["error"]) == (503, "temporarily_unavailable")
        postgres.restore()
        await until(lambda: grants_by_assertion(issuer))


@pytest.mark.parametrize("fault", ["cut", "swallow"])
async def test_without_valkey_issuing_goes_on_and_guesses_are_still_counted(
    proxies: tuple[FaultProxy, FaultProxy, Settings], fault: str
) -> None:
    _, redis, settings = proxies
    async with running(settings, RegistryDouble()) as issuer:
        getattr(redis, fault)()
        await issuer.token()
        assert [await guess(issuer, address="198.51.100.7") for _ in range(11)] == [401] * 10 + [429]
        assert await guess(issuer, address="198.51.100.8", secret=issuer.secret) == 200
        async with issuer.http.get(f"{issuer.url}/health") as response:
            assert response.status == 200
            assert (await response.json())["dependencies"]["valkey"]["state"] == "down"
