"""What the two kinds of connection report, and how what went wrong on them is called."""

from math import ceil
from typing import Protocol

from gateway.http1.request import BadRequest
from gateway.http1.response import ResponseHead
from gateway.refused_calls.problems import CIRCUIT_OPEN

CONNECTION_LOST = "connection_lost"
RESPONSE_TIMEOUT = "response_timeout"


class UpstreamFailed(Exception):
    """The upstream sent no response that may be passed on.

    `status` is 502 when the response failed or is invalid, 503 when there is no connection, 504 when it is late.
    `cause` is one word for our log and metrics, `detail` more for the log.
    """

    retry_after = 1
    """Seconds, for 503."""

    address = ""
    """Where it failed, for log and trace; "" where that is no single address."""

    def __init__(self, status: int, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.status = status
        self.cause = cause
        self.detail = detail


class ConnectionLost(UpstreamFailed):
    """The connection ended before the response's head was complete.

    `reused` says that it had served a request before and that no byte of this response had come: the upstream may
    have closed it before it saw the request.
    """

    def __init__(self, detail: str, *, reused: bool) -> None:
        super().__init__(502, CONNECTION_LOST, detail)
        self.reused = reused


class CircuitOpen(UpstreamFailed):
    """Nothing is sent to the upstream for now: too many calls in a row have failed, the last one by `last_cause`.

    `retry_after` in seconds.
    """

    def __init__(self, retry_after: float, last_cause: str) -> None:
        super().__init__(503, CIRCUIT_OPEN, f"calls have failed: {last_cause}")
        self.retry_after = max(1, ceil(retry_after))


class RequestReceiver(Protocol):
    """Whom a client's connection reports to during one request. Nothing here raises."""

    def begin(self, content: bytes, *, complete: bool) -> None:
        """The head is here, and with it `content`, the beginning of the body or all of it."""

    def body_received(self, content: bytes, *, complete: bool) -> None: ...

    def body_refused(self, error: BadRequest) -> None:
        """The body is malformed or late: no more of it will be reported."""

    def client_left(self, cause: str) -> None:
        """The connection is gone. `cause` is for our log."""

    def client_congested(self) -> None:
        """The client takes no more for now."""

    def client_ready(self) -> None:
        """It does again."""

    def sweep(self) -> None:
        """The request is under way still. Comes a few times a second."""


class ResponseReceiver(Protocol):
    """Whom an upstream's connection reports to during one request. Nothing here raises."""

    @property
    def client_key(self) -> str:
        """Whose call it is: a credential, or an address where there is none; "" for the gateway's own."""
        ...

    def response_began(self, head: ResponseHead, content: bytes, *, complete: bool) -> None: ...

    def response_continued(self, content: bytes, *, complete: bool) -> None: ...

    def upstream_failed(self, error: UpstreamFailed) -> None:
        """There will be no response, or no more of it."""

    def upstream_congested(self) -> None:
        """The upstream takes no more for now."""

    def upstream_ready(self) -> None:
        """It does again."""
