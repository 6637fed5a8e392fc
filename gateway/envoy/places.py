"""Where everything is, as Envoy reaches it."""

from dataclasses import dataclass

from gateway.envoy.messages import Place
from gateway.routing.upstream_address import place_of

Service = tuple[str, str, int]
"""Scheme, host and port."""


@dataclass(frozen=True, slots=True)
class Places:
    """What Envoy listens at, and what of Passgate's it reaches."""

    listen: Place
    decisions: Place
    """The decision endpoint of the gateway, which must trust Envoy's address."""
    gateway: Place
    """The gateway's public port: it forwards to Passgate's own services, as only it can name the client to them."""
    token_issuer: str
    """URL."""
    own_services: frozenset[Service]
    max_connections: int = 16_384
    """Of clients."""
    keepalive_timeout: float = 75.0
    """Seconds for which an idle connection of a client is kept."""

    @property
    def jwks(self) -> Service:
        return place_of(self.token_issuer)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which access tokens are Passgate's own."""

    issuer: str
    audience: str
    """Where a route names none."""
