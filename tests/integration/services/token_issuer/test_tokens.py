"""What comes out of the issuer: tokens that verify, that stop, and that only their own company can look into."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from services.token_issuer.clients.client_proof import JWT_BEARER
from services.token_issuer.grants import jwt_bearer
from shared.contracts.access_token import AccessTokenClaims, expectation
from shared.contracts.key_registry import Company
from shared.jose.keys import load_jwks
from shared.jose.verifier import verify
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, mint, public_id
from tests.support.harness.token_issuer import Issuer, basic
from tests.support.waiting import until


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "==")))


async def claims_of(issuer: Issuer, token: str) -> AccessTokenClaims:
    """The claims of a token that verifies against the published key set."""
    async with issuer.http.get(f"{issuer.url}/.well-known/jwks.json") as response:
        keys = load_jwks(await response.read())
    expected = expectation(issuer.settings.issuer, audiences=frozenset({"passgate"}))
    return AccessTokenClaims.read(verify(token, key_for=keys.get, expectation=expected, now=time.time()))


async def test_client_credentials_token_names_company_client_and_scopes(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    token = await issuer.token()
    claims = await claims_of(issuer, token)
    company = issuer.client.company
    assert (claims.sub, claims.client_id) == (f"{company.client_prefix}:{issuer.client.key}", issuer.client.key)
    assert (claims.company_id, claims.credential_id) == (company.id, issuer.client.id)
    assert (claims.scope, claims.exp - claims.iat) == ("site:read", 3600)
    header = header_of(token)
    assert list(header) == ["alg", "typ", "kid"]
    assert (header["alg"], header["typ"]) == ("RS384", "JWT")


async def test_standard_endpoint_gives_rfc_9068_tokens(shared_issuer: Issuer) -> None:
    assert header_of(await shared_issuer.token("/oauth2/token"))["typ"] == "at+jwt"


async def test_token_endpoint_accepts_the_client_id_of_a_key_pairs_token(
    shared_issuer: Issuer,
) -> None:
    issuer = shared_issuer
    response, body = await issuer.present(issuer.assertion(scopes=["website:read:yachts"]))
    assert response.status == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "website:read:yachts")
    claims = await claims_of(issuer, body["access_token"])
    uri = issuer.key_pair.company.company_uri
    assert (claims.sub, claims.client_id, claims.key_id) == (uri, uri, issuer.key_pair.kid)
    response, _ = await issuer.present(issuer.assertion(scopes=["website:read:yachts"]), client_id=claims.client_id)
    assert response.status == 200
    assert claims.credential_id == issuer.key_pair.id


async def test_key_set_shows_public_members_only(shared_issuer: Issuer) -> None:
    async with shared_issuer.http.get(f"{shared_issuer.url}/.well-known/jwks.json") as response:
        (key,) = (await response.json())["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    loaded = load_jwks({"keys": [key]})[key["kid"]].key
    assert isinstance(loaded, RSAPublicKey)


async def test_metadata_names_the_public_urls(shared_issuer: Issuer) -> None:
    async with shared_issuer.http.get(f"{shared_issuer.url}/.well-known/oauth-authorization-server") as response:
        document = await response.json()
    assert document["issuer"] == "http://127.0.0.1:8080"
    assert document["token_endpoint"] == "http://127.0.0.1:8080/oauth2/token"
    assert document["jwks_uri"] == "http://127.0.0.1:8080/.well-known/jwks.json"


async def test_private_key_jwt_authenticates_the_company(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    proof = {"client_assertion_type": JWT_BEARER, "client_id": issuer.key_pair.company.company_uri}
    endpoint = f"{issuer.settings.issuer}/oauth2/token"
    assertion = issuer.assertion(aud=endpoint, jti="once")
    given = {"grant_type": "client_credentials", "client_assertion": assertion, **proof}
    response, body = await issuer.post("/oauth2/token", given)
    assert response.status == 200, body
    assert (await claims_of(issuer, body["access_token"])).scope == "website:read:*"
    response, body = await issuer.post("/oauth2/token", given)
    assert (response.status, body["error"]) == (401, "invalid_client")


async def test_assertion_at_the_standard_endpoint(shared_issuer: Issuer) -> None:
    given = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": shared_issuer.assertion()}
    response, body = await shared_issuer.post("/oauth2/token", given)
    assert (response.status, body["token_type"]) == (200, "Bearer")
    assert header_of(body["access_token"])["typ"] == "at+jwt"


async def test_introspection_shows_a_client_its_own_tokens(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    token = await issuer.token()
    response, body = await issuer.post("/oauth2/introspect", {"token": token}, authorization=issuer.basic)
    assert response.status == 200
    assert (body["active"], body["client_id"], body["scope"]) == (True, issuer.client.key, "site:read")
    assert body["token_type"] == "Bearer"
    for junk in ("x", "a.b.c", token[:-2] + "xx", issuer.assertion()):
        _, body = await issuer.post("/oauth2/introspect", {"token": junk}, authorization=issuer.basic)
        assert body == {"active": False}


async def test_introspection_shows_nothing_of_another_companys_tokens(shared_issuer: Issuer) -> None:
    issuer, secret, key = shared_issuer, mint(API_CLIENT_SECRET), public_id(API_CLIENT_KEY)
    other = Company(id="other", client_prefix="other", company_uri="https://other.example", status="active")
    issuer.registry.add_api_client(key, secret, company=other)
    token = await issuer.token()
    response, body = await issuer.post("/oauth2/introspect", {"token": token}, authorization=basic(key, secret))
    assert (response.status, body) == (200, {"active": False})
    response, _ = await issuer.post("/oauth2/revoke", {"token": token}, authorization=basic(key, secret))
    assert response.status == 200
    assert issuer.registry.revocations == []


async def test_introspection_and_revocation_need_a_client(shared_issuer: Issuer) -> None:
    for path in ("/oauth2/introspect", "/oauth2/revoke"):
        response, body = await shared_issuer.post(path, {"token": "x"})
        assert (response.status, body["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="passgate"'
        response, body = await shared_issuer.post(path, {}, authorization=shared_issuer.basic)
        assert (response.status, body["error"]) == (400, "invalid_request")


async def test_revoked_token_is_recorded_before_the_response_and_then_inactive(issuer: Issuer) -> None:
    token = await issuer.token()
    response, body = await issuer.post("/oauth2/revoke", {"token": token}, authorization=issuer.basic)
    assert (response.status, body) == (200, None)
    (revocation,) = issuer.registry.revocations
    claims = await claims_of(issuer, token)
    assert (revocation.kind, revocation.id) == ("jwt", claims.jti)
    assert revocation.until > claims.exp

    async def inactive() -> bool:
        _, body = await issuer.post("/oauth2/introspect", {"token": token}, authorization=issuer.basic)
        return bool(body == {"active": False})

    await until(inactive)
    response, _ = await issuer.post("/oauth2/revoke", {"token": "unknown"}, authorization=issuer.basic)
    assert response.status == 200


async def test_client_may_not_revoke_a_token_of_another_client_of_its_company(shared_issuer: Issuer) -> None:
    issuer, secret, key = shared_issuer, mint(API_CLIENT_SECRET), public_id(API_CLIENT_KEY)
    issuer.registry.add_api_client(key, secret)
    response, _ = await issuer.post(
        "/oauth2/revoke", {"token": await issuer.token()}, authorization=basic(key, secret)
    )
    assert response.status == 200
    assert issuer.registry.revocations == []


async def test_issuance_leaves_a_line_in_the_audit_trail_before_the_response(issuer: Issuer) -> None:
    await issuer.post(
        "/auth/token",
        {"grant_type": "client_credentials"},
        authorization=issuer.basic,
        x_request_id="request-0001",
    )
    (event,) = issuer.events_of_requests
    assert (event.action, event.request_id) == ("token.issued", "request-0001")
    assert event.actor == f"client:{issuer.client.key}"


async def test_refusal_leaves_its_cause_in_the_audit_trail_and_no_secret(issuer: Issuer) -> None:
    secret = mint(API_CLIENT_SECRET)
    await issuer.post(
        "/auth/token", {"grant_type": "client_credentials"}, authorization=basic(issuer.client.key, secret)
    )
    await until(lambda: issuer.events_of_requests)
    (event,) = issuer.events_of_requests
    assert (event.action, event.subject, event.detail["cause"]) == (
        "token.refused",
        issuer.client.key,
        "wrong_secret",
    )
    assert secret not in event.model_dump_json()
