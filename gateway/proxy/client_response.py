"""The response to one request on its client's connection: its head, its framing, and whether another may follow."""

from collections.abc import Callable

from gateway.credentials.expiry import expiry_lines_of_service
from gateway.credentials.identity import Identity
from gateway.forwarding.headers import client_lines
from gateway.http1 import writer
from gateway.http1.request_head import RequestHead
from gateway.http1.response import ResponseHead
from gateway.http1.websocket import UPGRADE_LINES
from gateway.proxy.client_connection import ClientConnection
from gateway.proxy.report import Call
from gateway.refused_calls.problems import Refusal
from gateway.refused_calls.response import response_to
from gateway.routing.cors.preflight import refusal_lines, response_lines
from gateway.routing.rewriting.response import adapted
from gateway.routing.table import Route, RouteTable


def lines_for_client(response: ResponseHead, call: Call, route: Route, identity: Identity | None) -> list[str]:
    """The fields of an upstream's response as its client gets them, all but those that frame the message."""
    shown = response
    if (response.redirects or route.adapts_responses) and isinstance(call.head, RequestHead):
        shown = adapted(response, route, call.head.target, call.origin)
    lines = client_lines(shown, request_id=call.request_id)
    if identity is None:
        lines += expiry_lines_of_service(response)
    elif identity.expiry_line:
        lines.append(identity.expiry_line)
    if route.cors is not None:
        lines += response_lines(call.head, route.cors)
    return lines


class ClientResponse:
    """`request` is None when there was no readable one: then the connection ends with this response."""

    __slots__ = ("_chunked", "_client", "_request", "keep_alive")

    def __init__(self, client: ClientConnection, request: RequestHead | None) -> None:
        self._client = client
        self._request = request
        self._chunked = False
        self.keep_alive = request is not None and request.block.keep_alive
        """Whether the connection goes on after it, as its head says."""

    def refuse(
        self, refusal: Refusal, call: Call, routes: Callable[[], RouteTable], *, request_complete: bool
    ) -> None:
        """A refusal, which a page of another origin can read if its route is for that."""
        response, request_id = response_to(refusal), call.request_id
        lines = [response.lines(request_id), writer.date_line(), *refusal_lines(call.head, routes)]
        body = response.body(request_id)
        self.send(refusal.status, lines, body, closes=refusal.closes, request_complete=request_complete)

    def send(self, status: int, lines: list[str], body: bytes, *, closes: bool, request_complete: bool) -> None:
        """A whole response of our own. `closes`: what follows on the connection cannot be relied upon."""
        request = self._request
        if closes or self._client.draining:
            self.keep_alive = False
        elif request is not None and not request_complete:
            self.keep_alive = self.keep_alive and self._client.can_drain(request)
        head = writer.response_head(status, lines, length=len(body), chunked=False, close=not self.keep_alive)
        self._client.write(head if request is not None and request.method == "HEAD" else head + body)

    def switch(self, lines: list[str]) -> None:
        """The response that makes a tunnel of the connection."""
        lines = [*lines, *UPGRADE_LINES]
        self._client.write(writer.response_head(101, lines, length=None, chunked=False, close=False))

    def begin(
        self, response: ResponseHead, lines: list[str], content: bytes, *, complete: bool, request_complete: bool
    ) -> None:
        """An upstream's response, as far as it has come. RFC 9112 section 6: a body without a length is chunked."""
        request = self._request
        if request is None:
            raise RuntimeError("what could not be read is not forwarded")
        length = response.framing.length
        bodiless = request.method == "HEAD" or response.status in (204, 304)
        unmeasured = not bodiless and length is None
        self._chunked = unmeasured and request.minor_version == 1
        if self._client.draining or not request_complete or (unmeasured and not self._chunked):
            self.keep_alive = False
        head = writer.response_head(
            response.status,
            lines,
            length=length,
            chunked=self._chunked,
            close=not self.keep_alive,
        )
        self._client.write(head + (self._framed(content, complete) if self._chunked else content))

    def continue_with(self, content: bytes, *, complete: bool) -> None:
        """The next piece of the body that `begin` began."""
        if self._chunked:
            content = self._framed(content, complete)
        if content:
            self._client.write(content)

    def cut(self) -> None:
        """End the connection so that the client sees that the response is not whole: it lacks its last chunk.

        Otherwise a reset says so: an end could be that of a body without a length, and not all clients count.
        """
        self._client.abort(reset=not self._chunked)

    def _framed(self, content: bytes, complete: bool) -> bytes:
        return writer.chunk(content) + (writer.LAST_CHUNK if complete else b"")
