"""How long a client may take to send a body: not for ever, however little it sends at a time."""

MAX_BODY_SILENCE_S = 27.0
"""Seconds without a byte, and before which no rate is required: with what it takes to close, less than 30."""
MIN_BODY_RATE_BYTES_PER_S = 1024
"""Bytes a second that must arrive on average after that."""


class BodyPace:
    """Of one body. Times in seconds of the loop's clock."""

    __slots__ = ("_paused_at", "_received", "_started", "paused")

    def __init__(self, now: float) -> None:
        self._started = now
        self._received = 0
        self._paused_at = 0.0
        self.paused = False

    def received(self, size: int) -> None:
        self._received += size

    def pause(self, now: float) -> None:
        """It is we who take no more of it: its sender's time stands still."""
        self._paused_at = now
        self.paused = True

    def resume(self, now: float) -> None:
        if self.paused:
            self._started += now - self._paused_at
            self.paused = False

    def deadline(self, now: float) -> float:
        """When the next piece is late that has not come until `now`."""
        earned = self._started + MAX_BODY_SILENCE_S + self._received / MIN_BODY_RATE_BYTES_PER_S
        return min(now + MAX_BODY_SILENCE_S, earned)
