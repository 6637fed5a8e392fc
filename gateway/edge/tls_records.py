"""Where the records of TLS end in what is received, so that what each of them costs can be counted."""

HEADER_BYTES = 5
"""A record's type, version and length (RFC 8446 section 5.1)."""


class Records:
    """What has been received and not been looked at yet."""

    __slots__ = ("_at", "_left", "_received", "pending")

    def __init__(self) -> None:
        self._received = b""
        self._at = 0
        self._left = 0
        """Bytes that are still to come of the record that `next` returned the beginning of."""
        self.pending = False
        """Whether there is a next one, at least its header."""

    @property
    def complete(self) -> bool:
        """Whether what `next` returned was the end of a record."""
        return not self._left

    def add(self, data: bytes) -> None:
        if self._received:
            data = self._received[self._at :] + data
        self._received, self._at = data, 0
        self.pending = len(data) >= HEADER_BYTES or (self._left > 0 and len(data) > 0)

    def next(self) -> bytes:
        """The next record, or what is here of it. Only while it is `pending`."""
        received, at = self._received, self._at
        end = at + (self._left or HEADER_BYTES + int.from_bytes(received[at + 3 : at + HEADER_BYTES], "big"))
        available = len(received)
        if end < available:
            self._at, self._left = end, 0
            self.pending = available - end >= HEADER_BYTES
            return received[at:end]
        self._received, self._at, self._left, self.pending = b"", 0, end - available, False
        return received[at:]
