"""The key registry's settings."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared import opaque
from shared.config import DatabaseSettings, ServiceSettings, read_secret


class Settings(ServiceSettings, DatabaseSettings):
    port: int = Field(default=8101, ge=0, le=65535)
    admin_token_file: Path | None = Field(
        default=None, description="the first owner's admin token, registered at start unless it ever was"
    )

    @model_validator(mode="after")
    def _admin_token_is_one(self) -> Self:
        token = self.first_owner_token
        if token is not None and not opaque.well_formed(opaque.ADMIN_TOKEN, token):
            raise ValueError(f"PASSGATE_ADMIN_TOKEN_FILE: {self.admin_token_file} holds no admin token")
        return self

    @property
    def first_owner_token(self) -> str | None:
        return None if self.admin_token_file is None else read_secret(self.admin_token_file)
