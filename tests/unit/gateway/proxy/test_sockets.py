"""What is done to a connection whose other end may have gone without a word."""

import asyncio
from typing import cast

import pytest

from gateway.proxy.sockets import end_writing


class Transport:
    def __init__(self, error: OSError | None) -> None:
        self.calls: list[str] = []
        self._error = error

    def write_eof(self) -> None:
        self.calls.append("write_eof")
        if self._error is not None:
            raise self._error

    def abort(self) -> None:
        self.calls.append("abort")


@pytest.mark.parametrize(
    ("error", "calls"),
    [(None, ["write_eof"]), (OSError(107, "Transport endpoint is not connected"), ["write_eof", "abort"])],
)
def test_to_end_a_half_of_what_is_gone_ends_it_all(error: OSError | None, calls: list[str]) -> None:
    transport = Transport(error)
    end_writing(cast("asyncio.Transport", transport))
    assert transport.calls == calls
