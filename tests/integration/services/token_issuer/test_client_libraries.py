"""Clients that others wrote get their tokens with nothing but the base URL changed."""

import asyncio
import time
from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient  # type: ignore[import-untyped]
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from services.token_issuer.grants import jwt_bearer
from shared.jose.keys import generate_private_key, private_pem, public_jwk
from shared.opaque import KEY_PAIR, public_id
from tests.support.harness.token_issuer import Issuer


@pytest.fixture
def key_pair(shared_issuer: Issuer) -> tuple[str, str]:
    """A kid and its private key as PEM."""
    kid, private = public_id(KEY_PAIR), generate_private_key("ES256")
    shared_issuer.registry.add_key_pair(kid, public_jwk(private.public_key(), kid, "ES256"), "ES256")
    return kid, private_pem(private)


@pytest.mark.parametrize("path", ["/auth/token", "/oauth2/token"])
async def test_requests_oauthlib_client_credentials(
    shared_issuer: Issuer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    issuer = shared_issuer

    def fetch() -> Any:
        session = OAuth2Session(client=BackendApplicationClient(client_id=issuer.client.key))
        auth = HTTPBasicAuth(issuer.client.key, issuer.secret)
        return session.fetch_token(token_url=issuer.url + path, auth=auth, scope=["site:read"])

    token = await asyncio.to_thread(fetch)
    assert token["expires_in"] == 3600


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_authlib_client_credentials(shared_issuer: Issuer, method: str) -> None:
    issuer = shared_issuer

    def fetch() -> Any:
        with AuthlibSession(issuer.client.key, issuer.secret, token_endpoint_auth_method=method) as session:
            token = session.fetch_token(f"{issuer.url}/oauth2/token", grant_type="client_credentials")
            introspected = session.introspect_token(f"{issuer.url}/oauth2/introspect", token=token["access_token"])
            ended = session.revoke_token(f"{issuer.url}/oauth2/revoke", token=token["access_token"])
            return token, introspected.json(), ended.status_code

    token, introspected, status = await asyncio.to_thread(fetch)
    assert (token["token_type"], introspected["active"], status) == ("Bearer", True, 200)


async def test_authlib_private_key_jwt(shared_issuer: Issuer, key_pair: tuple[str, str]) -> None:
    issuer, (kid, pem) = shared_issuer, key_pair

    def fetch() -> Any:
        key = ECKey.import_key(pem, {"kid": kid, "alg": "ES256"})
        session = AuthlibSession("https://blabla.example", key, token_endpoint_auth_method="private_key_jwt")
        endpoint = f"{issuer.settings.issuer}/oauth2/token"
        session.register_client_auth_method(PrivateKeyJWT(endpoint, alg="ES256", headers={"kid": kid}))
        return session.fetch_token(f"{issuer.url}/oauth2/token", grant_type="client_credentials")

    assert (await asyncio.to_thread(fetch))["scope"] == "website:read:*"


@pytest.mark.parametrize("path", ["/iam/oauth/token", "/oauth2/token"])
async def test_pyjwt_assertion(shared_issuer: Issuer, key_pair: tuple[str, str], path: str) -> None:
    issuer, (kid, pem) = shared_issuer, key_pair
    now, uri = int(time.time()), "https://blabla.example"
    claims = {
        "scopes": ["website:read:*"],
        "iss": uri,
        "sub": uri,
        "aud": "ankor.io",
        "iat": now,
        "exp": now + 3600,
    }
    assertion = jwt.encode(claims, pem, algorithm="ES256", headers={"kid": kid})

    def fetch() -> requests.Response:
        given = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertion}
        return requests.post(issuer.url + path, data=given, timeout=10)

    response = await asyncio.to_thread(fetch)
    assert (response.status_code, response.json()["token_type"]) == (200, "Bearer")


async def test_pyjwt_verifies_by_the_published_key_set(shared_issuer: Issuer) -> None:
    token = await shared_issuer.token("/oauth2/token")

    def verify() -> Any:
        key = jwt.PyJWKClient(f"{shared_issuer.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
        return jwt.decode(
            token, key, algorithms=["RS384"], audience="passgate", issuer=shared_issuer.settings.issuer
        )

    assert (await asyncio.to_thread(verify))["client_id"] == shared_issuer.client.key
