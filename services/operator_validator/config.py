"""The settings of the operator."""

from pydantic import Field

from shared.config import ServiceSettings


class Settings(ServiceSettings):
    port: int = Field(default=8104, ge=0, le=65535)
