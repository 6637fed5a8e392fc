"""A whole issuer over real PostgreSQL and Valkey, with a registry in memory behind HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from services.token_issuer.app import build_app
from services.token_issuer.config import Settings
from shared.contracts.key_registry import ApiClient, KeyPair
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, KEY_PAIR, mint, public_id
from tests.support.registry import RegistryDouble
from tests.support.registry_server import registry_server
from tests.support.serving import serving


@dataclass
class Issuer:
    """A running issuer and what it needs to be asked."""

    url: str
    settings: Settings
    registry: RegistryDouble
    http: aiohttp.ClientSession
    client: ApiClient
    secret: str
    key_pair: KeyPair
    signer: Signer

    @property
    def basic(self) -> aiohttp.BasicAuth:
        return aiohttp.BasicAuth(self.client.key, self.secret)


@asynccontextmanager
async def running(settings: Settings, registry: RegistryDouble) -> AsyncIterator[Issuer]:
    """An issuer that is ready, with an API client and a key pair of the company in `registry`."""
    secret, kid = mint(API_CLIENT_SECRET), public_id(KEY_PAIR)
    client = registry.add_api_client(public_id(API_CLIENT_KEY), secret)
    private = generate_private_key("ES256")
    assert isinstance(private, EllipticCurvePrivateKey)
    key_pair = registry.add_key_pair(kid, public_jwk(private.public_key(), kid, "ES256"), "ES256")
    async with registry_server(registry) as registry_url:
        settings = settings.model_copy(update={"key_registry_url": registry_url})
        async with serving(await build_app(settings)) as url, aiohttp.ClientSession() as http:
            await _ready(http, url)
            yield Issuer(url, settings, registry, http, client, secret, key_pair, Signer(kid, "ES256", private))


async def _ready(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with http.get(f"{url}/health/ready") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


def unverified(token: str) -> dict[str, Any]:
    import jwt

    return dict(jwt.decode(token, options={"verify_signature": False}))
