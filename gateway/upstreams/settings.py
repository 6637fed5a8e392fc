"""What a route file says of an upstream besides its bounds. Times are in seconds."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


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


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """What is spoken to an https upstream. The name in its certificate is checked always."""

    ca_file: str = ""
    """The authorities that are believed, in PEM; "": those of the system."""
    client_certificate_file: str = ""
    client_key_file: str = ""
    """What the gateway presents, in PEM; "": nothing."""
    server_name: str = ""
    """What the certificate must be for, and what the server is asked for (SNI); "": the address's host."""

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(map(Path, filter(None, (self.ca_file, self.client_certificate_file, self.client_key_file))))


@dataclass(frozen=True)
class CircuitBreaker:
    """When calls stop: after so many failures in a row within `window`, and for `open_for`."""

    failures: int = 5
    window: float = 10.0
    open_for: float = 1.0
    """An address of several is left alone for as long at first, and for longer each time that it fails again."""


@dataclass(frozen=True)
class HealthCheck:
    """A request that each address gets, whether there are calls or not."""

    path: str
    interval: float = 5.0
    timeout: float = 2.0
    healthy_after: int = 2
    """Checks in a row that must succeed before an unhealthy address gets calls again."""
    unhealthy_after: int = 3
    """Checks in a row that must fail before an address gets no more calls."""
