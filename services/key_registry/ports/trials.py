"""Stops that are tried: nothing is refused for them, but counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from shared.contracts.key_registry import Kind

BegunBy = Literal["operator", "company"]


@dataclass(frozen=True, slots=True)
class Trial:
    """The stop of an object that is tried: nothing is refused for it."""

    kind: Kind
    id: UUID
    company_id: UUID | None
    status: Literal["suspended", "revoked"]
    """What the object would be."""
    until: datetime
    begun_by: BegunBy | None = None
    """Not of the store: the audit trail has it. None where that is not known, as of one that began under the
    release before."""


class TrialReader(Protocol):
    async def running_trial(self, id_: UUID) -> Trial | None:
        """That of the object with this id, unless it has ended."""
        ...


class TrialWriter(Protocol):
    async def keep_trial(self, trial: Trial) -> bool:
        """Instead of the one of the same object; False, and nothing is kept, where there are too many."""
        ...

    async def end_trial(self, id_: UUID) -> bool:
        """Whether there was one that had not ended."""
        ...
