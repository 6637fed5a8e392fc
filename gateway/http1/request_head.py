"""The head of a request, as it was read."""

from collections.abc import Sequence

from gateway.http1.field_block import FieldBlock, authorization_in
from gateway.http1.fields import Field
from gateway.http1.framing import Framing


class RequestHead:
    """A request's head, with one reading only."""

    __slots__ = (
        "_authorization",
        "_raw",
        "block",
        "call_fields",
        "digest",
        "host",
        "method",
        "minor_version",
        "position",
        "target",
    )

    def __init__(
        self,
        method: str,
        target: str,
        block: FieldBlock,
        authorization: str | None = None,
        position: int = 0,
        raw: bytes = b"",
        digest: bytes | None = None,
    ) -> None:
        """`raw`: what Authorization is to be read from, when somebody wants it."""
        self.method = method
        self.target = target
        """In origin form: begins with `/`. Not yet checked any further: see `gateway.routing.target`."""
        self.minor_version = 1
        """0 or 1, of HTTP/1.x."""
        self.block = block
        """All fields but Authorization and `call_fields`."""
        self._authorization = authorization
        self._raw = raw
        self.call_fields: Sequence[Field] = ()
        """Those that differ from call to call, where they were cut out: see `gateway.http1.call_fields`."""
        self.position = position
        """How many fields come before Authorization."""
        self.digest = digest
        """The SHA-256 of the whole head, where it has a credential and may come again."""
        self.host = block.first.get("host", "")
        """The value of the one Host field; "" in a request of HTTP/1.0 that names no host."""

    @property
    def authorization(self) -> str | None:
        """The value of the one Authorization field."""
        if self._raw:
            self._authorization, self._raw = authorization_in(self._raw), b""
        return self._authorization

    @property
    def framing(self) -> Framing:
        return self.block.framing

    @property
    def keep_alive(self) -> bool:
        return self.block.keep_alive

    @property
    def expects_continue(self) -> bool:
        return self.block.expects_continue

    @property
    def offers_websocket(self) -> bool:
        """Whether it would switch the connection to that protocol."""
        return self.block.offers_websocket

    @property
    def content_length(self) -> int | None:
        return self.block.framing.length

    @property
    def has_body(self) -> bool:
        return self.block.has_body

    @property
    def fields(self) -> list[Field]:
        fields = list(self.block.fields)
        if self.authorization is not None:
            fields.insert(self.position, Field.of("Authorization", self.authorization))
        return [*fields, *self.call_fields]

    def first(self, name: str) -> str | None:
        """The value of the first field called `name` (in lower case)."""
        if name == "authorization":
            return self.authorization
        value = self.block.first.get(name)
        if value is None and self.call_fields:
            return next((field.value for field in self.call_fields if field.name == name), None)
        return value

    def values(self, name: str) -> list[str]:
        """The values of all fields called `name` (in lower case)."""
        first = self.first(name)
        if first is None:
            return []
        block = self.block
        if name == "authorization" or (len(block.first) == len(block.fields) and not self.call_fields):
            return [first]
        return [field.value for field in (*block.fields, *self.call_fields) if field.name == name]
