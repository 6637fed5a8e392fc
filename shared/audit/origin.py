"""Where the request being served comes from, for the lines of refusals."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from shared.audit.mismatch import Mismatch
from shared.audit.stopped import StoppedObject

MAX_NOTED = 4
"""Of one request."""


@dataclass(frozen=True, slots=True)
class NotedRefusal:
    """A refusal that was noted while a request was served; of a credential that is known, if it has a `kind`."""

    cause: str
    kind: str = ""
    subject: str = ""
    company_id: str | None = None
    mismatch: Mismatch | None = None
    """What was sent and what belongs there, where that says more than the cause."""
    stopped: StoppedObject | None = None


@dataclass(slots=True)
class Origin:
    """`client` is the client's address, worked out when a line needs it: most requests have none."""

    endpoint: str
    client: Callable[[], str]
    noted: list[NotedRefusal] = field(default_factory=list)

    def note(self, refusal: NotedRefusal) -> None:
        """For who asks, once the request is over, what it was refused for."""
        if self is not NOWHERE and len(self.noted) < MAX_NOTED:
            self.noted.append(refusal)

    def members(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, "client": self.client()}


NOWHERE = Origin("", lambda: "")
"""Outside a request."""
request_origin: ContextVar[Origin] = ContextVar("request_origin", default=NOWHERE)
