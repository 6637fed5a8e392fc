"""The key registry's settings."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from services.key_registry.audit_trail.checkpoints import CheckpointKeys
from services.key_registry.events.webhooks.targets import Network
from services.key_registry.leaks.github import keys_of
from shared import opaque
from shared.identifiers import ISSUER, anchored
from shared.sealed_box import read_key
from shared.settings.config import ConfigError, DatabaseSettings, RedisSettings, ServiceSettings, read_secret


class Settings(ServiceSettings, DatabaseSettings, RedisSettings):
    """Redis is where changes are relayed to; without it the registry serves all the same."""

    port: int = Field(default=8101, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    admin_token_file: Path | None = Field(
        default=None, description="the first owner's admin token, registered at start unless it ever was"
    )

    audit_key_file: Path | None = Field(
        default=None,
        description="Ed25519 private keys (PEM) that checkpoints of the audit trail are signed with, the first of "
        "them, and verified; unset: none are signed",
    )
    audit_checkpoint_interval: float = Field(
        default=3600.0, ge=1, le=2_678_400, description="seconds between two checkpoints of the audit trail"
    )

    audit_archive_dir: Path | None = Field(
        default=None,
        description="folder that old months of the audit trail leave for; unset: they stay in the database",
    )
    audit_months_kept: int = Field(
        default=13,
        ge=1,
        le=1200,
        description="months of the audit trail that stay in the database, beside the present one",
    )
    github_secret_scanning_keys: str | None = Field(
        default=None,
        description="where the keys are that GitHub's secret scanning signs its reports with: an https URL such as "
        "https://api.github.com/meta/public_keys/secret_scanning, or a file; unset: it may not report leaks",
    )
    refusal_traces_max_bytes: int = Field(
        default=268_435_456,
        ge=67_108_864,
        le=1_099_511_627_776,
        description="bytes that traces of refused calls take at most in the database, with their indexes",
    )

    history_dir: Path | None = Field(
        default=None,
        description="folder, not on the database's disk, where what was stopped and the end of the audit trail are "
        "kept, as in Valkey, so that a restore brings nothing back; unset: they are in Valkey alone",
    )

    person_session_idle_timeout: float = Field(
        default=43_200.0, ge=60, le=2_592_000, description="seconds without use after which a person's session ends"
    )
    person_session_lifetime: float = Field(
        default=604_800.0,
        ge=60,
        le=31_536_000,
        description="seconds after which a person's session ends in any case",
    )
    console_url: str | None = Field(
        default=None,
        pattern=anchored(ISSUER),
        description="the console's public URL without a final slash, for the links of portal sessions and of "
        "password resets, and for passkeys, which need a domain with https, or localhost",
    )
    openid_issuer: str | None = Field(
        default=None,
        pattern=anchored(ISSUER),
        description="the issuer URL of an OpenID provider that people sign in by, without a final slash: "
        "https, or http on this machine; needs its client's id and secret, `PASSGATE_CONSOLE_URL` and "
        "`PASSGATE_WEBHOOK_KEY_FILE`",
    )
    openid_client_id: str | None = Field(
        default=None, description="what the console is called at the OpenID provider, as its client"
    )
    openid_client_secret_file: Path | None = Field(
        default=None, description="the secret of that client, which uses `<console>/sign-in/openid/callback`"
    )
    openid_name: str = Field(
        default="OpenID", min_length=1, max_length=60, description="what people call the OpenID provider"
    )
    openid_required_for: Literal["nobody", "operator", "everybody"] = Field(
        default="nobody",
        description="who signs in by the OpenID provider alone, without passwords and passkeys: `nobody`, the "
        "people of the `operator`, or `everybody`",
    )
    events_kept_days: int = Field(
        default=90, ge=7, le=3650, description="days for which events and their deliveries to webhooks are kept"
    )
    webhook_key_file: Path | None = Field(
        default=None,
        description="32 bytes, base64url: the key under which secrets of webhooks, and those of people's "
        "authenticators, are encrypted at rest; unset: there are neither",
    )
    webhook_private_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="networks, with commas, that webhooks may lead to although they are not public, over plain "
        "HTTP as well",
    )

    platform_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(8080, 8081, 8082, 8105, 8106),
        description="ports, with commas, of the gateway (with its operations and decisions), the samples and the "
        "console: webhooks do not lead to them within `PASSGATE_WEBHOOK_PRIVATE_NETWORKS`",
    )

    @field_validator("platform_ports", mode="before")
    @classmethod
    def _ports(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("webhook_key_file")
    @classmethod
    def _holds_a_key(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_key(path)  # fails at start, not at first use
        return path

    @field_validator("webhook_private_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("audit_key_file")
    @classmethod
    def _holds_audit_keys(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                CheckpointKeys.of_file(path)  # fails at start, not at first use
            except ConfigError as error:
                raise ValueError(str(error).partition(": ")[2]) from None
        return path

    @field_validator("github_secret_scanning_keys")
    @classmethod
    def _is_a_url_or_a_file(cls, source: str | None) -> str | None:
        if source is None or source.startswith("https://"):
            return source
        if source.startswith("http://"):
            raise ValueError("must be https: whoever answers in its place could have any secret ended")
        try:
            keys_of(Path(source).read_bytes())  # fails at start, not at first use
        except OSError as error:
            raise ValueError(f"{source}: {error.strerror}") from None
        except ValueError:
            raise ValueError(f"{source} holds no public_keys") from None
        return source

    @field_validator("admin_token_file")
    @classmethod
    def _holds_an_admin_token(cls, path: Path | None) -> Path | None:
        if path is not None and not opaque.well_formed(opaque.ADMIN_TOKEN, read_secret(path)):
            raise ValueError(f"{path} holds no admin token")
        return path

    @property
    def first_owner_token(self) -> str | None:
        return None if self.admin_token_file is None else read_secret(self.admin_token_file)

    @property
    def audit_keys(self) -> CheckpointKeys | None:
        return None if self.audit_key_file is None else CheckpointKeys.of_file(self.audit_key_file)

    @property
    def history_keys(self) -> tuple[bytes, ...]:
        """What the copies of the history are sealed with; none without an audit key."""
        keys = self.audit_keys
        return () if keys is None else keys.derived("history copies")

    @field_validator("openid_client_secret_file")
    @classmethod
    def _holds_a_secret(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_secret(path)
        return path

    @model_validator(mode="after")
    def _knows_all_of_its_openid_provider(self) -> Self:
        if self.openid_issuer is None:
            if self.openid_required_for != "nobody":
                raise ValueError("PASSGATE_OPENID_REQUIRED_FOR: needs PASSGATE_OPENID_ISSUER")
            return self
        for name in ("openid_client_id", "openid_client_secret_file", "console_url", "webhook_key_file"):
            if getattr(self, name) is None:
                raise ValueError(f"PASSGATE_OPENID_ISSUER: needs PASSGATE_{name.upper()}")
        parts = urlsplit(self.openid_issuer)
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("PASSGATE_OPENID_ISSUER: must be https: whoever responds in its place is anybody")
        return self

    @model_validator(mode="after")
    def _signs_what_it_archives(self) -> Self:
        if self.audit_archive_dir is not None and self.audit_key_file is None:
            raise ValueError("PASSGATE_AUDIT_ARCHIVE_DIR: needs PASSGATE_AUDIT_KEY_FILE, to sign each file with")
        return self
