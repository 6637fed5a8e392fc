"""The issuer's tables in PostgreSQL, schema `token_issuer`."""

from pathlib import Path

from shared.postgres.schema import Schema

SCHEMA = Schema("token_issuer", Path(__file__).parents[2] / "migrations")
