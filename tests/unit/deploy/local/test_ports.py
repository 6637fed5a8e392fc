"""A taken port is noticed, and who has it is named."""

import os
import socket

from deploy.local.ports import free_port, is_free, listener


def test_a_taken_port_is_named_with_its_owner() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not is_free(port)
        assert f"(pid {os.getpid()})" in listener(port)


def test_a_port_taken_on_all_addresses_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_no_port_is_given_twice_before_its_server_listens() -> None:
    ports = [free_port() for _ in range(1500)]
    assert len(set(ports)) == len(ports)


def test_a_free_port_is_nobodys() -> None:
    port = free_port()
    assert is_free(port)
    assert listener(port) == ""
