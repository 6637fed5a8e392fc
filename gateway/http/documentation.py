"""The documents of all services at the operators' port, from the services themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.config import NAME, OPERATIONS, Settings
from shared.api_reference.documents import ApiDocuments, Fetching, sources_of
from shared.api_reference.endpoints import reference_endpoints
from shared.clock import Clock
from shared.http.client import ServiceClient
from shared.http.endpoints import Endpoint
from shared.http.openapi import openapi_document

CONNECTIONS = 2
"""To each service, for documents."""


class _Own:
    """The document of `table`, as if it were fetched."""

    def __init__(self, table: Sequence[Endpoint]) -> None:
        self._table = table

    async def fetch(self, path: str, *, timeout_s: float) -> bytes:
        return await asyncio.to_thread(self._built)

    def _built(self) -> bytes:
        document: Mapping[str, Any] = openapi_document(NAME, self._table, {}, OPERATIONS)
        return orjson.dumps(document)


def documentation(
    settings: Settings, table: Sequence[Endpoint], clock: Clock
) -> tuple[list[Endpoint], list[ServiceClient]]:
    """The endpoints, with the clients that they need started. `table`: the other endpoints of this port."""
    urls = {
        "key_registry": settings.key_registry_url,
        "token_issuer": settings.token_issuer_url,
        "session_tokens": settings.session_tokens_url,
        "operator_validator": settings.operator_validator_url,
        "sample_resources": settings.sample_resources_url,
    }
    clients = {name: ServiceClient(url, connections=CONNECTIONS) for name, url in urls.items()}
    readable: dict[str, Fetching] = {**clients, NAME: _Own(table)}
    return reference_endpoints(ApiDocuments(sources_of(readable), clock)), list(clients.values())
