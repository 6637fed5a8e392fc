"""A whole issuer over real PostgreSQL and Valkey, with a registry in memory behind HTTP."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from yarl import URL

from services.token_issuer.app import build_app
from services.token_issuer.config import NAME, Settings
from services.token_issuer.grants import jwt_bearer
from services.token_issuer.http.parameters import FORM
from services.token_issuer.storage.postgres import SCHEMA
from shared.clock import Clock
from shared.contracts.key_registry import ApiClient, AuditEvent, Booking, KeyPair
from shared.http.client_address import CLIENT_ADDRESS_FIELD, CLIENT_ADDRESS_PROOF_FIELD, CLIENT_ADDRESS_PURPOSE
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, KEY_PAIR, mint, public_id
from shared.postgres import migrations
from shared.service_tokens import ServiceIdentity
from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.harness.serving import ServiceKeys, serving


@dataclass
class Issuer:
    """A running issuer, and what its clients need."""

    url: str
    settings: Settings
    registry: RegistryDouble
    http: aiohttp.ClientSession
    client: ApiClient
    secret: str
    key_pair: KeyPair
    signer: Signer
    gateway_proof: Callable[[], str]
    """The Authorization value by which the gateway proves that it names the client."""

    @property
    def basic(self) -> str:
        """The Authorization field of the API client."""
        return basic(self.client.key, self.secret)

    @property
    def events_of_requests(self) -> list[AuditEvent]:
        """The audit events that the registry has, but for those of signing keys, which depend on no request."""
        return [event for event in self.registry.events if event.subject_kind != "signing_key"]

    async def post(
        self, path: str, data: bytes | str | Mapping[str, str] = "", **headers: str
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """The response and its JSON, None for an empty one. Header names are given as `x_request_id`."""
        body = urlencode(data) if isinstance(data, Mapping) else data
        sent = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.http.post(URL(self.url + path, encoded=True), data=body, headers=sent) as response:
            raw = await response.read()
            return response, json.loads(raw) if raw else None

    def from_client(self, address: str) -> dict[str, str]:
        """The fields of a request that the gateway forwards for a client at `address`."""
        return {
            CLIENT_ADDRESS_FIELD: address,
            CLIENT_ADDRESS_PROOF_FIELD: self.gateway_proof().removeprefix("Bearer "),
        }

    async def token(self, path: str = "/auth/token", **parameters: str) -> str:
        """An access token for the API client."""
        given = {"grant_type": "client_credentials", **parameters}
        response, body = await self.post(path, given, authorization=self.basic)
        assert response.status == 200, body
        return str(body["access_token"])

    def assertion(self, **claims: Any) -> str:
        """A valid assertion of the key pair, but for the `claims` given; None takes one away."""
        now, uri = int(time.time()), self.key_pair.company.company_uri
        members = {"iss": uri, "sub": uri, "aud": "ankor.io", "iat": now, "exp": now + 3600, **claims}
        return self.signer.sign({name: value for name, value in members.items() if value is not None})

    async def present(self, assertion: str, **parameters: str) -> tuple[aiohttp.ClientResponse, Any]:
        return await self.post(
            "/iam/oauth/token", {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertion, **parameters}
        )


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


async def migrate(database_url: str) -> None:
    await asyncio.to_thread(migrations.migrate, database_url, schema=SCHEMA.name, folder=SCHEMA.migrations)


def settings_for(database_url: str, redis_url: str, keys: ServiceKeys) -> Settings:
    """Settings for an issuer on these stores, the database migrated; registry changes are followed quickly.

    Its signing keys are not of the default algorithm: an RSA key takes a fifth of a second of CPU and more.
    """
    files = keys.settings(NAME)
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        master_key_file=files["service_jwks_file"].parent / "master_key",
        signing_algorithm="ES256",
        signing_key_bits=2048,
        signing_key_emergency_wait=0,
        changes_poll_interval=0.05,
        **files,
    )


@asynccontextmanager
async def running(
    settings: Settings,
    registry: RegistryDouble,
    *,
    clock: Clock | None = None,
    bookings: tuple[Booking, ...] = (),
) -> AsyncIterator[Issuer]:
    """An issuer that is ready, with an API client and a key pair of a company that has `bookings`."""
    secret, kid = mint(API_CLIENT_SECRET), public_id(KEY_PAIR)
    client = registry.add_api_client(public_id(API_CLIENT_KEY), secret, bookings=bookings)
    private = generate_private_key("ES256")
    assert isinstance(private, EllipticCurvePrivateKey)
    jwk = public_jwk(private.public_key(), kid, "ES256")
    key_pair = registry.add_key_pair(kid, jwk, "ES256", bookings=bookings)
    async with registry_server(registry) as registry_url:
        settings = settings.model_copy(update={"key_registry_url": registry_url})
        async with serving(await build_app(settings, clock=clock)) as url, aiohttp.ClientSession() as http:
            await _ready(http, url)
            signer = Signer(kid, "ES256", private)
            yield Issuer(url, settings, registry, http, client, secret, key_pair, signer, _gateway_proof(settings))


def _gateway_proof(settings: Settings) -> Callable[[], str]:
    key_file = settings.service_key_file.with_name("gateway.pem")
    identity = ServiceIdentity.from_file("gateway", key_file)
    return identity.authorization_for(NAME, purpose=CLIENT_ADDRESS_PURPOSE)


async def _ready(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with http.get(f"{url}/health/ready") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.05)
