"""The settings of the console."""

from pydantic import Field

from shared.identifiers import ISSUER, anchored
from shared.settings.config import Networks, ServiceSettings


class Settings(ServiceSettings):
    port: int = Field(default=8106, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    trusted_proxies: Networks = Field(
        default=(),
        description="networks, with commas, of the proxies in front of the console, whose X-Forwarded-For and "
        "X-Forwarded-Proto are used; without it all people behind one proxy have one address, and are one to the "
        "rate limit for guessing passwords",
    )
    issuer: str = Field(
        default="http://127.0.0.1:8080",
        pattern=anchored(ISSUER),
        description="the gateway's public URL without a final slash, for the code that calls it",
    )
    sample_resources_url: str = Field(
        default="http://127.0.0.1:8105", pattern="^https?://", description="where the sample APIs are"
    )
    gateway_ops_url: str = Field(
        default="http://127.0.0.1:8081", pattern="^https?://", description="where the gateway's operations port is"
    )
    registry_timeout: float = Field(
        default=15.0, gt=0, le=120, description="seconds for one call to the admin API: it may generate an RSA key"
    )
