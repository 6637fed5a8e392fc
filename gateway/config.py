"""The settings of the gateway."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from gateway.edge.trace_context import TraceContext, Tracing
from gateway.routing.upstream_address import OwnPorts
from shared.changes.following_settings import FollowingSettings
from shared.identifiers import CLAIM, ISSUER, anchored
from shared.settings.config import Networks

NAME = "gateway"
OPERATIONS = "Health, metrics and the route table of the gateway. Its public port is another one."
"""What the operators' application is."""
MAX_DEFAULT_WORKERS = 8


class Settings(FollowingSettings):
    port: int = Field(default=8080, ge=0, le=65535, description="the public port")
    ops_port: int = Field(default=8081, ge=0, le=65535, description="health, metrics and documentation")
    decision_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="the decision endpoint, for a proxy that is there already, 8082 by convention; off unless it "
        "is set, as only `PASSGATE_TRUSTED_PROXIES` may ask (docs/proxies.md)",
    )
    decision_host: str = Field(
        default="127.0.0.1", description="addresses that the decision endpoint listens on, with commas; not public"
    )
    gateway_workers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="processes that share the public port, each a whole gateway; unless set, one per core that may "
        f"be used, at most {MAX_DEFAULT_WORKERS}; 1 under `make up`",
    )
    routes_file: Path = Field(
        default=Path("deploy/routes.yaml"), description="the route table; loaded again whenever it changes"
    )
    issuer: str = Field(
        default="http://127.0.0.1:8080",
        pattern=anchored(ISSUER),
        description="the gateway's public URL without a final slash, and `iss` of access tokens",
    )
    audience: str = Field(
        default="passgate",
        pattern=anchored(CLAIM),
        description="`aud` of access tokens, where a route names none",
    )
    sample_resources_url: str = Field(
        default="http://127.0.0.1:8105", pattern="^https?://", description="where the sample APIs are"
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="networks, with commas, of the balancers in front of the gateway, whose X-Forwarded-* is used",
    )
    proxy_protocol_from: Networks = Field(
        default=(),
        description="networks, with commas, of the balancers whose connections must begin with a PROXY header "
        "(version 1 or 2), which says whose they are; from all others such a header is refused",
    )
    trace_context: Literal["off", "trusted_proxies", "anyone"] = Field(
        default="trusted_proxies",
        description="whose `traceparent` is continued; for all other calls a new trace begins. With `off` it goes "
        "on as it comes, from anyone",
    )
    trace_sampled_share: float = Field(
        default=1.0, ge=0, le=1, description="share of the traces that begin at the gateway to flag as sampled"
    )
    tls_certificate_file: Path | None = Field(
        default=None,
        description="certificate of the public port (PEM, those that lead to its authority after it), which then "
        "speaks TLS alone; taken up again whenever it changes",
    )
    tls_key_file: Path | None = Field(
        default=None, description="the certificate's private key (PEM, without a password)"
    )

    keepalive_timeout: float = Field(
        default=75.0,
        ge=1,
        le=3600,
        description="seconds for which a client's connection is kept between two requests: more than a balancer in "
        "front keeps it, or it may be closed under a request",
    )
    identity_token_issuer: str = Field(
        default="passgate-gateway",
        pattern=anchored(CLAIM),
        description="`iss` of identity tokens, which upstreams get where a route says `identity_token: true`",
    )
    identity_token_key_file: Path | None = Field(
        default=None,
        description="private keys of identity tokens (PEM, P-256), for several gateways to share: the first signs, "
        "all are published; unless set, each process makes a key for itself",
    )

    max_connections: int = Field(
        default=16384,
        ge=16,
        le=1_000_000,
        description="connections of clients to each worker, as far as the limit on descriptors allows them",
    )
    max_connections_per_peer: int = Field(
        default=2048,
        ge=1,
        le=1_000_000,
        description="connections from one address (IPv6: one /64) to each worker, at most three quarters of all; "
        "a trusted proxy may have any number",
    )
    max_bodies_per_client: int = Field(
        default=128,
        ge=1,
        le=100_000,
        description="requests of one client whose body is being sent to a worker at the same time",
    )
    first_snapshot_wait: float = Field(
        default=3.0,
        ge=0,
        le=60,
        description="seconds for which the public port waits for the first snapshot of what is stopped; "
        "without it, it then refuses with 503 what it cannot check",
    )

    @model_validator(mode="after")
    def _somebody_may_ask(self) -> Self:
        if self.decision_port is not None and not self.trusted_proxies:
            raise ValueError(
                "PASSGATE_DECISION_PORT needs PASSGATE_TRUSTED_PROXIES: the addresses of the proxies that may ask"
            )
        return self

    @property
    def tls_files(self) -> tuple[Path, Path] | None:
        """Certificate and key; None where no TLS is spoken."""
        if self.tls_certificate_file is None or self.tls_key_file is None:
            return None
        return self.tls_certificate_file, self.tls_key_file

    @property
    def tracing(self) -> Tracing | None:
        if self.trace_context == "off":
            return None
        return TraceContext(from_anyone=self.trace_context == "anyone", sampled_share=self.trace_sampled_share)

    @property
    def operations(self) -> Self:
        """For the server of the operators' application, whose port is another one."""
        return self.model_copy(update={"port": self.ops_port})

    @property
    def own_ports(self) -> OwnPorts:
        ports = {self.port, self.ops_port, self.decision_port or 0}
        return OwnPorts(f"{self.host},{self.decision_host}", frozenset(ports - {0}), self.issuer)

    @field_validator("tls_certificate_file", "tls_key_file", "identity_token_key_file", mode="before")
    @classmethod
    def _none_where_empty(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        files = {
            "PASSGATE_TLS_CERTIFICATE_FILE": self.tls_certificate_file,
            "PASSGATE_TLS_KEY_FILE": self.tls_key_file,
        }
        given, missing = sorted(files, key=lambda name: files[name] is None)
        if files[given] is not None and files[missing] is None:
            raise ValueError(f"{given} is set without {missing}: set both, or neither")
        return self
