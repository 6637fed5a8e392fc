"""The key registry's settings."""

from pathlib import Path

from pydantic import Field, field_validator

from shared import opaque
from shared.config import DatabaseSettings, RedisSettings, ServiceSettings, read_secret


class Settings(ServiceSettings, DatabaseSettings, RedisSettings):
    """Redis is where changes are relayed to; without it the registry serves all the same."""

    port: int = Field(default=8101, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    admin_token_file: Path | None = Field(
        default=None, description="the first owner's admin token, registered at start unless it ever was"
    )

    @field_validator("admin_token_file")
    @classmethod
    def _holds_an_admin_token(cls, path: Path | None) -> Path | None:
        if path is not None and not opaque.well_formed(opaque.ADMIN_TOKEN, read_secret(path)):
            raise ValueError(f"{path} holds no admin token")
        return path

    @property
    def first_owner_token(self) -> str | None:
        return None if self.admin_token_file is None else read_secret(self.admin_token_file)
