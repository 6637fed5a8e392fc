"""What a route file says of an upstream besides its bounds. Times are in seconds."""

from dataclasses import dataclass, field
from enum import StrEnum


class Balance(StrEnum):
    """How calls are divided among the addresses of an upstream."""

    ROUND_ROBIN = "round_robin"
    LEAST_CONNECTIONS = "least_connections"


@dataclass(frozen=True, slots=True)
class Address:
    """One of the places where an upstream is."""

    host: str
    port: int
    weight: int = 1
    """Its share of the calls, beside the weights of the others."""
    authority: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        object.__setattr__(self, "authority", f"{host}:{self.port}")
