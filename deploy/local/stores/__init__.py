"""PostgreSQL and Valkey from their wheels, which user they run as, and whether a schema is up to date."""
