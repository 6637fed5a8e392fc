"""Calls without a credential, or with junk in its place, that come again and are refused again.

Whoever has none, guesses, or scans for what is there, sends the same few heads over and over. What is decided about
such a head follows from its bytes and the route table alone: there is nobody who may have been stopped since.
"""

from collections.abc import Sequence

from gateway.credentials.access_tokens import is_junk
from gateway.http1.fields import Field
from gateway.http1.request_head import RequestHead
from gateway.refused_calls.problems import Refusal
from gateway.routing.cache_by_table import CacheByTable
from gateway.routing.table import RouteTable

MAX_REPEATED_REFUSALS = 4096
_MAX_CACHED_TARGET_LENGTH = 128
_BEARER = "Bearer "

Key = tuple[int, str, str, str, bool]
"""The number of the fields' block, the method, the target, the host, and whether junk is among the fields."""


class RepeatedRefusals:
    """Found by heads without what may be a secret, junk included. Bounded, as everything that a client chooses."""

    def __init__(self) -> None:
        self._refusals: CacheByTable[Key, Refusal] = CacheByTable(MAX_REPEATED_REFUSALS)

    def __len__(self) -> int:
        return len(self._refusals)

    def find(self, key: Key, table: RouteTable) -> Refusal | None:
        """What was decided with this table about a head with this `key`, if it was refused."""
        return self._refusals.find(key, table)

    def keep(self, key: Key, refusal: Refusal, table: RouteTable) -> None:
        self._refusals.put(key, refusal, table)


def key_without_secret(head: RequestHead) -> Key | None:
    """All that a refusal of this head depends on, but the table; None where it may hold a credential, in whatever
    place, or does not come again. What junk it holds is not of it."""
    if not head.block.cache_number or (head.call_fields and _may_hold_a_prefix(head.call_fields)):
        return None
    credential = head.credential
    if credential is not None and not _holds_junk(credential):
        return None
    target = head.target
    if "?" in target or len(target) > _MAX_CACHED_TARGET_LENGTH:
        return None
    return head.block.cache_number, head.method, target, head.host, credential is not None


def _may_hold_a_prefix(fields: Sequence[Field]) -> bool:
    """Of a credential of ours, which is found in any field."""
    return any("_" in field.value for field in fields)


def _holds_junk(credential: Field) -> bool:
    """As a bearer. Whatever it is, the refusal is the same, and says nothing of it."""
    value = credential.value
    return credential.name == "authorization" and value.startswith(_BEARER) and is_junk(value[len(_BEARER) :])
