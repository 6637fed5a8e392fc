"""Fields that differ from call to call, such as ids of requests and traces, kept apart from those that come again.

Balancers and tracing libraries add them, so that no two heads of a client would be the same.
"""

import re

from gateway.http1.fields import OF_ONE_CALL, Field
from gateway.http1.request_head import RequestHead

MAX_CALL_FIELDS = 16
_LINE = re.compile(
    rb"\r\n(%b): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)(?=\r\n|\Z)"
    % b"|".join(re.escape(name.encode()) for name in sorted(OF_ONE_CALL)),
    re.IGNORECASE,
)


def has_call_fields(head: RequestHead) -> bool:
    """Whether some are among the others, so that they should be cut out of the next head of the connection."""
    block = head.block
    return not (block.cache_number or OF_ONE_CALL.isdisjoint(block.first))


def cut_call_fields(raw: bytes) -> tuple[bytes, list[Field]]:
    """The head `raw` without them, and they in their order. What is written in an unusual way stays where it is."""
    parts = _LINE.split(raw)
    if not 1 < len(parts) <= 3 * MAX_CALL_FIELDS + 1:
        return raw, []
    pairs = zip(parts[1::3], parts[2::3], strict=True)
    return b"".join(parts[::3]), [Field.of(name.decode("ascii"), value.decode("ascii")) for name, value in pairs]
