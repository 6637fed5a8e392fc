"""Reading the JWK Set of another issuer (RFC 7517 section 5), of which what cannot be used is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shared import strict_json
from shared.identifiers import OPAQUE_KID
from shared.jose.errors import InvalidKey
from shared.jose.header import is_kid
from shared.jose.jwk import key_of_jwk
from shared.jose.keys import PublicKey, algorithms_for

MAX_KEYS = 100
"""In one set, whether they can be used or not."""

KeyId = tuple[str, str]
"""A kid and an algorithm: a key without an `alg` of its own may be used with several."""

_SHOWN_AS_THEY_ARE = "=+/:.,@"
"""In kids, besides letters, digits, `_`, `-` and `~`."""


@dataclass(frozen=True, slots=True)
class KeySet:
    keys: Mapping[KeyId, PublicKey]
    left_out: tuple[str, ...]
    """Why some keys are not among them, one reason each."""


def read_key_set(document: bytes, algorithms: frozenset[str]) -> KeySet:
    """The keys that may have signed with one of `algorithms`. Raises `InvalidKey` for what is no JWK Set.

    A key for encryption, one that is symmetric, private, weak or without a kid, and one of another algorithm are
    left out. So are all keys of a kid that two different keys have: which of them is meant cannot be known.
    """
    try:
        entries = strict_json.loads_object(document).get("keys")
    except ValueError as error:
        raise InvalidKey.field("the key set", str(error)) from None
    if not isinstance(entries, list):
        raise InvalidKey.field("keys", "must be a list")
    if len(entries) > MAX_KEYS:
        raise InvalidKey.field("keys", f"must be at most {MAX_KEYS}")
    keys: dict[KeyId, PublicKey] = {}
    left_out: list[str] = []
    ambiguous: set[KeyId] = set()
    for index, entry in enumerate(entries):
        try:
            for key in _keys(entry, algorithms, f"keys[{index}]"):
                if keys.setdefault((key.kid, key.algorithm), key) != key:
                    ambiguous.add((key.kid, key.algorithm))
        except InvalidKey as error:
            left_out.append(error.description)
    for kid, algorithm in sorted(ambiguous):
        left_out.append(f"kid {shown(kid)} is that of several keys for {algorithm}")
        del keys[kid, algorithm]
    return KeySet(keys, tuple(left_out))


def shown(kid: str) -> str:
    """For logs: what could mean anything to whoever shows them is escaped as in a URL."""
    return quote(kid, safe=_SHOWN_AS_THEY_ARE)


def _keys(entry: Any, algorithms: frozenset[str], field: str) -> list[PublicKey]:
    """One key, once for each algorithm that it may be used with. Raises `InvalidKey`."""
    if not isinstance(entry, Mapping):
        raise InvalidKey.field(field, "must be a JWK")
    kid = entry.get("kid")
    if not is_kid(kid, OPAQUE_KID):
        raise InvalidKey.field(f"{field}.kid", "is missing, or not 1 to 128 visible characters of ASCII")
    key, stated = key_of_jwk(entry, field)
    fitting = [name for name in algorithms_for(key) if name in algorithms and stated in (None, name)]
    if not fitting:
        raise InvalidKey.field(f"{field}.alg", "is none of the issuer's algorithms")
    return [PublicKey(kid, name, key) for name in fitting]
