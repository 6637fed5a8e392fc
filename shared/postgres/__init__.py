"""PostgreSQL: a bounded pool whose failures are `Unavailable`, and migrations under a lock."""
