"""The steps of a trace, each text bounded and without what may be a secret."""

from shared.contracts.refusal_traces import MAX_TEXT_CHARACTERS, TraceStep
from shared.logging.redaction import cut, redacted
from shared.refusal_traces.causes import check_of


def shown(value: object) -> str:
    """Any value as a text of a trace."""
    return redacted(cut(str(value), 2 * MAX_TEXT_CHARACTERS))[:MAX_TEXT_CHARACTERS]


def passed(check: str, found: object, expected: str = "") -> TraceStep:
    return TraceStep(check=check, ok=True, found=shown(found), expected=shown(expected))


def failed(cause: str, found: object, expected: str = "", *, kind: str = "") -> TraceStep:
    """The step that a refusal is due to; `expected` where the check says more than the table does.

    `kind`: that of a `Mismatch`.
    """
    check = check_of(cause)
    return TraceStep(
        check=check.name, ok=False, found=shown(found), expected=shown(expected or check.expected), found_kind=kind
    )


def found_stopped(cause: str, kind: str, id_: str) -> TraceStep:
    """The step of a refusal for what is stopped, or has expired: an object, one secret of it, a token or a
    signing key."""
    word = "expired" if cause.endswith("expired") else "stopped"
    step = failed(cause, f"{word}: {kind} {id_}", kind=shown(kind)[:64])
    return step.model_copy(update={"found_id": shown(id_)})
