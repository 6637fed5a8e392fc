"""The issuer's settings."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from services.token_issuer.signing_keys.sealing import MasterKey
from shared.changes.following_settings import FollowingSettings
from shared.contracts.access_token import MAX_ACCESS_TOKEN_LIFETIME_S
from shared.identifiers import CLAIM, ISSUER, anchored
from shared.settings.config import DatabaseSettings, ServiceSettings


class StorageSettings(ServiceSettings, DatabaseSettings):
    """What the `migrate` command needs: no key, no other service."""

    port: int = Field(default=8102, ge=0, le=65535, description="port to listen on; 0 takes a free one")


NAME = "token_issuer"


class Settings(StorageSettings, FollowingSettings):
    issuer: str = Field(default="http://127.0.0.1:8080", pattern=anchored(ISSUER))
    """The public URL of the gateway, without a final slash (RFC 8414 section 2)."""
    audience: str = Field(default="passgate", pattern=anchored(CLAIM))
    """`aud` of the tokens of credentials that have none of their own."""
    assertion_audiences: Annotated[tuple[str, ...], NoDecode] = ("ankor.io",)
    """What partners may name as `aud` of an assertion, with commas, besides the issuer's own URLs."""
    master_key_file: Path = Path("var/secrets/master_key")
    """32 bytes, base64url: the key under which signing keys are encrypted at rest."""
    signing_algorithm: Literal["RS256", "RS384", "ES256", "EdDSA"] = "RS384"
    """Of the next signing key that is generated, and so of access tokens."""
    signing_key_bits: Literal[2048, 3072, 4096] = 3072
    """Bits of the next RSA signing key."""
    signing_key_propagation: float = Field(default=60.0, ge=0, le=86400)
    """Seconds for which a new key is published before it signs, at least: every gateway must have it as well."""
    signing_key_rotation_days: float = Field(default=90.0, ge=0, le=3650, allow_inf_nan=False)
    """Days for which a key signs before the next one is published; 0: keys are rotated by command alone."""
    signing_key_emergency_wait: float = Field(default=1.0, ge=0, le=3600)
    """Seconds that the successor of a revoked key waits for gateways at most; nothing is issued until it signs."""
    token_lifetime: int = Field(default=MAX_ACCESS_TOKEN_LIFETIME_S, ge=60, le=MAX_ACCESS_TOKEN_LIFETIME_S)
    """Seconds for which an access token is valid."""

    @field_validator("signing_key_bits", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("assertion_audiences", mode="before")
    @classmethod
    def _audiences(cls, value: Any) -> Any:
        return _comma_list(value)

    @field_validator("master_key_file")
    @classmethod
    def _usable(cls, value: Path) -> Path:
        MasterKey.from_file(value)  # fails at start, not at first use
        return value

    @property
    def master_key(self) -> MasterKey:
        return MasterKey.from_file(self.master_key_file)

    @property
    def rotation_interval(self) -> float:
        """Seconds; 0: nothing is rotated by the time."""
        return self.signing_key_rotation_days * 86400.0

    @property
    def key_bits(self) -> int | None:
        """The size of a new RSA key; None for algorithms that have one size."""
        return self.signing_key_bits if self.signing_algorithm.startswith("RS") else None


def _comma_list(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value
