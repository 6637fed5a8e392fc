"""The public port is the supervisor's before any worker starts, or it is an error."""

import socket

import pytest

from gateway.workers.reserved_port import ReservedPort
from shared.settings.config import ConfigError


def listener(port: int, *, reuse_port: bool) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse_port)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    return listening


def test_workers_listen_on_a_reserved_port_and_the_reservation_takes_no_connection() -> None:
    port = ReservedPort("127.0.0.1", 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port.port), 1)
    with listener(port.port, reuse_port=True), listener(port.port, reuse_port=True):
        socket.create_connection(("127.0.0.1", port.port), 1).close()
    port.close()


@pytest.mark.parametrize("reuse_port", [True, False])
def test_a_port_that_somebody_listens_on_is_an_error_that_names_the_setting(reuse_port: bool) -> None:
    with listener(0, reuse_port=reuse_port) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"PASSGATE_HOST, PASSGATE_PORT: cannot listen on 127.0.0.1:{number}:"
        ):
            ReservedPort("127.0.0.1", number)


def test_a_port_that_is_reserved_for_another_gateway_of_this_user_is_an_error() -> None:
    first = ReservedPort("127.0.0.1", 0)
    with listener(first.port, reuse_port=True), pytest.raises(ConfigError):
        ReservedPort("127.0.0.1", first.port)
    first.close()


def test_a_port_is_reserved_at_each_address_and_is_the_same() -> None:
    port = ReservedPort("127.0.0.1,127.0.0.2", 0)
    for address in ("127.0.0.1", "127.0.0.2"):
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((address, port.port))
    port.close()


def test_an_address_that_is_no_address_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(ConfigError, match="PASSGATE_HOST"):
        ReservedPort("256.0.0.1", 0)
