"""What tries one framing rule: messages that it refuses, and messages that look like them and are valid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class ValidRequest(NamedTuple):
    raw: bytes
    content: bytes


class ValidResponse(NamedTuple):
    """`method` is that of the request. A body without a length ends with the connection, after `raw`."""

    raw: bytes
    content: bytes
    method: str = "GET"


@dataclass(frozen=True)
class Family:
    """The payloads of `rule`, by name. Nothing may be forwarded of what is in `refused` or `bad_responses`."""

    rule: str
    refused: Mapping[str, bytes] = field(default_factory=dict)
    forwarded: Mapping[str, ValidRequest] = field(default_factory=dict)
    """Each is forwarded once, in one canonical form."""
    bad_responses: Mapping[str, bytes] = field(default_factory=dict)
    """Responses to a GET, each of which becomes a 502."""
    responses: Mapping[str, ValidResponse] = field(default_factory=dict)
