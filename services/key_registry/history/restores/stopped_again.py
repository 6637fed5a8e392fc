"""What a restore had brought back and was stopped again, and by whom."""

from typing import NamedTuple

from services.key_registry.history.records import RecordKind

ACTOR = "service:key_registry"


class StoppedAgain(NamedTuple):
    kind: RecordKind
    id: str
    what: str
    """revoked, suspended, ends, version_revoked, version_ends; unknown: the database does not have the object;
    rights: it is suspended, since it may do something else than it could; person_suspended, person_revoked,
    webhook_disabled: they were changed after the dump."""


def first_change_after(lost_seq: int) -> str:
    """The `jti` of the change with which a restored history goes on; it concerns nobody."""
    return f"restored-after-{lost_seq}"
