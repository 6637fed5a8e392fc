"""The registry in PostgreSQL."""

from pathlib import Path

SCHEMA = "key_registry"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
REVISIONS = tuple(sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))
"""All revisions that this code knows, the newest last: a file's name starts with its own."""
