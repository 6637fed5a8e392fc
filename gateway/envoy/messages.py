"""Envoy's messages, as the JSON that stands for them."""

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
EXTENSIONS = "type.googleapis.com/envoy.extensions"


@dataclass(frozen=True, slots=True)
class Place:
    """A host, or an address, and a port."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def typed(message: str, **fields: Any) -> Json:
    """A `typed_config`; `message` without what all of them begin with."""
    return {"@type": f"{EXTENSIONS}.{message}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    return {"name": name, "typed_config": typed(message, **fields)}


def seconds(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".") + "s"


def socket_address(place: Place) -> Json:
    return {"socket_address": {"address": place.host, "port_value": place.port}}


def set_field(name: str, value: str) -> Json:
    """A field in the place of all others of its name. A `%` would begin one of Envoy's own variables."""
    return _written(name, value.replace("%", "%%"))


def set_variable(name: str, variable: str) -> Json:
    """The same, with one of Envoy's variables as the value."""
    return _written(name, variable)


def _written(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def regex(pattern: str) -> Json:
    """Which a whole value must match."""
    return {"safe_regex": {"regex": pattern}}


def literal(text: str) -> str:
    """`text` within a pattern of RE2, which knows fewer escapes than Python's."""
    return re.sub(r"[^A-Za-z0-9_/-]", lambda found: f"\\x{{{ord(found[0]):x}}}", text)
