"""What the rules need of the outside, as protocols."""

from typing import Protocol

from shared.contracts.key_registry import ApiToken


class ApiTokens(Protocol):
    async def get(self, key: bytes) -> ApiToken | None:
        """The API token with this SHA-256. Raises `Unavailable`."""
        ...


class Feed(Protocol):
    """How far `ApiTokens` follows the changes."""

    @property
    def position(self) -> int: ...

    @property
    def mark(self) -> str | None: ...
