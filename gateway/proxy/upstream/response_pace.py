"""How long an upstream may take for what is awaited of it."""

from math import inf


class ResponsePace:
    """Of one connection, one request after the other. Times in seconds.

    The response's head must come within `response_timeout` of when the request is complete, or of when the upstream
    stops taking it; each piece of its body within `idle_timeout` of the one before.
    """

    __slots__ = ("congested", "idle_timeout", "paused", "request_complete", "response_timeout")

    def __init__(self) -> None:
        self.congested = False
        """Whether the upstream takes no more of the request for now."""
        self.paused = False
        """Whether it is we who take no more of the response: the upstream's time stands still."""
        self.request_complete = True
        self.response_timeout = self.idle_timeout = inf

    @property
    def request_taken(self) -> bool:
        """Whether the upstream has been sent all of the request, and its buffers are not full of it."""
        return self.request_complete and not self.congested

    def seconds(self, *, head_came: bool) -> float:
        """Within which something has to come from now on; `inf` where the upstream cannot be awaited."""
        if self.paused:
            return inf
        if head_came:
            return self.idle_timeout
        return self.response_timeout if self.request_complete or self.congested else inf
