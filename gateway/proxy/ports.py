"""What the gateway needs of whatever carries a request to its upstream. The transport behind it can be replaced."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.decision import Forward
from gateway.http1.response import ResponseHead


class UpstreamFailed(Exception):
    """The upstream sent no response that may be passed on.

    `status` is 502 when the response failed or is invalid, 503 when there is no connection, 504 when it is late.
    `cause` is one word for our log and metrics, `detail` more for the log.
    """

    def __init__(self, status: int, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.status = status
        self.cause = cause
        self.detail = detail


class ReusedConnectionLost(UpstreamFailed):
    """A connection that had served before ended before any byte of the response: the upstream had closed it."""


class ClientLeft(Exception):
    """The client is gone, or takes nothing any more; `cause` is for our log."""

    def __init__(self, cause: str = "client_left") -> None:
        super().__init__(cause)
        self.cause = cause


class ClientBody(Protocol):
    """The body that the client sends."""

    @property
    def length(self) -> int | None:
        """Bytes; None when it comes in chunks."""
        ...

    async def read(self) -> bytes:
        """The next piece; empty at the end.

        Raises `gateway.http1.request.BadRequest` when it is malformed, larger than the route allows, or late.
        """
        ...


class UpstreamResponse(Protocol):
    """What came back: the head first, the body as it arrives."""

    @property
    def head(self) -> ResponseHead: ...

    def ready(self) -> bytes:
        """What has come of the body by now. Raises `UpstreamFailed` when it is known not to be whole."""
        ...

    def body(self) -> AsyncIterator[bytes]:
        """The pieces that come after that. Raises `UpstreamFailed` when it ends before its end."""
        ...


class Forwarder(Protocol):
    """Sends a request once.

    A second time only without a body: GET, HEAD and OPTIONS when a reused connection ended before any byte of the
    response, and every idempotent method with `Route.retry` when the connection was lost.
    """

    def send(self, forward: Forward, body: ClientBody | None) -> AbstractAsyncContextManager[UpstreamResponse]:
        """The response, for as long as the context is open; leaving it early ends the upstream's call.

        Raises `UpstreamFailed`; and what `body.read` raises, when that kept the request from being whole.
        """
        ...
