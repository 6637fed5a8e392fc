"""What is in the tables of the key registry."""

from services.key_registry.catalog.resources import RESOURCES
from tests.support.harness.key_registry import Running


async def dump(running: Running) -> str:
    """Every value of every table of the schema."""
    async with running.database.connection() as connection:
        names = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'key_registry'"
        )
        rows = [await connection.fetch(f'SELECT t::text FROM "{record[0]}" t') for record in names]
    assert len(names) > len(RESOURCES)
    return "\n".join(record[0] for table in rows for record in table)
