"""The settings of the gateway."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from shared.changes.following import FollowingSettings
from shared.contracts.identifiers import CLAIM, ISSUER, anchored
from shared.http.forwarded_for import Network


class Settings(FollowingSettings):
    port: int = Field(default=8080, ge=0, le=65535, description="the public port")
    ops_port: int = Field(default=8081, ge=0, le=65535, description="health, metrics and documentation")
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
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="networks, with commas, of the balancers in front of the gateway, whose X-Forwarded-* is used",
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
