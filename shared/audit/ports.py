"""What rules and endpoints need of the audit trail."""

from typing import Any, Protocol

from shared.audit.mismatch import Mismatch
from shared.audit.stopped import StoppedObject
from shared.contracts.key_registry import AuditEvent


class BegunLine(Protocol):
    """A line that is under way while what it is about is prepared."""

    async def durable(self) -> None:
        """Returns when the line is. Raises `Unavailable`."""
        ...

    def withdraw(self) -> None:
        """It did not happen. The line may be there all the same."""
        ...


class Audit(Protocol):
    """What the rules of a service need of an `AuditTrail`."""

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent: ...

    async def record(self, event: AuditEvent) -> None:
        """Returns when the line is durable. Raises `Unavailable`."""
        ...

    def begin(self, event: AuditEvent) -> BegunLine:
        """Queues a line that will be awaited. Raises `Unavailable`."""
        ...

    def note(self, event: AuditEvent) -> None:
        """Queues the line."""
        ...


class RefusalAudit(Protocol):
    """What reports refusals needs of the trail."""

    def event(self, action: str, *, actor: str = "", **fields: Any) -> AuditEvent: ...

    def note_refusal(
        self, event: AuditEvent, *, mismatch: Mismatch | None = None, stopped: StoppedObject | None = None
    ) -> None: ...

    def count_refusal(
        self,
        *,
        cause: str,
        endpoint: str,
        client: str,
        logged: bool = False,
        mismatch: Mismatch | None = None,
    ) -> None: ...
