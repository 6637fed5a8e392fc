"""The registry's store: in PostgreSQL, and the same in memory for tests of what stands on it."""
