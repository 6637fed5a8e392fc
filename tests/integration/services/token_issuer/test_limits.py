"""The limits of a client at the token endpoints."""

from collections.abc import Mapping

import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.clients.client_proof import JWT_BEARER
from services.token_issuer.clients.limits import ApplyLimits, unlimited
from services.token_issuer.grants.client_credentials import GRANT_TYPE, ClientCredentials
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.contracts.key_registry import Kind
from tests.support.harness.token_issuer import Issuer
from tests.support.waiting import until

GRANT = {"grant_type": GRANT_TYPE}


async def test_a_client_is_held_to_its_rate_and_its_addresses_at_each_token_endpoint(issuer: Issuer) -> None:
    issuer.registry.limit("api_client", issuer.client.id, rate={"calls": 3, "per_seconds": 600})

    async def limited() -> bool:
        response, _ = await issuer.post("/auth/token", GRANT, authorization=issuer.basic)
        return "RateLimit" in response.headers

    await until(limited)
    for path in ("/auth/token", "/oauth2/token"):
        response, _ = await issuer.post(path, GRANT, authorization=issuer.basic)
        assert response.status == 200
    for path in ("/auth/token", "/oauth2/token"):
        response, body = await issuer.post(path, GRANT, authorization=issuer.basic)
        assert (response.status, body["error"]) == (429, "rate_exceeded")
        assert 1 <= int(response.headers["Retry-After"]) <= 200
        assert response.headers["RateLimit-Policy"] == '"credential-rate";q=3;w=600'
    issuer.registry.limit("api_client", issuer.client.id, addresses=["192.0.2.0/24"])

    async def refused() -> bool:
        response, _ = await issuer.post("/auth/token", GRANT, authorization=issuer.basic)
        return response.status == 403

    await until(refused)
    response, body = await issuer.post("/oauth2/token", GRANT, authorization=issuer.basic)
    assert (response.status, body["error"]) == (403, "address_not_allowed")
    from_there = issuer.from_client("192.0.2.7")
    response, _ = await issuer.post("/oauth2/token", GRANT, authorization=issuer.basic, **from_there)
    assert response.status == 200
    await until(lambda: any(event.action == "token.refused" for event in issuer.registry.events))
    await until(lambda: any(trace.cause == "rate_exceeded" for trace in issuer.registry.traces))
    trace = next(trace for trace in issuer.registry.traces if trace.cause == "rate_exceeded")
    assert trace.steps[-1].expected.startswith("at most 3 calls in 600 s, 3 at once: rate of API client")


async def test_an_assertion_that_a_limit_refuses_is_not_used_up(issuer: Issuer) -> None:
    kind: Kind = "key_pair"
    issuer.registry.limit(kind, issuer.key_pair.id, addresses=["192.0.2.0/24"])

    async def refused() -> bool:
        response, _ = await issuer.present(issuer.assertion(jti=None))
        return response.status == 403

    await until(refused)
    assertion = issuer.assertion(jti="once")
    response, body = await issuer.present(assertion)
    assert (response.status, body["error"]) == (403, "address_not_allowed")
    issuer.registry.limit(kind, issuer.key_pair.id)

    async def accepted() -> bool:
        response, _ = await issuer.present(assertion)
        return response.status == 200

    await until(accepted)


async def test_a_client_assertion_that_a_limit_refuses_is_not_used_up_and_works_once_after(issuer: Issuer) -> None:
    kind: Kind = "key_pair"
    issuer.registry.limit(kind, issuer.key_pair.id, addresses=["192.0.2.0/24"])

    async def present(jti: str | None) -> tuple[int, str]:
        assertion = issuer.assertion(jti=jti, aud=issuer.settings.issuer)
        proof = {"client_assertion_type": JWT_BEARER, "client_assertion": assertion}
        response, body = await issuer.post("/oauth2/token", {**GRANT, **proof})
        return response.status, body.get("error", "")

    async def refused() -> bool:
        return (await present(None))[0] == 403

    await until(refused)
    assert await present("once") == (403, "address_not_allowed")
    issuer.registry.limit(kind, issuer.key_pair.id)

    async def accepted() -> bool:
        return (await present("once"))[0] == 200

    await until(accepted)
    assert await present("once") == (401, "invalid_client")


async def test_a_grant_that_forgets_the_limits_is_a_fault_of_ours_and_issues_nothing(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(
        self: ClientCredentials,
        parameters: Mapping[str, str],
        client: Client | None,
        apply_limits: ApplyLimits = unlimited,
    ) -> AuthorizedGrant:
        assert client is not None
        return AuthorizedGrant(GRANT_TYPE, client, client.scopes)

    monkeypatch.setattr(ClientCredentials, "authorize", forgetful)
    assertion = issuer.assertion(jti="once", aud=issuer.settings.issuer)
    proof = {"client_assertion_type": JWT_BEARER, "client_assertion": assertion}
    for _ in range(2):
        response, body = await issuer.post("/oauth2/token", {**GRANT, **proof})
        assert (response.status, "access_token" in body) == (500, False)
    assert not [event for event in issuer.registry.events if event.action == "token.issued"]
