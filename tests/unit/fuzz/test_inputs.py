"""What the fuzzer has reached still holds: each input that is kept is tried again, without a fuzzer."""

import pytest

from tests.fuzz import inputs
from tests.support.http1.invariants import check_handshake
from tests.support.http1.websockets import UNACCEPTABLE, handshake


def test_every_kept_input_still_holds() -> None:
    kept = inputs.kept()
    assert len(kept) > 50
    for data in (*inputs.seeds(), *kept):
        inputs.check(data)


def test_what_is_kept_is_read_as_it_was_written() -> None:
    text = inputs.CORPUS.read_text(encoding="ascii")
    assert inputs.lines(inputs.kept()) == text


@pytest.mark.parametrize("raw", inputs.ACCEPTED)
def test_a_handshake_that_is_to_open_a_tunnel_does(raw: bytes) -> None:
    request, end, response = raw.partition(b"\r\n\r\n")
    assert check_handshake(request + end, response, (len(response) // 2,))


@pytest.mark.parametrize("name", UNACCEPTABLE)
def test_no_other_does(name: str) -> None:
    assert not check_handshake(handshake("Sec-WebSocket-Protocol: chat"), UNACCEPTABLE[name], ())
