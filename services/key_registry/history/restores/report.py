"""What a restore has lost, in lines for an operator."""

from collections.abc import Iterator, Sequence

from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.history.comparison import Loss
from services.key_registry.history.ports import DatabaseState, Restore
from services.key_registry.history.records import HistoryContent

MAX_LINES = 1000
WORDS = {
    "revoked": "revoked again",
    "suspended": "suspended again",
    "ends": "ends again when it was to end",
    "version_revoked": "version revoked again",
    "version_ends": "version ends again when it was to end",
    "rights": "suspended, since its rights were changed after the dump: look at them, then resume it",
    "person_suspended": "people suspended, since they were changed after the dump: look at them, then resume them",
    "person_revoked": "people revoked again",
    "webhook_disabled": "webhooks disabled, since they were changed or deleted after the dump",
    "session_ended": "sessions of people ended",
    "portal_session_ended": "portal sessions ended",
    "invitation_revoked": "open invitations revoked",
    "password_reset_withdrawn": "password resets withdrawn",
    "unknown": "created after the dump: not in the database, and what was issued with it has ended",
}


def whole(state: DatabaseState, copies: Sequence[str]) -> str:
    known, size = " and ".join(copies), f"{state.last.seq} changes and {state.audit.seq} audit lines"
    return f"the history is whole: {size}, compared with {known}"


def lost(loss: Loss, kept: HistoryContent | None) -> Iterator[str]:
    """Before anything was stopped again."""
    yield f"the database was set back: {loss}"
    yield from _gap(loss.found.position.seq, loss.lost.position.seq, loss.found.audit_seq, loss.lost.audit_seq)
    records = [] if kept is None else [r for r in kept.in_order() if r.seq > loss.found.position.seq]
    for record in records[:MAX_LINES]:
        yield f"  {record.kind} {record.id}: was {record.state}"
    if len(records) > MAX_LINES:
        yield f"  and {len(records) - MAX_LINES} more"
    if kept is None or kept.head.horizon > loss.found.position.seq:
        horizon = loss.lost.position.seq if kept is None else kept.head.horizon
        yield f"what was stopped up to change {horizon} is not all known outside: the registry stays closed."
        yield "Restore a newer dump; or run this again with --accept-loss, revoke what you know to be missing, and"
        yield "expect each access token to end."
    else:
        yield "a registry that runs, or is started, stops this again by itself"


def restored(restore: Restore) -> Iterator[str]:
    """After it."""
    yield f"a restore was found at {format_instant(instant(restore.at))}"
    yield from _gap(restore.found_seq, restore.lost_seq, restore.found_audit_seq, restore.lost_audit_seq)
    if not restore.report["complete"]:
        yield "  not all that was stopped was known, which was accepted: each signing key was revoked"
    ended = restore.report.get("ended", {})  # among the objects in a report of an earlier release
    counts = {**restore.report["objects"], **ended}
    for what, count in counts.items():
        yield f"  {WORDS.get(what, what)}: {count}"
    items = restore.report["items"][:MAX_LINES]
    if items:
        yield "  each object of these:"
    for kind, id_, what in items:
        yield f"    {kind} {id_}: {'created after the dump' if what == 'unknown' else what}"


def _gap(found_seq: int, lost_seq: int, found_audit_seq: int, lost_audit_seq: int) -> Iterator[str]:
    if lost_seq > found_seq:
        yield f"  lost: changes {found_seq + 1} to {lost_seq}"
    if lost_audit_seq > found_audit_seq:
        yield f"  lost: audit lines {found_audit_seq + 1} to {lost_audit_seq}"
