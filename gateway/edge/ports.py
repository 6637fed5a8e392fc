"""What an arriving connection calls, and is called by."""

import asyncio
from typing import Protocol

from gateway.http1.request import BadRequest


class Addresses(Protocol):
    def __contains__(self, address: str) -> bool: ...


class EnteredConnection(Protocol):
    """What takes over and speaks HTTP: an `asyncio.Protocol`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def data_received(self, data: bytes) -> None: ...

    def refuse(self, error: BadRequest) -> None:
        """Respond with a refusal whatever arrives, and close."""
        ...
