"""Where a service is, and opening a connection to it."""

import asyncio
import socket
import ssl
from functools import partial
from ipaddress import ip_address
from itertools import chain, zip_longest

from yarl import URL

from shared.http.calls.connection import CallConnection
from shared.http.calls.staggered import first_opened
from shared.settings.config import ConfigError
from shared.waiting.single_flight import SingleFlight


class Peer:
    """The service at a base URL. Raises `ConfigError` for one without a host, or with a user's name."""

    def __init__(self, base_url: str) -> None:
        try:
            url = URL(base_url)
        except ValueError:
            url = URL()
        if url.scheme not in ("http", "https") or not url.raw_host or not url.port or url.user is not None:
            raise ConfigError("the URL of a service needs a host, and no user's name")
        self._host, self._port = url.raw_host, url.port
        self.path = url.raw_path.rstrip("/")
        """What the paths of requests begin with."""
        host = url.host_subcomponent or url.raw_host
        self.authority = host if url.is_default_port() else f"{host}:{url.port}"
        """The value of the Host field."""
        self._secure = url.scheme == "https"
        self._tls: ssl.SSLContext | None = None
        self._look_up = SingleFlight(f"look-up of {self._host}", self._addresses_of_name)

    def load_certificates(self) -> None:
        """Read those by which an https service is verified, where that has not been done."""
        if self._secure and self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])

    async def open(self, max_body_bytes: int) -> CallConnection:
        """Raises `OSError`. Whoever calls this bounds the time."""
        attempts = [partial(self._open, address, max_body_bytes) for address in await self._addresses()]
        return await first_opened(attempts)

    async def close(self) -> None:
        await self._look_up.stop()

    async def _open(self, address: str, max_body_bytes: int) -> CallConnection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: CallConnection(loop, max_body_bytes),
            address,
            self._port,
            ssl=self._tls,
            server_hostname=self._host if self._secure else None,
        )
        return connection

    async def _addresses(self) -> list[str]:
        try:
            return [str(ip_address(self._host))]
        except ValueError:
            found = await self._look_up.run()
        if not found:
            raise socket.gaierror
        return found

    async def _addresses_of_name(self) -> list[str]:
        """Both families in turn; none where it has none. In a thread, and in one for all connections: a resolver
        that is silent must not take every thread."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return []
        first = found[0][0] if found else socket.AF_INET
        same = [str(address[0]) for family, *_, address in found if family == first]
        other = [str(address[0]) for family, *_, address in found if family != first]
        return [address for address in chain.from_iterable(zip_longest(same, other)) if address is not None]
