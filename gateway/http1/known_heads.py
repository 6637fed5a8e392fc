"""Heads with a credential that come again byte for byte, read in one step.

They are found by their SHA-256: no secret is kept. Who has accepted the credential has its head cached, so that
what strangers send takes no place.
"""

import hashlib

from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.call_fields import cut_call_fields
from gateway.http1.credential_line import may_come_again
from gateway.http1.field_block import FieldBlock
from gateway.http1.fields import MAX_FIELDS
from gateway.http1.request import parse_head
from gateway.http1.request_head import RequestHead

MAX_DIGESTED_BYTES = 4096
"""Of one head: a longer one is not looked for."""
_MAX_CACHED_HEADS = 4096
_MAX_CACHED_TARGET_LENGTH = 128


def read_head(raw: bytes, *, varies: bool = False) -> RequestHead:
    """As `parse_head`, and with the same result; where it `varies`, the fields of one call are cut out first."""
    if varies and len(raw) <= MAX_DIGESTED_BYTES:
        rest, call_fields = cut_call_fields(raw)
        head = _read(rest)
        if len(head.block.fields) + len(call_fields) < MAX_FIELDS:
            head.call_fields = call_fields
            return head
    return _read(raw)


def _read(raw: bytes) -> RequestHead:
    if len(raw) > MAX_DIGESTED_BYTES or not may_come_again(raw):
        return parse_head(raw)
    digest = hashlib.sha256(raw).digest()
    known = _cache.get(digest)
    if known is None:
        head = parse_head(raw)
        head.digest = digest
        return head
    method, target, block, position = known
    return RequestHead(method, target, block, None, position, raw, digest)


def cache_head(head: RequestHead) -> bool:
    """Cache it, unless its query or its fields may hold a secret, or differ each time. Whether it is cached."""
    block, target = head.block, head.target
    if head.digest is None or not block.cache_number or "?" in target or len(target) > _MAX_CACHED_TARGET_LENGTH:
        return False
    if head.minor_version != 1 or head.host != block.first.get("host"):
        return False
    _cache.put(head.digest, (head.method, target, block, head.position))
    return True


_cache: BoundedCache[bytes, tuple[str, str, FieldBlock, int]] = BoundedCache(_MAX_CACHED_HEADS)
