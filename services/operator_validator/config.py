"""The settings of the operator."""

from pydantic import Field

from shared.changes.following_settings import FollowingSettings


class Settings(FollowingSettings):
    port: int = Field(default=8104, ge=0, le=65535, description="port to listen on; 0 takes a free one")
