"""When a request may be sent to its upstream once more, after the connection was lost."""

from gateway.forwarding.forward import Forward
from gateway.proxy.ports import ConnectionLost, UpstreamFailed

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
IDEMPOTENT = SAFE | {"PUT", "DELETE"}


def may_send_again(forward: Forward, error: UpstreamFailed) -> bool:
    """Of a request without a body: when the upstream cannot have begun to respond and the method is safe, or as the
    route says.
    """
    if not isinstance(error, ConnectionLost):
        return False
    if error.reused and forward.method in SAFE:
        return True
    return forward.route.retry and forward.method in IDEMPOTENT
