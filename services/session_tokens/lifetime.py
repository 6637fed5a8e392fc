"""How long a session token lives and how many uses it has, as its creator asks within the access key's bounds."""

import re

from shared.contracts.key_registry import AccessKey
from shared.errors import Invalid

MAX_USES = 1_000_000
_INTEGER = re.compile(r"[0-9]{1,9}")


def lifetime(ttl: str | None, key: AccessKey, now: float) -> int:
    """Seconds: `ttl` as the caller wrote it, the key's default without one. No token outlives the key that creates
    it, which may leave less than one. Raises `Invalid`, which names the bound."""
    seconds = _integer("ttl", ttl, key.max_ttl) or key.default_ttl
    return seconds if key.expires_at is None else min(seconds, int(key.expires_at - now))


def number_of_uses(uses: str | None) -> int | None:
    """`uses` as the caller wrote it; None: no end. Raises `Invalid`."""
    return _integer("uses", uses, MAX_USES)


def _integer(name: str, given: str | None, maximum: int) -> int | None:
    if given is None:
        return None
    if not _INTEGER.fullmatch(given) or not 1 <= int(given) <= maximum:
        raise Invalid.field(name, f"must be an integer from 1 to {maximum}")
    return int(given)
