"""One POST to a target, within bounds that no target can move: its addresses, its time, its bytes.

HTTP/1.1 over a connection of its own. Of the response the status is read and no more: a redirect is not followed,
and nothing of a body is kept, which could show what is behind a target.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from services.key_registry.events.webhooks.resolution import Lookup, Unresolved, allowed_addresses
from services.key_registry.events.webhooks.targets import Address, ForbiddenTarget, Target, TargetPolicy

ATTEMPT_TIMEOUT_S = 10.0
"""Seconds for a whole attempt, from the look-up of the name to the status."""
CONNECT_TIMEOUT_S = 3.0
"""Seconds for the connection to one of the addresses, TLS included."""
MAX_HEAD_BYTES = 16 * 1024
"""Bytes that are read of a response, those of interim ones before it included."""
MAX_ADDRESSES = 3
"""Of a target, that are tried one after the other."""
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")


@dataclass(frozen=True, slots=True)
class PostResult:
    status: int | None
    error: str | None
    """A word for why it was not delivered; None for a 2xx."""


@cache
def system_trust() -> ssl.SSLContext:
    """Certificates are checked against those that the system trusts (`SSL_CERT_FILE`), and against the name."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class TargetClient:
    def __init__(
        self,
        lookup: Lookup,
        policy: TargetPolicy,
        *,
        timeout: float = ATTEMPT_TIMEOUT_S,
        trust: Callable[[], ssl.SSLContext] = system_trust,
    ) -> None:
        self._lookup = lookup
        self._policy = policy
        self._timeout = timeout
        self._trust = trust

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> PostResult:
        try:
            async with asyncio.timeout(self._timeout):
                addresses = await allowed_addresses(target, self._lookup, self._policy)
                status = await self._exchange(target, addresses, _request(target, headers, body))
        except TimeoutError:
            return PostResult(None, "timed_out")
        except Unresolved:
            return PostResult(None, "unresolved")
        except ForbiddenTarget:
            return PostResult(None, "address_not_allowed")
        except ssl.SSLError:
            return PostResult(None, "tls_failed")
        except (OSError, asyncio.IncompleteReadError):
            return PostResult(None, "connection_failed")
        except (asyncio.LimitOverrunError, ValueError):
            return PostResult(None, "invalid_response")
        return PostResult(status, None if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status")

    async def _exchange(self, target: Target, addresses: Sequence[Address], request: bytes) -> int:
        reader, writer = await self._connected(target, addresses)
        try:
            writer.write(request)
            with contextlib.suppress(ConnectionError):  # it may respond without reading all
                await writer.drain()
            return await _final_status(reader)
        finally:
            writer.transport.abort()

    async def _connected(
        self, target: Target, addresses: Sequence[Address]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the first of the addresses that takes the connection; they are the ones that were checked."""
        failed: OSError = OSError("no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    return await asyncio.open_connection(
                        str(address),
                        target.port,
                        limit=MAX_HEAD_BYTES,
                        ssl=self._trust() if target.secure else None,
                        server_hostname=target.host if target.secure else None,
                    )
            except ssl.SSLError:
                raise
            except OSError as error:  # TimeoutError is one
                failed = error
        raise failed


async def _final_status(reader: asyncio.StreamReader) -> int:
    """Raises `ValueError` for what is no response, or one whose head is too long."""
    left = MAX_HEAD_BYTES
    while True:
        line = await reader.readuntil(b"\n")
        left -= len(line)
        match = _STATUS.fullmatch(line)
        if match is None or left < 0:
            raise ValueError("no response of HTTP/1")
        status = int(match[1])
        if status >= 200:
            return status
        while (line := await reader.readuntil(b"\n")) not in (b"\r\n", b"\n"):  # the head of an interim one
            left -= len(line)
            if left < 0:
                raise ValueError("too long")


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {
        "Host": target.authority,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "Passgate-Webhooks/1",
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body
