"""OAuth client libraries as partners use them: told a URL and a credential, they get a token and make the call."""

import time
from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.requests_client import AssertionSession, OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError  # type: ignore[import-untyped]
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsOAuth2Session

from tests.e2e.partners import JWT_BEARER, Partner
from tests.support.harness.stack import Stack

SITE, YACHTS = "/v2.0/site", "/website/v1/yachts"
TIMEOUT = 10


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries insist on TLS, which ends in front of the gateway."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(scope="module")
def metadata(stack: Stack) -> dict[str, Any]:
    """What a client that is told only the issuer's URL finds out."""
    url = get_well_known_url(stack.gateway, external=True)
    found: dict[str, Any] = requests.get(url, timeout=TIMEOUT).json()
    return found


def secrets_of(partner: Partner) -> tuple[str, str]:
    return partner.api_client["key"], partner.api_client["secret"]


def test_metadata_describes_this_very_issuer(stack: Stack, metadata: dict[str, Any]) -> None:
    assert metadata["issuer"] == stack.gateway
    assert all(metadata[name].startswith(stack.gateway + "/") for name in metadata if name.endswith("_endpoint"))
    described = AuthorizationServerMetadata(metadata)
    for name in described.REGISTRY_KEYS:
        if name != "response_types_supported":  # there are none: no authorization endpoint
            getattr(described, f"validate_{name}")()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token_by_discovery_and_makes_the_protected_call(
    stack: Stack, metadata: dict[str, Any], partner: Partner, method: str
) -> None:
    with OAuth2Session(*secrets_of(partner), token_endpoint_auth_method=method, scope="site:read") as client:
        token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        assert token["token_type"] == "Bearer"
        assert token["scope"] == "site:read"
        assert token["expires_in"] == 3600
        response = client.get(stack.gateway + SITE, timeout=TIMEOUT)
    assert response.status_code == 200
    assert response.json()["caller"]["company"] == partner.prefix


def test_requests_oauthlib_gets_a_token_by_discovery_and_makes_the_protected_call(
    stack: Stack, metadata: dict[str, Any], partner: Partner
) -> None:
    client = BackendApplicationClient(partner.api_client["key"], scope=["site:read"])
    with RequestsOAuth2Session(client=client) as session:
        session.fetch_token(metadata["token_endpoint"], auth=HTTPBasicAuth(*secrets_of(partner)), timeout=TIMEOUT)
        response = session.get(stack.gateway + SITE, timeout=TIMEOUT)
    assert response.json()["caller"]["credential"] == partner.api_client["key"]


def test_requests_oauthlib_reads_the_refusal_of_a_wrong_secret(metadata: dict[str, Any], partner: Partner) -> None:
    client = BackendApplicationClient(partner.api_client["key"])
    with RequestsOAuth2Session(client=client) as session, pytest.raises(InvalidClientError, match="invalid_client"):
        session.fetch_token(
            metadata["token_endpoint"], auth=HTTPBasicAuth(partner.api_client["key"], "wrong"), timeout=TIMEOUT
        )


@pytest.mark.parametrize("grant_type", ["client_credentials", " client_credentials"])
def test_the_vendors_own_request_gets_the_vendors_own_response(
    stack: Stack, partner: Partner, grant_type: str
) -> None:
    response = requests.post(
        stack.gateway + "/auth/token",
        auth=secrets_of(partner),
        data=f"grant_type={grant_type}",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Cache-Control": "no-cache"},
        timeout=TIMEOUT,
    )
    assert response.status_code == 200
    token = response.json()
    assert list(token) == ["access_token", "token_type", "expires_in"]
    assert (token["token_type"], token["expires_in"]) == ("JWT", 3600)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    authorization = {"Authorization": f"Bearer {token['access_token']}", "Cache-Control": "no-cache"}
    assert requests.get(stack.gateway + SITE, headers=authorization, timeout=TIMEOUT).status_code == 200


def test_a_resource_server_verifies_the_token_with_pyjwt_by_discovery_alone(
    stack: Stack, metadata: dict[str, Any], partner: Partner
) -> None:
    token = partner.client_token()
    key = jwt.PyJWKClient(metadata["jwks_uri"], timeout=TIMEOUT).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS384"], audience="passgate", issuer=stack.gateway)
    assert claims["sub"] == f"{partner.prefix}:{partner.api_client['key']}"
    assert jwt.get_unverified_header(token)["alg"] == "RS384"
    assert key.key.key_size == 3072


def test_authlib_exchanges_an_assertion_and_makes_the_protected_call(stack: Stack, partner: Partner) -> None:
    with AssertionSession(
        token_endpoint=stack.gateway + "/iam/oauth/token",
        issuer=partner.uri,
        subject=partner.uri,
        audience="ankor.io",
        grant_type=JWT_BEARER,
        claims={"scopes": ["website:read:*"]},
        key=ECKey.import_key(partner.key_pair["private_key"]),
        header={"alg": "ES256", "kid": partner.key_pair["kid"]},
    ) as client:
        response = client.get(stack.gateway + YACHTS, timeout=TIMEOUT)
    assert response.status_code == 200
    assert response.json()["caller"]["subject"] == partner.uri


@pytest.mark.parametrize("as_json", [False, True])
def test_an_assertion_made_by_pyjwt_is_exchanged_as_form_or_json(
    stack: Stack, partner: Partner, as_json: bool
) -> None:
    members = {"grant_type": JWT_BEARER, "assertion": partner.assertion()}
    url = stack.gateway + "/iam/oauth/token"
    response = requests.post(
        url, json=members if as_json else None, data=None if as_json else members, timeout=TIMEOUT
    )
    token = response.json()
    assert response.status_code == 200, token
    assert set(token) == {"access_token", "token_type", "expires_in", "scope"}
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] <= 3600
    assert partner.yachts(token["access_token"]).status == 200


def test_authlib_authenticates_by_private_key_jwt(stack: Stack, metadata: dict[str, Any], partner: Partner) -> None:
    endpoint, key = metadata["token_endpoint"], ECKey.import_key(partner.key_pair["private_key"])
    with OAuth2Session(partner.uri, key, token_endpoint_auth_method="private_key_jwt") as client:
        client.register_client_auth_method(
            PrivateKeyJWT(endpoint, headers={"kid": partner.key_pair["kid"]}, alg="ES256")
        )
        token = client.fetch_token(endpoint, grant_type="client_credentials")
        assert token["scope"] == "website:read:*"
        assert client.get(stack.gateway + YACHTS, timeout=TIMEOUT).status_code == 200


def test_authlib_introspects_and_a_revoked_token_is_refused_within_a_second(
    metadata: dict[str, Any], partner: Partner
) -> None:
    with OAuth2Session(*secrets_of(partner), revocation_endpoint_auth_method="client_secret_basic") as client:
        token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")["access_token"]
        live = client.introspect_token(metadata["introspection_endpoint"], token=token).json()
        assert live["active"] is True
        assert live["client_id"] == partner.api_client["key"]
        assert partner.site(token).status == 200

        assert client.revoke_token(metadata["revocation_endpoint"], token=token).status_code == 200
        revoked_at = time.monotonic()
        while (refused := partner.site(token)).status == 200:
            assert time.monotonic() - revoked_at < 1
        assert refused.header("WWW-Authenticate") == 'Bearer error="invalid_token"'
        deadline = time.monotonic() + 1
        while client.introspect_token(metadata["introspection_endpoint"], token=token).json() != {"active": False}:
            assert time.monotonic() < deadline
    assert partner.site(partner.client_token()).status == 200, "the client itself is not revoked"


def test_nobody_learns_of_or_ends_another_companys_token(
    metadata: dict[str, Any], partner: Partner, make_partner: Any
) -> None:
    token, stranger = partner.client_token(), make_partner()
    with OAuth2Session(*secrets_of(stranger)) as client:
        assert client.introspect_token(metadata["introspection_endpoint"], token=token).json() == {"active": False}
        assert client.revoke_token(metadata["revocation_endpoint"], token=token).status_code == 200
    time.sleep(0.5)
    assert partner.site(token).status == 200
