"""Which object a credential is refused for, where it or what it depends on is stopped or has ended by itself."""

from typing import NamedTuple

from shared.identifiers import credential_version_id

_OWN = frozenset({"suspended", "revoked", "expired", "succeeded"})
_OF_VERSION = frozenset({"version_revoked", "version_retired"})
_OF_ANOTHER = frozenset({"suspended", "revoked"})


class StoppedObject(NamedTuple):
    kind: str
    id: str
    """With `_v` and the number where it is one secret of a credential."""


def stopped_object(
    cause: str, kind: str, id_: str, *, version: int = 0, **others: str | None
) -> StoppedObject | None:
    """What `cause` says is stopped, of a credential that was found; None for all other causes.

    `version`: of the secret that it was found by; 0: none. `others`: the ids of what it depends on, by their kinds.
    """
    own = cause.removeprefix(f"{kind}_")
    if own in _OWN:
        return StoppedObject(kind, id_)
    if own in _OF_VERSION and version:
        return StoppedObject(kind, credential_version_id(id_, version))
    other, _, word = cause.rpartition("_")
    other_id = others.get(other)
    return StoppedObject(other, other_id) if other_id and word in _OF_ANOTHER else None
