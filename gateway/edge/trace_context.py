"""W3C Trace Context: the trace that a call belongs to goes on, or one begins here.

Sections are those of https://www.w3.org/TR/trace-context/. The gateway takes part as a hop of its own: it is the
upstream's parent, and what came as `traceparent` and `tracestate` is never passed on beside what it writes.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.http1.request_head import RequestHead

MAX_STATE_BYTES = 512
MAX_STATE_MEMBERS = 32
"""Of `tracestate` (section 3.3.1). What has more is left out."""
_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_PARENT_LENGTH = 55
"""Characters of version 00; of a later one, those that are read."""
_STATE_MEMBER = re.compile(
    r"([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_FLAGS = {f"{flags:02x}": f"{flags & 0x03:02x}" for flags in range(256)}
"""What is left of flags: sampled, and that the trace id is random (section 3.2.2.5, and level 2 of it)."""
_SAMPLED, _NOT_SAMPLED = "01", "00"
_RANDOM_DIGITS = 14
"""Hexadecimal digits of an id that decide whether a new trace is sampled."""

Trace = tuple[str, str]
"""Its id, 32 hexadecimal digits or "" where the gateway takes no part; and the upstream's header fields, or ""."""


class Tracing(Protocol):
    def trace(self, head: RequestHead, *, trusted: bool, fresh_id: str) -> Trace:
        """The trace of a call, from a trusted proxy or not.

        `fresh_id`: 32 random hexadecimal digits that are of this call alone.
        """
        ...


class Parent(NamedTuple):
    """What `traceparent` says."""

    trace_id: str
    flags: str


class TraceContext:
    """Continues traces of trusted proxies, or of anyone, and begins one for every other call.

    A trace that begins here has the call's `fresh_id` as its own, and a share of these is flagged as sampled.
    """

    def __init__(self, *, from_anyone: bool = False, sampled_share: float = 1.0) -> None:
        self._from_anyone = from_anyone
        self._flags = _SAMPLED if sampled_share >= 1 else _NOT_SAMPLED if sampled_share <= 0 else ""
        """Of every new trace; "" where they differ."""
        self._sampled_below = int(sampled_share * 16**_RANDOM_DIGITS)

    def trace(self, head: RequestHead, *, trusted: bool, fresh_id: str) -> Trace:
        if (trusted or self._from_anyone) and head.first("traceparent") is not None:
            parent = read_parent(head.values("traceparent"))
            if parent is not None:
                line = f"traceparent: 00-{parent.trace_id}-{fresh_id[:16]}-{parent.flags}"
                state = read_state(head.values("tracestate"))
                return parent.trace_id, f"{line}\r\ntracestate: {state}" if state else line
        return fresh_id, f"traceparent: 00-{fresh_id}-{fresh_id[:16]}-{self._flags or self._flags_of(fresh_id)}"

    def _flags_of(self, fresh_id: str) -> str:
        return _SAMPLED if int(fresh_id[-_RANDOM_DIGITS:], 16) < self._sampled_below else _NOT_SAMPLED


class PassedOn:
    """The gateway takes no part: what a client says of its trace goes on as it came (section 4.3)."""

    def trace(self, head: RequestHead, *, trusted: bool, fresh_id: str) -> Trace:
        if head.first("traceparent") is None:
            return "", ""
        names = ("traceparent", "tracestate")
        return "", "\r\n".join(f"{name}: {value}" for name in names for value in head.values(name))


def read_parent(values: Sequence[str]) -> Parent | None:
    """What the one field says; None when it is invalid (section 3.2.2).

    Of a version that is not known yet, what version 00 has is read, and its flags mean no more than they do there.
    """
    if len(values) != 1 or _PARENT.fullmatch(values[0]) is None:
        return None
    value = values[0]
    if value.startswith("ff") or (len(value) != _PARENT_LENGTH and value.startswith("00")):
        return None
    return Parent(value[3:35], _FLAGS[value[53:55]])


def read_state(values: Sequence[str]) -> str:
    """The members of all fields in one list, or "" where one of them is malformed or there are too many."""
    if not values:
        return ""
    text = ",".join(values)
    members = [member for part in text.split(",") if (member := part.strip(" \t"))]
    if len(text) > MAX_STATE_BYTES or len(members) > MAX_STATE_MEMBERS:
        return ""
    matches = [_STATE_MEMBER.fullmatch(member) for member in members]
    keys = {match[1] for match in matches if match is not None}
    return ",".join(members) if len(keys) == len(members) else ""
