"""How long an upstream may take for what is awaited of it."""

from math import inf


class ResponsePace:
    """Of one connection, one request after the other: it is told what happens, and says what is due by when. Times
    in seconds of the loop's clock.

    The response's head must come within `response_timeout` of when the request is complete, or of when the upstream
    stops taking it; each piece of its body within `idle_timeout` of the one before.
    """

    __slots__ = ("_idle_timeout", "congested", "paused", "request_complete", "response_timeout")

    def __init__(self) -> None:
        self.congested = False
        """Whether the upstream takes no more of the request for now."""
        self.paused = False
        """Whether it is we who take no more of the response: the upstream's time stands still."""
        self.request_complete = True
        self.response_timeout = self._idle_timeout = inf

    def begin(self, *, complete: bool, response_timeout: float, idle_timeout: float) -> None:
        """A request is sent; `complete` if that is all of it."""
        self.request_complete = complete
        self.response_timeout, self._idle_timeout = response_timeout, idle_timeout

    def complete(self) -> None:
        """The rest of the request is sent."""
        self.request_complete = True

    def congest(self) -> None:
        self.congested = True

    def drain(self) -> None:
        """It takes more of the request again."""
        self.congested = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    @property
    def request_taken(self) -> bool:
        """Whether the upstream has been sent all of the request, and its buffers are not full of it."""
        return self.request_complete and not self.congested

    def deadline(self, now: float, *, head_came: bool) -> float:
        """When what is next is late, if nothing else happens; `inf` where the upstream cannot be awaited."""
        if self.paused:
            return inf
        if head_came:
            return now + self._idle_timeout
        return now + self.response_timeout if self.request_complete or self.congested else inf
