"""The fuzzer's inputs: what each of them tries, and those that are kept."""

import ast
from pathlib import Path

from tests.support.http1.framing_payloads import BAD_RESPONSES, FORWARDED, MALFORMED, RESPONSES
from tests.support.http1.invariants import check_handshake, check_requests, check_response
from tests.support.http1.near_valid import with_credential
from tests.support.http1.websockets import MALFORMED_HANDSHAKES, UNACCEPTABLE, handshake, switching

CORPUS = Path(__file__).with_name("corpus.txt")
MAX_INPUT_BYTES = 512
_REQUESTS, _RESPONSE, _RESPONSE_TO_HEAD, _HANDSHAKE = b"\0", b"\1", b"\3", b"\4"
"""What an input is: of a handshake it is the request and the response to it."""

_OFFERS = "Sec-WebSocket-Protocol: a, chat", "Sec-WebSocket-Extensions: x; y=1, permessage-deflate"
ACCEPTED = (
    handshake() + switching(),
    handshake() + b"HTTP/1.1 103 X\r\n\r\n" + switching(connection="keep-alive, UPGRADE") + b"\x81\x01a",
    handshake(*_OFFERS) + switching("Sec-WebSocket-Protocol: chat"),
    handshake(*_OFFERS) + switching("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"),
)
"""Handshakes with a response that opens a tunnel."""


def check(data: bytes) -> None:
    """Raises whatever is a fault. The first byte says what the others are, the second where they are cut."""
    if len(data) < 3:
        return
    kind, cut, raw = data[0], data[1], data[2:]
    cuts = (cut, cut + 1, cut + 3, cut * 2)
    if kind & 4:
        request, end, response = raw.partition(b"\r\n\r\n")
        check_handshake(request + end, response, cuts)
    elif kind & 1:
        check_response(raw, "HEAD" if kind & 2 else "GET", cuts)
    else:
        check_requests(raw, cuts)


def seeds() -> list[bytes]:
    """An input of each payload that is short enough."""
    valid_responses = [
        (_RESPONSE_TO_HEAD if method == "HEAD" else _RESPONSE, raw) for raw, _, method in RESPONSES.values()
    ]
    parts = [
        *((_REQUESTS, raw) for raw in MALFORMED.values()),
        *((_REQUESTS, request.raw) for request in FORWARDED.values()),
        *((_REQUESTS, request.raw + with_credential(request.raw)) for request in FORWARDED.values()),
        *((_RESPONSE, raw) for raw in BAD_RESPONSES.values()),
        *valid_responses,
        *((_HANDSHAKE, raw + switching()) for raw, _ in MALFORMED_HANDSHAKES.values()),
        *((_HANDSHAKE, handshake("Sec-WebSocket-Protocol: chat") + raw) for raw in UNACCEPTABLE.values()),
        *((_HANDSHAKE, raw) for raw in ACCEPTED),
    ]
    return [kind + bytes([len(raw) // 2 % 256]) + raw for kind, raw in parts if len(raw) + 2 <= MAX_INPUT_BYTES]


def kept() -> list[bytes]:
    """What is kept in corpus.txt: one input a line, as Python writes it."""
    lines = CORPUS.read_text(encoding="ascii").splitlines() if CORPUS.exists() else []
    return [ast.literal_eval(line) for line in lines]


def keep(inputs: list[bytes]) -> None:
    known = set(seeds())
    CORPUS.write_text(lines([data for data in inputs if data not in known]), encoding="ascii")


def lines(inputs: list[bytes]) -> str:
    """The text of corpus.txt, in an order of its own."""
    return "".join(sorted(f"{data!r}\n" for data in inputs))
