"""The registry in PostgreSQL."""

from pathlib import Path

SCHEMA = "key_registry"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
