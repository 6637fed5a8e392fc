"""The OpenAPI documents of all services, from the services themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import orjson

from shared.api_reference.reference import Reference, reference_of
from shared.clock import Clock
from shared.errors import Unavailable
from shared.waiting.single_flight import SingleFlight

CACHED_S = 300
"""For which a document is cached: it changes when its service is replaced by another release."""
FETCH_TIMEOUT_S = 10.0
"""A service builds its document when it is first requested, which may take a second on a busy machine."""


class Fetching(Protocol):
    async def fetch(self, path: str, *, timeout_s: float) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is. `slug` is its name in URLs; `base` is what stands before a path in its examples.

    `read` raises `Unavailable`. `internal`: of endpoints that services alone may call.
    """

    slug: str
    title: str
    base: str
    read: Callable[[], Awaitable[bytes]]
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A source with what it held; without one the service does not respond."""

    source: Source
    document: Mapping[str, Any] | None = None
    reference: Reference | None = None


_PUBLIC, _REGISTRY = "$GATEWAY_URL", "$REGISTRY_URL"
_DOCUMENT = "/openapi.json"
_SERVICES = (
    ("tokens", "Tokens", "token_issuer", _DOCUMENT, _PUBLIC, False),
    ("session-tokens", "Session tokens", "session_tokens", _DOCUMENT, _PUBLIC, False),
    ("operator", "Operator", "operator_validator", _DOCUMENT, _PUBLIC, False),
    ("admin-api", "Admin API", "key_registry", _DOCUMENT, _REGISTRY, False),
    ("samples", "Sample APIs", "sample_resources", _DOCUMENT, _PUBLIC, False),
    ("gateway", "Gateway operations", "gateway", _DOCUMENT, "$GATEWAY_OPERATIONS_URL", True),
    ("registry-internal", "Key registry, internal", "key_registry", "/openapi/internal.json", _REGISTRY, True),
)


def sources_of(clients: Mapping[str, Fetching]) -> list[Source]:
    """The documents of those services for which there is a client, by the service's name."""
    return [
        Source(slug, title, base, _reading(clients[service], path), internal)
        for slug, title, service, path, base, internal in _SERVICES
        if service in clients
    ]


class ApiDocuments:
    """Fetched when somebody looks, and cached for `CACHED_S`; what a service had last while it does not respond."""

    def __init__(self, sources: Sequence[Source], clock: Clock) -> None:
        self._sources = {source.slug: source for source in sources}
        self._clock = clock
        self._cache: dict[str, tuple[float, Described]] = {}
        self._fetching = {
            slug: SingleFlight(f"OpenAPI document {slug}", partial(self._fetch, source))
            for slug, source in self._sources.items()
        }

    async def all(self) -> list[Described]:
        return list(await asyncio.gather(*(self._one(slug) for slug in self._sources)))

    async def one(self, slug: str) -> Described | None:
        return await self._one(slug) if slug in self._sources else None

    async def _one(self, slug: str) -> Described:
        fetched_at, cached = self._cache.get(slug, (0.0, Described(self._sources[slug])))
        if cached.document is not None and self._clock.monotonic() - fetched_at < CACHED_S:
            return cached
        try:
            return await self._fetching[slug].run()
        except Unavailable:
            return cached

    async def _fetch(self, source: Source) -> Described:
        body = await source.read()
        found = await asyncio.to_thread(_described, source, body)
        self._cache[source.slug] = (self._clock.monotonic(), found)
        return found


def _described(source: Source, body: bytes) -> Described:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unavailable(detail=f"{source.slug}: its document is not JSON") from None
    return Described(source, document, reference_of(document, source.base))


def _reading(client: Fetching, path: str) -> Callable[[], Awaitable[bytes]]:
    async def read() -> bytes:
        return await client.fetch(path, timeout_s=FETCH_TIMEOUT_S)

    return read
