"""What tests start has ports of its own, however many processes share the tests."""

import random

import pytest

from deploy.local.ports import is_free, listener
from tests.support import free_port as module
from tests.support.free_port import free_port


def test_no_port_is_given_twice_before_its_server_listens() -> None:
    ports = [free_port() for _ in range(1500)]
    assert len(set(ports)) == len(ports)


def test_a_free_port_is_nobodys() -> None:
    port = free_port()
    assert is_free(port)
    assert listener(port) == ""


def test_another_process_is_not_given_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    port, other = free_port(), free_port()
    module._marks.pop().close()
    chosen = iter((port, other))
    monkeypatch.setattr(random, "randrange", lambda *_: next(chosen))
    monkeypatch.setattr(module, "_given", {})  # as it is in another process
    assert free_port() == other
