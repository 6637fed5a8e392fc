"""What a connection begins with: a PROXY header, which a balancer has to send, and nobody else may."""

from gateway.edge.proxy_protocol import MalformedHeader, begins_header, read_header

HEADER_MISSING, HEADER_MALFORMED = "proxy_header_missing", "proxy_header_malformed"
HEADER_TIMEOUT, HEADER_UNEXPECTED = "proxy_header_timeout", "proxy_header_unexpected"
"""Causes: it has to come and did not, is malformed, late, or came from somebody who has no say in it."""


class Refused(Exception):
    """The connection is to be closed for `cause`; the message is for the log."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail)
        self.cause = cause


class ProxyHeaderReader:
    """Of one connection.

    From a peer for which a header is `required` it must be one; from any other it must not be, whoever would
    believe it.
    """

    __slots__ = ("_received", "required")

    def __init__(self, *, required: bool) -> None:
        self.required = required
        self._received = b""

    def feed(self, data: bytes) -> tuple[str, bytes] | None:
        """The client's address ("": the peer's own) and what follows; None while that cannot be said.

        Raises `Refused`.
        """
        data = self._received + data
        if self.required:
            found = self._header(data)
        else:
            begins = begins_header(data)
            if begins:
                raise Refused(HEADER_UNEXPECTED, "the peer is not in PASSGATE_PROXY_PROTOCOL_FROM")
            found = None if begins is None else ("", data)
        self._received = data if found is None else b""
        return found

    def _header(self, data: bytes) -> tuple[str, bytes] | None:
        try:
            header = read_header(data)
        except MalformedHeader as error:
            raise Refused(HEADER_MALFORMED if begins_header(data) else HEADER_MISSING, str(error)) from None
        return None if header is None else (header.source, data[header.length :])
