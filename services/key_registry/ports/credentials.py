"""Credentials as the other services look them up."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.contracts.key_registry import (
    AccessKey,
    ApiClient,
    ApiToken,
    KeyPair,
)


class Credentials(Protocol):
    """Look-ups of many at once. Each record's `as_of` is of the very snapshot that it was read from."""

    async def api_tokens(self, digests: Sequence[bytes]) -> Mapping[bytes, ApiToken]: ...

    async def access_keys(self, digests: Sequence[bytes]) -> Mapping[bytes, AccessKey]: ...

    async def api_clients(self, keys: Sequence[str]) -> Mapping[str, ApiClient]: ...

    async def key_pairs(self, kids: Sequence[str]) -> Mapping[str, KeyPair]: ...
