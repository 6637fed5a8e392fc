"""Where keys and used assertions are kept: PostgreSQL."""
