"""Where keys, used assertions and counts are kept: PostgreSQL, Valkey or Redis, and memory."""
