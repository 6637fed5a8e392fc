"""Settings from the environment, checked at start: exit status 2 and one line that names what is wrong."""

import ipaddress
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, NoReturn, Self, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.addresses.forwarded_for import Network
from shared.identifiers import ISSUER, anchored
from shared.settings.errors import setting_errors
from shared.settings.names import PREFIX, unknown_settings


def parse_networks(value: object) -> object:
    """`10.0.0.0/8,192.0.2.1`: networks with commas between them. Raises `ValueError`."""
    if not isinstance(value, str):
        return value
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(parse_networks)]
"""How a setting names networks."""


class ConfigError(Exception):
    """A setting that cannot be used; the message names it and says what to do."""


class Environment(BaseSettings):
    """Settings read from environment variables: `PASSGATE_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)


class ServiceSettings(Environment):
    """What every process has."""

    host: str = Field(default="127.0.0.1", description="addresses to listen on, with commas")
    port: int = Field(default=0, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    docs_url: str | None = Field(
        default=None,
        pattern=anchored(ISSUER),
        description="URL without a final slash; the `type` of a refusal, and `error_uri` of an OAuth error, is the "
        "page `/errors/<code>` below it; unless set, gateway and key registry serve these pages themselves, at "
        "`/.well-known/passgate`",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="least level that is logged: debug, info, warning or error",
    )
    shutdown_grace: float = Field(
        default=8.0, gt=0, le=300, description="seconds for which requests in flight may go on after SIGTERM"
    )
    service_key_file: Path = Field(
        default=Path("var/secrets/service_keys/unset.pem"),
        description="Ed25519 private key (PEM) with which this process proves its name to the others",
    )
    service_jwks_file: Path = Field(
        default=Path("var/secrets/service_keys.json"),
        description="public keys of all processes (JWKS, the name as kid)",
    )
    key_registry_url: str = Field(
        default="http://127.0.0.1:8101", pattern="^https?://", description="where the key registry is"
    )
    token_issuer_url: str = Field(
        default="http://127.0.0.1:8102", pattern="^https?://", description="where the token issuer is"
    )
    session_tokens_url: str = Field(
        default="http://127.0.0.1:8103", pattern="^https?://", description="where the session token service is"
    )
    operator_validator_url: str = Field(
        default="http://127.0.0.1:8104", pattern="^https?://", description="where the operator validator is"
    )
    staleness_bound: float = Field(
        default=5.0,
        gt=0,
        le=3600,
        description="seconds without the change feed after which what is cached is no longer used",
    )
    changes_poll_interval: float = Field(
        default=0.25, gt=0, le=60, description="seconds between two requests for the change feed"
    )


class DatabaseSettings(Environment):
    """For the services that own tables."""

    database_url: str = Field(
        default="postgresql://passgate@127.0.0.1:15432/passgate",
        pattern="^postgres(ql)?://",
        description="PostgreSQL: postgresql://user@host:port/database",
    )
    database_password_file: Path | None = Field(
        default=None, description="file with the password of `PASSGATE_DATABASE_URL`, instead of one in the URL"
    )
    database_pool_size: int = Field(default=10, ge=1, le=200, description="connections to PostgreSQL, at most")
    store_timeout: float = Field(
        default=0.8,
        gt=0,
        le=30,
        description="seconds for one operation in PostgreSQL, the wait for a connection too",
    )

    @model_validator(mode="after")
    def _readable_database_password(self) -> Self:
        return _with_readable(self, "database_password_file")

    @property
    def database_dsn(self) -> str:
        return with_password(self.database_url, self.database_password_file)


class RedisSettings(Environment):
    """For the services that keep something in Valkey or Redis."""

    redis_url: str = Field(
        default="redis://127.0.0.1:16379/0",
        pattern="^rediss?://",
        description="Valkey or Redis: redis://host:port/number, or rediss://",
    )
    redis_password_file: Path | None = Field(
        default=None, description="file with the password of `PASSGATE_REDIS_URL`, instead of one in the URL"
    )
    redis_timeout: float = Field(default=0.5, gt=0, le=30, description="seconds for one operation in Valkey")

    @model_validator(mode="after")
    def _readable_redis_password(self) -> Self:
        return _with_readable(self, "redis_password_file")

    @property
    def redis_dsn(self) -> str:
        return with_password(self.redis_url, self.redis_password_file)


S = TypeVar("S", bound=BaseSettings)


def _with_readable(settings: S, field: str) -> S:
    """`settings`, if the file that `field` names can be read: so it fails at start, not at first use."""
    path: Path | None = getattr(settings, field)
    try:
        if path is not None:
            read_secret(path)
    except ValueError as error:
        raise ValueError(f"{PREFIX}{field.upper()}: {error}") from None
    return settings


def addresses(host: str) -> list[str]:
    """The addresses in the setting `host`."""
    return [part.strip() for part in host.split(",") if part.strip()]


def with_password(url: str, password_file: Path | None) -> str:
    """`url` with the password that the file holds, or as it is without a file."""
    if password_file is None:
        return url
    parts = urlsplit(url)
    user = quote(parts.username or "", safe="")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(read_secret(password_file), safe='')}@{host}"))


def read_secret(path: Path) -> str:
    """The secret in a file, without its final newline. Raises `ValueError` naming the file, never its content."""
    try:
        secret = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds characters that are not ASCII") from None
    if not secret:
        raise ValueError(f"{path} is empty")
    return secret


def load(settings: Callable[[], S]) -> S:
    """The settings from the environment.

    Bad configuration ends the process with status 2 and one line a setting on standard error.
    """
    try:
        return settings()
    except ValidationError as error:
        refuse(*setting_errors(error, getattr(settings, "model_fields", {})))
    except ConfigError as error:
        refuse(str(error))


def warn_of_unknown_settings(own_names: Collection[str] = ()) -> None:
    """For a command: a line on standard error for each `PASSGATE_` variable that nothing reads. Never its value."""
    for name, nearest in unknown_settings(os.environ, own_names):
        hint = f"; the nearest is {nearest}" if nearest else ""
        sys.stderr.write(f"configuration warning: {name} is not a setting{hint}\n")


def refuse(*lines: str) -> NoReturn:
    """End the process for its configuration: status 2, and `lines` on standard error."""
    sys.stderr.write("".join(f"configuration error: {line}\n" for line in lines))
    raise SystemExit(2)
