"""The one line of a head that carries its credential, apart from the fields that come again with every call.

Only the spellings that clients write are looked for: as the RFC has the name, and in lower case, as Node writes it.
In any other the field is one among the others, and its head is read in full each time.
"""

import re
from typing import NamedTuple

from gateway.http1.fields import Field, is_plain

CREDENTIAL_FIELDS = ("authorization", "x-api-token")
_BEGINNING = re.compile(rb"\r\n(Authorization|X-Api-Token|authorization|x-api-token): ")
_MAY_COME_AGAIN = re.compile(rb"\r\n(?:[Aa]uthorization: Bearer ey|(?:X-Api-Token|x-api-token): )")
"""With a token that begins as JSON in base64url, or one of those that are not changed for every call."""


class CredentialLine(NamedTuple):
    """Where it stands in a head: it begins with the CRLF before it, and `end` is that of the next one."""

    start: int
    value_start: int
    end: int
    spelled: bytes

    def field_of(self, raw: bytes) -> Field:
        """Of a head that was read strictly before."""
        return Field.of(self.spelled.decode(), raw[self.value_start : self.end].decode("latin-1").strip(" \t"))

    def plain_field_of(self, raw: bytes) -> Field | None:
        """None where its value is odd, so that the strict reading has to judge it."""
        value = raw[self.value_start : self.end]
        if not value or not is_plain(value) or value[0] == 32 or value[-1] == 32:
            return None
        return Field.of(self.spelled.decode(), value.decode())


def credential_line(raw: bytes, start: int = 0) -> CredentialLine | None:
    """The first one in the head `raw` from `start` on; that there is one only, its other lines tell."""
    match = _BEGINNING.search(raw, start)
    if match is None:
        return None
    end = raw.find(b"\r\n", match.end())
    return CredentialLine(match.start(), match.end(), len(raw) if end < 0 else end, match[1])


def may_come_again(raw: bytes) -> bool:
    """Whether the head `raw` holds a credential with which many calls are made."""
    return _MAY_COME_AGAIN.search(raw) is not None
