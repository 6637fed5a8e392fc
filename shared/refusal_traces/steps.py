"""The steps of a trace, each text bounded and without what may be a secret."""

from shared.contracts.refusal_traces import MAX_TEXT_CHARACTERS, TraceStep
from shared.logging.redaction import redacted
from shared.refusal_traces.causes import check_of

STOPPED = "stopped: "
"""Begins what the gateway found where something is stopped: its kind and its id follow, with a blank between."""


def shown(value: object) -> str:
    """Any value as a text of a trace."""
    return redacted(str(value)[: 2 * MAX_TEXT_CHARACTERS])[:MAX_TEXT_CHARACTERS]


def passed(check: str, found: object, expected: str = "") -> TraceStep:
    return TraceStep(check=check, ok=True, found=shown(found), expected=shown(expected))


def failed(cause: str, found: object, expected: str = "") -> TraceStep:
    """The step that a refusal is due to; `expected` where the check says more than the table does."""
    check = check_of(cause)
    return TraceStep(check=check.name, ok=False, found=shown(found), expected=shown(expected or check.expected))
