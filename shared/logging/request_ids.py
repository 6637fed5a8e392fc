"""The id of a request: made here, or its caller's where that can be believed."""

import os
import re

from shared.identifiers import REQUEST_ID
from shared.logging import request_id
from shared.logging.redaction import redacted

_DIGITS = 32
_DRAWN_AT_ONCE = 256
_MADE_HERE = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")
_drawn: list[str] = []
os.register_at_fork(after_in_child=_drawn.clear)


def new_request_id() -> str:
    """32 hexadecimal digits that nobody can guess. May be called in any thread."""
    try:
        return _drawn.pop()
    except IndexError:  # a system call for each would cost more than all else of it
        digits = os.urandom(_DRAWN_AT_ONCE * _DIGITS // 2).hex()
        fresh = [digits[start : start + _DIGITS] for start in range(0, len(digits), _DIGITS)]
        taken = fresh.pop()
        _drawn.extend(fresh)
        return taken


def adopt_request_id(given: str | None) -> str:
    """Make the caller's id that of this request; a new one for none, an odd one, or a possible secret.

    A UUID of version 4 is one: it has the form of a session token.
    """
    rid = usable_request_id(given)
    request_id.set(rid)
    return rid


def usable_request_id(given: str | None) -> str:
    """The caller's id as `adopt_request_id` has it, without making it that of this request."""
    return given if given is not None and _usable(given) else new_request_id()


def _usable(given: str) -> bool:
    """What looks as those made here do is no secret; to look for one costs more than most else of a request."""
    if _MADE_HERE.fullmatch(given):
        return True
    return REQUEST_ID.fullmatch(given) is not None and redacted(given) == given
