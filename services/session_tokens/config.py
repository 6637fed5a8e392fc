"""The settings of the session token service."""

from pydantic import Field

from shared.config import RedisSettings, ServiceSettings


class Settings(ServiceSettings, RedisSettings):
    port: int = Field(default=8103, ge=0, le=65535)
