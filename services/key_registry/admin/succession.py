"""A key pair that succeeds another: both sign for a while, as both secrets of what is rotated work for a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.key_registry.access.visibility import Reference, find_visible
from services.key_registry.catalog.expiry import expired, expiry_of
from services.key_registry.catalog.field_types import format_instant, in_utc
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.requests import Body, NewKeyPair
from services.key_registry.catalog.resources import KEY_PAIR, Row
from services.key_registry.catalog.versions import MAX_LIVE_VERSIONS, longest_overlap
from services.key_registry.ports.store import Listing, Reader, Writer
from services.key_registry.recording.recorder import Recorder
from shared.errors import Conflict, NotFound, Unprocessable

_MEMBER = "succeeds"
_RELATED = 50
"""Successors of one key pair that are looked at."""


async def succeed(
    writer: Writer, recorder: Recorder, admin: Admin, row: Row, body: Body, now: datetime
) -> dict[str, Any]:
    """End what the new key pair `row` succeeds, now or later; the members of `row` that follow from it.

    Raises `Unprocessable` for what cannot be succeeded, and `Conflict` where two of them work already.
    """
    if not isinstance(body, NewKeyPair) or body.succeeds is None:
        return {}
    old = await _predecessor(writer, admin, row, body.succeeds, now)
    live = await _live(writer, old, now)
    oldest = live[0] if len(live) >= MAX_LIVE_VERSIONS else None
    if oldest is not None:
        if not body.end_oldest:
            raise Conflict(
                f"two key pairs work already, the older {oldest['kid']}: wait, or end it with end_oldest"
            )
        await _revoke(writer, recorder, admin, oldest, now)
    overlap = longest_overlap(body.keep_old_for, body.keep_old_until_quiet_for)
    if oldest is not None and oldest["id"] == old["id"]:
        pass  # it has just ended
    elif overlap == 0:
        await _revoke(writer, recorder, admin, old, now)
    else:
        retiring = {**old, "retires_at": now + timedelta(seconds=overlap)}
        retiring["quiet_for"] = body.keep_old_until_quiet_for
        await _retire(writer, recorder, admin, old, row["kid"], retiring)
    limits = old["limits"] if body.limits is None else row["limits"]
    comment = row["comment"] if "comment" in body.model_fields_set else old["comment"]
    return {_MEMBER: old["kid"], "limits": limits, "comment": comment}


async def _predecessor(reader: Reader, admin: Admin, row: Row, reference: Reference, now: datetime) -> Row:
    try:
        old = await find_visible(reader, admin, KEY_PAIR, reference)
    except NotFound:
        raise Unprocessable.field(_MEMBER, "does not refer to an existing key pair") from None
    if old["company_id"] != row["company_id"]:
        raise Unprocessable.field(_MEMBER, "refers to a key pair of another company")
    if old["status"] == "revoked":
        raise Unprocessable.field(_MEMBER, "refers to a revoked key pair")
    if not _works(old, now):
        raise Unprocessable.field(_MEMBER, "refers to a key pair that has ended")
    return old


async def _live(reader: Reader, old: Row, now: datetime) -> Sequence[Row]:
    """`old`, what it has succeeded and what has succeeded it, as far as they work; the oldest first."""
    related = [old, *await reader.list(KEY_PAIR, Listing(_RELATED, equals={"succeeds": old["kid"]}))]
    if old["succeeds"] is not None:
        related += await reader.list(KEY_PAIR, Listing(1, equals={"kid": old["succeeds"]}))
    return sorted((row for row in related if _works(row, now)), key=lambda row: str(row["id"]))


def _works(row: Row, now: datetime) -> bool:
    retired = row["retires_at"] is not None and in_utc(row["retires_at"]) <= now
    return row["status"] != "revoked" and not expired(row, now) and not retired


async def _revoke(writer: Writer, recorder: Recorder, admin: Admin, row: Row, now: datetime) -> None:
    changed = {**row, "status": "revoked", "status_at": now, "updated_at": now}
    await writer.update(KEY_PAIR, changed)
    await recorder.record(writer, admin.actor, Operation.REVOKE, KEY_PAIR, changed)


async def _retire(
    writer: Writer, recorder: Recorder, admin: Admin, row: Row, successor: str, retiring: Row
) -> None:
    """Never later than it would end anyway."""
    ends = [at for at in (retiring["retires_at"], expiry_of(row), row["retires_at"]) if at is not None]
    changed = {**retiring, "retires_at": min(ends)}
    await writer.update(KEY_PAIR, changed)
    detail = {"succeeded_by": successor, "retires_at": format_instant(min(ends))}
    if retiring["quiet_for"] is not None:
        detail["quiet_for"] = retiring["quiet_for"]
    await recorder.record(writer, admin.actor, Operation.ROTATE, KEY_PAIR, changed, detail)
