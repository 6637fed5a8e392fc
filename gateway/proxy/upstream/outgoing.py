"""The bytes with which a request begins on an upstream's connection: its head, and what there is of its body."""

from gateway.forwarding.forward import Forward
from gateway.forwarding.headers import addressed_to
from gateway.http1 import writer
from gateway.http1.websocket import UPGRADE_LINES
from gateway.proxy.client_body import NO_BODY, ClientBody


def outgoing(forward: Forward, body: ClientBody, authority: str, *, websocket: bool) -> bytes:
    """`authority` is that of the address which it goes to, where the upstream has several."""
    lines, upstream = forward.lines, forward.route.upstream
    if upstream.several_hosts:
        lines = addressed_to(lines, upstream, authority)
    if websocket:
        lines = [*lines, *UPGRADE_LINES]
    if body is NO_BODY:
        return writer.request_head(forward.method, forward.target, lines, length=None, chunked=False)
    length, chunked, content = body.begin()
    return writer.request_head(forward.method, forward.target, lines, length=length, chunked=chunked) + content
