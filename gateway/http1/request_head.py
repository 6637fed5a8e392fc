"""The head of a request, as it was read."""

from collections.abc import Sequence

from gateway.http1.credential_line import CREDENTIAL_FIELDS, credential_line
from gateway.http1.field_block import FieldBlock
from gateway.http1.fields import Field
from gateway.http1.framing import Framing


class RequestHead:
    """A request's head, with one reading only."""

    __slots__ = (
        "_credential",
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
        credential: Field | None = None,
        position: int = 0,
        raw: bytes = b"",
        digest: bytes | None = None,
    ) -> None:
        """`raw`: what the credential is to be read from, when somebody wants it."""
        self.method = method
        self.target = target
        """In origin form: begins with `/`. Not yet checked any further: see `gateway.routing.target`."""
        self.minor_version = 1
        """0 or 1, of HTTP/1.x."""
        self.block = block
        """All fields but the credential and `call_fields`."""
        self._credential = credential
        self._raw = raw
        self.call_fields: Sequence[Field] = ()
        """Those that differ from call to call, where they were cut out: see `gateway.http1.call_fields`."""
        self.position = position
        """How many fields come before the credential."""
        self.digest = digest
        """The SHA-256 of the whole head, where it has a credential and may come again."""
        self.host = block.first.get("host", "")
        """The value of the one Host field; "" in a request of HTTP/1.0 that names no host."""

    @property
    def credential(self) -> Field | None:
        """The one Authorization field; without one, the X-Api-Token where there is one only."""
        if self._raw:
            line = credential_line(self._raw)
            self._credential = None if line is None else line.field_of(self._raw)
            self._raw = b""
        return self._credential

    @property
    def authorization(self) -> str | None:
        """The value of the one Authorization field."""
        return self._credential_of("authorization")

    def _credential_of(self, name: str) -> str | None:
        credential = self.credential
        return credential.value if credential is not None and credential.name == name else None

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
        if self.credential is not None:
            fields.insert(self.position, self.credential)
        return [*fields, *self.call_fields]

    def first(self, name: str) -> str | None:
        """The value of the first field called `name` (in lower case)."""
        value = self.block.first.get(name)
        if value is not None:
            return value
        if name in CREDENTIAL_FIELDS:
            return self._credential_of(name)
        if self.call_fields:
            return next((field.value for field in self.call_fields if field.name == name), None)
        return None

    def values(self, name: str) -> list[str]:
        """The values of all fields called `name` (in lower case)."""
        first = self.first(name)
        if first is None:
            return []
        block = self.block
        if name in CREDENTIAL_FIELDS and name not in block.first:
            return [first]
        if len(block.first) == len(block.fields) and not self.call_fields:
            return [first]
        return [field.value for field in (*block.fields, *self.call_fields) if field.name == name]
