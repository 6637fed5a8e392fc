"""The fuzzer's inputs: what each of them tries, and those that are kept."""

import ast
from pathlib import Path

from tests.support.http1.framing_payloads import BAD_RESPONSES, FORWARDED, MALFORMED, RESPONSES
from tests.support.http1.invariants import check_requests, check_response
from tests.support.http1.near_valid import with_credential

CORPUS = Path(__file__).with_name("corpus.txt")
MAX_INPUT_BYTES = 512
_REQUESTS, _RESPONSE, _RESPONSE_TO_HEAD = b"\0", b"\1", b"\3"


def check(data: bytes) -> None:
    """Raises whatever is a fault. The first byte says what the others are, the second where they are cut."""
    if len(data) < 3:
        return
    kind, cut, raw = data[0], data[1], data[2:]
    cuts = (cut, cut + 1, cut + 3, cut * 2)
    if kind & 1:
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
