"""The OpenID provider: what its discovery document says, its keys, and its token endpoint."""

import base64
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import structlog

from services.key_registry.people.openid.ports import ProviderAway, ProviderClient
from shared import strict_json
from shared.clock import Clock
from shared.errors import Unavailable
from shared.jose.errors import InvalidKey
from shared.jose.key_set import KeyId, read_key_set
from shared.jose.keys import PublicKey
from shared.waiting.single_flight import SingleFlight

log = structlog.get_logger()

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "ES256", "EdDSA"})
METADATA_AGE_S = 3600.0
"""Seconds for which the discovery document and the keys are taken as they were."""
FETCH_INTERVAL_S = 10.0
"""Seconds between two fetches that unknown kids bring about, and for which a provider that failed is left alone."""
SCOPE = "openid email"
NO_RESPONSE = "the OpenID provider does not respond"


@dataclass(frozen=True, slots=True)
class OpenIdClient:
    """How this installation is registered at its provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    """What people call the provider."""
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    posts_secret: bool
    """Whether the secret goes into the form: the provider takes no Basic credentials."""
    names_issuer: bool
    """Whether each of its responses has `iss` (RFC 9207)."""


class CodeRefused(Exception):
    """The provider gives nothing for this code."""


class Provider:
    """Fetched when it is needed, by one call for all who need it, and kept for an hour.

    Every method raises `Unavailable`: for `FETCH_INTERVAL_S` seconds after a failure at once, without a call.
    """

    def __init__(self, client: OpenIdClient, http: ProviderClient, clock: Clock) -> None:
        self.client = client
        self._http = http
        self._clock = clock
        self._metadata: Metadata | None = None
        self._keys: Mapping[KeyId, PublicKey] = {}
        self._metadata_at = self._keys_at = self._failed_at = float("-inf")
        self._discovery = SingleFlight("openid_discovery", self._fetch_metadata)
        self._key_set = SingleFlight("openid_key_set", self._fetch_keys)

    async def start(self) -> None:
        """Nothing is fetched before it is needed."""

    async def stop(self) -> None:
        await self._discovery.stop()
        await self._key_set.stop()

    async def metadata(self) -> Metadata:
        if self._metadata is not None and self._clock.monotonic() - self._metadata_at < METADATA_AGE_S:
            return self._metadata
        return await self._discovery.run()

    async def authorization_url(self, state: str, nonce: str, code_challenge: str, *, anew: bool = False) -> str:
        """OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636 section 4.3.

        `anew`: whoever is signed in there signs in again, and the ID token says when.
        """
        endpoint = (await self.metadata()).authorization_endpoint
        fields = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
        query = urlencode(fields | ({"prompt": "login", "max_age": "0"} if anew else {}))
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    async def id_token(self, code: str, code_verifier: str) -> str:
        """The ID token for the code, which nothing is known of yet. Raises `CodeRefused`."""
        metadata = await self.metadata()
        client, authorization = self.client, ""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": code_verifier,
        }
        if metadata.posts_secret:
            fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
        else:
            authorization = _basic(client.client_id, client.client_secret)
        status, body = await self._exchange(metadata.token_endpoint, fields, authorization)
        try:
            token = strict_json.loads_object(body).get("id_token") if status == 200 else None
        except ValueError:
            token = None
        if not isinstance(token, str):
            log.warning("openid_provider.code_refused", status=status)
            raise CodeRefused
        return token

    async def key(self, kid: str, algorithm: str) -> PublicKey | None:
        """For an unknown kid the keys are fetched, at most once in `FETCH_INTERVAL_S` seconds."""
        age = self._clock.monotonic() - self._keys_at
        known = self._keys.get((kid, algorithm))
        if age >= METADATA_AGE_S or (known is None and age >= FETCH_INTERVAL_S):
            await self._key_set.run()
        return self._keys.get((kid, algorithm))

    async def _fetch_metadata(self) -> Metadata:
        async with self._call():
            document = await self._http.get(f"{self.client.issuer}/.well-known/openid-configuration")
            self._metadata = _metadata(document, self.client.issuer)
        self._metadata_at = self._clock.monotonic()
        return self._metadata

    async def _fetch_keys(self) -> None:
        metadata = await self.metadata()
        async with self._call():
            document = await self._http.get(metadata.jwks_uri)
            try:
                self._keys = read_key_set(document, ALGORITHMS).keys
            except InvalidKey as error:
                raise Unavailable(detail=f"the OpenID provider's keys: {error.description}") from None
        self._keys_at = self._clock.monotonic()

    async def _exchange(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        """A response of its own to each code: what it says of one is no failure for others, whoever sends that."""
        async with self._call(ProviderAway):
            return await self._http.post(url, fields, authorization)

    @asynccontextmanager
    async def _call(self, failure: type[Unavailable] = Unavailable) -> AsyncIterator[None]:
        """Of the provider. After a `failure` no call is made for `FETCH_INTERVAL_S`."""
        left = self._failed_at + FETCH_INTERVAL_S - self._clock.monotonic()
        if left > 0:
            raise Unavailable(NO_RESPONSE, retry_after=math.ceil(left))
        try:
            yield
        except Unavailable as error:
            retry_after = 1
            if isinstance(error, failure):
                self._failed_at, retry_after = self._clock.monotonic(), math.ceil(FETCH_INTERVAL_S)
            log.warning("openid_provider.unavailable", reason=error.detail or error.description)
            raise Unavailable(NO_RESPONSE, retry_after=retry_after, detail=error.detail) from None


def _metadata(document: bytes, issuer: str) -> Metadata:
    """OpenID Connect Discovery 1.0 section 3. Raises `Unavailable`: its `detail` names what is wrong."""
    try:
        members = strict_json.loads_object(document)
    except ValueError as error:
        raise Unavailable(detail=f"its discovery document {error}") from None
    if members.get("issuer") != issuer:
        raise Unavailable(detail="its discovery document is of another issuer")
    endpoints = {name: members.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for name, url in endpoints.items():
        if not isinstance(url, str) or not _as_safe_as(issuer, url):
            raise Unavailable(detail=f"its {name} is no URL of the issuer's scheme")
    methods: Any = members.get("token_endpoint_auth_methods_supported")
    methods = methods if isinstance(methods, list) else ["client_secret_basic"]
    return Metadata(
        authorization_endpoint=str(endpoints["authorization_endpoint"]),
        token_endpoint=str(endpoints["token_endpoint"]),
        jwks_uri=str(endpoints["jwks_uri"]),
        posts_secret="client_secret_basic" not in methods and "client_secret_post" in methods,
        names_issuer=members.get("authorization_response_iss_parameter_supported") is True,
    )


def _as_safe_as(issuer: str, url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and parts.scheme in {"https", urlsplit(issuer).scheme} and not parts.fragment


def _basic(client_id: str, client_secret: str) -> str:
    """RFC 6749 section 2.3.1: both are form-encoded first."""
    joined = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {base64.b64encode(joined.encode()).decode()}"
