"""Which credential a request holds, wherever it is: its place and the prefix of its kind, and no more of it."""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.credentials.extract import query_parameters
from gateway.credentials.identity import RefusedCredential
from gateway.credentials.kinds import API_TOKEN_FIELD, SESSION_TOKEN_PARAMETER
from gateway.http1.request_head import RequestHead
from shared.logging.redaction import redacted
from shared.opaque import claimed_prefix

_FIELDS = {"authorization": "Authorization", API_TOKEN_FIELD: "X-Api-Token", "x-api-key": "X-Api-Key"}
"""Those that hold a credential, whatever it begins with."""
_PARAMETERS = frozenset({SESSION_TOKEN_PARAMETER, "access_token"})
"""As above; the second is of RFC 6750 section 2.3."""
_SCHEMES = frozenset({"Basic", "Bearer", "Digest"})
MAX_NAME_CHARACTERS = 64


class Presented(NamedTuple):
    place: str
    """A header field with the scheme of Authorization, or a parameter of the query."""
    prefix: str
    """`pgat_` and the like; "" of what is no secret or key of ours."""

    def __str__(self) -> str:
        return f"{self.place} (begins with {self.prefix})" if self.prefix else self.place


def presented(head: RequestHead) -> Presented | None:
    """What has a prefix of ours, in any place; else the first thing in a place where credentials are.

    For calls that are refused: it looks at every field.
    """
    found = None
    for one in _all(head):
        if one.prefix:
            return one
        found = found or one
    return found


def _all(head: RequestHead) -> Iterator[Presented]:
    for name, place in _FIELDS.items():
        for value in head.values(name):
            scheme = value.partition(" ")[0].capitalize() if name == "authorization" else ""
            yield Presented(f"{place}: {scheme}" if scheme in _SCHEMES else place, _prefix_of(value))
    for field in head.fields:
        if field.name not in _FIELDS and (prefix := _prefix_of(field.value)):
            yield Presented(redacted(field.line.partition(":")[0][:MAX_NAME_CHARACTERS]), prefix)
    try:
        parameters = query_parameters(head.target.partition("?")[2])
    except RefusedCredential:
        return
    for name, value in parameters:
        prefix = _prefix_of(value)
        if name in _PARAMETERS:
            yield Presented(f"{name} in the query", prefix)
        elif prefix:
            yield Presented("the query", prefix)


def _prefix_of(value: str) -> str:
    """Also after a scheme, and in quotes."""
    return claimed_prefix(value.strip().rpartition(" ")[2].lstrip("\"'"))
