"""The settings of the session token service."""

from pydantic import Field

from shared.config import RedisSettings, ServiceSettings


class Settings(ServiceSettings, RedisSettings):
    model_config = ServiceSettings.model_config  # of several bases the last one's would hold, which knows no prefix
    port: int = Field(default=8103, ge=0, le=65535)
