"""The issuer's tables in PostgreSQL, schema `token_issuer`."""

from pathlib import Path

from shared.postgres.pool import Database
from shared.postgres.schema import Schema

SCHEMA = Schema("token_issuer", Path(__file__).parents[2] / "migrations")


def open_database(dsn: str, *, size: int, timeout: float) -> Database:
    """`timeout` in seconds."""
    return Database(dsn, schema=SCHEMA.name, size=size, timeout=timeout)
