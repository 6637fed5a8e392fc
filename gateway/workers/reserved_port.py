"""The public port, reserved: bound for as long as workers come and go, and never listened on here."""

import socket
from collections.abc import Sequence

from shared.settings.config import ConfigError, addresses


class ReservedPort:
    """Sockets that are bound to one port of each address of `host` (with commas), with `SO_REUSEPORT`.

    `port` 0 takes a free one. Raises `ConfigError` when somebody listens there, be it another gateway of this user,
    with which the port could be shared.
    """

    def __init__(
        self, host: str, port: int, *, host_setting: str = "PASSGATE_HOST", port_setting: str = "PASSGATE_PORT"
    ) -> None:
        self.port = port
        self._sockets: list[socket.socket] = []
        try:
            for address in addresses(host):
                for family, location in _locations(address):
                    self._bind(family, location)
        except OSError as error:
            self.close()
            raise ConfigError(
                f"{host_setting}, {port_setting}: cannot listen on {host}:{port}: {error.strerror}"
            ) from error

    def close(self) -> None:
        for bound in self._sockets:
            bound.close()

    def _bind(self, family: int, location: Sequence[object]) -> None:
        own = (location[0], self.port, *location[2:])
        if self.port:  # without SO_REUSEPORT, so that it fails where anybody listens
            _bound(family, own, reuse_port=False).close()
        bound = _bound(family, own, reuse_port=True)
        self._sockets.append(bound)
        self.port = bound.getsockname()[1]


def _locations(address: str) -> list[tuple[int, Sequence[object]]]:
    found = socket.getaddrinfo(address, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((int(family), location) for family, _, _, _, location in found))


def _bound(family: int, location: tuple[object, ...], *, reuse_port: bool) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:  # as asyncio's servers: IPv4 has an address of its own
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(location)
    except OSError:
        bound.close()
        raise
    return bound
