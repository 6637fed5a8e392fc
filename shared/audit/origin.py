"""Where the request being served comes from, for the lines of refusals."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`client` is the client's address, worked out when a line needs it: most requests have none."""

    endpoint: str
    client: Callable[[], str]

    def members(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, "client": self.client()}


NOWHERE = Origin("", lambda: "")
"""Outside a request."""
request_origin: ContextVar[Origin] = ContextVar("request_origin", default=NOWHERE)
