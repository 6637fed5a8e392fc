"""The settings of the session token service."""

from pydantic import Field

from shared.changes.following_settings import FollowingSettings


class Settings(FollowingSettings):
    port: int = Field(default=8103, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    audit_outbox_limit: int = Field(
        default=100_000,
        ge=1,
        description="audit events that may wait for the registry before no more session tokens are created",
    )
