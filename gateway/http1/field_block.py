"""The fields of a request but for its credential, read once as long as they come again and again.

A client sends the same fields with each of its calls, byte for byte, and at most the token differs. A block is
cached after the strict reading of a whole head, and under its exact bytes: what is found again has been read.
"""

from itertools import count

from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.credential_line import credential_line
from gateway.http1.fields import MAX_FIELDS, Field
from gateway.http1.framing import UNFRAMED, Framing

MAX_FIELD_BYTES = 16384
"""For the header fields of a request together."""
_MAX_CACHED_BLOCKS = 2048
_MAX_CACHED_BYTES = 1024
_MAX_CACHED_FIELDS = 40
"""Of one block. What is cached of a field is some ten times as long as the shortest ones are."""


class FieldBlock:
    """Never changed once a head is read, but for `memo`."""

    __slots__ = (
        "cache_number",
        "expects_continue",
        "fields",
        "first",
        "framing",
        "has_body",
        "keep_alive",
        "memo",
        "offers_websocket",
    )

    def __init__(self, fields: list[Field], first: dict[str, str]) -> None:
        self.fields = fields
        self.first = first
        """The first value of each name, in lower case."""
        self.framing: Framing = UNFRAMED
        self.has_body = False
        self.keep_alive = True
        self.expects_continue = False
        self.offers_websocket = False
        self.cache_number = 0
        """Its number among all that were ever cached: while it is, another head with the same fields has this very
        block. What follows from it is cached under this number, which keeps no block alive. 0: it is not cached."""
        self.memo: dict[object, str] = {}
        """What follows from the fields for who passes them on, by what else it depends on."""


def find_block(raw: bytes, start: int) -> tuple[FieldBlock, Field | None, int] | None:
    """The block of the head `raw`, whose first line ends at `start`, if it is cached and nothing else is odd.

    With the field of the head's credential, and how many fields come before that one.
    """
    line = credential_line(raw, start)
    if line is None:
        block = _cache.get(raw[start:])
        return None if block is None else (block, None, 0)
    block = _cache.get(raw[start : line.start] + raw[line.end :])
    if block is None or len(raw) - start > MAX_FIELD_BYTES or len(block.fields) >= MAX_FIELDS:
        return None
    credential = line.plain_field_of(raw)
    return None if credential is None else (block, credential, raw.count(b"\r\n", start, line.start))


def cache_block(raw: bytes, start: int, block: FieldBlock) -> None:
    """Cache `block`, which was read from the head `raw`, unless it is long or may hold a secret."""
    line = credential_line(raw, start)
    rest = raw[start:] if line is None else raw[start : line.start] + raw[line.end :]
    lines = rest.count(b"\r\n")
    if len(rest) > _MAX_CACHED_BYTES or lines > _MAX_CACHED_FIELDS:
        return
    if lines != len(block.fields) or not rest.isascii():
        return  # where the count differs, the credential's name is spelled in another way
    if all(field.cacheable for field in block.fields):
        _cache.put(rest, block)
        block.cache_number = next(_numbers)


_numbers = count(1)
_cache: BoundedCache[bytes, FieldBlock] = BoundedCache(_MAX_CACHED_BLOCKS)
