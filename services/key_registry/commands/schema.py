"""`migrate`. Returns the exit status."""

from services.key_registry.config import Settings
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA


def migrate(settings: Settings) -> int:
    from shared.postgres.migrations import migrate_command  # SQLAlchemy and Alembic are large: for this alone

    return migrate_command(settings.database_dsn, schema=SCHEMA, folder=MIGRATIONS)
