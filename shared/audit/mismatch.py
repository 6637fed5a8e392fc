"""What came where a credential belongs, as far as that may be said of what nobody knows."""

import re
from dataclasses import dataclass

SOMETHING_BESIDE = "a whole secret with something else beside it"
"""What was found, such as where the key was pasted with it."""
_BEGINNING = re.compile(r"it begins with ([a-z]+_)$")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """For log and trace, never for its sender. It holds nothing of a secret."""

    prefix: str = ""
    """Of the kind that it begins as, such as `pgat_`, where it belongs elsewhere; "" of nothing of ours."""
    found: str = ""
    """In the words of traces; "" where cause and prefix say all."""
    expected: str = ""
    """As `found`, of what belongs there; "" where the check of the cause says it."""


def nothing_sent(expected: str) -> Mismatch:
    """Of a call that has no credential, with what is read there."""
    return Mismatch(found="no credential", expected=expected)


def begins_with(prefix: str) -> str:
    """What was found, in the words of traces, of what is known by the prefix of its kind alone."""
    return f"it begins with {prefix}"


def prefix_in(found: str) -> str:
    """The prefix that `begins_with` names at the end of what was found; "" if none."""
    named = _BEGINNING.search(found)
    return named[1] if named else ""
